//! Why a session ends, in words for the log and the record. Knows no stream.

use gate::Refusal;
use std::{fmt, io};
use wire_pg::WireError;

/// Why a session ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The client said goodbye or closed its connection.
    ClientLeft,
    /// The client's connection broke.
    ClientLost(io::Error),
    /// The client broke the protocol.
    ClientBroke(WireError),
    /// The client sent a message of a type that it may not send here.
    ClientMistook(u8),
    /// The upstream closed or broke the connection.
    UpstreamLost(Option<io::Error>),
    /// The upstream sent what the protocol does not allow here.
    UpstreamBroke(String),
    /// There is no upstream connection to go on with.
    NotReached(Box<Refusal>),
    /// Not an end: it needs no upstream connection for a while.
    Rests,
    /// The session was idle for too long.
    Idle,
    /// Weir ends the session: drain, revocation.
    Ordered(&'static str),
    /// A row that must be held whole to be masked is larger than the limit.
    TooLarge {
        /// The row: bytes.
        bytes: usize,
        /// The limit: bytes.
        limit: usize,
    },
}

impl From<WireError> for End {
    fn from(error: WireError) -> Self {
        Self::ClientBroke(error)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientLeft => f.write_str("client left"),
            Self::ClientLost(error) => write!(f, "client lost: {error}"),
            Self::ClientBroke(error) => write!(f, "protocol violation: {error}"),
            Self::ClientMistook(tag) => {
                write!(f, "protocol violation: message type {:?}", char::from(*tag))
            }
            Self::UpstreamLost(None) => f.write_str("upstream lost"),
            Self::UpstreamLost(Some(error)) => write!(f, "upstream lost: {error}"),
            Self::UpstreamBroke(what) => write!(f, "upstream broke the protocol: {what}"),
            Self::NotReached(_) => f.write_str("upstream not reached"),
            Self::Rests => f.write_str("rests"),
            Self::Idle => f.write_str("idle for too long"),
            Self::Ordered(why) => f.write_str(why),
            Self::TooLarge { bytes, limit } => {
                write!(f, "a row of {bytes} bytes is larger than the limit of {limit}")
            }
        }
    }
}

impl End {
    /// The word for statements that this end cut short.
    pub(super) fn short(&self) -> &'static str {
        match self {
            Self::ClientLeft
            | Self::ClientLost(_)
            | Self::ClientBroke(_)
            | Self::ClientMistook(_) => "client left",
            Self::UpstreamLost(_) | Self::UpstreamBroke(_) | Self::NotReached(_) => "upstream lost",
            Self::Idle | Self::Rests | Self::Ordered(_) | Self::TooLarge { .. } => {
                "session ended by weir"
            }
        }
    }
}
