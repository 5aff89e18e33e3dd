//! `weir audit show`: every record about one statement or one session.

use super::{detail::detail, warn};
use crate::{exit::Failure, out::Out, visible::in_line};
use ledger::{Entry, LedgerError, Record, Sequence, SessionId, ShapeId, StatementId, Vault};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

/// What is being looked for.
enum Wanted {
    Session(SessionId),
    Statement(StatementId),
}

/// How it is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    /// The records as they stand in the ledger.
    pub(crate) json: bool,
    /// With the texts that were kept.
    pub(crate) text: bool,
    /// Of a refusal all records too.
    pub(crate) full: bool,
}

pub(crate) fn show(dir: &Path, id: &str, how: How) -> Result<(), Failure> {
    let How { json, text, full } = how;
    let wanted = match (id.parse(), id.parse()) {
        (Ok(statement), _) => Wanted::Statement(statement),
        (_, Ok(session)) => Wanted::Session(session),
        (Err(_), Err(_)) => {
            let why = format!("\"{id}\" is neither a statement's id nor a session's");
            return Err(Failure::Refused(why));
        }
    };
    let found = collect(dir, &wanted)?;
    if found.is_empty() {
        return Err(Failure::Refused(format!("the ledger holds nothing about {id}")));
    }
    let vault = text.then(|| Vault::new(dir));
    let mut out = Out::new();
    let refusal = matches!(wanted, Wanted::Statement(_)).then(|| refusal(&found)).flatten();
    if let Some(refusal) = refusal.filter(|_| !json) {
        out.text(refusal)?;
        if !full {
            out.line("All records of it, with what the verdict rests on: --full")?;
            return Ok(out.flush()?);
        }
        out.line("")?;
    }
    for entry in &found {
        let text = vault.as_ref().and_then(|vault| kept(vault, entry));
        if json {
            let mut object: serde_json::Value = serde_json::from_slice(&entry.payload)?;
            if let Some(fields) = object.as_object_mut() {
                fields.insert("sequence".into(), entry.sequence.0.into());
                if let Some(text) = text {
                    fields.insert("kept_text".into(), text.into());
                }
            }
            out.json(&object)?;
        } else {
            out.text(detail(entry))?;
            if let Some(text) = text {
                out.line(format!("  as it came: {text}"))?;
                out.line("")?;
            }
        }
    }
    Ok(out.flush()?)
}

/// A refusal in short: what somebody asks first. `None` if it was not refused.
fn refusal(found: &[Entry]) -> Option<String> {
    let records: Vec<Record<'_>> = found.iter().filter_map(|entry| entry.record().ok()).collect();
    let refused = records.iter().find_map(|record| match record {
        Record::Refused(refused) => Some(refused),
        _ => None,
    })?;
    let shape = records.iter().find_map(|record| match record {
        Record::Shape(shape) if refused.shape == Some(shape.shape) => Some(shape),
        _ => None,
    });
    let who = records.iter().find_map(|record| match record {
        Record::SessionOpened(opened) => {
            let (kind, database) = (opened.kind.as_str(), &opened.database);
            Some(format!("{kind} {} on {database}", opened.identity))
        }
        _ => None,
    });
    let mut lines = vec![
        format!("refused {}", refused.statement),
        format!("  time: {}", refused.time),
        format!("  who: {}", in_line(who.as_deref().unwrap_or("?"))),
    ];
    if let Some(shape) = shape {
        lines.push(format!("  text: {}", in_line(&shape.text)));
        // Refused for another reason than the verdict on its shape says, if that lets it run.
        let held = shape.verdict == model::Outcome::Hold;
        lines.push(format!("  verdict: {}", if held { "hold" } else { "deny" }));
    }
    let reasons = shape.iter().flat_map(|shape| shape.reasons.iter().map(String::as_str));
    let own = Some(&*refused.reason).filter(|reason| !reason.is_empty());
    lines.extend(
        own.into_iter().chain(reasons).map(|reason| format!("  reason: {}", in_line(reason))),
    );
    if let Some(shape) = shape.filter(|shape| !shape.policies.is_empty()) {
        let policies: Vec<&str> = shape.policies.iter().map(|id| id.as_str()).collect();
        lines.push(format!("  policies: {}", in_line(&policies.join(", "))));
    }
    lines.push(format!("  sqlstate: {}", refused.sqlstate));
    Some(lines.join("\n"))
}

/// The text that an intent keeps, or why it cannot be read.
fn kept(vault: &Vault, entry: &Entry) -> Option<String> {
    let Ok(Record::Intent(intent)) = entry.record() else { return None };
    Some(match vault.open(&intent.kept?, &intent.statement.to_string()) {
        Ok(Some(text)) => text,
        Ok(None) => "(its key was destroyed)".to_owned(),
        Err(error) => format!("({error})"),
    })
}

/// The records about it in the order of the log, each shape before what first refers to it.
fn collect(dir: &Path, wanted: &Wanted) -> Result<Vec<Entry>, Failure> {
    let session = match wanted {
        Wanted::Session(session) => *session,
        Wanted::Statement(statement) => statement.session(),
    };
    let is_wanted = |statement: StatementId| match wanted {
        Wanted::Session(session) => statement.session() == *session,
        Wanted::Statement(wanted) => statement == *wanted,
    };
    let mut shapes: HashMap<ShapeId, Entry> = HashMap::new();
    let mut shown: HashSet<ShapeId> = HashSet::new();
    let mut found = Vec::new();
    for entry in super::open(dir, Sequence(0))? {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error @ LedgerError::Damaged(_)) => {
                warn(&error);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let (take, shape) = match entry.record() {
            Ok(Record::Shape(shape)) => {
                shapes.insert(shape.shape, entry);
                continue;
            }
            Ok(Record::SessionOpened(opened)) => (opened.session == session, None),
            Ok(Record::SessionClosed(closed)) => {
                let whole = matches!(wanted, Wanted::Session(_));
                (whole && closed.session == session, None)
            }
            Ok(Record::Intent(intent)) => (is_wanted(intent.statement), Some(intent.shape)),
            Ok(Record::Refused(refused)) => (is_wanted(refused.statement), refused.shape),
            Ok(Record::Outcome(outcome)) => (is_wanted(outcome.statement), None),
            Ok(_) | Err(_) => (false, None),
        };
        if !take {
            continue;
        }
        if let Some(shape) = shape
            && shown.insert(shape)
            && let Some(shape) = shapes.get(&shape)
        {
            found.push(shape.clone());
        }
        found.push(entry);
    }
    Ok(found)
}
