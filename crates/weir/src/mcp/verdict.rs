//! Verdicts and disclosures in words for models. Knows no session.

use engine_pg::inside::{Column, Done, Note};
use gate::{Part, Plan};
use model::{
    Disclosure, Facts, Label, MaskMethod, Outcome, TypeId,
    verdict::{Approval, Estimate},
};
use serde_json::{Map, Value, json};

/// How a column's values leave.
pub(crate) fn shown(disclosure: &Disclosure) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    match disclosure {
        Disclosure::Raw { labels } => {
            put("shown", json!("raw"));
            if !labels.is_empty() {
                put("labels", json!(labels));
            }
        }
        Disclosure::Scan => {
            put("shown", json!("scanned"));
        }
        Disclosure::Masked { label, method } => {
            let gone = matches!(method, MaskMethod::Full | MaskMethod::Null);
            put("shown", json!(if gone { "withheld" } else { "masked" }));
            put("label", json!(label));
            put("method", json!(method));
        }
    }
    object
}

/// The columns of a result with how they left.
pub(crate) fn columns(columns: &[Column], done: Option<&Done>) -> Vec<Value> {
    let part = done.and_then(|done| done.plan.parts.get(done.part));
    let disclosure = |index: usize| -> Option<Disclosure> {
        let (done, part) = (done?, part?);
        match &done.decided {
            Some(decided) if !decided.is_empty() => decided.get(index).cloned(),
            _ if done.plan.unrestricted => {
                Some(Disclosure::Raw { labels: labels(&done.plan, part, index) })
            }
            _ => part.verdict.disclosures.get(index).or(Some(&part.verdict.fallback)).cloned(),
        }
    };
    let column = |(index, column): (usize, &Column)| {
        let mut object = Map::new();
        object.insert("name".to_owned(), json!(column.name));
        if let Some(done) = done {
            object.insert("type".to_owned(), json!(type_name(&done.plan, column.type_oid)));
        }
        // What nobody decided on is nothing that anybody saw.
        object.extend(disclosure(index).as_ref().map(shown).unwrap_or_default());
        let masked = done.and_then(|done| done.counts.disclosed.get(index));
        if let Some(masked) = masked.map(|counts| counts.masked).filter(|masked| *masked > 0) {
            object.insert("values_masked".to_owned(), json!(masked));
        }
        Value::Object(object)
    };
    columns.iter().enumerate().map(column).collect()
}

/// Labels of what an output is made of, as far as they are known.
fn labels(plan: &Plan, part: &Part, index: usize) -> Vec<Label> {
    let output = part.facts.outputs.as_ref().and_then(|outputs| outputs.get(index));
    let sources = output.map(|output| output.sources.as_slice()).unwrap_or_default();
    let known = sources.iter().filter_map(|column| plan.knowledge.labels.label(*column).cloned());
    let mut labels: Vec<Label> = known.collect();
    labels.sort();
    labels.dedup();
    labels
}

pub(crate) fn type_name(plan: &Plan, oid: u32) -> String {
    let known = plan.knowledge.catalog.type_by_id(TypeId(oid));
    known.map_or_else(|| format!("oid {oid}"), |ty| ty.name.clone())
}

/// The plan that was decided on last.
pub(crate) fn plan(notes: &[Note]) -> Option<&Plan> {
    notes.iter().rev().find_map(|note| match note {
        Note::Planned(plan) | Note::Cleared(plan, _) => Some(&**plan),
        Note::Done(done) => Some(&*done.plan),
        Note::Bound(_) | Note::Refused(_) | Note::Waiting(_) | Note::Changed(_) | Note::Carries => {
            None
        }
    })
}

/// What was decided on a statement that did not run.
pub(crate) fn decided(plan: &Plan, columns: &[Column]) -> Value {
    let Some(part) = plan.parts.first() else { return json!({ "outcome": "allow" }) };
    let verdict = &part.verdict;
    let mut object = json!({
        "outcome": verdict.outcome.as_str(),
        "runs": matches!(verdict.outcome, Outcome::Allow | Outcome::Modify),
        "policies": verdict.policies,
        "reasons": verdict.reasons,
        "does": effects(&part.facts),
        "columns": foreseen(plan, part, columns),
    });
    let Some(fields) = object.as_object_mut() else { return object };
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    put("next", verdict.advice.as_ref().map(|advice| json!(advice)));
    put("max_rows_by_policy", verdict.row_limit.map(|limit| json!(limit)));
    put("smallest_group_by_policy", verdict.min_group.map(|least| json!(least)));
    // Nobody can consent to what is refused.
    let asks = !verdict.needs.is_empty() && verdict.outcome != Outcome::Deny;
    put("needs", asks.then(|| needs(&verdict.needs)));
    let limits = verdict.change_limits.iter().map(|limit| limit.rows).min();
    put("may_change_rows", limits.map(|limit| json!(limit)));
    for (name, of) in [("may_cost", Estimate::Cost), ("may_be_expected_rows", Estimate::Rows)] {
        let limits = verdict.cost_limits.iter().filter(|limit| limit.of == of);
        put(name, limits.map(|limit| limit.most).min().map(|limit| json!(limit)));
    }
    let unknowns = part.facts.unknowns.iter();
    let unknowns: Vec<String> =
        unknowns.map(|unknown| format!("{}: {}", unknown.what, unknown.why)).collect();
    put("not_understood", (!unknowns.is_empty()).then(|| json!(unknowns)));
    if verdict.outcome == Outcome::Hold {
        let next = "Call request_approval with exactly this statement, then await_approval, then \
                    write.";
        put("next", Some(json!(next)));
    }
    object
}

/// Whose consent it takes.
pub(crate) fn needs(needs: &[Approval]) -> Value {
    json!(needs.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// What a statement does, to what.
fn effects(facts: &Facts) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for effect in &facts.effects {
        let object = match (&effect.relation, &effect.object) {
            (Some(relation), _) => format!(" {}.{}", relation.schema, relation.name),
            (None, Some(object)) => format!(" {object}"),
            (None, None) => String::new(),
        };
        let word = format!("{}{object}", effect.operation.as_str());
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The columns that it would return, as they would leave.
fn foreseen(plan: &Plan, part: &Part, columns: &[Column]) -> Vec<Value> {
    let column = |(index, column): (usize, &Column)| {
        let raw = || Disclosure::Raw { labels: labels(plan, part, index) };
        let disclosure = match plan.unrestricted {
            true => raw(),
            false => {
                let decided = part.verdict.disclosures.get(index);
                decided.unwrap_or(&part.verdict.fallback).clone()
            }
        };
        let mut object = Map::new();
        object.insert("name".to_owned(), json!(column.name));
        object.insert("type".to_owned(), json!(type_name(plan, column.type_oid)));
        object.extend(shown(&disclosure));
        Value::Object(object)
    };
    columns.iter().enumerate().map(column).collect()
}
