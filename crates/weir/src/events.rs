//! What providers say has happened to their people: security events (RFC 8417), as Shared Signals
//! has them. Whom they are about, and what they come to. Knows no route.
//!
//! ```text
//! event ─▶ transmitter by issuer ─▶ signature, claims ─▶ subject, type
//!                                                        └─▶ store (once) ─▶ sessions end
//! ```

use crate::{issuers::Issuer, serve::Shared};
use anyhow::Context;
use config::Config;
use identity::{Secret, token_hash};
use serde_json::{Map, Value};
use sso::{Event, SsoError, Wrong};
use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};
use store::{Heard, StoreError, Told};

/// How old an event may be. For so long it is known again.
const OLDEST: Duration = Duration::from_secs(7 * 24 * 3_600);
/// The most events that one token may hold; there is one, mostly.
const MAX_EVENTS: usize = 8;

/// What ends the sessions of somebody, by the end of its type.
const SESSIONS: [&str; 4] = [
    "caep/event-type/session-revoked",
    "caep/event-type/credential-change",
    "caep/event-type/token-claims-change",
    "risc/event-type/account-credential-change-required",
];
/// What ends somebody.
const DISABLED: [&str; 2] = ["risc/event-type/account-disabled", "risc/event-type/account-purged"];
/// Where the types are from.
const SCHEMAS: &str = "https://schemas.openid.net/secevent/";

/// One transmitter: its settings, and how its events are checked.
#[derive(Debug)]
struct Transmitter {
    settings: config::Transmitter,
    checks: sso::Provider,
    token: Option<[u8; 32]>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Transmitters(Vec<Transmitter>);

/// Why an event is not heard.
#[derive(Debug)]
pub(crate) enum Unheard {
    /// It does not hold.
    Token(Wrong),
    /// The transmitter's keys cannot be read.
    Unavailable(SsoError),
    /// Whoever sends it does not show what the transmitter was told to.
    Stranger,
    /// It is not understood: why.
    Form(&'static str),
    /// Control state fails.
    Failed(anyhow::Error),
}

impl fmt::Display for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(wrong) => write!(f, "{wrong}"),
            Self::Unavailable(_) => f.write_str("the transmitter's keys cannot be read"),
            Self::Stranger => f.write_str("the sender is not the transmitter"),
            Self::Form(why) => f.write_str(why),
            Self::Failed(_) => f.write_str("control state is not available"),
        }
    }
}

impl From<StoreError> for Unheard {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Transmitters {
    /// The transmitters of the configuration. Nobody is asked yet.
    pub(crate) fn read(config: &Config) -> anyhow::Result<Self> {
        let all = config.transmitters.iter().map(Transmitter::new);
        Ok(Self(all.collect::<anyhow::Result<_>>()?))
    }
}

impl Transmitter {
    fn new(settings: &config::Transmitter) -> anyhow::Result<Self> {
        let of = || format!("transmitter {:?}", settings.name);
        let issuer = Issuer {
            issuer: &settings.issuer,
            audience: &settings.audience,
            algorithms: &settings.algorithms,
            keys: &settings.keys,
            skew: settings.skew,
            ca: settings.ca.as_deref(),
        };
        let token = settings.token.as_ref().map(config::SecretSource::read).transpose();
        let token = token.with_context(of)?;
        let token = token.map(|token| token_hash(&Secret::from(token.expose().to_owned())));
        let checks = issuer.checks(&of())?;
        Ok(Self { settings: settings.clone(), checks, token })
    }

    /// Who a subject is here; nobody if they are not known. Only of its provider's people it may
    /// speak.
    async fn subject(
        &self,
        shared: &Shared,
        subject: &Map<String, Value>,
    ) -> Result<Option<String>, Unheard> {
        let not_understood = Unheard::Form("its subject is of no form that is understood");
        let text = |name: &str| subject.get(name).and_then(Value::as_str);
        match text("format") {
            Some("iss_sub") => {
                let (Some(issuer), Some(sub)) = (text("iss"), text("sub")) else {
                    return Err(not_understood);
                };
                let provider = &self.settings.provider;
                let found = shared.providers.iter().find(|one| one.settings.name == *provider);
                if found.is_none_or(|found| found.settings.issuer != issuer) {
                    return Ok(None);
                }
                Ok(shared.store.of_subject(provider, sub).await?)
            }
            Some("email") => {
                let Some(email) = text("email") else { return Err(not_understood) };
                let ours = shared.store.comes_by(&self.settings.provider, email).await?;
                Ok(ours.then(|| email.to_owned()))
            }
            _ => Err(not_understood),
        }
    }
}

/// Takes an event in; what it says is done when this returns. Whether it was heard before is
/// nothing to the sender: then nothing is done.
pub(crate) async fn receive(
    shared: &Shared,
    token: &Secret,
    shown: Option<&Secret>,
    now: SystemTime,
) -> Result<(), Unheard> {
    let issuer = sso::check::issuer_of(token.expose()).map_err(Unheard::Token)?;
    let all = &shared.transmitters.0;
    let transmitter = all.iter().find(|one| one.settings.issuer == issuer);
    let transmitter = transmitter.ok_or(Unheard::Token(Wrong::Issuer))?;
    if transmitter.token.is_some() && transmitter.token != shown.map(token_hash) {
        return Err(Unheard::Stranger);
    }
    let event = transmitter.checks.event(token.expose(), now, Instant::now()).await;
    let event = event.map_err(|error| match error {
        SsoError::Token(wrong) => Unheard::Token(wrong),
        other => Unheard::Unavailable(other),
    })?;
    if event.issued.checked_add(OLDEST).is_none_or(|end| end <= now) {
        return Err(Unheard::Token(Wrong::Expired));
    }
    hear(shared, transmitter, &event, now).await
}

async fn hear(
    shared: &Shared,
    transmitter: &Transmitter,
    event: &Event,
    now: SystemTime,
) -> Result<(), Unheard> {
    let events = event.all.get("events").and_then(Value::as_object);
    let events = events.filter(|events| (1..=MAX_EVENTS).contains(&events.len()));
    let events = events.ok_or(Unheard::Form("it holds no event"))?;
    let settings = &transmitter.settings;
    for (place, (kind, what)) in events.iter().enumerate() {
        let told = told(kind, what);
        let mut identity = None;
        if told != Told::Nothing {
            let subject = subject(&event.all, what);
            let subject = subject.ok_or(Unheard::Form("it does not say whom it is about"))?;
            identity = transmitter.subject(shared, subject).await?;
        }
        let kind: String = kind.strip_prefix(SCHEMAS).unwrap_or(kind).chars().take(80).collect();
        let kind: String = kind.chars().filter(|c| !c.is_control()).collect();
        let what = match (told, &identity) {
            (Told::Nothing, _) => format!("an event that nothing is done about: {kind}"),
            (_, None) => format!("an event about nobody who is known here: {kind}"),
            (Told::Sessions, Some(_)) => format!("sessions and tokens ended: {kind}"),
            (Told::Disabled, Some(_)) => format!("disabled: {kind}"),
        };
        let id = format!("event\0{}\0{}\0{place}", settings.issuer, event.id);
        let heard = Heard {
            identity: identity.as_deref().unwrap_or_default(),
            told: if identity.is_some() { told } else { Told::Nothing },
            what: &what,
            by: &format!("transmitter:{}", settings.name),
            id: (token_hash(&Secret::from(id)), event.issued + OLDEST + settings.skew),
        };
        shared.store.hear(&heard, now).await?;
    }
    Ok(())
}

/// What an event comes to, by its type.
fn told(kind: &str, what: &Value) -> Told {
    let Some(kind) = kind.strip_prefix(SCHEMAS) else { return Told::Nothing };
    let text = |name: &str| what.get(name).and_then(Value::as_str);
    match kind {
        kind if SESSIONS.contains(&kind) => Told::Sessions,
        kind if DISABLED.contains(&kind) => Told::Disabled,
        "caep/event-type/device-compliance-change"
            if text("current_status") == Some("not-compliant") =>
        {
            Told::Sessions
        }
        _ => Told::Nothing,
    }
}

/// Whom an event is about: `sub_id` of the token, or `subject` of the event as earlier drafts have
/// it. Of one that is complex, the user.
fn subject<'e>(all: &'e Map<String, Value>, what: &'e Value) -> Option<&'e Map<String, Value>> {
    let subject = all.get("sub_id").or_else(|| what.get("subject"))?.as_object()?;
    match subject.get("format").and_then(Value::as_str) {
        Some("complex") => subject.get("user")?.as_object(),
        _ => Some(subject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_an_event_comes_to() {
        let of = |kind: &str, what: Value| told(&format!("{SCHEMAS}{kind}"), &what);
        for kind in SESSIONS {
            assert_eq!(of(kind, json!({})), Told::Sessions, "{kind}");
        }
        assert_eq!(of("risc/event-type/account-disabled", json!({})), Told::Disabled);
        let device = |status: &str| {
            of("caep/event-type/device-compliance-change", json!({ "current_status": status }))
        };
        assert_eq!((device("not-compliant"), device("compliant")), (Told::Sessions, Told::Nothing));
        assert_eq!(of("ssf/event-type/verification", json!({})), Told::Nothing);
        let elsewhere = "https://evil.example/caep/event-type/session-revoked";
        assert_eq!(told(elsewhere, &json!({})), Told::Nothing);
    }
}
