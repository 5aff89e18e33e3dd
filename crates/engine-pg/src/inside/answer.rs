//! What is asked of a session from inside, and what comes back: values as text, words as fields.
//! Knows no stream.

use super::Note;
use std::time::Duration;
use wire_pg::backend::{Field, Report, field};

/// What is kept of one field of an error or a notice: bytes.
const FIELD_BYTES: usize = 4096;

/// One statement, and how much of its answer is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The text: one statement.
    pub text: &'a str,
    /// Values of its parameters, as text.
    pub values: &'a [Option<String>],
    /// Types of its parameters (`pg_type.oid`); the server infers those that are missing.
    pub types: &'a [u32],
    /// How far it goes.
    pub upto: Upto,
    /// It may only read: what is known to write is refused, and the server sees to the rest.
    pub reads: bool,
    /// The most rows that are asked for; 0 for all.
    pub rows: u32,
    /// The most bytes of values that are kept.
    pub bytes: usize,
    /// How long it may take before it is cancelled.
    pub time: Duration,
}

/// How far a statement goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upto {
    /// It is understood, decided on and described. Nothing runs.
    Parse,
    /// The same with its values bound. Nothing runs.
    Bind,
    /// Approval is asked for. It does not run, even if it needs none any more.
    Ask,
    /// It runs.
    Execute,
    /// In a preview: it runs, and what it changes is counted.
    Try,
}

/// A column of a result, as the server describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `pg_type.oid`.
    pub type_oid: u32,
}

impl From<Field<'_>> for Column {
    fn from(field: Field<'_>) -> Self {
        Self { name: lossy(field.name.bytes()), type_oid: field.type_oid }
    }
}

/// Why rows are missing that the statement had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// As many as were asked for are there; there may be more.
    Rows,
    /// Those that are there are as long as was asked for; the rest was dropped.
    Bytes,
}

/// An error or a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The fields in order: code (PostgreSQL manual, "Error and Notice Message Fields"), text.
    pub fields: Vec<(u8, String)>,
}

impl Said {
    pub(super) fn of(report: Report<'_>) -> Self {
        Self { fields: report.fields().map(|(code, text)| (code, capped(text.bytes()))).collect() }
    }

    /// The first field with this code; empty if there is none.
    pub fn field(&self, code: u8) -> &str {
        self.fields.iter().find(|(known, _)| *known == code).map_or("", |(_, text)| text)
    }

    /// SQLSTATE.
    pub fn sqlstate(&self) -> &str {
        self.field(field::CODE)
    }

    /// The primary message.
    pub fn message(&self) -> &str {
        self.field(field::MESSAGE)
    }
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The result's columns; empty if it has none.
    pub columns: Vec<Column>,
    /// Types of the parameters, if they were asked for.
    pub parameters: Vec<u32>,
    /// Rows, values as text.
    pub rows: Vec<Vec<Option<String>>>,
    /// Why rows are missing.
    pub cut: Option<Cut>,
    /// The command tag, if the statement ended well.
    pub tag: Option<String>,
    /// Notices and warnings.
    pub notices: Vec<Said>,
    /// The error, if it did not.
    pub error: Option<Said>,
    /// It took too long and was cancelled.
    pub timed_out: bool,
    /// What happened to it in the gate.
    pub notes: Vec<Note>,
    /// Bytes of the values in `rows`.
    pub(super) bytes: usize,
}

impl Answer {
    /// The same without its rows.
    #[must_use]
    pub fn without_rows(&self) -> Self {
        Self { rows: Vec::new(), cut: None, bytes: 0, ..self.clone() }
    }
}

/// A text whose length somebody else chose, as far as it is kept.
fn capped(bytes: &[u8]) -> String {
    match bytes.get(..FIELD_BYTES) {
        Some(kept) if bytes.len() > FIELD_BYTES => {
            format!("{} … (cut: it has {} bytes)", lossy(kept), bytes.len())
        }
        _ => lossy(bytes),
    }
}

pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
