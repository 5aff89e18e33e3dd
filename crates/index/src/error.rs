//! What can go wrong between a ledger and an answer, and whose doing it is.

use ledger::LedgerError;
use model::Blame;
use std::{fmt, io};

/// Why there is no index or no answer.
#[derive(Debug)]
pub enum IndexError {
    /// The index cannot be read or written.
    Storage(rusqlite::Error),
    /// The index's file cannot be opened or removed.
    File(io::Error),
    /// The ledger cannot be read.
    Ledger(LedgerError),
    /// Another process keeps this index up to date.
    Busy,
    /// There is no index yet.
    Missing,
    /// The index was made by another version.
    Version,
    /// The question is not one, in words that say what would be.
    Question(String),
    /// The answer took longer than it may.
    Slow(std::time::Duration),
    /// Whoever asked does not want the answer any more.
    Stopped,
}

impl IndexError {
    /// Whose doing it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Question(_) | Self::Slow(_) | Self::Stopped => Blame::Client,
            Self::Storage(_)
            | Self::File(_)
            | Self::Ledger(_)
            | Self::Busy
            | Self::Missing
            | Self::Version => Blame::Internal,
        }
    }
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(error) => write!(f, "the index: {error}"),
            Self::File(error) => write!(f, "the index's file: {error}"),
            Self::Ledger(error) => error.fmt(f),
            Self::Busy => f.write_str("another process keeps the index up to date"),
            Self::Missing => f.write_str("there is no index yet"),
            Self::Version => f.write_str("the index was made by another version of Weir"),
            Self::Question(what) => f.write_str(what),
            Self::Stopped => f.write_str("the question was taken back"),
            Self::Slow(limit) => {
                let seconds = limit.as_secs();
                write!(
                    f,
                    "no answer within {seconds} s: ask for less, count in `days`, `daily` or \
                     `disclosed_daily`, or give it more time"
                )
            }
        }
    }
}

/// What caused it stands in the words: a source would be said twice.
impl std::error::Error for IndexError {}

impl From<rusqlite::Error> for IndexError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error)
    }
}

impl From<io::Error> for IndexError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<LedgerError> for IndexError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}
