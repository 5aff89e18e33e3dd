//! Lineage across statements: where a column's values may have gone, and where they may have come
//! from, by what the shapes that ran say they copy and write.
//!
//! A shape tells which columns it copies and which it writes, not which goes into which: every
//! column that a statement copies may be in every column that it writes. So a trace shows at least
//! what happened and at times more, never less than the facts say.

use crate::{
    answers::{Answers, Cell, Table},
    compile::ending,
    error::IndexError,
    question::wrong,
    sql::Limits,
};
use rusqlite::{Connection, params, params_from_iter};
use std::collections::{HashSet, VecDeque};

/// Which way to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Where its values may have gone.
    Forward,
    /// Where its values may have come from.
    Back,
}

/// How many columns a trace follows.
const COLUMNS: usize = 1_000;

/// A column of one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Node {
    database: i64,
    column: i64,
}

/// What moves between columns, by shapes that ran on a database. `?1` is the column, `?2` the
/// database. A relation that a statement makes has no columns in its facts, and no schema where the
/// path decides it: its columns are those that later statements name.
const FORWARD: &str = "
SELECT DISTINCT n.column, k.shape FROM shape_column k JOIN shape h ON h.id = k.shape
JOIN shape_column n ON n.shape = k.shape
WHERE k.column = ?1 AND h.database = ?2 AND k.use = (SELECT id FROM word WHERE text = 'copied')
AND n.use = (SELECT id FROM word WHERE text = 'written')
AND EXISTS (SELECT 1 FROM daily_sum d WHERE d.shape = k.shape AND d.statements > d.refused)";

/// The relations that shapes made of a column, with the columns by which others know them, if any
/// do.
const MADE: &str = "
SELECT DISTINCT k.shape, o.text, n.column FROM shape_column k JOIN shape h ON h.id = k.shape
JOIN shape_effect f ON f.shape = k.shape JOIN word o ON o.id = f.object
LEFT JOIN shape_column n ON n.relation IN (SELECT w.id FROM word w
    WHERE w.text = o.text OR o.text <> '' AND substr(w.text, -length(o.text) - 1) = '.' || o.text)
WHERE k.column = ?1 AND h.database = ?2 AND k.use = (SELECT id FROM word WHERE text = 'copied')
AND f.operation IN (SELECT id FROM word WHERE text IN ('create', 'create_temp'))
AND EXISTS (SELECT 1 FROM daily_sum d WHERE d.shape = k.shape AND d.statements > d.refused)
ORDER BY 1, 2, 3";

/// The same, back.
const BACK: &str = "
WITH ran AS (SELECT k.shape FROM shape_column k JOIN shape h ON h.id = k.shape
    WHERE k.column = ?1 AND h.database = ?2 AND k.use = (SELECT id FROM word WHERE text = 'written')
    UNION SELECT f.shape FROM shape_effect f JOIN shape h ON h.id = f.shape
    WHERE h.database = ?2 AND f.object IN (SELECT o.id FROM shape_column k
    JOIN word w ON w.id = k.relation JOIN word o ON o.text = w.text
    OR o.text = substr(w.text, instr(w.text, '.') + 1) WHERE k.column = ?1)
    AND f.operation IN (SELECT id FROM word WHERE text IN ('create', 'create_temp')))
SELECT k.column, r.shape FROM ran r JOIN shape_column k ON k.shape = r.shape
    WHERE k.use = (SELECT id FROM word WHERE text = 'copied')
    AND EXISTS (SELECT 1 FROM daily_sum d WHERE d.shape = r.shape AND d.statements > d.refused)";

/// Who did it, how often and when, of one shape.
const DOERS: &str = "
SELECT (SELECT text FROM word WHERE id = w.identity), sum(d.statements - d.refused), sum(d.rows),
    sum(d.affected), date(min(d.day) * 86400, 'unixepoch'), date(max(d.day) * 86400, 'unixepoch')
FROM daily_sum d JOIN who w ON w.id = d.who WHERE d.shape = ?1 AND d.statements > d.refused
GROUP BY w.identity";

/// To whom values of a column went, by how they left.
const READERS: &str = "
SELECT 'identity', (SELECT text FROM word WHERE id = w.identity), count(DISTINCT d.shape),
    sum(d.raw), sum(d.masked), date(min(d.day) * 86400, 'unixepoch'),
    date(max(d.day) * 86400, 'unixepoch'), min(h.key)
FROM shape_source s JOIN shape h ON h.id = s.shape
JOIN daily_left d ON d.shape = s.shape AND d.place = s.place JOIN who w ON w.id = d.who
WHERE s.column = ?1 AND h.database = ?2 GROUP BY w.identity";

/// What took a column's values out of the database by another way than a result.
const EXPORTS: &str = "
SELECT DISTINCT k.shape, (SELECT text FROM word WHERE id = f.operation),
    (SELECT text FROM word WHERE id = f.object)
FROM shape_column k JOIN shape h ON h.id = k.shape JOIN shape_effect f ON f.shape = k.shape
WHERE k.column = ?1 AND h.database = ?2
AND k.use = (SELECT id FROM word WHERE text = 'exported')
AND f.operation IN (SELECT id FROM word WHERE text IN ('server_file', 'server_program', 'foreign',
    'notify', 'large_object', 'replication', 'unknown'))";

/// The columns of a trace.
const COLUMNS_OF_TRACE: [&str; 11] = [
    "step",
    "database",
    "from",
    "how",
    "to",
    "identity",
    "statements",
    "raw",
    "masked",
    "first",
    "last",
];

impl Answers {
    /// Where a column's values may have gone, or come from, as far as records tell. The column may
    /// be named `relation.column`, `schema.relation.column`, each with a database before it.
    pub fn trace(
        &self,
        column: &str,
        direction: Direction,
        limits: &Limits,
    ) -> Result<Table, IndexError> {
        let starts = self.timed(limits.time, || starts(&self.db, column))?;
        if starts.is_empty() {
            return Err(wrong(format!("no statement in the index touches a column {column}")));
        }
        self.timed(limits.time, || {
            let columns = COLUMNS_OF_TRACE.map(str::to_owned).to_vec();
            let mut table = Table { columns, ..Table::default() };
            follow(&self.db, starts, direction, &mut table)?;
            if table.rows.len() > limits.rows {
                table.rows.truncate(limits.rows);
                table.more = true;
            }
            Ok(table)
        })
    }
}

/// The columns that a name can mean.
fn starts(db: &Connection, name: &str) -> Result<Vec<Node>, rusqlite::Error> {
    let mut found = named(db, name, None)?;
    if found.is_empty()
        && let Some((database, column)) = name.split_once('.')
    {
        found = named(db, column, Some(database))?;
    }
    Ok(found)
}

fn named(
    db: &Connection,
    name: &str,
    database: Option<&str>,
) -> Result<Vec<Node>, rusqlite::Error> {
    let words = ending(&[name.to_owned()]);
    let text = format!(
        "SELECT DISTINCT h.database, k.column FROM shape_column k JOIN shape h ON h.id = k.shape
         WHERE k.column IN {} AND (? IS NULL OR h.database = (SELECT id FROM word WHERE text = ?))",
        words.text
    );
    let mut values = words.values;
    for _ in 0..2 {
        values.push(database.map(str::to_owned).into());
    }
    let node = |row: &rusqlite::Row<'_>| Ok(Node { database: row.get(0)?, column: row.get(1)? });
    db.prepare(&text)?.query_map(params_from_iter(&values), node)?.collect()
}

fn follow(
    db: &Connection,
    starts: Vec<Node>,
    direction: Direction,
    table: &mut Table,
) -> Result<(), rusqlite::Error> {
    let mut seen: HashSet<Node> = starts.iter().copied().collect();
    let mut todo: VecDeque<(i64, Node)> = starts.into_iter().map(|node| (1, node)).collect();
    let moves = if direction == Direction::Forward { FORWARD } else { BACK };
    while let Some((step, node)) = todo.pop_front() {
        let mut query = db.prepare_cached(moves)?;
        let found: Vec<(i64, i64)> = query
            .query_map([node.column, node.database], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (column, shape) in found {
            let next = Node { column, ..node };
            if next == node {
                continue;
            }
            let (from, to) = match direction {
                Direction::Forward => (node, next),
                Direction::Back => (next, node),
            };
            done(db, step, from, &word(db, to.column)?, "", shape, table)?;
            if seen.len() >= COLUMNS {
                table.more = true;
            } else if seen.insert(next) {
                todo.push_back((step + 1, next));
            }
        }
        if direction == Direction::Forward {
            for column in made(db, step, node, table)? {
                let next = Node { column, ..node };
                if seen.len() >= COLUMNS {
                    table.more = true;
                } else if seen.insert(next) {
                    todo.push_back((step + 1, next));
                }
            }
            leaves(db, step, node, table)?;
        }
    }
    Ok(())
}

/// Tells the relations that were made of a column, and gives their columns.
fn made(
    db: &Connection,
    step: i64,
    node: Node,
    table: &mut Table,
) -> Result<Vec<i64>, rusqlite::Error> {
    let found: Vec<(i64, String, Option<i64>)> = db
        .prepare_cached(MADE)?
        .query_map([node.column, node.database], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut told = HashSet::new();
    let mut columns = Vec::new();
    for (shape, relation, column) in found {
        if told.insert((shape, relation.clone())) {
            done(db, step, node, &relation, "", shape, table)?;
        }
        columns.extend(column);
    }
    Ok(columns)
}

/// Where values of a column left the database.
fn leaves(
    db: &Connection,
    step: i64,
    node: Node,
    table: &mut Table,
) -> Result<(), rusqlite::Error> {
    let mut query = db.prepare_cached(EXPORTS)?;
    let exports: Vec<(i64, String, Option<String>)> = query
        .query_map([node.column, node.database], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (shape, operation, object) in exports {
        done(db, step, node, &object.unwrap_or_default(), &operation, shape, table)?;
    }
    let (database, from) = (word(db, node.database)?, word(db, node.column)?);
    let mut query = db.prepare_cached(READERS)?;
    let mut rows = query.query([node.column, node.database])?;
    while let Some(row) = rows.next()? {
        let cell = |at: usize| row.get_ref(at).map(Cell::from);
        table.rows.push(vec![
            Cell::Int(step),
            Cell::Text(database.clone()),
            Cell::Text(from.clone()),
            Cell::Text("result".to_owned()),
            Cell::Text("client".to_owned()),
            cell(1)?,
            Cell::Null,
            cell(3)?,
            cell(4)?,
            cell(5)?,
            cell(6)?,
        ]);
    }
    Ok(())
}

/// One row for each identity that did it.
fn done(
    db: &Connection,
    step: i64,
    from: Node,
    to: &str,
    how: &str,
    shape: i64,
    table: &mut Table,
) -> Result<(), rusqlite::Error> {
    let how = match how {
        "" => db.query_row(
            "SELECT w.text FROM shape h JOIN word w ON w.id = h.operation WHERE h.id = ?1",
            params![shape],
            |row| row.get::<_, String>(0),
        )?,
        how => how.to_owned(),
    };
    let (database, column) = (word(db, from.database)?, word(db, from.column)?);
    let mut query = db.prepare_cached(DOERS)?;
    let mut rows = query.query([shape])?;
    while let Some(row) = rows.next()? {
        let cell = |at: usize| row.get_ref(at).map(Cell::from);
        table.rows.push(vec![
            Cell::Int(step),
            Cell::Text(database.clone()),
            Cell::Text(column.clone()),
            Cell::Text(how.clone()),
            Cell::Text(to.to_owned()),
            cell(0)?,
            cell(1)?,
            Cell::Null,
            Cell::Null,
            cell(4)?,
            cell(5)?,
        ]);
    }
    Ok(())
}

fn word(db: &Connection, id: i64) -> Result<String, rusqlite::Error> {
    db.prepare_cached("SELECT text FROM word WHERE id = ?1")?.query_row([id], |row| row.get(0))
}
