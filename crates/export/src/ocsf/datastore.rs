//! Statements: Datastore Activity, class 6005. Knows facts, verdicts and outcomes as records tell
//! them.

use super::{APPLICATION, Class, Frame, Maker, OTHER, Status, UNKNOWN, actor, millis, put, source};
use crate::{
    circumstance,
    event::{Event, Severity},
    join::{End, Statement},
    left::{FOUND, left},
};
use ledger::{
    Time,
    record::{Disclosed, Shape},
};
use model::{Disclosure, Operation};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const CLASS: Class =
    Class { uid: 6005, name: "Datastore Activity", category_uid: 6, category: APPLICATION };

/// `type_id` of what is worked on.
const DATABASE: u64 = 1;
const TABLE: u64 = 3;

/// How many values of one label left how.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Left {
    pub(crate) raw: u64,
    pub(crate) masked: u64,
}

impl Maker {
    pub(super) fn statement(&self, statement: &Statement) -> Event {
        let shape = statement.shape.as_deref();
        let labels = labels(statement);
        let raw = labels.values().any(|left| left.raw > 0);
        let frame = frame(statement, raw);
        let mut body = self.frame(statement.sequence, &frame);
        let who = statement.who.as_deref();
        body.insert("actor".into(), actor(who, Some(statement.id.session())));
        body.insert("src_endpoint".into(), source(who));
        let database = shape.map(|shape| shape.database.as_ref());
        let database = database.or(who.map(|who| who.database.as_ref())).unwrap_or(UNKNOWN);
        body.insert(
            "database".into(),
            json!({ "name": database, "type_id": 1, "type": "Relational" }),
        );
        let table = shape.and_then(one_relation);
        body.insert("type_id".into(), if table.is_some() { TABLE } else { DATABASE }.into());
        put(&mut body, "table", table.map(|name| json!({ "name": name })));
        if let Some(shape) = shape {
            body.insert(
                "query_info".into(),
                json!({ "query_string": shape.text, "uid": statement.id.to_string() }),
            );
        }
        body.insert("start_time".into(), millis(statement.began).into());
        body.insert("metadata".into(), with(body.get("metadata"), statement));
        decision(statement, &mut body);
        end(statement, &mut body);
        body.insert("unmapped".into(), own(statement, &labels));
        self.finish(statement.sequence, frame, body)
    }
}

fn frame(statement: &Statement, raw: bool) -> Frame<'static> {
    let shape = statement.shape.as_deref();
    let operation = shape.map_or(Operation::Unknown, |shape| shape.operation);
    let (status, severity, time) = match &statement.end {
        End::Outcome(outcome) if outcome.sqlstate.is_some() || outcome.ended.is_some() => {
            (Status::Failure, Severity::Informational, outcome.time)
        }
        End::Outcome(outcome) if raw => (Status::Success, Severity::Low, outcome.time),
        End::Outcome(outcome) => (Status::Success, Severity::Informational, outcome.time),
        End::Refused(refused) => (Status::Failure, Severity::Medium, refused.time),
        End::Unknown => (Status::Unknown, Severity::Medium, statement.began),
    };
    // One that failed after values left raw deserves a look no less.
    let severity = if raw && severity.id() < Severity::Low.id() { Severity::Low } else { severity };
    let name = statement.who.as_deref().map_or(UNKNOWN, |who| who.identity.as_ref());
    let what = match &statement.end {
        End::Outcome(_) => "ran",
        End::Refused(_) => "was refused",
        End::Unknown => "may have run",
    };
    Frame {
        class: CLASS,
        activity: activity(operation),
        severity,
        status,
        time,
        message: format!("{} of {name} {what}", operation.as_str()),
        kind: match &statement.end {
            End::Outcome(_) => "outcome",
            End::Refused(_) => "refused",
            End::Unknown => "intent",
        },
    }
}

/// OCSF's word for what a statement does; the operation's own word where it has none.
fn activity(operation: Operation) -> (u64, &'static str) {
    match operation {
        Operation::Select => (4, "Query"),
        Operation::CopyOut => (1, "Read"),
        Operation::Insert | Operation::CopyIn => (5, "Write"),
        Operation::Update | Operation::Merge | Operation::Alter | Operation::Rename => {
            (2, "Update")
        }
        Operation::Create | Operation::CreateTemp => (6, "Create"),
        Operation::Delete | Operation::Truncate | Operation::Drop | Operation::DropTemp => {
            (7, "Delete")
        }
        other => (OTHER, other.as_str()),
    }
}

/// The relation, if all effects are on the same one.
pub(crate) fn one_relation<'s>(shape: &'s Shape<'_>) -> Option<&'s str> {
    let mut names = shape.effects.iter().map(|one| one.object.as_ref()).filter(|n| !n.is_empty());
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

fn with(metadata: Option<&Value>, statement: &Statement) -> Value {
    let mut metadata = metadata.cloned().unwrap_or_default();
    if let Some(fields) = metadata.as_object_mut() {
        fields.insert("correlation_uid".into(), statement.id.to_string().into());
    }
    metadata
}

/// What was decided, in the words of the schema's profile for controls.
fn decision(statement: &Statement, body: &mut Map<String, Value>) {
    let verdict = statement.shape.as_deref().map(|shape| shape.verdict);
    let ((action_id, action), (disposition_id, disposition)) = match (&statement.end, verdict) {
        (End::Refused(_), _) => ((2, "Denied"), (2, "Blocked")),
        (_, Some(model::Outcome::Modify)) => ((4, "Modified"), (1, "Allowed")),
        _ => ((1, "Allowed"), (1, "Allowed")),
    };
    body.insert("action_id".into(), action_id.into());
    body.insert("action".into(), action.into());
    body.insert("disposition_id".into(), disposition_id.into());
    body.insert("disposition".into(), disposition.into());
}

/// When and how it ended.
fn end(statement: &Statement, body: &mut Map<String, Value>) {
    let reasons = || {
        let reasons = statement.shape.as_deref().map(|shape| shape.reasons.join("; "));
        reasons.filter(|text| !text.is_empty())
    };
    let end = |body: &mut Map<String, Value>, time: Time| {
        body.insert("end_time".into(), millis(time).into());
    };
    match &statement.end {
        End::Outcome(outcome) => {
            end(body, outcome.time);
            body.insert("duration".into(), (outcome.duration_us / 1000).into());
            put(body, "status_code", outcome.sqlstate.as_deref());
            put(body, "status_detail", outcome.ended.as_deref());
        }
        End::Refused(refused) => {
            end(body, refused.time);
            body.insert("status_code".into(), refused.sqlstate.as_ref().into());
            let detail = super::some(&refused.reason).map(str::to_owned).or_else(reasons);
            put(body, "status_detail", detail);
        }
        End::Unknown => {
            body.insert("status_detail".into(), "Weir ended before the statement did".into());
        }
    }
}

/// What the schema has no attribute for.
fn own(statement: &Statement, labels: &BTreeMap<String, Left>) -> Value {
    let mut own = Map::new();
    own.insert("statement".into(), statement.id.to_string().into());
    own.insert("session".into(), statement.id.session().to_string().into());
    if let Some(who) = statement.who.as_deref() {
        own.insert("environment".into(), who.environment.as_ref().into());
    }
    if let Some(shape) = statement.shape.as_deref() {
        facts(shape, &mut own);
    }
    if let Some(intent) = &statement.intent {
        own.insert("via".into(), json!(intent.via));
        own.insert("text_hash".into(), json!(intent.text));
        put(&mut own, "parameters", (intent.parameter_count > 0).then_some(intent.parameter_count));
        let turned = (!intent.turned_back.is_empty()).then(|| json!(intent.turned_back));
        put(&mut own, "turned_back", turned);
        put(&mut own, "approval", intent.approval.as_ref().map(|approval| json!(approval)));
    }
    own.extend(circumstance::of_statement(statement));
    match &statement.end {
        End::Outcome(outcome) => {
            put(&mut own, "approval", outcome.approval.as_ref().map(|approval| json!(approval)));
            own.insert("rows".into(), outcome.rows.into());
            own.insert("affected".into(), outcome.affected.into());
            own.insert("bytes".into(), outcome.bytes.into());
            own.insert("duration_us".into(), outcome.duration_us.into());
        }
        End::Refused(refused) => {
            own.insert("via".into(), json!(refused.via));
            own.insert("text_hash".into(), json!(refused.text));
        }
        End::Unknown => {}
    }
    let labels: Map<String, Value> = labels
        .iter()
        .map(|(label, Left { raw, masked })| {
            (label.clone(), json!({ "raw": raw, "masked": masked }))
        })
        .collect();
    own.insert("labels".into(), labels.into());
    let disclosed: Vec<Value> = left(statement)
        .iter()
        .map(|left| {
            let origins: Vec<&str> = left.origins.iter().map(|(column, _)| *column).collect();
            json!({
                "name": left.name, "origins": origins, "labels": left.labels, "raw": left.raw,
                "masked": left.masked, "unchanged": left.unchanged, "nulls": left.nulls,
            })
        })
        .collect();
    put(&mut own, "disclosed", (!disclosed.is_empty()).then_some(disclosed));
    own.into()
}

fn facts(shape: &Shape<'_>, own: &mut Map<String, Value>) {
    for (name, value) in [
        ("verdict", json!(shape.verdict)),
        ("operation", json!(shape.operation)),
        ("policies", json!(shape.policies)),
        ("reasons", json!(shape.reasons)),
        ("effects", json!(shape.effects)),
        ("columns", json!(shape.columns)),
        ("unknowns", json!(shape.unknowns)),
        ("policy_version", json!(shape.policy_version)),
        ("catalog_version", json!(shape.catalog_version)),
        ("label_version", json!(shape.label_version)),
    ] {
        let empty = value.as_array().is_some_and(Vec::is_empty);
        put(own, name, (!empty).then_some(value));
    }
}

/// How many values of each label left raw and masked.
pub(crate) fn labels(statement: &Statement) -> BTreeMap<String, Left> {
    let mut labels: BTreeMap<String, Left> = BTreeMap::new();
    let (Some(shape), End::Outcome(outcome)) = (statement.shape.as_deref(), &statement.end) else {
        return labels;
    };
    let mut add = |label: &str, raw: u64, masked: u64| {
        if raw + masked > 0 {
            let left = labels.entry(label.to_owned()).or_default();
            left.raw += raw;
            left.masked += masked;
        }
    };
    for (column, counts) in outcome.disclosed.iter().enumerate() {
        let Disclosed { raw, masked, .. } = *counts;
        match shape.disclosures.get(column).unwrap_or(&shape.fallback) {
            Disclosure::Raw { labels } => labels.iter().for_each(|l| add(l.as_str(), raw, masked)),
            // What left of it unchanged held nothing to hide (an empty text, say).
            Disclosure::Masked { label, .. } => add(label.as_str(), 0, masked),
            Disclosure::Scan => add(FOUND, 0, masked),
        }
    }
    labels
}
