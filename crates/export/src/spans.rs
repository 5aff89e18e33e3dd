//! Statements as spans of OpenTelemetry, in OTLP's JSON (opentelemetry-proto 1.x, "JSON Protobuf
//! Encoding") with its conventions for database clients. A client that names its own span in a
//! comment finds the statement's below it. Knows records and the conventions, and no sink; no span
//! holds a value.

use crate::{
    circumstance,
    event::{Event, Severity},
    join::{End, Joined, Statement},
    ocsf::datastore::{Left, labels, one_relation},
};
use ledger::{Time, record::Shape};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// `SPAN_KIND_CLIENT`: of the upstream Weir is one.
const CLIENT: u64 = 3;
/// `STATUS_CODE_ERROR`.
const ERROR: u64 = 2;

/// Makes spans of statements.
#[derive(Clone, Debug)]
pub(crate) struct Maker {
    /// The log's name and its key's id: no other log has both.
    prefix: String,
}

/// Where a span stands.
struct Place {
    trace: String,
    parent: Option<String>,
    flags: u64,
}

impl Maker {
    /// For the log with this public key: `name+id+key`, as signed notes have it.
    pub(crate) fn new(key: &str) -> Self {
        let mut parts = key.split('+');
        let (log, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Self { prefix: format!("{log}+{id}") }
    }

    /// The span of a statement that ended; none of anything else.
    pub(crate) fn event(&self, joined: &Joined) -> Option<Event> {
        let Joined::Statement(statement) = joined else { return None };
        let (sequence, id) = (statement.sequence, statement.id.to_string());
        let span = self.id("span", &id, 16);
        let place = self.place(statement, &id);
        let shape = statement.shape.as_deref();
        let (end, wrong) = ended(statement);
        let mut body = json!({
            "traceId": place.trace,
            "spanId": span,
            "flags": place.flags,
            "name": name(statement),
            "kind": CLIENT,
            "startTimeUnixNano": nanos(statement.began),
            "endTimeUnixNano": nanos(end),
            "attributes": self.attributes(statement, wrong.as_deref()),
            "status": match &wrong {
                Some(why) => json!({ "code": ERROR, "message": why }),
                None => json!({}),
            },
        });
        if let (Some(body), Some(parent)) = (body.as_object_mut(), place.parent) {
            body.insert("parentSpanId".into(), parent.into());
        }
        let kind = shape.map_or("statement", |shape| shape.operation.as_str()).to_owned();
        let id = format!("{}/{sequence}", self.prefix);
        Some(Event { sequence, id, time: end, body, severity: Severity::Informational, kind })
    }

    /// An id that is the same each time a span is made of the same records, so that one that is
    /// sent again is the same span.
    fn id(&self, what: &str, statement: &str, digits: usize) -> String {
        let hash = Sha256::digest(format!("{what}/{}/{statement}", self.prefix));
        hash.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
            .chars()
            .take(digits)
            .collect()
    }

    /// In the client's trace, if it named one; else in one of its own.
    fn place(&self, statement: &Statement, id: &str) -> Place {
        let claimed = match (&statement.intent, &statement.end) {
            (Some(intent), _) => intent.trace.as_deref(),
            (None, End::Refused(refused)) => refused.trace.as_deref(),
            (None, _) => None,
        };
        let parts: Vec<&str> = claimed.map(|text| text.split('-').collect()).unwrap_or_default();
        match parts.as_slice() {
            [_, trace, parent, flags] => Place {
                trace: (*trace).to_owned(),
                parent: Some((*parent).to_owned()),
                flags: u64::from_str_radix(flags, 16).unwrap_or(0),
            },
            _ => Place { trace: self.id("trace", id, 32), parent: None, flags: 1 },
        }
    }

    fn attributes(&self, statement: &Statement, wrong: Option<&str>) -> Value {
        let mut all = Attributes::default();
        all.text("db.system.name", Some("postgresql"));
        all.text("error.type", wrong);
        if let Some(shape) = statement.shape.as_deref() {
            all.text("db.namespace", Some(&shape.database));
            all.text("db.operation.name", Some(shape.operation.as_str()));
            all.text("db.collection.name", one_relation(shape));
            all.text("db.query.text", Some(&shape.text));
            decided(shape, &mut all);
        }
        if let Some(who) = statement.who.as_deref() {
            all.text("user.name", Some(&who.identity));
            all.text("weir.acts_for", who.acts_for.as_deref());
            all.text("weir.environment", Some(&who.environment));
            all.text("client.address", who.address.map(|ip| ip.to_string()).as_deref());
            all.number("client.port", who.port.map(u64::from));
        }
        match &statement.end {
            End::Outcome(outcome) => {
                all.text("db.response.status_code", outcome.sqlstate.as_deref());
                all.number("db.response.returned_rows", Some(outcome.rows));
                all.number("weir.affected_rows", Some(outcome.affected));
            }
            End::Refused(refused) => {
                all.text("db.response.status_code", Some(&refused.sqlstate));
                all.text(
                    "weir.reason",
                    Some(&refused.reason).filter(|r| !r.is_empty()).map(AsRef::as_ref),
                );
            }
            End::Unknown => {}
        }
        let labels = labels(statement);
        let with = |left: fn(&Left) -> u64| {
            let some = labels.iter().filter(move |(_, counts)| left(counts) > 0);
            some.map(|(label, _)| label.clone()).collect::<Vec<_>>()
        };
        all.texts("weir.labels.raw", &with(|left| left.raw));
        all.texts("weir.labels.masked", &with(|left| left.masked));
        circumstances(statement, &mut all);
        all.text("weir.statement", Some(&statement.id.to_string()));
        all.text("weir.log", Some(&self.prefix));
        all.number("weir.record", Some(statement.sequence.0));
        Value::Array(all.0)
    }
}

fn decided(shape: &Shape<'_>, all: &mut Attributes) {
    all.text("weir.verdict", Some(shape.verdict.as_str()));
    let policies: Vec<String> = shape.policies.iter().map(ToString::to_string).collect();
    all.texts("weir.policies", &policies);
    all.texts("weir.reasons", &shape.reasons);
}

/// How risky it was, and what it was part of.
fn circumstances(statement: &Statement, all: &mut Attributes) {
    all.number("weir.risk", circumstance::risk(statement).map(u64::from));
    let parts = circumstance::risk_parts(statement);
    let parts: Vec<String> =
        parts.iter().map(|part| format!("{} {}", part.part, part.points)).collect();
    all.texts("weir.risk.parts", &parts);
    let Some(work) = circumstance::work(statement) else { return };
    let texts = [
        ("weir.task", &work.task),
        ("weir.purpose", &work.purpose),
        ("weir.preview", &work.preview),
        ("weir.preview_of", &work.preview_of),
    ];
    for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        all.text(key, Some(text));
    }
    if work.tainted {
        all.0.push(json!({ "key": "weir.tainted", "value": { "boolValue": true } }));
    }
}

/// `{operation} {relation}`, as the conventions say; the database in the relation's place where it
/// is not one.
fn name(statement: &Statement) -> String {
    let Some(shape) = statement.shape.as_deref() else { return "statement".to_owned() };
    let target = one_relation(shape).unwrap_or(&shape.database);
    format!("{} {target}", shape.operation.as_str())
}

/// When it ended, and what went wrong, if anything.
fn ended(statement: &Statement) -> (Time, Option<String>) {
    match &statement.end {
        End::Outcome(outcome) => {
            let wrong = outcome.sqlstate.as_deref().or(outcome.ended.as_deref());
            (outcome.time, wrong.map(str::to_owned))
        }
        End::Refused(refused) => (refused.time, Some(refused.sqlstate.to_string())),
        End::Unknown => (statement.began, Some("unknown".to_owned())),
    }
}

fn nanos(time: Time) -> String {
    format!("{}000", time.micros())
}

/// Attributes in OTLP's JSON.
#[derive(Default)]
struct Attributes(Vec<Value>);

impl Attributes {
    fn text(&mut self, key: &str, value: Option<&str>) {
        let value = value.map(|value| json!({ "stringValue": value }));
        self.0.extend(value.map(|value| json!({ "key": key, "value": value })));
    }

    fn number(&mut self, key: &str, value: Option<u64>) {
        // 64-bit numbers are texts in the JSON of protobuf.
        let value = value.map(|value| json!({ "intValue": value.to_string() }));
        self.0.extend(value.map(|value| json!({ "key": key, "value": value })));
    }

    fn texts(&mut self, key: &str, values: &[String]) {
        if !values.is_empty() {
            let values: Vec<_> = values.iter().map(|text| json!({ "stringValue": text })).collect();
            self.0.push(json!({ "key": key, "value": { "arrayValue": { "values": values } } }));
        }
    }
}
