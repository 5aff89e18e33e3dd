//! Why a catalog could not be read. Knows the upstream's errors.

use crate::upstream::{ServerError, UpstreamError};
use model::Blame;
use std::{error, fmt};
use wire_pg::WireError;

/// Why a catalog could not be read. The last good one stays in force; the caller decides for how
/// long.
#[derive(Debug)]
pub enum CatalogError {
    /// There is no connection, or it broke.
    Upstream(UpstreamError),
    /// The server refused a statement.
    Server(ServerError),
    /// The server's version is too old or is not a version.
    Version(String),
    /// A row is not what the query asked for; names the part.
    Row(&'static str),
    /// The answer is larger than any catalog.
    TooLarge,
    /// The answer did not come in time.
    Slow,
    /// The statement wanted to copy data in or out.
    Copy,
    /// An earlier call was dropped before its answer had come.
    Abandoned,
}

impl CatalogError {
    /// True if the reader cannot be used again.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Server(_) | Self::Row(_))
    }

    /// Whose doing it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Upstream(error) => error.blame(),
            Self::Server(_) | Self::Version(_) | Self::Row(_) | Self::TooLarge | Self::Slow => {
                Blame::Upstream
            }
            Self::Copy | Self::Abandoned => Blame::Internal,
        }
    }

    /// What a client is told.
    pub fn client_message(&self) -> String {
        match self {
            Self::Upstream(error) => error.client_message(),
            _ => "Weir could not read the database's catalog".to_owned(),
        }
    }
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream(error) => write!(f, "reading the catalog: {error}"),
            Self::Server(error) => {
                write!(f, "reading the catalog: {} ({})", error.message, error.sqlstate)
            }
            Self::Version(version) => write!(f, "server version {version:?} is not supported"),
            Self::Row(part) => write!(f, "the catalog's {part} could not be understood"),
            Self::TooLarge => f.write_str("the catalog is too large"),
            Self::Slow => f.write_str("reading the catalog took too long"),
            Self::Copy => f.write_str("COPY has no place in reading a catalog"),
            Self::Abandoned => f.write_str("an earlier reading of the catalog was abandoned"),
        }
    }
}

/// What caused it stands in the words: a source would be said twice.
impl error::Error for CatalogError {}

impl From<UpstreamError> for CatalogError {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

impl From<ServerError> for CatalogError {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

impl From<WireError> for CatalogError {
    fn from(error: WireError) -> Self {
        Self::Upstream(UpstreamError::Wire(error))
    }
}
