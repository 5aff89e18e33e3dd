//! Events as the Open Cybersecurity Schema Framework describes them (schema.ocsf.io, 1.5.0). Knows
//! records and the schema; makes nothing up: what a record does not say is left out.
//!
//! | Record | Class |
//! |---|---|
//! | `outcome`, `refused`, an `intent` whose run ended | Datastore Activity, 6005 |
//! | `session_opened`, `session_refused`, `session_closed` | Authentication, 3002 |
//! | `identity_changed` | Account Change, 3001 |
//! | `label_changed`, `policy_changed`, `catalog_changed` | Entity Management, 3004 |
//! | `grant_changed` | User Access Management, 3005 |
//! | `administered` | API Activity, 6003 |
//! | `started`, `stopped` | Application Lifecycle, 6002 |
//! | `withdrawn` | Application Error, 6008 |
//! | what a later version wrote | Base Event, 0 |

mod change;
pub(crate) mod datastore;
mod grant;
mod life;
mod sign_in;
mod task;

use crate::{
    event::{Event, Severity},
    join::{Joined, Single, Told},
    settings::About,
};
use ledger::{
    Record, Sequence, SessionId, Time,
    record::{SessionOpened, Text},
};
use model::IdentityKind;
use serde_json::{Map, Value, json};

/// The version of the schema that events follow.
pub(crate) const SCHEMA_VERSION: &str = "1.5.0";
/// What adds `action_id` and `disposition_id`.
const PROFILE: &str = "security_control";
/// A name where the record has none but the schema asks for one.
const UNKNOWN: &str = "unknown";
/// `activity_id`, `status_id`, `type_id` where the schema has no word: the caption tells.
const OTHER: u64 = 99;

/// A class of events.
#[derive(Clone, Copy, Debug)]
struct Class {
    uid: u64,
    name: &'static str,
    category_uid: u64,
    category: &'static str,
}

const IAM: &str = "Identity & Access Management";
const APPLICATION: &str = "Application Activity";

/// How it ended.
#[derive(Clone, Copy, Debug)]
enum Status {
    Success,
    Failure,
    Unknown,
}

/// What all events of one class and activity begin with.
#[derive(Debug)]
struct Frame<'a> {
    class: Class,
    /// Its number and its word.
    activity: (u64, &'a str),
    severity: Severity,
    status: Status,
    time: Time,
    message: String,
    kind: &'a str,
}

/// Makes events of what was joined.
#[derive(Clone, Debug)]
pub(crate) struct Maker {
    about: About,
    /// The log's name.
    log: String,
    /// Its name and its key's id: no other log has both.
    prefix: String,
}

impl Maker {
    /// For the log with this public key: `name+id+key`, as signed notes have it.
    pub(crate) fn new(about: &About, key: &str) -> Self {
        let mut parts = key.split('+');
        let (log, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Self { about: about.clone(), log: log.to_owned(), prefix: format!("{log}+{id}") }
    }

    /// The event; none of what only begins.
    pub(crate) fn event(&self, joined: &Joined) -> Option<Event> {
        match joined {
            Joined::Begun(_) => None,
            Joined::Statement(statement) => Some(self.statement(statement)),
            Joined::Single(single) => Some(self.single(single)),
        }
    }

    fn single(&self, single: &Single) -> Event {
        let record = match &single.record {
            Told::Known(record) => record,
            Told::Later(value) => return self.later(single, value),
        };
        match &**record {
            Record::SessionOpened(opened) => self.opened(single, opened),
            Record::SessionRefused(refused) => self.session_refused(single, refused),
            Record::SessionClosed(closed) => self.closed(single, closed),
            Record::IdentityChanged(changed) => self.identity(single, changed),
            Record::LabelChanged(changed) => self.label(single, changed),
            Record::PolicyChanged(changed) => self.policy(single, changed),
            Record::CatalogChanged(changed) => self.catalog(single, changed),
            Record::HoldChanged(changed) => self.hold(single, changed),
            Record::Pruned(pruned) => self.pruned(single, pruned),
            Record::GrantChanged(changed) => self.grant(single, changed),
            Record::TaskChanged(changed) => self.task(single, changed),
            Record::Administered(done) => self.administered(single, done),
            Record::Started(started) => self.started(single, started),
            Record::Stopped(stopped) => self.stopped(single, stopped),
            Record::Withdrawn(withdrawn) => self.withdrawn(single, withdrawn),
            // These never stand for themselves; should one come, it is told as it is.
            Record::Shape(_) | Record::Intent(_) | Record::Outcome(_) | Record::Refused(_) => {
                let value = serde_json::to_value(record).unwrap_or_default();
                self.later(single, &value)
            }
        }
    }

    /// What every event has, to which the class adds its own.
    fn frame(&self, sequence: Sequence, frame: &Frame<'_>) -> Map<String, Value> {
        let Frame { class, activity: (activity, word), severity, .. } = frame;
        let (status_id, status) = match frame.status {
            Status::Success => (1, "Success"),
            Status::Failure => (2, "Failure"),
            Status::Unknown => (0, "Unknown"),
        };
        let mut body = Map::new();
        for (name, value) in [
            ("activity_id", json!(activity)),
            ("activity_name", json!(word)),
            ("category_uid", json!(class.category_uid)),
            ("category_name", json!(class.category)),
            ("class_uid", json!(class.uid)),
            ("class_name", json!(class.name)),
            ("type_uid", json!(class.uid * 100 + activity)),
            ("type_name", json!(format!("{}: {word}", class.name))),
            ("severity_id", json!(severity.id())),
            ("severity", json!(severity.word())),
            ("status_id", json!(status_id)),
            ("status", json!(status)),
            ("time", json!(millis(frame.time))),
            ("message", json!(frame.message)),
            ("metadata", self.metadata(sequence, frame.kind)),
        ] {
            body.insert(name.to_owned(), value);
        }
        body
    }

    fn metadata(&self, sequence: Sequence, kind: &str) -> Value {
        json!({
            "version": SCHEMA_VERSION,
            "uid": sequence.to_string(),
            "event_code": kind,
            "log_name": self.log,
            "log_provider": self.about.node,
            "profiles": [PROFILE],
            "product": self.product(),
        })
    }

    fn product(&self) -> Value {
        json!({ "name": "Weir", "vendor_name": "Weir", "version": self.about.version })
    }

    fn finish(&self, sequence: Sequence, frame: Frame<'_>, body: Map<String, Value>) -> Event {
        Event {
            sequence,
            id: format!("{}/{sequence}", self.prefix),
            time: frame.time,
            body: Value::Object(body),
            severity: frame.severity,
            kind: frame.kind.to_owned(),
        }
    }
}

/// Milliseconds since the epoch.
fn millis(time: Time) -> i64 {
    time.micros().div_euclid(1000)
}

/// Adds an attribute where there is something to say.
fn put<V: Into<Value>>(body: &mut Map<String, Value>, name: &str, value: Option<V>) {
    if let Some(value) = value {
        body.insert(name.to_owned(), value.into());
    }
}

/// A text that is not empty.
fn some<'a>(text: &'a Text<'_>) -> Option<&'a str> {
    (!text.is_empty()).then_some(text.as_ref())
}

/// A user of whom only the name is known.
fn named(name: &str) -> Value {
    let name = if name.is_empty() { UNKNOWN } else { name };
    json!({ "name": name, "uid": name })
}

/// Who signed in. An agent's name is its whole chain: `alice/copilot`.
fn user(who: Option<&SessionOpened<'_>>) -> Value {
    let Some(who) = who else { return named(UNKNOWN) };
    let (type_id, kind) = match who.kind {
        IdentityKind::Person => (1, "User"),
        IdentityKind::Service => (3, "System"),
        IdentityKind::Agent => (OTHER, "Agent"),
    };
    let groups: Vec<Value> = who.groups.iter().map(|name| json!({ "name": name })).collect();
    let mut user = json!({
        "name": who.identity, "uid": who.identity, "type_id": type_id, "type": kind,
    });
    if let Some(user) = user.as_object_mut().filter(|_| !groups.is_empty()) {
        user.insert("groups".into(), groups.into());
    }
    user
}

/// The one who acts: user, session, for whom, with which program.
fn actor(who: Option<&SessionOpened<'_>>, session: Option<SessionId>) -> Value {
    let mut actor = Map::new();
    actor.insert("user".into(), user(who));
    put(&mut actor, "session", session.map(|id| self::session(who, id)));
    put(&mut actor, "invoked_by", who.and_then(|who| who.acts_for.as_deref()));
    put(&mut actor, "app_name", who.and_then(|who| some(&who.application)));
    actor.into()
}

fn session(who: Option<&SessionOpened<'_>>, id: SessionId) -> Value {
    let mut session = Map::new();
    session.insert("uid".into(), id.to_string().into());
    session.insert("created_time".into(), millis(id.opened()).into());
    put(&mut session, "is_remote", who.and_then(remote));
    session.into()
}

/// Whether the client is on another machine, if its address is known.
fn remote(who: &SessionOpened<'_>) -> Option<bool> {
    who.address.map(|address| !address.is_loopback())
}

/// Where the client is.
fn source(who: Option<&SessionOpened<'_>>) -> Value {
    match who.map(|who| (who.address, who.port)) {
        Some((Some(ip), Some(port))) => json!({ "ip": ip.to_string(), "port": port }),
        Some((Some(ip), None)) => json!({ "ip": ip.to_string() }),
        Some((None, _)) => json!({ "name": "local socket" }),
        None => json!({ "name": UNKNOWN }),
    }
}

#[cfg(test)]
pub(crate) mod tests;
