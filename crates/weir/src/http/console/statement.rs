//! One statement: its records found by the index, read from the ledger, and its proof. Whoever
//! opens it is in the record.

use super::{
    Console,
    answer::{Answer, No},
    live::Files,
    looker::Looker,
    sign_in::html,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use console::{
    layout::{Place, Right},
    lineage::Output,
    sql::Marked,
    statement::{self, Left, Recorded, Statement},
};
use index::{Answers, Cell, IndexError, Limits};
use ledger::{
    Keys, LedgerError, Record, Sequence, StatementId, Tiles,
    record::{Disclosed, RiskPart, Shape},
};
use model::{Disclosure, Use};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How much looking one up may take.
const LOOK: Limits = Limits { time: Duration::from_secs(5), rows: 1 };

/// Where the records of a statement are, by the index.
struct Places {
    first: u64,
    outcome: Option<u64>,
    shape: Option<u64>,
    session: Option<u64>,
}

/// `GET /console/statements/{statement}`.
pub(super) async fn page(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    looker: Looker,
) -> Answer {
    let looker = looker.need(Place::Now.right())?;
    let id: StatementId = id.parse().map_err(|_| looker.nothing())?;
    let read = format!("read the record: show {id} by the console");
    console.shared.store.administered(SystemTime::now(), &looker.who.name, &read).await?;
    let files = console.files();
    let audits = looker.viewer.may(Right::Audit);
    let found = tokio::task::spawn_blocking(move || gather(&files, id, audits)).await;
    let found = found.map_err(|error| No::because("the record", &error))??;
    html(match found {
        Some(found) => statement::page(&found, &looker.viewer),
        None => statement::not_yet(&looker.viewer),
    })
}

fn gather(files: &Files, id: StatementId, audits: bool) -> Result<Option<Statement>, IndexError> {
    let Some(places) = places(files, id)? else { return Ok(None) };
    let mut found = Statement { id: id.to_string(), ..Statement::default() };
    found.session = id.session().to_string();
    found.state = "running";
    let mut shape = None;
    let all = [places.session, places.shape, Some(places.first), places.outcome];
    for place in all.into_iter().flatten() {
        let Some((record, payload)) = files.read(Sequence(place)) else { continue };
        if audits {
            found.records.push(recorded(place, &record, &payload));
        }
        match record {
            Record::Shape(known) => {
                fill_shape(&mut found, &known);
                shape = Some(known);
            }
            other => fill(&mut found, other, shape.as_ref()),
        }
    }
    Ok(Some(found))
}

fn places(files: &Files, id: StatementId) -> Result<Option<Places>, IndexError> {
    // The id was read as one: it holds no quotation mark. The index has sessions with numbers.
    let (session, number) = (id.session(), id.number());
    let query = format!(
        "SELECT t.sequence, t.outcome_sequence,
            (SELECT h.sequence FROM shapes h WHERE h.shape = t.shape
                ORDER BY h.sequence DESC LIMIT 1),
            (SELECT s.sequence FROM sessions s WHERE s.session = '{session}' LIMIT 1)
         FROM statements t WHERE t.session = '{session}' AND t.number = {number}"
    );
    let table = Answers::open(&files.index)?.sql(&query, &LOOK)?;
    let Some(row) = table.rows.first() else { return Ok(None) };
    let number = |at: usize| match row.get(at) {
        Some(Cell::Int(number)) => u64::try_from(*number).ok(),
        _ => None,
    };
    let Some(first) = number(0) else { return Ok(None) };
    Ok(Some(Places { first, outcome: number(1), shape: number(2), session: number(3) }))
}

fn recorded(sequence: u64, record: &Record<'_>, payload: &[u8]) -> Recorded {
    let value = serde_json::from_slice::<Value>(payload);
    let json = value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_default();
    Recorded { sequence, kind: record.type_word().to_owned(), json }
}

fn fill(found: &mut Statement, record: Record<'_>, shape: Option<&Shape<'_>>) {
    let text = |text: &str| text.to_owned();
    match record {
        Record::SessionOpened(opened) => {
            found.identity = opened.identity.to_string();
            found.database = opened.database.to_string();
            found.application = opened.application.to_string();
            found.address = opened.address.map(|one| one.to_string()).unwrap_or_default();
        }
        Record::Intent(intent) => {
            found.time = intent.time.to_string();
            found.risk.extend(intent.risk.iter().map(risk));
            if let Some(approval) = &intent.approval {
                found.approved_by = approval.by.iter().map(|by| text(by)).collect();
            }
        }
        Record::Outcome(outcome) => {
            let error = outcome.sqlstate.as_ref().or(outcome.ended.as_ref());
            found.state = if error.is_some() { "failed" } else { "done" };
            found.error = error.map(|error| text(error)).unwrap_or_default();
            (found.rows, found.affected) = (outcome.rows, outcome.affected);
            found.took = Some(outcome.duration_us);
            let name = |at: usize| shape.and_then(|shape| shape.outputs.get(at));
            let one = |(at, counts): (usize, &Disclosed)| Left {
                name: name(at).map_or_else(|| format!("column {}", at + 1), |it| text(&it.name)),
                raw: counts.raw,
                masked: counts.masked,
                null: counts.null,
            };
            found.left = outcome.disclosed.iter().enumerate().map(one).collect();
            if let Some(approval) = &outcome.approval {
                found.approved_by = approval.by.iter().map(|by| text(by)).collect();
            }
        }
        Record::Refused(refused) => {
            found.time = refused.time.to_string();
            found.state = "refused";
            found.error = refused.sqlstate.to_string();
            if !refused.reason.is_empty() {
                found.reasons.insert(0, refused.reason.to_string());
            }
        }
        _ => {}
    }
}

fn fill_shape(found: &mut Statement, shape: &Shape<'_>) {
    found.text = shape.text.to_string();
    found.verdict = shape.verdict.as_str().to_owned();
    found.policies = shape.policies.iter().map(ToString::to_string).collect();
    found.reasons = shape.reasons.to_vec();
    found.risk = shape.risk.iter().map(risk).collect();
    found.marks = marks(shape);
    let uses = |uses: &[Use]| {
        let words: Vec<&str> = uses.iter().map(|used| word(*used)).collect();
        words.join(", ")
    };
    let label = |label: &Option<model::Label>| label.as_ref().map(ToString::to_string);
    let columns = shape.columns.iter();
    found.columns =
        columns.map(|one| (one.column.to_string(), uses(&one.uses), label(&one.label))).collect();
    let outputs = shape.outputs.iter().enumerate();
    found.outputs = outputs
        .map(|(at, output)| {
            let (shows, words) = shows(shape.disclosures.get(at).unwrap_or(&shape.fallback));
            let of = |source: &str| {
                let column = shape.columns.iter().find(|one| one.column == source);
                (source.to_owned(), column.and_then(|one| label(&one.label)))
            };
            let sources = output.sources.iter().map(|source| of(source)).collect();
            Output { name: output.name.to_string(), sources, shows, words }
        })
        .collect();
}

/// How a column was used, in words.
const fn word(used: Use) -> &'static str {
    match used {
        Use::Returned => "returned",
        Use::Tested => "tested",
        Use::LookedUp => "looked up",
        Use::Aggregated => "aggregated",
        Use::Inferred => "inferred",
        Use::Written => "written",
        Use::Exported => "exported",
        Use::Copied => "copied",
    }
}

/// The columns of a shape that bear a label, by their names alone.
pub(super) fn marks(shape: &Shape<'_>) -> Vec<Marked> {
    let labelled = shape.columns.iter().filter_map(|one| {
        let column = one.column.rsplit('.').next().unwrap_or_default().to_owned();
        Some(Marked { column, label: one.label.as_ref()?.to_string() })
    });
    labelled.collect()
}

pub(super) fn risk(part: &RiskPart<'_>) -> (String, u32) {
    (part.part.to_string(), part.points)
}

fn shows(disclosure: &Disclosure) -> (&'static str, String) {
    match disclosure {
        Disclosure::Raw { labels } if labels.is_empty() => ("plain", String::new()),
        Disclosure::Raw { labels } => {
            let labels: Vec<String> = labels.iter().map(ToString::to_string).collect();
            ("raw", format!("raw: {}", labels.join(", ")))
        }
        Disclosure::Scan => ("scanned", "scanned for what looks sensitive".to_owned()),
        Disclosure::Masked { label, .. } => ("masked", format!("masked: {label}")),
    }
}

/// `GET /console/statements/{statement}/proof`.
pub(super) async fn proof(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    looker: Looker,
) -> Result<Response, No> {
    let looker = looker.need(Right::Audit)?;
    let id: StatementId = id.parse().map_err(|_| looker.nothing())?;
    let read = format!("read the record: proof of {id} by the console");
    console.shared.store.administered(SystemTime::now(), &looker.who.name, &read).await?;
    let files = console.files();
    let made = tokio::task::spawn_blocking(move || prove(&files, id)).await;
    let made = made.map_err(|error| No::because("the record", &error))?;
    Ok(match made {
        Ok(body) => Json(body).into_response(),
        Err(why) => (StatusCode::NOT_FOUND, Json(json!({ "why": why }))).into_response(),
    })
}

/// The proof of a statement's first record, or why there is none yet, in words.
fn prove(files: &Files, id: StatementId) -> Result<Value, String> {
    let words = |error: LedgerError| error.to_string();
    let found = places(files, id).map_err(|error| error.to_string())?;
    let first = found.ok_or("it is not in the index yet: try again in a second")?.first;
    let log = Keys::read(&files.ledger).map_err(words)?.log;
    // A checkpoint with cosignatures proves more, if it covers the record.
    let witnessed = ledger::witnessed(&files.ledger).map_err(words)?.unwrap_or_default();
    let (note, head) = match ledger::open_checkpoint(&witnessed, &log) {
        Ok(head) if head.size > first => (witnessed, head),
        _ => {
            let note = ledger::checkpoint(&files.ledger).map_err(words)?;
            let note = note.ok_or("there is no checkpoint yet")?;
            let head = ledger::open_checkpoint(&note, &log).map_err(words)?;
            (note, head)
        }
    };
    if head.size <= first {
        return Err("no checkpoint covers it yet: try again in a few seconds".to_owned());
    }
    let mut tiles = Tiles::new(&files.ledger, head.size);
    let proof = tiles.proof(first, &note).map_err(words)?;
    let entry = tiles.entry(first).map_err(words)?;
    let hashes: Vec<String> = proof.hashes.iter().map(|hash| STANDARD.encode(hash)).collect();
    Ok(json!({
        "index": first, "entry": STANDARD.encode(entry), "hashes": hashes, "checkpoint": note,
        "key": log.to_string(),
    }))
}
