//! What can go wrong with the log. Knows no records.

use crate::ids::Sequence;
use model::Blame;
use std::{fmt, io, path::PathBuf, sync::Arc};

/// Why the log refused, failed or could not be read. Cheap to clone: one failed write answers
/// many waiting statements.
#[derive(Clone, Debug)]
pub enum LedgerError {
    /// The operating system refused: no space, no permission, a broken disk.
    Io {
        /// What was being done, in words.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// The system's answer.
        error: Arc<io::Error>,
    },
    /// An earlier write or sync failed and the log has not recovered yet.
    Unhealthy(Arc<LedgerError>),
    /// This record was withdrawn because it could not be written: its statement must not run.
    Withdrawn(Sequence),
    /// More is staged or unsynced than [`crate::BACKLOG_BYTES`].
    Backlog,
    /// A record is longer than [`crate::RECORD_BYTES`].
    TooLong(usize),
    /// A record could not be turned into JSON or back.
    Encoding(Arc<serde_json::Error>),
    /// Another process has the directory open for writing.
    Locked(PathBuf),
    /// A file is not what its name says.
    NotALedger(PathBuf),
    /// Part of a segment is damaged.
    Damaged(crate::reader::Damage),
    /// The record was removed because its time was over. Its hash is still in the tree.
    Pruned {
        /// The record.
        sequence: Sequence,
        /// The first that is still there.
        before: u64,
    },
    /// The log's keys are missing, damaged or of another log; says which and why.
    Keys(String),
    /// The log was closed: its last handle is gone or its threads have ended.
    Closed,
    /// Whoever asked for a reading broke it off.
    Stopped,
}

impl LedgerError {
    /// Always Weir or its machine: nobody else writes here.
    pub fn blame(&self) -> Blame {
        Blame::Internal
    }

    /// What a client may be told: that nothing ran and why in general, without paths.
    pub fn client_message(&self) -> &'static str {
        match self {
            Self::Io { .. } | Self::Unhealthy(_) | Self::Withdrawn(_) | Self::Closed => {
                "the audit record cannot be written, so the statement was not run"
            }
            Self::Backlog => "the audit record is overloaded, so the statement was not run",
            Self::TooLong(_) => "the statement is too long to be recorded, so it was not run",
            Self::Encoding(_) => "the statement could not be recorded, so it was not run",
            Self::Locked(_)
            | Self::NotALedger(_)
            | Self::Damaged(_)
            | Self::Pruned { .. }
            | Self::Keys(_)
            | Self::Stopped => "the audit record cannot be used",
        }
    }

    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>, error: io::Error) -> Self {
        Self::Io { doing, path: path.into(), error: Arc::new(error) }
    }

    /// True if the cause is a lack of room, which the reserve can bridge.
    pub(crate) fn is_no_space(&self) -> bool {
        match self {
            Self::Io { error, .. } => {
                matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Unhealthy(inner) => inner.is_no_space(),
            _ => false,
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, path, error } => write!(f, "{doing} {}: {error}", path.display()),
            Self::Unhealthy(cause) => write!(f, "the ledger is not writable: {cause}"),
            Self::Withdrawn(sequence) => {
                write!(f, "record {sequence} was withdrawn because it could not be written")
            }
            Self::Backlog => f.write_str("too many records wait for the disk"),
            Self::TooLong(bytes) => write!(f, "a record of {bytes} bytes is too long"),
            Self::Encoding(error) => write!(f, "a record could not be encoded or decoded: {error}"),
            Self::Locked(path) => {
                write!(f, "{} is in use by another process", path.display())
            }
            Self::NotALedger(path) => write!(f, "{} is not a ledger segment", path.display()),
            Self::Damaged(damage) => damage.fmt(f),
            Self::Pruned { sequence, before } => write!(
                f,
                "record {sequence} was removed when its time was over, as were others before \
                 record {before}"
            ),
            Self::Keys(why) => f.write_str(why),
            Self::Closed => f.write_str("the ledger is closed"),
            Self::Stopped => f.write_str("the reading was stopped"),
        }
    }
}

impl std::error::Error for LedgerError {}
