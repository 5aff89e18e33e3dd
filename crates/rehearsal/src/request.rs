//! The `request` of a case: who asks, where, and under which circumstances, in lines.

use crate::decide::Circumstances;
use ledger::Time;
use model::{Identity, IdentityKind};
use policy::Risk;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A Tuesday noon, where a case names no time.
const NOON: u64 = 1_795_521_600;

/// What a case says that says nothing.
pub(crate) fn unsaid() -> Circumstances {
    Circumstances {
        identity: Identity {
            name: "alice".into(),
            kind: IdentityKind::Person,
            groups: Vec::new(),
            acts_for: None,
        },
        database: "shop".into(),
        environment: "production".to_owned(),
        now: UNIX_EPOCH + Duration::from_secs(NOON),
        address: Some([192, 0, 2, 7].into()),
        tls: true,
        application: "psql".to_owned(),
        risk: Risk::default(),
        purpose: String::new(),
        tainted: false,
    }
}

/// Takes one line in.
pub(crate) fn line(who: &mut Circumstances, line: &str) -> Result<(), String> {
    let (key, value) = line.split_once(':').ok_or("expected `key: value`")?;
    let value = value.trim();
    match key.trim() {
        "as" => who.identity = identity(value)?,
        "on" => {
            let (database, environment) = value.split_once(',').unwrap_or((value, ""));
            who.database = database.trim().into();
            if !environment.trim().is_empty() {
                who.environment = environment.trim().to_owned();
            }
        }
        "at" => who.now = moment(value)?,
        "from" => {
            who.address = match value {
                "a socket" => None,
                value => {
                    let wrong = |_| format!("`{value}` is neither an address nor `a socket`");
                    Some(value.parse().map_err(wrong)?)
                }
            };
        }
        "tls" => {
            who.tls = match value {
                "yes" => true,
                "no" => false,
                _ => return Err("tls is yes or no".into()),
            };
        }
        "risk" => who.risk.score = percent(value)?,
        "share" => who.risk.share = percent(value)?,
        "application" => who.application = value.to_owned(),
        "purpose" => who.purpose = value.to_owned(),
        "tainted" => {
            who.tainted = match value {
                "yes" => true,
                "no" => false,
                _ => return Err("tainted is yes or no".into()),
            };
        }
        key => {
            let known = "as, on, at, from, tls, application, risk, share, purpose, tainted";
            return Err(format!("`{key}` is not one of {known}"));
        }
    }
    Ok(())
}

fn percent(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number <= 100);
    number.ok_or_else(|| format!("`{text}` is not a number from 0 to 100"))
}

/// `2026-11-24T12:00:00Z`, or to the microsecond, as records write it.
fn moment(text: &str) -> Result<SystemTime, String> {
    let whole = match text.strip_suffix('Z') {
        Some(rest) if !rest.contains('.') => format!("{rest}.000000Z"),
        Some(_) | None => text.to_owned(),
    };
    let time: Time =
        whole.parse().map_err(|_| format!("`{text}` is no time: 2026-11-24T12:00:00Z"))?;
    let micros = u64::try_from(time.micros()).map_err(|_| format!("`{text}` is before 1970"))?;
    Ok(UNIX_EPOCH + Duration::from_micros(micros))
}

/// `agent copilot in drafts for person alice in support, sales`.
///
/// # Errors
/// What is not said, in words.
pub fn identity(text: &str) -> Result<Identity, String> {
    let (own, acts_for) = match text.split_once(" for ") {
        Some((own, principal)) => (own, Some(Box::new(identity(principal)?))),
        None => (text, None),
    };
    let (who, groups) = own.split_once(" in ").unwrap_or((own, ""));
    let mut words = who.split_whitespace();
    let (Some(kind), Some(name), None) = (words.next(), words.next(), words.next()) else {
        let example = "`person alice in support`, `service jobs`, `agent copilot for person alice`";
        return Err(format!("`{text}` is no identity; write {example}"));
    };
    let kind = match kind.to_ascii_lowercase().as_str() {
        "person" => IdentityKind::Person,
        "service" => IdentityKind::Service,
        "agent" => IdentityKind::Agent,
        other => return Err(format!("`{other}` is not one of person, service, agent")),
    };
    let groups = groups.split(',').map(|group| group.trim().to_owned());
    let mut groups: Vec<String> = groups.filter(|group| !group.is_empty()).collect();
    groups.sort();
    Ok(Identity { name: name.into(), kind, groups, acts_for })
}
