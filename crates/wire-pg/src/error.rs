//! What can be wrong with bytes. Knows the two ends of a connection, nothing of sessions.

use std::{error, fmt};

/// The end of a connection that sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The client ("frontend" in PostgreSQL's manual).
    Frontend,
    /// The database server ("backend").
    Backend,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The fields want more bytes than the message has.
    Short,
    /// Bytes are left over after the last field.
    Trailing,
    /// A string has no terminating NUL.
    Unterminated,
    /// A length or count is negative or otherwise impossible.
    Length,
    /// Text that has to be UTF-8 is not.
    Utf8,
    /// A code that the protocol does not define.
    Unknown,
    /// Text for an encoder contains a NUL byte, which would end the string early.
    Nul,
    /// A value for an encoder does not fit the protocol's length or count field.
    Overflow,
}

/// Bytes that are not the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WireError {
    /// A header's length field is below the four bytes that it counts itself, or negative. Who
    /// sent it is known to the caller alone.
    BadLength {
        /// The header's tag, 0 for a start-up packet.
        tag: u8,
        /// The length as it stood on the wire.
        length: i32,
    },
    /// A message is longer than the caller allows.
    TooLong {
        /// The header's tag, 0 for a start-up packet.
        tag: u8,
        /// Bytes of the whole message, tag included.
        len: usize,
        /// The limit that the caller gave.
        limit: usize,
    },
    /// The fields of a message do not add up.
    Malformed {
        /// Who sent it.
        sender: Sender,
        /// The message's name in PostgreSQL's manual.
        message: &'static str,
        /// What is wrong.
        fault: Fault,
    },
    /// Weir itself asked an encoder for something that cannot be said in the protocol.
    Encode {
        /// The message's name in PostgreSQL's manual.
        message: &'static str,
        /// What is wrong.
        fault: Fault,
    },
}

impl WireError {
    /// Who is at fault: the sender of the bytes if this crate can tell. `None` means: a header
    /// (the caller knows whom it was reading from) or an encoder's caller, see [`Self::is_ours`].
    pub const fn sender(&self) -> Option<Sender> {
        match self {
            Self::Malformed { sender, .. } => Some(*sender),
            Self::BadLength { .. } | Self::TooLong { .. } | Self::Encode { .. } => None,
        }
    }

    /// True if the fault lies with whoever called an encoder, not with a peer.
    pub const fn is_ours(&self) -> bool {
        matches!(self, Self::Encode { .. })
    }

    /// A sentence that may be shown to a client: names messages and numbers, never contents.
    pub fn client_message(&self) -> String {
        match self {
            Self::BadLength { .. } => "invalid message length".to_owned(),
            Self::TooLong { len, limit, .. } => {
                format!("message of {len} bytes exceeds the limit of {limit} bytes")
            }
            Self::Malformed { message, .. } => format!("invalid message format: {message}"),
            Self::Encode { message, .. } => format!("could not encode {message}"),
        }
    }

    /// A malformed message of a client's.
    pub(crate) const fn frontend(message: &'static str, fault: Fault) -> Self {
        Self::Malformed { sender: Sender::Frontend, message, fault }
    }

    /// A malformed message of a server's.
    pub(crate) const fn backend(message: &'static str, fault: Fault) -> Self {
        Self::Malformed { sender: Sender::Backend, message, fault }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadLength { tag, length } => {
                write!(f, "message {} has the impossible length {length}", tag.escape_ascii())
            }
            Self::TooLong { tag, len, limit } => {
                write!(f, "message {} of {len} bytes exceeds {limit}", tag.escape_ascii())
            }
            Self::Malformed { sender, message, fault } => {
                write!(f, "{sender:?} sent a malformed {message}: {fault:?}")
            }
            Self::Encode { message, fault } => write!(f, "cannot encode {message}: {fault:?}"),
        }
    }
}

impl error::Error for WireError {}
