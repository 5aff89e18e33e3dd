//! Asking the index in SQL, and reading what it answers. Knows no view.

use index::{Cell, IndexError};

/// A text of SQL's, for a query over the index, which takes no parameters.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A cell as a text; empty if there is none.
pub(super) fn text(row: &[Cell], at: usize) -> String {
    row.get(at).map(ToString::to_string).unwrap_or_default()
}

/// A cell as a count; 0 if it is none.
pub(super) fn number(row: &[Cell], at: usize) -> u64 {
    match row.get(at) {
        Some(Cell::Int(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }
}

/// Nothing in the place of what takes too long.
pub(super) fn patient<T>(answer: Result<T, IndexError>) -> Result<Option<T>, IndexError> {
    match answer {
        Err(IndexError::Slow(_)) => Ok(None),
        answer => answer.map(Some),
    }
}
