//! Why there is no session at the upstream, and what a client may be told of it. Knows SQLSTATEs.

use identity::scram::ServerFault;
use model::Blame;
use net::NetError;
use std::{error, fmt, io, time::Duration};
use wire_pg::{
    WireError,
    backend::{Report, Tag, field},
};

/// An error that the server itself reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    /// SQLSTATE, five characters.
    pub sqlstate: String,
    /// The primary message.
    pub message: String,
    /// The detail, if any.
    pub detail: Option<String>,
    /// The hint, if any.
    pub hint: Option<String>,
}

impl ServerError {
    /// Reads an ErrorResponse.
    ///
    /// # Errors
    /// If the payload is not one.
    pub fn read(payload: &[u8]) -> Result<Self, WireError> {
        let report = Report::parse(payload)?;
        let text = |code| {
            report.field(code).map(|text| String::from_utf8_lossy(text.bytes()).into_owned())
        };
        let sqlstate = text(field::CODE).unwrap_or_default();
        let usable = sqlstate.len() == 5 && sqlstate.bytes().all(|c| c.is_ascii_alphanumeric());
        Ok(Self {
            // XX000 is internal_error: a server that names no state has one of those.
            sqlstate: if usable { sqlstate } else { "XX000".to_owned() },
            message: text(field::MESSAGE).unwrap_or_default(),
            detail: text(field::DETAIL),
            hint: text(field::HINT),
        })
    }

    /// True if it is Weir's own credentials, or the lack of them, that the server refused.
    fn of_credentials(&self) -> bool {
        self.sqlstate.starts_with("28")
    }

    /// True if the client may read it as it is: it names nothing but the database and settings
    /// that the client itself asked for, or says how the server is.
    fn passes(&self) -> bool {
        const PASSED: [&str; 5] = [
            "22", // a start-up setting has no such value
            "3D", // no such database
            "42", // no such setting, no right to connect
            "53", // full
            "57", // starting up, shutting down, ended by an operator
        ];
        PASSED.iter().any(|class| self.sqlstate.starts_with(class))
    }
}

/// Why there is no session at the upstream. [`fmt::Display`] is for the operator; what a client
/// is told stands in [`UpstreamError::client_message`].
#[derive(Debug)]
pub enum UpstreamError {
    /// Nobody answers there: refused, unreachable, no such host, broken off.
    Down(io::Error),
    /// The server closed the connection without a word.
    Closed,
    /// Connecting and sign-in took longer than allowed.
    Slow(Duration),
    /// The server said no.
    Server(ServerError),
    /// TLS is wanted, and the server has none.
    TlsRefused,
    /// TLS failed: a certificate that does not convince, a broken handshake.
    Tls(NetError),
    /// The server wants a password, and none is configured.
    NoPassword,
    /// What to sign in with could not be had from where it comes.
    Credentials(String),
    /// The server wants the password in clear where others could read it.
    Cleartext,
    /// The server wants a way of sign-in that Weir does not speak.
    Method(String),
    /// The server did not prove that it knows the password, or spoke SCRAM wrongly.
    Scram(ServerFault),
    /// The server sent what is not the protocol.
    Wire(WireError),
    /// The server sent a message that has no place there.
    Unexpected(Tag),
    /// The server sent a message that does not exist.
    Unknown(u8),
    /// A start-up parameter that only the configuration may set came from elsewhere: a defect.
    Reserved(String),
}

impl UpstreamError {
    /// True if it is what Weir signed in with that the server refused.
    pub(super) fn is_of_credentials(&self) -> bool {
        matches!(self, Self::Server(error) if error.of_credentials())
    }

    /// True if the server has no place for one more.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Server(error) if error.sqlstate == "53300")
    }

    /// Whose doing it is. Credentials and certificates are Weir's configuration.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Server(error) if error.of_credentials() => Blame::Internal,
            Self::Server(error) if error.sqlstate.starts_with("22") => Blame::Client,
            Self::Wire(error) if error.is_ours() => Blame::Internal,
            Self::NoPassword
            | Self::Credentials(_)
            | Self::Cleartext
            | Self::Method(_)
            | Self::Reserved(_) => Blame::Internal,
            Self::Tls(error) if error.blame() == net::error::Fault::Own => Blame::Internal,
            Self::Down(_)
            | Self::Closed
            | Self::Slow(_)
            | Self::Server(_)
            | Self::TlsRefused
            | Self::Tls(_)
            | Self::Scram(_)
            | Self::Wire(_)
            | Self::Unexpected(_)
            | Self::Unknown(_) => Blame::Upstream,
        }
    }

    /// The SQLSTATE for the client. Never class 28 (invalid authorization): the client's own
    /// password was right, and drivers answer class 28 by asking the person for another.
    pub fn sqlstate(&self) -> &str {
        match self {
            Self::Server(error) if error.passes() => &error.sqlstate,
            Self::Down(_) | Self::Closed | Self::Slow(_) => "08001",
            _ => "08004",
        }
    }

    /// What the client is told: no addresses, no roles, no files.
    pub fn client_message(&self) -> String {
        let fixed = match self {
            Self::Down(_) | Self::Closed => "the database behind Weir is not reachable",
            Self::Slow(_) => "the database behind Weir did not answer in time",
            Self::Server(error) if error.passes() => return error.message.clone(),
            Self::Server(error) if error.of_credentials() => SIGN_IN,
            Self::NoPassword
            | Self::Credentials(_)
            | Self::Cleartext
            | Self::Method(_)
            | Self::Scram(_) => SIGN_IN,
            Self::TlsRefused | Self::Tls(_) => {
                "Weir could not make a secure connection to the database; an operator must fix \
                 the TLS settings of this upstream"
            }
            Self::Server(_) => "the database behind Weir refused the connection",
            Self::Wire(_) | Self::Unexpected(_) | Self::Unknown(_) | Self::Reserved(_) => {
                "the database behind Weir could not be spoken to"
            }
        };
        fixed.to_owned()
    }
}

const SIGN_IN: &str = "Weir could not sign in to the database; an operator must fix the \
                       credentials of this upstream";

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials(why) => write!(f, "nothing to sign in with: {why}"),
            Self::Down(source) => write!(f, "upstream not reachable: {source}"),
            Self::Closed => f.write_str("upstream closed the connection"),
            Self::Slow(limit) => write!(f, "upstream did not answer within {limit:?}"),
            Self::Server(error) => {
                write!(f, "upstream refused: {} (SQLSTATE {})", error.message, error.sqlstate)
            }
            Self::TlsRefused => f.write_str("upstream does not offer TLS"),
            Self::Tls(source) => write!(f, "upstream TLS: {source}"),
            Self::NoPassword => f.write_str(
                "cannot sign in: no password is configured: set `password` in [database.upstream]",
            ),
            Self::Cleartext => f.write_str("upstream wants the password in clear without TLS"),
            Self::Method(what) => write!(f, "upstream wants to be signed in to by {what}"),
            Self::Scram(source) => write!(f, "upstream SCRAM: {source}"),
            Self::Wire(source) => write!(f, "upstream protocol: {source}"),
            Self::Unexpected(tag) => write!(f, "upstream sent {tag:?} out of place"),
            Self::Unknown(tag) => write!(f, "upstream sent unknown {}", tag.escape_ascii()),
            Self::Reserved(name) => write!(f, "start-up parameter {name} is not a session's"),
        }
    }
}

/// What caused it stands in the words: a source would be said twice.
impl error::Error for UpstreamError {}

impl From<io::Error> for UpstreamError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Down(error),
        }
    }
}

impl From<WireError> for UpstreamError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<NetError> for UpstreamError {
    fn from(error: NetError) -> Self {
        Self::Tls(error)
    }
}

impl From<ServerError> for UpstreamError {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}
