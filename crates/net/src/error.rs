//! What can go wrong with a byte stream or a certificate. Knows no protocol above TLS.

use std::{fmt, io, path::PathBuf};

/// Every failure of this crate. [`fmt::Display`] names files and causes and is meant for the
/// operator; what a client may be told stands in [`NetError::client_message`].
#[derive(Debug)]
pub enum NetError {
    /// A file with a certificate, a key or a CA cannot be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A PEM file does not hold what it should.
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS library refuses the configuration: a key that does not match, an empty root store.
    Config(String),
    /// The development certificate could not be made.
    Certificate(String),
    /// The server name is neither a DNS name nor an address.
    ServerName(String),
    /// The other side broke off, or its certificate was not accepted.
    Handshake(io::Error),
    /// The other side is connected by something that TLS does not run over (a Unix socket).
    NotTcp,
}

impl NetError {
    /// Whose doing this is. A failed handshake is put on the far side by the caller, who knows
    /// which side that is; here it counts as the client's.
    pub fn blame(&self) -> Fault {
        match self {
            Self::Handshake(_) => Fault::Peer,
            Self::File { .. }
            | Self::Pem { .. }
            | Self::Config(_)
            | Self::Certificate(_)
            | Self::ServerName(_)
            | Self::NotTcp => Fault::Own,
        }
    }

    /// What a client may read: no paths, no names of the machine.
    pub fn client_message(&self) -> &'static str {
        match self {
            Self::Handshake(_) => "the TLS handshake failed",
            _ => "TLS is not set up correctly on this server",
        }
    }
}

/// Which end of a stream is at fault. This crate depends on no other of ours, so it cannot say
/// `model::Blame`; the engine that knows whether the peer is a client or an upstream maps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The far end of the stream.
    Peer,
    /// This program, its files or its configuration.
    Own,
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Pem { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Config(reason) => write!(f, "TLS configuration: {reason}"),
            Self::Certificate(reason) => write!(f, "development certificate: {reason}"),
            Self::ServerName(name) => {
                write!(f, "\"{name}\" is neither a host name nor an address")
            }
            Self::Handshake(source) => write!(f, "TLS handshake: {source}"),
            Self::NotTcp => f.write_str("TLS runs over TCP only"),
        }
    }
}

/// What caused it stands in the words: a source would be said twice.
impl std::error::Error for NetError {}
