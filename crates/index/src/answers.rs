//! The reading side: opens an index for questions. Changes nothing.

use crate::{error::IndexError, schema};
use ledger::{LedgerError, Reader};
use rusqlite::{Connection, OpenFlags, types::ValueRef};
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

/// An index, open for reading; works beside whoever writes it.
#[derive(Debug)]
pub struct Answers {
    pub(crate) db: Connection,
    /// Once this is true nothing more is answered.
    pub(crate) stop: Arc<AtomicBool>,
}

/// Up to where an answer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The first record that is not in the index.
    pub next: u64,
    /// Places of the ledger that are damaged.
    pub damage: u64,
}

/// One value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// Another number.
    Real(f64),
    /// A text; bytes in hex.
    Text(String),
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns' names.
    pub columns: Vec<String>,
    /// Rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
    /// There is more than was asked for.
    pub more: bool,
}

impl Answers {
    /// Opens an index that exists.
    pub fn open(file: &Path) -> Result<Self, IndexError> {
        if !file.exists() {
            return Err(IndexError::Missing);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(file, flags)?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.pragma_update(None, "query_only", true)?;
        // Not in memory: others in this process need theirs, and a report may sort millions.
        db.pragma_update(None, "temp_store", "file")?;
        db.pragma_update(None, "cache_size", -64 * 1024)?;
        let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version != schema::VERSION {
            return Err(IndexError::Version);
        }
        Ok(Self { db, stop: Arc::default() })
    }

    /// Answers nothing more once this is true: what is under way then ends within milliseconds,
    /// with [`IndexError::Stopped`].
    pub fn stop_when(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    /// Up to where the index knows.
    pub fn state(&self) -> Result<State, IndexError> {
        let value = |name: &str| -> Result<u64, rusqlite::Error> {
            let found: i64 =
                self.db.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
                    row.get(0)
                })?;
            Ok(u64::try_from(found).unwrap_or(0))
        };
        Ok(State { next: value("next")?, damage: value("damage")? })
    }
}

impl State {
    /// How many records of the ledger in this folder are not in the index.
    pub fn lag(&self, dir: &Path) -> Result<u64, IndexError> {
        let mut end = self.next;
        for entry in Reader::open_last(dir, 1)? {
            match entry {
                Ok(entry) => end = end.max(entry.sequence.0 + 1),
                Err(LedgerError::Damaged(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(end - self.next)
    }
}

impl Table {
    /// Reads the rows of a query, at most `limit` of them.
    pub(crate) fn read(
        columns: Vec<String>,
        rows: &mut rusqlite::Rows<'_>,
        limit: usize,
    ) -> Result<Self, rusqlite::Error> {
        let mut table = Self { columns, ..Self::default() };
        while let Some(row) = rows.next()? {
            if table.rows.len() >= limit {
                table.more = true;
                break;
            }
            table.push(row)?;
        }
        Ok(table)
    }

    /// Takes a row of a query in.
    pub(crate) fn push(&mut self, row: &rusqlite::Row<'_>) -> Result<(), rusqlite::Error> {
        let cells = (0..self.columns.len()).map(|at| row.get_ref(at).map(Cell::from));
        self.rows.push(cells.collect::<Result<_, _>>()?);
        Ok(())
    }
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Int(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => {
                Self::Text(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
            }
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Int(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}
