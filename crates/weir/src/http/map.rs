//! What is where and who uses it, for the pages of the data map and for the API behind them: labels
//! from the store, figures of the last days from the index. Knows no page and no route.

use super::cells::{number, patient, quoted, text};
use console::{
    data::{Change, Doer, Heat, Read},
    now::ByLabel,
};
use index::{Answers, Cell, IndexError, Limits};
use ledger::Time;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime},
};
use store::{ColumnLabel, Store, StoreError};
use tokio::sync::Semaphore;

/// How many days are added up.
pub(super) const DAYS: u64 = 30;
/// How much adding up may take.
const SUMS: Limits = Limits { time: Duration::from_secs(1), rows: 200_000 };
/// How much who used something may take.
const USERS: Limits = Limits { time: Duration::from_secs(1), rows: 50 };
/// How much following values may take.
const MOVES: Limits = Limits { time: Duration::from_secs(1), rows: 2_000 };
/// How many changes of a label are told.
const CHANGES: Limits = Limits { time: Duration::from_secs(1), rows: 20 };
/// How many labels are counted on the page of now.
const TODAY: Limits = Limits { time: Duration::from_millis(500), rows: 12 };
const DAY: u64 = 86_400;

/// What is done to a relation without changing it.
const READS: &str = "'select', 'explain', 'copy_out', 'lock'";

/// How much was used in the last days, by database and column (`schema.table.column`).
pub(super) type Sums = HashMap<(String, String), Heat>;

/// The first of the last days.
fn first_day() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (since.as_secs() / DAY).saturating_sub(DAYS - 1)
}

/// One at a time: the store has two connections, and sessions need the other.
static READINGS: Semaphore = Semaphore::const_new(1);

/// Every known column of a database.
pub(super) async fn columns(store: &Store, database: &str) -> Result<Vec<ColumnLabel>, StoreError> {
    // It is never closed.
    let _one = READINGS.acquire().await;
    store.columns(database).await
}

/// How much each column was used, of one database or of all; nothing if it takes too long.
pub(super) fn sums(answers: &Answers, database: Option<&str>) -> Result<Option<Sums>, IndexError> {
    let of = database.map(|name| format!(" AND database = {}", quoted(name))).unwrap_or_default();
    let query = format!(
        "SELECT database, column, sum(statements), sum(raw), sum(masked) FROM columns_daily
         WHERE day_number >= {}{of} GROUP BY 1, 2",
        first_day()
    );
    // A part of them would call the others unused.
    let found = patient(answers.sql(&query, &SUMS))?.filter(|table| !table.more);
    let Some(table) = found else { return Ok(None) };
    let one = |row: &Vec<Cell>| {
        let heat = Heat {
            statements: number(row, 2),
            raw: number(row, 3),
            masked: number(row, 4),
            plain: 0,
        };
        ((text(row, 0), text(row, 1)), heat)
    };
    Ok(Some(table.rows.iter().map(one).collect()))
}

/// Who used a relation (`schema.table`) in the last days, the most first; nothing if it takes too
/// long.
pub(super) fn doers(
    answers: &Answers,
    database: &str,
    relation: &str,
) -> Result<Option<Vec<Doer>>, IndexError> {
    let (database, relation) = (quoted(database), quoted(relation));
    let query = format!(
        "SELECT d.identity, d.kind, sum((d.statements - d.refused) * (1 - c.wrote)),
            sum((d.statements - d.refused) * c.wrote), max(d.day_number), max(d.day)
         FROM (SELECT shape, max(wrote) AS wrote FROM (
            SELECT shape, use = 'written' AS wrote FROM columns_used
                WHERE relation = {relation} AND database = {database}
            UNION ALL SELECT shape, operation NOT IN ({READS}) FROM effects
                WHERE object = {relation} AND database = {database}) GROUP BY shape) c
         JOIN daily d ON d.shape = c.shape WHERE d.day_number >= {}
         GROUP BY 1, 2 HAVING sum(d.statements - d.refused) > 0
         ORDER BY sum(d.statements - d.refused) DESC, 1",
        first_day()
    );
    let Some(table) = patient(answers.sql(&query, &USERS))? else { return Ok(None) };
    let one = |row: &Vec<Cell>| Doer {
        identity: text(row, 0),
        kind: kind(&text(row, 1)),
        read: number(row, 2),
        wrote: number(row, 3),
        last: text(row, 5),
    };
    Ok(Some(table.rows.iter().map(one).collect()))
}

/// What an identity is.
fn kind(word: &str) -> &'static str {
    ["person", "service", "agent"].into_iter().find(|known| *known == word).unwrap_or("unknown")
}

/// From which relations values came into one, and into which they went from it, each with how many
/// kinds of statements did it.
#[derive(Debug, Default)]
pub(super) struct Moves {
    pub(super) from: Vec<(String, u64)>,
    pub(super) to: Vec<(String, u64)>,
}

/// Those of a relation, given with its schema and alone.
pub(super) fn moves(
    answers: &Answers,
    database: &str,
    [schema, table]: [&str; 2],
) -> Result<Option<Moves>, IndexError> {
    let database = quoted(database);
    // Columns of a relation are those between "relation." and "relation/", as texts go.
    let within = |column: &str, relation: &str| {
        let (from, to) = (quoted(&format!("{relation}.")), quoted(&format!("{relation}/")));
        format!("({column} >= {from} AND {column} < {to})")
    };
    let whole = format!("{schema}.{table}");
    let asked = |what: &str, which: &str, condition: String| {
        format!(
            "SELECT m.{what}, count(DISTINCT m.shape) FROM moves m WHERE m.database = {database}
             AND {condition} AND EXISTS (SELECT 1 FROM daily d WHERE d.shape = m.shape
                AND d.statements > d.refused) GROUP BY 1 ORDER BY {which}"
        )
    };
    // What is written may be named without its schema.
    let into = format!("({} OR {})", within("m.target", &whole), within("m.target", table));
    let ends = [("source", into), ("target", within("m.source", &whole))];
    let mut sides = Vec::new();
    for (what, condition) in ends {
        let query = asked(what, "2 DESC, 1", condition);
        let Some(found) = patient(answers.sql(&query, &MOVES))? else { return Ok(None) };
        let mut relations: BTreeMap<String, u64> = BTreeMap::new();
        for row in &found.rows {
            let column = text(row, 0);
            let relation =
                column.rsplit_once('.').map_or(column.as_str(), |(relation, _)| relation);
            if relation != whole && relation != table {
                let count = relations.entry(relation.to_owned()).or_default();
                *count = (*count).max(number(row, 1));
            }
        }
        let mut all: Vec<(String, u64)> = relations.into_iter().collect();
        all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        sides.push(all);
    }
    let mut sides = sides.into_iter();
    let (from, to) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
    Ok(Some(Moves { from, to }))
}

/// Who was given values of a column in the last days, the most first; nothing if it takes too long.
pub(super) fn readers(
    answers: &Answers,
    database: &str,
    column: &str,
) -> Result<Option<Vec<Read>>, IndexError> {
    let query = format!(
        "SELECT identity, sum(raw), sum(masked), max(day) FROM disclosed_daily
         WHERE origin = {} AND database = {} AND day_number >= {} GROUP BY 1
         HAVING sum(raw + masked) > 0 ORDER BY sum(raw) DESC, sum(masked) DESC, 1",
        quoted(column),
        quoted(database),
        first_day()
    );
    let Some(table) = patient(answers.sql(&query, &USERS))? else { return Ok(None) };
    let one = |row: &Vec<Cell>| Read {
        identity: text(row, 0),
        raw: number(row, 1),
        masked: number(row, 2),
        last: text(row, 3),
    };
    Ok(Some(table.rows.iter().map(one).collect()))
}

/// How the label of a column changed, newest first.
pub(super) fn changes(
    answers: &Answers,
    database: &str,
    column: &str,
) -> Result<Vec<Change>, IndexError> {
    let query = format!(
        "SELECT time, by, detail FROM events WHERE type = 'label_changed' AND object = {}
         AND database = {} ORDER BY sequence DESC",
        quoted(column),
        quoted(database)
    );
    let Some(table) = patient(answers.sql(&query, &CHANGES))? else { return Ok(Vec::new()) };
    let one = |row: &Vec<Cell>| {
        let detail: Value = serde_json::from_str(&text(row, 2)).unwrap_or_default();
        let label = |name: &str| {
            let label = detail.get(name).and_then(Value::as_str);
            label.unwrap_or("none").to_owned()
        };
        let why = detail.get("evidence").and_then(Value::as_array);
        let why = why.into_iter().flatten().filter_map(Value::as_str);
        Change {
            at: text(row, 0),
            by: text(row, 1),
            before: label("before"),
            after: label("after"),
            why: why.collect::<Vec<_>>().join("; "),
        }
    };
    Ok(table.rows.iter().map(one).collect())
}

/// What left today by label, the most first; nothing if it takes too long.
pub(super) fn today(answers: &Answers) -> Result<Option<Vec<ByLabel>>, IndexError> {
    let query = format!(
        "SELECT label, raw, masked FROM labels_daily WHERE day_number = {} AND raw + masked > 0
         ORDER BY raw + masked DESC, label",
        first_day() + DAYS - 1
    );
    let Some(table) = patient(answers.sql(&query, &TODAY))? else { return Ok(None) };
    let one = |row: &Vec<Cell>| ByLabel {
        label: text(row, 0),
        raw: number(row, 1),
        masked: number(row, 2),
    };
    Ok(Some(table.rows.iter().map(one).collect()))
}

/// A moment as records write it.
pub(super) fn moment(time: SystemTime) -> String {
    Time::from(time).to_string()
}
