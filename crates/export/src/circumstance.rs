//! Under which circumstances a statement came: how risky it was, and what it was part of. Knows no
//! format.

use crate::join::{End, Statement};
use ledger::record::{RiskPart, SessionOpened, Work};
use serde_json::{Map, Value, json};

/// The most that a statement's risk can be.
const HIGHEST: u32 = 100;

/// What makes it risky: its shape, and how unlike its identity's past it was.
pub(crate) fn risk_parts(statement: &Statement) -> Vec<&RiskPart<'static>> {
    let shape = statement.shape.as_deref().map(|shape| shape.risk.iter());
    let past = statement.intent.as_ref().map(|intent| intent.risk.iter());
    shape.into_iter().flatten().chain(past.into_iter().flatten()).collect()
}

/// Its points, from 0 to 100; `None` of what was refused before anybody looked at it.
pub(crate) fn risk(statement: &Statement) -> Option<u32> {
    statement.shape.as_ref()?;
    let points = risk_parts(statement).into_iter().map(|part| part.points);
    Some(points.fold(0, u32::saturating_add).min(HIGHEST))
}

/// What it was part of, if anything.
pub(crate) fn work(statement: &Statement) -> Option<&Work<'static>> {
    match (&statement.intent, &statement.end) {
        (Some(intent), _) => intent.work.as_deref(),
        (None, End::Refused(refused)) => refused.work.as_deref(),
        (None, _) => None,
    }
}

/// All of it under plain names; what there is nothing to say of is left out.
pub(crate) fn of_statement(statement: &Statement) -> Map<String, Value> {
    let mut all = work(statement).map(of_work).unwrap_or_default();
    if let Some(risk) = risk(statement) {
        all.insert("risk".into(), risk.into());
    }
    let parts = risk_parts(statement);
    if !parts.is_empty() {
        all.insert("risk_parts".into(), json!(parts));
    }
    all
}

/// The same of a session: what it was opened for.
pub(crate) fn of_session(opened: &SessionOpened<'_>) -> Map<String, Value> {
    opened.work.as_deref().map(of_work).unwrap_or_default()
}

fn of_work(work: &Work<'_>) -> Map<String, Value> {
    let texts = [
        ("task", &work.task),
        ("purpose", &work.purpose),
        ("preview", &work.preview),
        ("preview_of", &work.preview_of),
    ];
    let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
    let mut all: Map<String, Value> =
        texts.map(|(name, text)| (name.to_owned(), text.as_ref().into())).collect();
    if work.tainted {
        all.insert("tainted".into(), true.into());
    }
    all
}

#[cfg(test)]
mod tests;
