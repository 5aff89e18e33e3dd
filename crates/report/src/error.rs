//! Why there is no report, and whose doing it is.

use index::IndexError;
use ledger::LedgerError;
use model::Blame;
use std::fmt;

/// Why there is no report.
#[derive(Debug)]
pub enum ReportError {
    /// The index does not answer.
    Index(IndexError),
    /// The ledger cannot be read.
    Ledger(LedgerError),
    /// It cannot be written as JSON.
    Encoding(serde_json::Error),
    /// What was asked for is not there or not understood, in words.
    Asked(String),
}

impl ReportError {
    /// Whose doing it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Index(error) => error.blame(),
            Self::Asked(_) => Blame::Client,
            Self::Ledger(_) | Self::Encoding(_) => Blame::Internal,
        }
    }
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(error) => error.fmt(f),
            Self::Ledger(error) => error.fmt(f),
            Self::Encoding(error) => write!(f, "the report as JSON: {error}"),
            Self::Asked(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ReportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // By it is seen that whoever reads the report has seen enough.
            Self::Encoding(error) => Some(error),
            // What caused it stands in the words: a source would be said twice.
            Self::Index(_) | Self::Ledger(_) | Self::Asked(_) => None,
        }
    }
}

impl From<IndexError> for ReportError {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

impl From<LedgerError> for ReportError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<serde_json::Error> for ReportError {
    fn from(error: serde_json::Error) -> Self {
        Self::Encoding(error)
    }
}
