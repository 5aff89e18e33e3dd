//! The row of a statement. Knows no records.

use crate::{
    error::IndexError,
    schema::{DAY, State},
    sums::Key,
};
use rusqlite::{Connection, params};

/// Who and what a statement is: what of it does not change when it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) sequence: i64,
    pub(crate) shape: i64,
    pub(crate) who: i64,
    pub(crate) session: i64,
    pub(crate) number: i64,
    pub(crate) time: i64,
    pub(crate) via: i64,
    pub(crate) turned_back: i64,
}

impl Start {
    /// What its day adds it to.
    pub(crate) fn key(&self) -> Key {
        Key { shape: self.shape, who: self.who, day: self.time.div_euclid(DAY) }
    }
}

/// What came of it. Zero is none, and stored as NULL, which takes no room.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    pub(crate) sequence: i64,
    pub(crate) duration_us: i64,
    pub(crate) rows: i64,
    pub(crate) affected: i64,
    pub(crate) bytes: i64,
    pub(crate) sqlstate: i64,
    pub(crate) ended: i64,
    pub(crate) tag: i64,
    pub(crate) reason: i64,
    pub(crate) counts: i64,
}

fn some(number: i64) -> Option<i64> {
    (number != 0).then_some(number)
}

/// Columns of a row.
pub(crate) const COLUMNS: usize = 19;

/// A row of a table, its columns in the order in which they are named where it is written.
pub(crate) type Row<const N: usize> = [Option<i64>; N];

/// A statement as a row.
pub(crate) fn row(start: &Start, state: State, end: Option<&End>) -> Row<COLUMNS> {
    let e = end.copied().unwrap_or_default();
    [
        Some(start.sequence),
        Some(start.shape),
        Some(start.who),
        Some(start.session),
        Some(start.number),
        Some(start.time),
        Some(state as i64),
        Some(start.via),
        some(start.turned_back),
        end.map(|e| e.sequence),
        end.map(|e| e.duration_us),
        end.map(|e| e.rows),
        some(e.affected),
        end.map(|e| e.bytes),
        some(e.sqlstate),
        some(e.ended),
        some(e.tag),
        some(e.reason),
        some(e.counts),
    ]
}

/// Completes the row of a statement that an earlier batch left open.
pub(crate) fn complete(
    db: &Connection,
    sequence: i64,
    state: State,
    e: &End,
) -> Result<(), IndexError> {
    db.prepare_cached(
        "UPDATE statement SET state = ?2, ended_seq = ?3, duration_us = ?4, rows = ?5,
         affected = ?6, bytes = ?7, sqlstate = ?8, ended = ?9, tag = ?10, counts = ?11
         WHERE seq = ?1",
    )?
    .execute(params![
        sequence,
        state as i64,
        e.sequence,
        e.duration_us,
        e.rows,
        some(e.affected),
        e.bytes,
        some(e.sqlstate),
        some(e.ended),
        some(e.tag),
        some(e.counts),
    ])?;
    db.prepare_cached("DELETE FROM open_statement WHERE seq = ?1")?.execute([sequence])?;
    Ok(())
}
