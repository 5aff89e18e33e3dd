//! Deciding about statements that wait: who may, what they are shown, and what comes of it. The
//! same for every channel. Knows no channel and no session.

use crate::{actor::actor, exit::Failure};
use identity::{ScramVerifier, Secret, Thresholds};
use ledger::Time;
use model::verdict::{Approval, asked_words};
use serde_json::{Value, json};
use std::time::SystemTime;
use store::{HoldState, KeptHold, NoVoice, SignedIn, Signing, Store, StoreError, TryLimits, Voice};

/// Longest reason that is kept: characters.
const MAX_REASON: usize = 500;

/// Somebody who has proven to be this person, and by which way.
pub(crate) struct Proven {
    name: String,
    via: String,
}

impl Proven {
    /// Who it is.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// By which way.
    pub(crate) fn via(&self) -> &str {
        &self.via
    }

    /// By the password they sign in with, at the command line. Whoever it is not learns nothing
    /// else, and cannot try for ever: tries are counted where the next process finds them.
    pub(crate) async fn by_password(
        store: &Store,
        name: &str,
        password: &Secret,
    ) -> Result<Self, Failure> {
        store::check_name(name)?;
        let limits = Thresholds::default();
        let limits = TryLimits {
            window: limits.window,
            longest: limits.delay_longest,
            delay: |tries| limits.delay(limits.free_per_identity, tries),
        };
        let now = SystemTime::now();
        if let Err(left) = store.count_try(name, now, &limits).await? {
            let what = format!("too many wrong passwords of {name} at the command line");
            store.administered(now, &actor(), &what).await?;
            let why = format!("{what}: try again in {} s", left.as_secs() + 1);
            return Err(Failure::Refused(why));
        }
        let account = store.identity(name).await?;
        let verifier = account
            .filter(|account| account.enabled)
            .and_then(|account| ScramVerifier::parse(account.verifier.expose()).ok());
        match verifier {
            Some(verifier) if verifier.matches(password) => {
                if store.second_factor(name).await?.is_some() {
                    return Err(Failure::Refused(format!(
                        "{name} has a second factor, for which the command line does not ask: use \
                         the console or the API"
                    )));
                }
                store.forget_tries(name).await?;
                Ok(Self { name: name.to_owned(), via: "command line".to_owned() })
            }
            Some(_) | None => {
                let what = format!("a wrong name or password at the command line: {name}");
                store.administered(now, &actor(), &what).await?;
                let why = format!("\"{name}\" with this password is nobody who may sign in");
                Err(Failure::Refused(why))
            }
        }
    }

    /// By a token that the store knows: they gave their password for it.
    pub(crate) fn by_token(who: &SignedIn) -> Self {
        Self { name: who.name.clone(), via: "api".to_owned() }
    }

    /// By a sign-in to the console that the store knows.
    pub(crate) fn by_console(who: &SignedIn) -> Self {
        Self { name: who.name.clone(), via: "console".to_owned() }
    }

    /// By a signature that was checked: the configuration of a channel says whose word it is.
    pub(crate) fn by_signature(person: &str, channel: &str) -> Self {
        Self { name: person.to_owned(), via: channel.to_owned() }
    }
}

/// Says yes or no to a request, for a person who has proven who they are.
pub(crate) async fn decide(
    store: &Store,
    request: &str,
    person: &Proven,
    consents: bool,
    reason: &str,
    signing: &Signing<'_>,
) -> Result<Result<HoldState, NoVoice>, StoreError> {
    store.voice(request, voice(person, consents, short(reason)), signing).await
}

/// Takes a request back, or an approval that was not used, for somebody who has proven who they are
/// and who asked for it.
pub(crate) async fn take_back(
    store: &Store,
    request: &str,
    who: &Proven,
    reason: &str,
) -> Result<Result<HoldState, NoVoice>, StoreError> {
    store.take_back(request, &voice(who, false, short(reason))).await
}

/// A reason as it is kept.
fn short(reason: &str) -> String {
    reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect()
}

/// What somebody says now.
pub(crate) fn voice(who: &Proven, consents: bool, reason: String) -> Voice {
    let (person, via, at) = (who.name.clone(), who.via.clone(), SystemTime::now());
    Voice { person, at, consents, reason, via, on_behalf: Vec::new() }
}

/// Why somebody has no voice in a request or a grant, in words for them.
pub(crate) fn words(why: &NoVoice, person: &str) -> String {
    match why {
        NoVoice::Nothing => {
            "there is nothing of that name: weir approvals list, weir grants list".to_owned()
        }
        NoVoice::Settled(state) => format!("it is {state} already"),
        NoVoice::OutOfTime(why) => format!("it cannot be decided now: {why}"),
        NoVoice::OwnRequest => {
            format!("{person} asked for it, or somebody on their behalf: others must decide")
        }
        NoVoice::OthersRequest => {
            format!("{person} did not ask for it: whoever decides can deny it")
        }
        NoVoice::OneWith(other) => format!(
            "{other} asked for it, or somebody on their behalf, and {person} is one voice with \
             {other}: others must decide"
        ),
        NoVoice::NoPerson => format!("{person} is no person, or is disabled"),
        NoVoice::NotAsked(groups) => {
            format!("{person} is in none of the groups that decide: {}", asked_words(groups))
        }
        NoVoice::SaidAlready => format!(
            "{person} has said so already, or whoever they are one voice with, and counts once: \
             others must too"
        ),
        NoVoice::Unsigned(false) => format!(
            "{person} consents with a signature of a passkey alone: in the console, at \
             /console/approvals; new ones are added at /console/passkeys"
        ),
        NoVoice::Unsigned(true) => format!(
            "what signed it is no passkey of {person} any more, or a copy of one: its count of \
             signatures went back"
        ),
        NoVoice::NoReason => "a review says what was looked at: --reason".to_owned(),
        NoVoice::NoReview("") => {
            "there is nothing to review: it needs no review, or did not begin".to_owned()
        }
        NoVoice::NoReview(review) => format!("it was reviewed already: {review}"),
    }
}

/// What a state means for whoever decided.
pub(crate) fn outcome(state: HoldState) -> &'static str {
    match state {
        HoldState::Approved | HoldState::Used => "approved; it runs once",
        HoldState::Denied => "denied",
        HoldState::Open => "consented; more consents are needed",
        HoldState::Expired => "its time is over",
        HoldState::Withdrawn => "withdrawn by whoever asked",
    }
}

/// A request as an object. With what only an approver may see, if `whole`.
pub(crate) fn object(hold: &KeptHold, whole: bool) -> Value {
    let asked = &hold.asked;
    let mut object = json!({
        "request": asked.hold, "state": hold.state.as_str(), "identity": asked.identity,
        "database": asked.database, "asked": Time::from(asked.asked),
        "until": Time::from(asked.until), "reasons": asked.reasons,
        "needs": needs(&asked.needs), "voices": voices(&hold.voices),
    });
    if let (true, Some(fields)) = (whole, object.as_object_mut()) {
        fields.insert("statement".into(), json!(asked.statement));
        fields.insert("values".into(), json!(asked.given));
    }
    object
}

/// Whose consent is needed, as objects: `groups` are those that are asked now.
pub(crate) fn needs(needs: &[Approval]) -> Vec<Value> {
    let one = |need: &Approval| {
        let mut object = json!({
            "groups": need.asks().collect::<Vec<_>>(), "count": need.count, "policy": need.policy,
        });
        if let (Some(later), Some(fields)) = (&need.escalation, object.as_object_mut()) {
            let later = json!({
                "after_seconds": later.seconds, "groups": later.groups, "reached": later.reached,
            });
            fields.insert("escalation".into(), later);
        }
        object
    };
    needs.iter().map(one).collect()
}

/// What was said, as objects.
pub(crate) fn voices(voices: &[Voice]) -> Vec<Value> {
    let one = |voice: &Voice| {
        json!({
            "person": voice.person, "at": Time::from(voice.at), "consents": voice.consents,
            "reason": voice.reason, "via": voice.via, "on_behalf": voice.on_behalf,
        })
    };
    voices.iter().map(one).collect()
}
