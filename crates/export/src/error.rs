//! What can go wrong on the way out. Knows no sink from inside.

use ledger::LedgerError;
use model::Blame;
use net::NetError;
use std::{fmt, io, path::PathBuf};

/// Why events could not be read or delivered.
#[derive(Debug)]
pub enum ExportError {
    /// The ledger cannot be read.
    Ledger(LedgerError),
    /// A file of ours: a cursor, or the sink itself.
    File {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        error: io::Error,
    },
    /// A cursor's file does not hold a cursor.
    Cursor(PathBuf),
    /// A setting that cannot be used; which and why.
    Setting(String),
    /// TLS.
    Net(NetError),
    /// The sink cannot be reached, or the connection broke.
    Broken {
        /// What was being done.
        doing: &'static str,
        /// What came of it.
        why: String,
    },
    /// The sink answered, and not that it has the events.
    Refused(String),
    /// The sink answered that it takes nothing so long.
    TooLong(String),
    /// The sink did not answer in time.
    Slow,
    /// A thread cannot be started.
    Thread(io::Error),
}

impl ExportError {
    /// The sink's doing, or ours.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Broken { .. } | Self::Refused(_) | Self::TooLong(_) | Self::Slow => {
                Blame::Upstream
            }
            Self::Ledger(_)
            | Self::File { .. }
            | Self::Cursor(_)
            | Self::Setting(_)
            | Self::Net(_)
            | Self::Thread(_) => Blame::Internal,
        }
    }

    pub(crate) fn broken(doing: &'static str, why: impl fmt::Display) -> Self {
        Self::Broken { doing, why: why.to_string() }
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger(error) => error.fmt(f),
            Self::File { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Cursor(path) => {
                write!(f, "{} does not say where to go on; remove it to begin anew", path.display())
            }
            Self::Setting(what) => f.write_str(what),
            Self::Net(error) => error.fmt(f),
            Self::Broken { doing, why } => write!(f, "cannot {doing}: {why}"),
            Self::Refused(answer) | Self::TooLong(answer) => write!(f, "the answer is {answer}"),
            Self::Slow => f.write_str("no answer in time"),
            Self::Thread(error) => write!(f, "no thread can be started: {error}"),
        }
    }
}

/// What caused it stands in the words: a source would be said twice.
impl std::error::Error for ExportError {}

impl From<LedgerError> for ExportError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<NetError> for ExportError {
    fn from(error: NetError) -> Self {
        Self::Net(error)
    }
}
