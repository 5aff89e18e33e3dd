//! Asking for grants and deciding about them: on which terms, who may, and what comes of it. The
//! same for every channel. Knows no channel and no session.

use crate::{
    approvals::{Proven, needs, voice, voices},
    exit::Failure,
    people,
};
use config::Config;
use identity::Directory;
use ledger::{SessionId, Time};
use model::{DatabaseName, Identity};
use policy::{Assumption, Context, PolicySet, Risk, Terms, Work};
use serde_json::{Value, json};
use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Duration, SystemTime},
};
use store::{GrantState, KeptGrant, NewGrant, NoVoice, Review, Signing, Store, StoreError};

/// What the name of each begins with; that of a request for approval does not.
pub(crate) const PREFIX: &str = "g-";
/// Longest purpose or reason that is kept: characters.
const MAX_REASON: usize = 500;
/// The most databases that one grant is for.
const MAX_DATABASES: usize = 32;
/// How long a request waits that needs nobody's consent, if Weir is not running: seconds.
const WAITS: u64 = 15 * 60;
/// What policies know these requests as.
const APPLICATION: &str = "weir grants";

/// What somebody wants.
pub(crate) struct Wanted {
    pub(crate) group: String,
    pub(crate) databases: Vec<String>,
    pub(crate) seconds: u64,
    pub(crate) purpose: String,
    pub(crate) emergency: bool,
}

/// Opens a request for somebody who has proven who they are; gives it as it stands then.
pub(crate) async fn request(
    store: &Store,
    config: &Config,
    policies: &PolicySet,
    who: Proven,
    wanted: Wanted,
) -> Result<KeptGrant, Failure> {
    let purpose = words(&wanted.purpose);
    if purpose.is_empty() {
        return Err(Failure::Refused("a grant needs a purpose: why it is asked for".into()));
    }
    store::check_name(&wanted.group)?;
    let mut databases = wanted.databases.clone();
    databases.sort();
    databases.dedup();
    if databases.is_empty() || databases.len() > MAX_DATABASES {
        let why = format!("a grant is for one to {MAX_DATABASES} databases");
        return Err(Failure::Refused(why));
    }
    let identity = resolve(store, who.name()).await?;
    let Some(identity) = identity else {
        return Err(Failure::Refused(format!("{} may not be used now", who.name())));
    };
    let now = SystemTime::now();
    let (group, emergency) = (wanted.group.as_str(), wanted.emergency);
    let terms = terms(policies, config, &identity, group, &databases, emergency, now)
        .map_err(Failure::Refused)?;
    if wanted.seconds == 0 || wanted.seconds > terms.longest_seconds {
        let why = format!(
            "the policies let this grant last for {} seconds at most, not {}",
            terms.longest_seconds, wanted.seconds
        );
        return Err(Failure::Refused(why));
    }
    let waits = terms.needs.iter().map(|need| need.seconds).min().unwrap_or(WAITS);
    let new = NewGrant {
        grant: name(now),
        group: wanted.group,
        identity: identity.name.to_string(),
        chain: identity.chain(),
        members: members(&identity),
        databases,
        emergency,
        purpose,
        asked: now,
        until: now + Duration::from_secs(waits),
        seconds: wanted.seconds,
        needs: terms.needs,
        reviewers: terms.reviewers,
    };
    match store.open_grant(&new, who.via()).await? {
        Ok(_) => store.grant(&new.grant).await?.ok_or_else(|| gone(&new.grant)),
        Err(live) => {
            let why = format!("there is a grant of this group already, {live}: weir grants list");
            Err(Failure::Refused(why))
        }
    }
}

/// A name like those of sessions: it sorts by time.
fn name(now: SystemTime) -> String {
    let salt = u32::try_from(RandomState::new().hash_one(now) & 0xf_ffff).unwrap_or(0);
    format!("{PREFIX}{}", SessionId::new(Time::from(now), salt))
}

fn gone(grant: &str) -> Failure {
    Failure::Refused(format!("there is no grant {grant} any more"))
}

fn words(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
    shown.trim().to_owned()
}

/// Everybody in a chain.
fn members(identity: &Identity) -> Vec<String> {
    let chain = std::iter::successors(Some(identity), |member| member.acts_for.as_deref());
    chain.map(|member| member.name.to_string()).collect()
}

/// An identity as the store has it now, in full; nothing if it may not be used.
pub(crate) async fn resolve(
    store: &Store,
    name: &str,
) -> Result<Option<Arc<Identity>>, anyhow::Error> {
    // Of this one nobody's password is asked, so no secret is needed.
    let directory = Directory::new([0; 32]);
    people::publish(store, &directory).await?;
    Ok(directory.resolve(name))
}

/// On which terms policies let an identity have the rights of a group on all of these databases;
/// else the refusal in words.
pub(crate) fn terms(
    policies: &PolicySet,
    config: &Config,
    identity: &Identity,
    group: &str,
    databases: &[String],
    emergency: bool,
    now: SystemTime,
) -> Result<Terms, String> {
    // From where somebody asks is not known any more when it is to begin, so it counts at neither.
    let context = Context {
        now,
        address: None,
        tls: true,
        application: APPLICATION,
        risk: Risk::default(),
        work: Work::default(),
    };
    let mut all: Option<Terms> = None;
    for name in databases {
        let named = config.databases.iter().find(|one| one.name == *name);
        let any = || config.databases.iter().find(|one| one.name == "*");
        let Some(configured) = named.or_else(any) else {
            return Err(format!("there is no database {name} in weir.toml"));
        };
        let wanted = Assumption {
            identity,
            group,
            database: &DatabaseName::new(name.as_str()),
            environment: &configured.environment,
            emergency,
            context: &context,
        };
        let terms = policies.may_assume(&wanted).map_err(|verdict| {
            let advice = verdict.advice.map_or(String::new(), |advice| format!("\n{advice}"));
            format!("{}{advice}", verdict.reasons.join("; "))
        })?;
        all = Some(match all {
            Some(all) => all.and(terms),
            None => terms,
        });
    }
    all.ok_or_else(|| "a grant is for at least one database".to_owned())
}

/// Says yes or no to a request, for a person who has proven who they are.
pub(crate) async fn decide(
    store: &Store,
    grant: &str,
    person: &Proven,
    consents: bool,
    reason: &str,
    signing: &Signing<'_>,
) -> Result<Result<GrantState, NoVoice>, StoreError> {
    store.say_grant(grant, voice(person, consents, words(reason)), signing).await
}

/// Takes a grant back.
pub(crate) async fn revoke(
    store: &Store,
    grant: &str,
    who: &Proven,
    reason: &str,
) -> Result<Result<GrantState, NoVoice>, StoreError> {
    store.revoke_grant(grant, voice(who, false, words(reason))).await
}

/// Reviews a grant that has begun; why is said in words.
pub(crate) async fn review(
    store: &Store,
    grant: &str,
    person: &Proven,
    fine: bool,
    reason: &str,
) -> Result<Result<Review, NoVoice>, StoreError> {
    let reason = words(reason);
    if reason.is_empty() {
        return Ok(Err(NoVoice::NoReason));
    }
    store.review_grant(grant, voice(person, fine, reason)).await
}

/// What a state means for whoever asked or decided.
pub(crate) fn outcome(grant: &KeptGrant) -> String {
    match (grant.state, grant.ends) {
        (GrantState::Open, _) => "waits for consent".to_owned(),
        (GrantState::Granted, _) => "granted; it begins as soon as Weir runs".to_owned(),
        (GrantState::Begun, Some(ends)) => {
            format!("in force until {}; connect (again) to use it", Time::from(ends))
        }
        (state, _) => state.as_str().to_owned(),
    }
}

/// A grant as an object.
pub(crate) fn object(grant: &KeptGrant, now: SystemTime) -> Value {
    let asked = &grant.asked;
    let mut object = json!({
        "grant": asked.grant, "state": grant.state.as_str(), "identity": asked.chain,
        "group": asked.group, "databases": asked.databases, "emergency": asked.emergency,
        "purpose": asked.purpose, "asked": Time::from(asked.asked),
        "until": Time::from(asked.until), "seconds": asked.seconds,
        "needs": needs(&asked.needs), "reviewers": needs(&asked.reviewers),
        "voices": voices(&grant.voices), "reviews": voices(&grant.reviews),
        "review": grant.review.as_str(), "overdue": grant.is_overdue(now),
    });
    let moments = [("begins", grant.begins), ("ends", grant.ends), ("due", grant.due)];
    for (name, moment) in moments {
        if let (Some(moment), Some(fields)) = (moment, object.as_object_mut()) {
            fields.insert(name.into(), json!(Time::from(moment)));
        }
    }
    object
}
