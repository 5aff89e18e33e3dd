//! Rows that wait in memory and are written together, in the order of their tables: so each page is
//! met once, and SQLite begins to write once for many. Knows no records.

use crate::{
    error::IndexError,
    rows::{COLUMNS, End, Row, Start, row},
    schema::{PART_BITS, State},
};
use rusqlite::{CachedStatement, Connection, params_from_iter};

/// Rows that one INSERT has at most: a few hundred bytes of program each.
const AT_ONCE: usize = 32;
/// Statements that wait at most: 300 bytes each.
const STATEMENTS: usize = 1 << 13;
/// Values that wait at most: 48 bytes each. They come in no order at all, so that pages are met
/// again and again unless many are put in order.
const VALUES: usize = 1 << 18;
/// The same of circumstances, 80 bytes each.
const CIRCUMSTANCES: usize = 1 << 13;

/// What was taken in and is not in the tables.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    statements: Vec<Row<COLUMNS>>,
    /// Numbers of values, with the statements that name them, and before both their parts.
    values: Vec<Row<3>>,
    circumstances: Vec<Row<5>>,
}

impl Waiting {
    /// The row of a statement.
    pub(crate) fn statement(
        &mut self,
        db: &Connection,
        start: &Start,
        state: State,
        end: Option<&End>,
    ) -> Result<(), IndexError> {
        self.statements.push(row(start, state, end));
        if self.statements.len() >= STATEMENTS { self.write_statements(db) } else { Ok(()) }
    }

    /// Values that a statement names, by their numbers.
    pub(crate) fn values(
        &mut self,
        db: &Connection,
        sequence: i64,
        values: impl Iterator<Item = i64>,
    ) -> Result<(), IndexError> {
        let part = sequence >> PART_BITS;
        self.values.extend(values.map(|value| [Some(part), Some(value), Some(sequence)]));
        if self.values.len() >= VALUES { self.write_values(db) } else { Ok(()) }
    }

    /// What a statement was part of.
    pub(crate) fn circumstance(
        &mut self,
        db: &Connection,
        row: [i64; 5],
    ) -> Result<(), IndexError> {
        self.circumstances.push(row.map(Some));
        let many = self.circumstances.len() >= CIRCUMSTANCES;
        if many { self.write_circumstances(db) } else { Ok(()) }
    }

    /// Writes all of it.
    pub(crate) fn write(&mut self, db: &Connection) -> Result<(), IndexError> {
        self.write_statements(db)?;
        self.write_values(db)?;
        self.write_circumstances(db)
    }

    fn write_statements(&mut self, db: &Connection) -> Result<(), IndexError> {
        let into = "INSERT OR REPLACE INTO statement (seq, shape, who, session, number, time, \
                    state, via, turned_back, ended_seq, duration_us, rows, affected, bytes, \
                    sqlstate, ended, tag, reason, counts)";
        write(db, into, &mut self.statements)
    }

    fn write_values(&mut self, db: &Connection) -> Result<(), IndexError> {
        let mut parts: Vec<Row<1>> = self.values.iter().map(|[part, ..]| [*part]).collect();
        parts.dedup();
        write(db, "INSERT OR IGNORE INTO value_part", &mut parts)?;
        write(db, "INSERT OR IGNORE INTO value", &mut self.values)
    }

    fn write_circumstances(&mut self, db: &Connection) -> Result<(), IndexError> {
        write(db, "INSERT OR REPLACE INTO circumstance", &mut self.circumstances)
    }
}

/// Writes rows by their order, which is that of the table, and forgets them.
fn write<const N: usize>(
    db: &Connection,
    into: &str,
    rows: &mut Vec<Row<N>>,
) -> Result<(), IndexError> {
    rows.sort_unstable();
    let (many, rest) = rows.as_chunks::<AT_ONCE>();
    if !many.is_empty() {
        let mut insert = prepare::<N>(db, into, AT_ONCE)?;
        for rows in many {
            insert.execute(params_from_iter(rows.as_flattened()))?;
        }
    }
    if !rest.is_empty() {
        let mut insert = prepare::<N>(db, into, 1)?;
        for row in rest {
            insert.execute(params_from_iter(row))?;
        }
    }
    rows.clear();
    Ok(())
}

fn prepare<'db, const N: usize>(
    db: &'db Connection,
    into: &str,
    rows: usize,
) -> Result<CachedStatement<'db>, IndexError> {
    let row = format!("({})", ["?"; N].join(", "));
    let rows = vec![row; rows].join(", ");
    Ok(db.prepare_cached(&format!("{into} VALUES {rows}"))?)
}
