//! Why a connection came to nothing, for the record, and in words for the client. Decides nothing.

use identity::IdentityError;
use model::Blame;
use net::{NetError, error::Fault};
use std::{fmt, io, net::SocketAddr, time::Duration};
use wire_pg::{WireError, backend::encode::Diagnostic};

/// A connection that came to nothing, with what is known of it.
#[derive(Debug)]
pub struct Refused {
    /// Where it came from.
    pub peer: SocketAddr,
    /// The name it claimed, if it came that far. Not verified.
    pub name: Option<String>,
    /// The database it asked for, if it came that far.
    pub database: Option<String>,
    /// Whether it was encrypted by then.
    pub tls: bool,
    /// Why.
    pub reason: Reason,
}

/// Why a connection came to nothing.
#[derive(Debug)]
pub enum Reason {
    /// The client went away, or never was one: a port scan, a health check, or psql that saw that
    /// it needs a password and went to ask for it.
    Gone,
    /// The connection broke.
    Io(io::Error),
    /// The deadline passed.
    TooSlow,
    /// The TLS handshake failed.
    Tls(NetError),
    /// The client started TLS directly without naming the protocol (ALPN), which could make
    /// another protocol's connection into one of this.
    NoAlpn,
    /// The client started TLS, and there is no certificate.
    NoTls,
    /// Bytes came between the request for TLS and its answer (CVE-2021-23214).
    EarlyBytes,
    /// Bytes that are not the protocol, before anything can be answered.
    NotTheProtocol(WireError),
    /// An encryption request where none may come.
    Encryption,
    /// A protocol version that is not spoken here.
    Version {
        /// Major version.
        major: u16,
        /// Minor version.
        minor: u16,
    },
    /// A start-up packet or a sign-in message that breaks the protocol; the text says how.
    Protocol(String),
    /// A start-up parameter or option with an impossible value; the text says which.
    Parameter(String),
    /// No encryption, from where it is required.
    Plaintext {
        /// Whether TLS is to be had.
        tls_offered: bool,
    },
    /// Too many failures before this try.
    Wait(Duration),
    /// The certificate that the client showed signs it in as nobody.
    Certificate {
        /// The claimed name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// A token is nobody's, or not this name's.
    Bearer {
        /// How.
        error: IdentityError,
        /// The claimed name.
        name: String,
    },
    /// The SCRAM exchange failed. Holds the claimed name, for PostgreSQL's wording.
    Scram {
        /// How.
        error: IdentityError,
        /// The claimed name.
        name: String,
    },
}

impl Reason {
    /// Whose doing it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Gone
            | Self::Io(_)
            | Self::TooSlow
            | Self::NoAlpn
            | Self::EarlyBytes
            | Self::NotTheProtocol(_)
            | Self::Encryption
            | Self::Version { .. }
            | Self::Protocol(_)
            | Self::Certificate { .. }
            | Self::Parameter(_) => Blame::Client,
            Self::Tls(error) => match error.blame() {
                Fault::Peer => Blame::Client,
                Fault::Own => Blame::Internal,
            },
            Self::NoTls | Self::Plaintext { .. } | Self::Wait(_) => Blame::Policy,
            Self::Scram { error, .. } | Self::Bearer { error, .. } => error.blame(),
        }
    }

    /// Whether this belongs in the record of refused sign-ins: somebody claimed a name and was
    /// turned away. The rest is noise of the network.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Plaintext { .. }
                | Self::Wait(_)
                | Self::Scram { .. }
                | Self::Bearer { .. }
                | Self::Certificate { .. }
        )
    }

    /// SQLSTATE and words for the client; `None` where there is no way to tell it.
    pub(super) fn for_client(&self) -> Option<Words> {
        let words = match self {
            Self::Gone
            | Self::Io(_)
            | Self::TooSlow
            | Self::Tls(_)
            | Self::NoAlpn
            | Self::NoTls
            | Self::EarlyBytes
            | Self::NotTheProtocol(_)
            | Self::Encryption => return None,
            Self::Version { major, minor } => Words::new(
                "0A000",
                format!("unsupported frontend protocol {major}.{minor}: Weir speaks 3.0 to 3.2"),
            ),
            Self::Protocol(what) => Words::new("08P01", what.clone()),
            Self::Parameter(what) => Words::new("22023", what.clone()),
            Self::Plaintext { tls_offered: true } => Words::new(
                "28000",
                "this connection is not encrypted, and sign-in from another machine must be",
            )
            .hint("Connect with sslmode=require or stronger."),
            Self::Plaintext { tls_offered: false } => Words::new(
                "28000",
                "this connection is not encrypted, and sign-in from another machine must be",
            )
            .hint("Ask the operator of Weir to set up a certificate."),
            Self::Wait(left) => Words::new(
                "53300",
                format!("too many failed sign-ins; try again in {}", in_words(*left)),
            ),
            Self::Certificate { name, .. } => Words::new(
                "28000",
                format!("certificate authentication failed for user \"{name}\""),
            )
            .hint("Sign in as the identity that the certificate is for."),
            Self::Scram { error: IdentityError::WrongProof, name } => {
                Words::new("28P01", format!("password authentication failed for user \"{name}\""))
                    .hint("Sign in with your Weir identity and its password or key.")
            }
            Self::Bearer { error: IdentityError::WrongProof, name } => {
                let words = format!("OAuth bearer authentication failed for user \"{name}\"");
                Words::new("28000", words).hint("Show a token of this name that is good now.")
            }
            Self::Scram { error, .. } | Self::Bearer { error, .. } => {
                Words::new(sqlstate(error), error.client_message().to_owned())
            }
        };
        Some(words)
    }
}

fn sqlstate(error: &IdentityError) -> &'static str {
    match error {
        IdentityError::Malformed(_) => "08P01",
        IdentityError::Unsupported(_) => "0A000",
        IdentityError::WrongProof => "28P01",
        IdentityError::BindingDowngrade
        | IdentityError::BindingMismatch
        | IdentityError::SecondFactor
        | IdentityError::Barred(_) => "28000",
        IdentityError::NotAVerifier
        | IdentityError::NotASecret
        | IdentityError::Random
        | IdentityError::Unavailable => "XX000",
    }
}

/// Whole seconds, rounded up, so that nobody comes back too early.
fn in_words(left: Duration) -> String {
    match left.as_millis().div_ceil(1000) {
        0 | 1 => "a second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

/// An error for the client.
pub(super) struct Words {
    code: &'static str,
    message: String,
    hint: Option<&'static str>,
}

impl Words {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    pub(super) fn encode(&self, out: &mut bytes::BytesMut) {
        let mut diagnostic = Diagnostic::fatal(self.code, &self.message);
        diagnostic.hint = self.hint;
        diagnostic.encode(out);
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the client went away"),
            Self::Io(error) => write!(f, "the connection broke: {error}"),
            Self::TooSlow => f.write_str("the client did not sign in in time"),
            Self::Tls(error) => write!(f, "{error}"),
            Self::NoAlpn => f.write_str("direct TLS without the protocol's name (ALPN)"),
            Self::NoTls => f.write_str("direct TLS, and there is no certificate"),
            Self::EarlyBytes => f.write_str("bytes between the request for TLS and its answer"),
            Self::NotTheProtocol(error) => write!(f, "not the protocol: {error}"),
            Self::Encryption => f.write_str("an encryption request where none may come"),
            Self::Version { major, minor } => write!(f, "protocol {major}.{minor}"),
            Self::Protocol(what) | Self::Parameter(what) => f.write_str(what),
            Self::Plaintext { .. } => f.write_str("not encrypted"),
            Self::Wait(left) => write!(f, "too many failures; {} left", in_words(*left)),
            Self::Certificate { why, .. } => f.write_str(why),
            Self::Bearer { error: IdentityError::WrongProof, .. } => {
                f.write_str("the token is nobody's of this name")
            }
            Self::Scram { error, .. } | Self::Bearer { error, .. } => write!(f, "{error}"),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.peer, self.reason)
    }
}

impl std::error::Error for Refused {}
