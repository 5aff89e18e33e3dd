//! Lineage across statements: where a column's values may have gone, and where they may have come
//! from, by what the shapes that ran say they put into which column. Where they only say that one
//! column is copied and another written, as records of earlier versions do, each goes into each.

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

/// Where values of a column were put, by shapes that ran on a database. `?1` is the column, `?2`
/// the database.
const FORWARD: &str = "
SELECT m.target, m.shape, m.how FROM shape_move m JOIN shape h ON h.id = m.shape
WHERE m.source = ?1 AND h.database = ?2
AND EXISTS (SELECT 1 FROM daily_sum d WHERE d.shape = m.shape
    AND d.statements > d.refused + d.undone)
ORDER BY m.shape, m.target";

/// The same, back: what was put into a column, also where it was named without its schema (`?3`) or
/// as any of its relation's (`?4`, `?5`).
const BACK: &str = "
SELECT m.source, m.shape, m.how FROM shape_move m JOIN shape h ON h.id = m.shape
WHERE m.target IN (SELECT id FROM word WHERE id = ?1 OR text IN (?3, ?4, ?5)) AND h.database = ?2
AND EXISTS (SELECT 1 FROM daily_sum d WHERE d.shape = m.shape
    AND d.statements > d.refused + d.undone)
ORDER BY m.shape, m.source";

/// The columns by which statements know what another made: `?2` is its name, perhaps without its
/// schema.
const KNOWN: &str = "
SELECT DISTINCT k.column FROM shape_column k JOIN shape h ON h.id = k.shape
WHERE h.database = ?1 AND k.column IN (SELECT id FROM word
    WHERE text = ?2 OR substr(text, -length(?2) - 1) = '.' || ?2)";

/// The same, of all columns of a relation.
const KNOWN_ALL: &str = "
SELECT DISTINCT k.column FROM shape_column k JOIN shape h ON h.id = k.shape
WHERE h.database = ?1 AND k.relation IN (SELECT id FROM word
    WHERE text = ?2 OR substr(text, -length(?2) - 1) = '.' || ?2)";

/// Who did it, how often and when, of one shape.
const DOERS: &str = "
SELECT (SELECT text FROM word WHERE id = w.identity),
    sum(d.statements - d.refused - d.undone), sum(d.rows), sum(d.affected),
    date(min(d.day) * 86400, 'unixepoch'), date(max(d.day) * 86400, 'unixepoch')
FROM daily_sum d JOIN who w ON w.id = d.who
WHERE d.shape = ?1 AND d.statements > d.refused + d.undone
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
const COLUMNS_OF_TRACE: [&str; 12] = [
    "step",
    "database",
    "from",
    "how",
    "derivation",
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
            let table = Table { columns, ..Table::default() };
            let mut found = Found { table, most: limits.rows };
            follow(&self.db, starts, direction, &mut found)?;
            Ok(found.table)
        })
    }
}

/// Rows up to a limit: there may be millions, of each move for each identity.
struct Found {
    table: Table,
    most: usize,
}

impl Found {
    /// Adds a row. False if there was no room: nobody sees what else there is.
    fn add(&mut self, row: Vec<Cell>) -> bool {
        if self.table.rows.len() >= self.most {
            self.table.more = true;
            return false;
        }
        self.table.rows.push(row);
        true
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
    found: &mut Found,
) -> Result<(), rusqlite::Error> {
    let mut seen: HashSet<Node> = starts.iter().copied().collect();
    let mut todo: VecDeque<(i64, Node)> = starts.into_iter().map(|node| (1, node)).collect();
    while let Some((step, node)) = todo.pop_front() {
        for (column, shape, how) in moves(db, node, direction)? {
            let next = Node { column, ..node };
            if next == node {
                continue;
            }
            let name = word(db, column)?;
            let (from, to, others) = match direction {
                Direction::Forward => (node, name.trim_end_matches(".*"), known(db, node, &name)?),
                Direction::Back => (next, &*word(db, node.column)?, vec![column]),
            };
            if !done(db, step, from, to, ("", Some(how.as_str())), shape, found)? {
                return Ok(());
            }
            for column in others {
                let next = Node { column, ..node };
                if seen.len() >= COLUMNS {
                    found.table.more = true;
                } else if seen.insert(next) {
                    todo.push_back((step + 1, next));
                }
            }
        }
        if direction == Direction::Forward && !leaves(db, step, node, found)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Columns that values of this one were put into, or came from; by which shapes, and how.
fn moves(
    db: &Connection,
    node: Node,
    direction: Direction,
) -> Result<Vec<(i64, i64, String)>, rusqlite::Error> {
    let found = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    if direction == Direction::Forward {
        let mut query = db.prepare_cached(FORWARD)?;
        return query.query_map([node.column, node.database], found)?.collect();
    }
    let name = word(db, node.column)?;
    let without = |name: &str| name.split_once('.').map(|(_, rest)| rest.to_owned());
    let relation = name.rsplit_once('.').map_or("", |(relation, _)| relation);
    // Of a name in two parts nobody knows which it lacks, so it stays whole.
    let bare = without(&name).filter(|bare| bare.contains('.'));
    let all = format!("{relation}.*");
    let bare_all = bare.as_ref().and_then(|_| without(&all));
    let mut query = db.prepare_cached(BACK)?;
    query.query_map(params![node.column, node.database, bare, all, bare_all], found)?.collect()
}

/// The columns by which others know where values were put.
fn known(db: &Connection, node: Node, name: &str) -> Result<Vec<i64>, rusqlite::Error> {
    let (text, name) = match name.strip_suffix(".*") {
        Some(relation) => (KNOWN_ALL, relation),
        None => (KNOWN, name),
    };
    let mut query = db.prepare_cached(text)?;
    query.query_map(params![node.database, name], |row| row.get(0))?.collect()
}

/// Where values of a column left the database; false if there was no room for all of it.
fn leaves(
    db: &Connection,
    step: i64,
    node: Node,
    found: &mut Found,
) -> Result<bool, rusqlite::Error> {
    let mut query = db.prepare_cached(EXPORTS)?;
    let exports: Vec<(i64, String, Option<String>)> = query
        .query_map([node.column, node.database], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (shape, operation, object) in exports {
        let how = (operation.as_str(), None);
        if !done(db, step, node, &object.unwrap_or_default(), how, shape, found)? {
            return Ok(false);
        }
    }
    let (database, from) = (word(db, node.database)?, word(db, node.column)?);
    let mut query = db.prepare_cached(READERS)?;
    let mut rows = query.query([node.column, node.database])?;
    while let Some(row) = rows.next()? {
        let cell = |at: usize| row.get_ref(at).map(Cell::from);
        let had_room = found.add(vec![
            Cell::Int(step),
            Cell::Text(database.clone()),
            Cell::Text(from.clone()),
            Cell::Text("result".to_owned()),
            Cell::Null,
            Cell::Text("client".to_owned()),
            cell(1)?,
            Cell::Null,
            cell(3)?,
            cell(4)?,
            cell(5)?,
            cell(6)?,
        ]);
        if !had_room {
            return Ok(false);
        }
    }
    Ok(true)
}

/// One row for each identity that did it; false if there was no room for all of them.
fn done(
    db: &Connection,
    step: i64,
    from: Node,
    to: &str,
    (how, derivation): (&str, Option<&str>),
    shape: i64,
    found: &mut Found,
) -> Result<bool, rusqlite::Error> {
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
        let had_room = found.add(vec![
            Cell::Int(step),
            Cell::Text(database.clone()),
            Cell::Text(column.clone()),
            Cell::Text(how.clone()),
            derivation.map_or(Cell::Null, |how| Cell::Text(how.to_owned())),
            Cell::Text(to.to_owned()),
            cell(0)?,
            cell(1)?,
            Cell::Null,
            Cell::Null,
            cell(4)?,
            cell(5)?,
        ]);
        if !had_room {
            return Ok(false);
        }
    }
    Ok(true)
}

fn word(db: &Connection, id: i64) -> Result<String, rusqlite::Error> {
    db.prepare_cached("SELECT text FROM word WHERE id = ?1")?.query_row([id], |row| row.get(0))
}
