//! Facets: those that OpenLineage defines, and Weir's own, which begin with `weir_`. Knows their
//! schemas' addresses and versions.

use crate::{
    circumstance,
    join::{End, Statement},
};
use ledger::record::{SessionClosed, SessionOpened};
use model::IdentityKind;
use serde_json::{Map, Value, json};

/// Where OpenLineage's own schemas are.
const SPEC: &str = "https://openlineage.io/spec/facets";

/// A facet that OpenLineage defines.
fn standard(producer: &str, version: &str, name: &str, fields: Value) -> Value {
    facet(producer, &format!("{SPEC}/{version}/{name}.json#/$defs/{name}"), fields)
}

/// A facet of Weir's own.
fn own(producer: &str, name: &str, fields: Value) -> Value {
    facet(producer, &format!("urn:weir:facet:{name}:1"), fields)
}

fn facet(producer: &str, schema: &str, fields: Value) -> Value {
    let mut facet = Map::new();
    facet.insert("_producer".into(), producer.into());
    facet.insert("_schemaURL".into(), schema.into());
    if let Value::Object(fields) = fields {
        facet.extend(fields);
    }
    facet.into()
}

/// What every job has: its kind, and whose it is.
pub(super) fn job(
    producer: &str,
    who: Option<&SessionOpened<'_>>,
    kind: &str,
) -> Map<String, Value> {
    let mut facets = Map::new();
    let fields = json!({ "processingType": "BATCH", "integration": "WEIR", "jobType": kind });
    facets.insert("jobType".into(), standard(producer, "2-0-4", "JobTypeJobFacet", fields));
    let Some(who) = who else { return facets };
    let name = match who.kind {
        IdentityKind::Person => format!("user:{}", who.identity),
        IdentityKind::Service | IdentityKind::Agent => format!("application:{}", who.identity),
    };
    let mut owners = vec![json!({ "name": name, "type": "IDENTITY" })];
    if let Some(person) = &who.acts_for {
        owners.push(json!({ "name": format!("user:{person}"), "type": "ACTED_FOR" }));
    }
    let owners = json!({ "owners": owners });
    facets.insert("ownership".into(), standard(producer, "1-0-1", "OwnershipJobFacet", owners));
    facets
}

/// The statement's text, without literals.
pub(super) fn sql(producer: &str, text: &str) -> Value {
    let fields = json!({ "query": text, "dialect": "postgresql" });
    standard(producer, "1-1-0", "SQLJobFacet", fields)
}

/// The session's run, in which a statement's run happened.
pub(super) fn parent(producer: &str, run: &str, namespace: &str, job: &str) -> Value {
    let fields = json!({
        "run": { "runId": run }, "job": { "namespace": namespace, "name": job },
    });
    standard(producer, "1-2-0", "ParentRunFacet", fields)
}

/// Why a run did not complete, without what a database said: that may hold values.
pub(super) fn error(producer: &str, message: &str) -> Value {
    let fields = json!({ "message": message, "programmingLanguage": "SQL" });
    standard(producer, "1-0-1", "ErrorMessageRunFacet", fields)
}

/// How many rows were written.
pub(super) fn output_statistics(producer: &str, rows: u64) -> Value {
    let fields = json!({ "rowCount": rows });
    standard(producer, "1-0-2", "OutputStatisticsOutputDatasetFacet", fields)
}

/// Labels of columns; nothing if there are none.
pub(super) fn tags<'a>(
    producer: &str,
    labels: impl Iterator<Item = (&'a str, &'a String)>,
) -> Option<Value> {
    let mut tags: Vec<Value> = Vec::new();
    for (field, label) in labels {
        tags.push(json!({ "key": "label", "value": label, "source": "WEIR", "field": field }));
    }
    let fields = json!({ "tags": tags });
    (!tags.is_empty()).then(|| standard(producer, "1-0-0", "TagsDatasetFacet", fields))
}

/// Where columns come from, and what decides on all of them.
pub(super) fn column_lineage(
    producer: &str,
    columns: Map<String, Value>,
    whole: Vec<Value>,
) -> Value {
    let fields = json!({ "fields": columns, "dataset": whole });
    standard(producer, "1-2-0", "ColumnLineageDatasetFacet", fields)
}

/// How many values of which columns left, raw or masked.
pub(super) fn given(producer: &str, columns: Map<String, Value>) -> Value {
    own(producer, "given", json!({ "columns": columns }))
}

/// How a session signed in, and what came of it.
pub(super) fn session(
    producer: &str,
    who: &SessionOpened<'_>,
    closed: Option<&SessionClosed<'_>>,
) -> Value {
    let mut fields = json!({
        "session": who.session, "identity": who.identity, "kind": who.kind,
        "groups": who.groups, "actsFor": who.acts_for, "method": who.method,
        "application": who.application, "database": who.database,
        "environment": who.environment,
    });
    if let (Some(fields), Some(closed)) = (fields.as_object_mut(), closed) {
        fields.insert("reason".into(), closed.reason.as_ref().into());
        fields.insert("statements".into(), closed.statements.into());
        fields.insert("rows".into(), closed.rows.into());
    }
    if let Some(fields) = fields.as_object_mut() {
        fields.extend(circumstance::of_session(who).into_iter().map(camel));
    }
    own(producer, "session", fields)
}

/// A field under the name that OpenLineage's style has for it: `risk_parts` is `riskParts`.
fn camel((name, value): (String, Value)) -> (String, Value) {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        camel.push_str(&first.to_ascii_uppercase());
        camel.push_str(rest);
    }
    (camel, value)
}

/// On whose authority a statement ran, and which records tell of it.
pub(super) fn decision(producer: &str, statement: &Statement) -> Value {
    let mut fields = json!({ "statement": statement.id, "record": statement.sequence });
    if let Some(fields) = fields.as_object_mut() {
        fields.extend(circumstance::of_statement(statement).into_iter().map(camel));
    }
    if let (Some(fields), Some(shape)) = (fields.as_object_mut(), statement.shape.as_deref()) {
        for (name, value) in [
            ("verdict", json!(shape.verdict)),
            ("policies", json!(shape.policies)),
            ("reasons", json!(shape.reasons)),
            ("unknowns", json!(shape.unknowns)),
            ("policyVersion", json!(format!("{:016x}", shape.policy_version))),
            ("labelVersion", json!(shape.label_version)),
        ] {
            fields.insert(name.to_owned(), value);
        }
        if let End::Outcome(outcome) = &statement.end {
            fields.insert("affected".into(), outcome.affected.into());
            fields.insert("durationMicros".into(), outcome.duration_us.into());
        }
    }
    own(producer, "decision", fields)
}
