//! Sessions of the record and what happened in one, for the replay's pages and for the API behind
//! them. Asks the index. Knows no page and no route.

use super::cells::{number, patient, quoted, text};
use console::replay::{Replay, Seen, Session, Sessions, Step};
use index::{Answers, Cell, IndexError, Limits};
use ledger::{SessionId, Time};
use std::{collections::HashMap, time::Duration};

/// How many sessions are listed, and how much that may take.
const LISTED: usize = 50;
const LIST: Limits = Limits { time: Duration::from_secs(2), rows: LISTED + 1 };
/// How many statements are shown at once, and how much that may take.
const STEPS: usize = 100;
const SHOWN: Limits = Limits { time: Duration::from_secs(3), rows: STEPS + 1 };
/// How many columns of results are read.
const SEEN: Limits = Limits { time: Duration::from_secs(3), rows: 20_000 };
/// The longest text that is looked for: letters.
const LONGEST: usize = 200;

/// What a session is known by.
const COLUMNS: &str = "session, sequence, identity, kind, groups, database, application, address,
    method, tls, opened, closed, reason, statements, rows";

fn session(row: &[Cell]) -> Session {
    let known = |at: usize| row.get(at).is_some_and(|cell| *cell != Cell::Null);
    Session {
        id: text(row, 0),
        sequence: number(row, 1),
        identity: text(row, 2),
        kind: text(row, 3),
        groups: text(row, 4),
        database: text(row, 5),
        application: text(row, 6),
        address: text(row, 7),
        method: text(row, 8),
        tls: text(row, 9),
        opened: text(row, 10),
        closed: known(11).then(|| text(row, 11)),
        reason: text(row, 12),
        statements: known(13).then(|| number(row, 13)),
        rows: known(14).then(|| number(row, 14)),
    }
}

/// What the record says of a list of sessions that somebody looks at: not what they look for, which
/// may be a value.
pub(super) fn told(sought: &str, before: Option<u64>) -> String {
    let mut words = "read the record: sessions".to_owned();
    if !sought.trim().is_empty() {
        words.push_str(" text:…");
    }
    if let Some(before) = before {
        words.push_str(&format!(" before record {before}"));
    }
    words
}

/// Sessions whose identity, database or program has this text, newest first.
pub(super) fn sessions(
    answers: &Answers,
    sought: &str,
    before: Option<u64>,
) -> Result<Sessions, IndexError> {
    let sought: String = sought.trim().chars().take(LONGEST).filter(|c| *c != '\0').collect();
    let mut query = format!("SELECT {COLUMNS} FROM sessions WHERE sequence IS NOT NULL");
    if let Some(before) = before {
        let before = before.min(u64::from(u32::MAX) << 16);
        query.push_str(&format!(" AND sequence < {before}"));
    }
    if !sought.is_empty() {
        let part = quoted(&sought.to_lowercase());
        let has = |column: &str| format!("instr(lower({column}), {part}) > 0");
        let any = ["identity", "database", "application"].map(has).join(" OR ");
        query.push_str(&format!(" AND ({any})"));
    }
    query.push_str(" ORDER BY sequence DESC");
    let found = patient(answers.sql(&query, &LIST))?;
    let slow = found.is_none();
    let rows = found.map(|table| table.rows).unwrap_or_default();
    let sessions: Vec<Session> = rows.iter().take(LISTED).map(|row| session(row)).collect();
    let last = sessions.last().map(|one| one.sequence);
    let older = last.filter(|_| rows.len() > LISTED);
    Ok(Sessions { sessions, older, later: before.is_some(), text: sought, slow })
}

/// A session with its statements behind a number.
pub(super) fn replay(
    answers: &Answers,
    id: SessionId,
    after: u64,
) -> Result<Option<Replay>, IndexError> {
    // The id was read as one: it holds no quotation mark.
    let query = format!("SELECT {COLUMNS} FROM sessions WHERE session = '{id}'");
    let table = answers.sql(&query, &SHOWN)?;
    let Some(session) = table.rows.first().map(|row| session(row)) else { return Ok(None) };
    // Numbers of statements have 35 bits.
    let after = after.min(1 << 36);
    let query = format!(
        "SELECT number, sequence, statement, time, text, verdict, state, sqlstate, ended, reason,
            reasons, tag, rows, affected, duration_us, approved_by, shape
         FROM statements WHERE session = '{id}' AND number > {after} ORDER BY number"
    );
    let found = answers.sql(&query, &SHOWN)?;
    let rows: Vec<&Vec<Cell>> = found.rows.iter().take(STEPS).collect();
    let shapes = shapes(answers, &rows)?;
    let counts = counts(answers, &rows)?;
    let begun = session.opened.parse().map(Time::micros).unwrap_or_default();
    let step = |row: &&Vec<Cell>| {
        let mut step = step(row, begun);
        step.seen = seen(shapes.get(&text(row, 16)), counts.get(&number(row, 1)));
        step
    };
    let steps: Vec<Step> = rows.iter().map(step).collect();
    let next = steps.last().map(|step| step.number).filter(|_| found.rows.len() > STEPS);
    Ok(Some(Replay { session, steps, next, after }))
}

fn step(row: &[Cell], begun: i64) -> Step {
    let time = text(row, 3);
    let moment = time.parse().map(Time::micros).unwrap_or(begun);
    let (sqlstate, ended) = (text(row, 7), text(row, 8));
    let error = if sqlstate.is_empty() { ended } else { sqlstate };
    let state = match (text(row, 6).as_str(), error.is_empty()) {
        ("ended", true) => "done",
        ("ended", false) => "failed",
        ("refused", _) => "refused",
        ("open", _) => "running",
        _ => "unknown",
    };
    let why = match state {
        "refused" if text(row, 9).is_empty() => text(row, 10),
        "refused" => text(row, 9),
        _ => String::new(),
    };
    let took = row.get(14).is_some_and(|cell| *cell != Cell::Null) && state != "refused";
    Step {
        id: text(row, 2),
        number: number(row, 0),
        after: u64::try_from(moment.saturating_sub(begun)).unwrap_or(0),
        time,
        text: text(row, 4),
        verdict: text(row, 5),
        state,
        error,
        why,
        tag: text(row, 11),
        rows: number(row, 12),
        affected: number(row, 13),
        took: took.then(|| number(row, 14)),
        approved_by: text(row, 15),
        seen: Vec::new(),
    }
}

/// The columns of results, by shape, in order.
type Shapes = HashMap<String, Vec<(i64, Seen)>>;

fn shapes(answers: &Answers, rows: &[&Vec<Cell>]) -> Result<Shapes, IndexError> {
    let mut names: Vec<String> = rows.iter().map(|row| quoted(&text(row, 16))).collect();
    names.sort_unstable();
    names.dedup();
    let query = format!(
        "SELECT DISTINCT shape, place, name, shows, method, labels FROM outputs
         WHERE shape IN ({}) ORDER BY shape, place",
        names.join(", ")
    );
    let mut shapes = Shapes::new();
    for row in &answers.sql(&query, &SEEN)?.rows {
        let place = match row.get(1) {
            Some(Cell::Int(place)) => *place,
            _ => continue,
        };
        let seen = Seen {
            name: text(row, 2),
            shows: text(row, 3),
            method: text(row, 4),
            labels: text(row, 5),
            counts: [0; 3],
        };
        shapes.entry(text(row, 0)).or_default().push((place, seen));
    }
    Ok(shapes)
}

/// How many values of each column left how, by statement, in order.
type Counts = HashMap<u64, Vec<(i64, [u64; 3])>>;

fn counts(answers: &Answers, rows: &[&Vec<Cell>]) -> Result<Counts, IndexError> {
    let sequences: Vec<String> = rows.iter().map(|row| number(row, 1).to_string()).collect();
    let query = format!(
        "SELECT sequence, coalesce(place, -1), raw, masked, nulls FROM disclosed
         WHERE sequence IN ({})",
        sequences.join(", ")
    );
    let mut counts = Counts::new();
    for row in &answers.sql(&query, &SEEN)?.rows {
        let place = match row.get(1) {
            Some(Cell::Int(place)) => *place,
            _ => -1,
        };
        let values = [number(row, 2), number(row, 3), number(row, 4)];
        counts.entry(number(row, 0)).or_default().push((place, values));
    }
    Ok(counts)
}

/// The columns of one result: those that were foreseen, and what came beside them.
fn seen(shape: Option<&Vec<(i64, Seen)>>, counts: Option<&Vec<(i64, [u64; 3])>>) -> Vec<Seen> {
    let shape = shape.map(Vec::as_slice).unwrap_or_default();
    let counts = counts.map(Vec::as_slice).unwrap_or_default();
    let foreseen = shape.iter().filter(|(place, _)| *place >= 0);
    let mut all: Vec<Seen> = foreseen
        .map(|(place, one)| {
            let found = counts.iter().find(|(at, _)| at == place);
            Seen { counts: found.map_or([0; 3], |(_, values)| *values), ..one.clone() }
        })
        .collect();
    let other = shape.iter().find(|(place, _)| *place < 0).map(|(_, one)| one.clone());
    for (_, values) in counts.iter().filter(|(place, _)| *place < 0) {
        let name = "a column that was not foreseen".to_owned();
        all.push(Seen { name, counts: *values, ..other.clone().unwrap_or_default() });
    }
    all
}
