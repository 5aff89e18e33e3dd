//! Weir as a client of a real PostgreSQL: connecting, TLS, sign-in. Knows nothing of Weir's own
//! clients: what a session may ask of the upstream was judged before it comes here.
//!
//! ```text
//! connect: TCP or Unix socket ─▶ SSLRequest, TLS ─▶ StartupMessage ─▶ sign-in ─▶ ReadyForQuery
//! ```

use bytes::{Bytes, BytesMut};
use credentials::{Credentials, Lease, Source};
use identity::scram::RememberedKeys;
use net::{Stream, tls::ClientTls};
use std::{
    fmt,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time,
};
use wire_pg::{
    backend::{self, Tag},
    frame, frontend, handshake,
};

pub mod credentials;
mod error;
pub(crate) mod going;
pub(crate) mod parting;
pub(crate) mod remains;
mod sign_in;
pub(crate) mod spares;

pub use error::{ServerError, UpstreamError};
pub use identity::secret::Secret;
pub use spares::Keep;

/// How long connecting and sign-in may take together, unless the configuration says otherwise.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest message that a server may send before it is ready: its greatest are errors and
/// settings, which are far smaller.
pub const MAX_SIGN_IN_BYTES: usize = 256 * 1024;

/// The most settings that a server may report at sign-in (PostgreSQL 18 reports 15).
pub const MAX_PARAMETER_STATUSES: usize = 256;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A host name or address.
    Tcp(String),
    /// The folder of a Unix socket.
    Unix(PathBuf),
}

/// How to reach a server, and as whom.
#[derive(Clone, Debug)]
pub struct UpstreamConfig {
    /// Where it listens.
    pub host: Host,
    /// Its port; for a Unix socket, the number in the socket's name.
    pub port: u16,
    /// The role.
    pub user: String,
    /// The role's password, for servers that ask for one.
    pub password: Option<Secret>,
    /// Where role and password come from, if they are not the ones above.
    pub credentials: Option<Arc<dyn Source>>,
    /// The database.
    pub database: String,
    /// TLS, with what is to be believed and shown; `None` sends everything in clear. It is built
    /// once, where the configuration is read, so that a bad CA file is found there and not at the
    /// first connection. Has no meaning for a Unix socket.
    pub tls: Option<ClientTls>,
    /// Allows the password in clear on a network without TLS. Never needed on loopback.
    pub allow_cleartext: bool,
    /// How long connecting and sign-in may take together.
    pub connect_timeout: Duration,
    /// How long what was sent may stay unacknowledged before the connection is given up; `None`
    /// leaves it to the system. TCP alone.
    pub user_timeout: Option<Duration>,
    /// What becomes of connections whose session has ended; by itself, none is kept.
    pub keep: Keep,
    /// What the password was worth to servers that asked for it by SCRAM: their thousands of rounds
    /// of hashing are done once and not for each session. Clones share it.
    pub salted: Arc<RememberedKeys>,
}

impl UpstreamConfig {
    /// A server that is spoken to in clear, without a password.
    pub fn new(host: Host, port: u16, user: &str, database: &str) -> Self {
        Self {
            host,
            port,
            user: user.to_owned(),
            password: None,
            credentials: None,
            database: database.to_owned(),
            tls: None,
            allow_cleartext: false,
            connect_timeout: CONNECT_TIMEOUT,
            user_timeout: None,
            keep: Keep::default(),
            salted: Arc::default(),
        }
    }
}

impl PartialEq for UpstreamConfig {
    /// Two that use TLS are never equal: the same files may hold other certificates by now; nor are
    /// two whose credentials come from elsewhere. Whoever compares wants to know whether anything
    /// could be different.
    fn eq(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.password.as_ref(), other.password.as_ref());
        self.host == other.host
            && self.port == other.port
            && self.user == other.user
            && self.database == other.database
            && mine.map(Secret::expose) == theirs.map(Secret::expose)
            && self.credentials.is_none()
            && other.credentials.is_none()
            && self.tls.is_none()
            && other.tls.is_none()
            && self.allow_cleartext == other.allow_cleartext
            && self.connect_timeout == other.connect_timeout
            && self.user_timeout == other.user_timeout
            && self.keep == other.keep
    }
}

/// A session at a real PostgreSQL that stands at its first ReadyForQuery.
pub struct Upstream {
    /// The connection.
    pub stream: Stream,
    /// Bytes that were read past the ReadyForQuery.
    pub buffered: BytesMut,
    /// The settings that the server reported, in its order.
    pub parameter_statuses: Vec<(String, String)>,
    /// The server process; 0 if the server named none.
    pub process_id: u32,
    /// The secret for [`cancel`]; empty if the server named none.
    pub secret_key: Vec<u8>,
    /// What is given back when the session is over.
    pub lease: Option<Lease>,
    /// When it began to be opened.
    pub since: Instant,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("stream", &self.stream)
            .field("process_id", &self.process_id)
            .field("secret_key", &"***")
            .finish_non_exhaustive()
    }
}

impl Upstream {
    /// A setting that the server reported at sign-in, such as `server_version`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameter_statuses.iter().find(|(present, _)| present == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What a replication connection is for, as the start-up parameter `replication` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replication {
    /// `true`: the whole cluster's log and files; no database and no SQL.
    Physical,
    /// `database`: one database's changes, with SQL beside the commands.
    Logical,
}

impl Replication {
    /// The parameter's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Physical => "true",
            Self::Logical => "database",
        }
    }
}

/// Connects and signs in. `parameters` go into the start-up packet as they are, behind user and
/// database: they were judged before.
///
/// # Errors
/// See [`UpstreamError`].
pub async fn connect(
    config: &UpstreamConfig,
    parameters: &[(String, String)],
) -> Result<Upstream, UpstreamError> {
    connect_as(config, None, parameters).await
}

/// The same, for a session that may be a replication connection.
///
/// # Errors
/// See [`UpstreamError`].
pub async fn connect_as(
    config: &UpstreamConfig,
    replication: Option<Replication>,
    parameters: &[(String, String)],
) -> Result<Upstream, UpstreamError> {
    within(config.connect_timeout, async {
        let Some(source) = &config.credentials else {
            return enter(config, replication, parameters).await;
        };
        let given = source.fetch().await.map_err(UpstreamError::Credentials)?;
        match enter_with(config, given.clone(), replication, parameters).await {
            // They may have been changed, or taken away, since they were asked for.
            Err(error) if error.is_of_credentials() => {
                source.refused(&given);
                drop(given);
                let given = source.fetch().await.map_err(UpstreamError::Credentials)?;
                enter_with(config, given, replication, parameters).await
            }
            entered => entered,
        }
    })
    .await
}

/// The same with credentials that come from elsewhere, which the session holds from then on.
async fn enter_with(
    config: &UpstreamConfig,
    given: Credentials,
    replication: Option<Replication>,
    parameters: &[(String, String)],
) -> Result<Upstream, UpstreamError> {
    let Credentials { user, password, lease } = given;
    let user = user.unwrap_or_else(|| config.user.clone());
    let config = UpstreamConfig { user, password: Some(password), ..config.clone() };
    let entered = enter(&config, replication, parameters).await?;
    Ok(Upstream { lease, ..entered })
}

async fn enter(
    config: &UpstreamConfig,
    replication: Option<Replication>,
    parameters: &[(String, String)],
) -> Result<Upstream, UpstreamError> {
    let since = Instant::now();
    let (stream, certificate) = open(config, None).await?;
    let mut connection = Connection { stream, buffered: BytesMut::new() };
    let mut out = Vec::with_capacity(256);
    startup(&mut out, config, replication, parameters)?;
    connection.write(&out).await?;
    sign_in::authenticate(&mut connection, config, certificate.as_deref()).await?;
    Ok(Upstream { since, ..ready(connection).await? })
}

/// Asks the server to cancel what a session runs. `address` is the session's peer
/// (`upstream.stream.peer()`): a host name may stand for several servers, and only one of them
/// knows the session. Returns when the server has closed the connection, which it does when it
/// has passed the signal on.
///
/// # Errors
/// See [`UpstreamError`]; a key that fits nothing is not an error, PostgreSQL does not say.
pub async fn cancel(
    config: &UpstreamConfig,
    address: Option<SocketAddr>,
    process_id: u32,
    secret_key: &[u8],
) -> Result<(), UpstreamError> {
    if secret_key.is_empty() {
        return Ok(());
    }
    within(config.connect_timeout, async {
        let (mut stream, _) = open(config, address).await?;
        let mut out = Vec::with_capacity(32);
        frontend::encode::cancel_request(&mut out, process_id, secret_key)?;
        stream.write_all(&out).await?;
        stream.flush().await?;
        // The answer is the end of the connection; a server that breaks it off has also read it.
        let _ = stream.read_u8().await;
        Ok(())
    })
    .await
}

/// Runs a step under a deadline.
async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, UpstreamError>>,
) -> Result<T, UpstreamError> {
    time::timeout(limit, step).await.unwrap_or(Err(UpstreamError::Slow(limit)))
}

/// Opens a connection, encrypted as configured; also gives the server's certificate (DER).
async fn open(
    config: &UpstreamConfig,
    address: Option<SocketAddr>,
) -> Result<(Stream, Option<Vec<u8>>), UpstreamError> {
    let name = match &config.host {
        Host::Tcp(name) => name,
        Host::Unix(folder) => {
            let socket = folder.join(format!(".s.PGSQL.{}", config.port));
            return Ok((Stream::Unix(UnixStream::connect(socket).await?), None));
        }
    };
    let mut tcp = match address {
        Some(address) => TcpStream::connect(address).await?,
        None => TcpStream::connect((name.as_str(), config.port)).await?,
    };
    net::stream::tune(&tcp)?;
    if let Some(limit) = config.user_timeout {
        net::stream::give_up_after(&tcp, limit)?;
    }
    let Some(tls) = &config.tls else { return Ok((Stream::Tcp(tcp), None)) };
    let mut out = Vec::with_capacity(8);
    frontend::encode::ssl_request(&mut out);
    tcp.write_all(&out).await?;
    // One byte and no more: what came before TLS must not be taken for what came inside it
    // (CVE-2021-23222). Whatever else the server says is in clear and means no.
    match tcp.read_u8().await? {
        b'S' => Ok(net::tls::connect(tcp, name, tls, false).await?),
        _ => Err(UpstreamError::TlsRefused),
    }
}

fn startup(
    out: &mut Vec<u8>,
    config: &UpstreamConfig,
    replication: Option<Replication>,
    parameters: &[(String, String)],
) -> Result<(), UpstreamError> {
    let who = [("user", config.user.as_str()), ("database", config.database.as_str())];
    let how = replication.map(|mode| ("replication", mode.as_str()));
    let others = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    // PostgreSQL lets the last one win: a second `user` would be another role than the configured.
    if let Some((name, _)) = others.clone().find(|(name, _)| RESERVED.contains(name)) {
        return Err(UpstreamError::Reserved(name.to_owned()));
    }
    let all = who.into_iter().chain(how).chain(others);
    let bytes = all.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    frontend::encode::startup(out, handshake::VERSION_3_0, bytes)?;
    Ok(())
}

/// Start-up parameters that are the configuration's alone.
const RESERVED: [&str; 3] = ["user", "database", "replication"];

/// Reads what the server says between sign-in and its first ReadyForQuery.
async fn ready(mut connection: Connection) -> Result<Upstream, UpstreamError> {
    let mut parameter_statuses = Vec::new();
    let mut process_id = 0;
    let mut secret_key = Vec::new();
    loop {
        let (tag, payload) = connection.read(MAX_SIGN_IN_BYTES).await?;
        match tag {
            Tag::ParameterStatus => {
                let status = backend::ParameterStatus::parse(&payload)?;
                if parameter_statuses.len() >= MAX_PARAMETER_STATUSES {
                    return Err(UpstreamError::Unexpected(Tag::ParameterStatus));
                }
                parameter_statuses.push((lossy(status.name), lossy(status.value)));
            }
            Tag::BackendKeyData => {
                let data = backend::BackendKeyData::parse(&payload)?;
                process_id = data.process_id;
                secret_key = data.key.to_vec();
            }
            Tag::ErrorResponse => return Err(ServerError::read(&payload)?.into()),
            Tag::NoticeResponse | Tag::NegotiateProtocolVersion => {}
            Tag::ReadyForQuery => {
                backend::ready_for_query(&payload)?;
                let Connection { stream, buffered } = connection;
                // Sessions can be idle for long: the room that sign-in needed is given back.
                let buffered = if buffered.is_empty() { BytesMut::new() } else { buffered };
                return Ok(Upstream {
                    stream,
                    buffered,
                    lease: None,
                    parameter_statuses,
                    process_id,
                    secret_key,
                    since: Instant::now(),
                });
            }
            other => return Err(UpstreamError::Unexpected(other)),
        }
    }
}

/// A connection with what was read from it and not yet used.
pub(crate) struct Connection {
    pub(crate) stream: Stream,
    pub(crate) buffered: BytesMut,
}

impl Connection {
    /// Writes whole messages.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), UpstreamError> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// Reads one message of at most `limit` bytes.
    pub(crate) async fn read(&mut self, limit: usize) -> Result<(Tag, Bytes), UpstreamError> {
        read(&mut self.stream, &mut self.buffered, limit).await
    }
}

/// Reads one message of at most `limit` bytes.
async fn read(
    stream: &mut Stream,
    buffered: &mut BytesMut,
    limit: usize,
) -> Result<(Tag, Bytes), UpstreamError> {
    loop {
        if let Some(header) = frame::peek(buffered, limit)?
            && frame::complete(buffered, header)
        {
            let payload = buffered.split_to(header.len).freeze().split_off(HEADER);
            let tag = Tag::from_byte(header.tag);
            return tag.map(|tag| (tag, payload)).ok_or(UpstreamError::Unknown(header.tag));
        }
        // A reading brings megabytes: without room they would come in tiny pieces.
        if buffered.capacity() - buffered.len() < READ_BYTES / 4 {
            buffered.reserve(READ_BYTES);
        }
        if stream.read_buf(buffered).await? == 0 {
            return Err(UpstreamError::Closed);
        }
    }
}

const HEADER: usize = frame::HEADER_LEN;

/// How much room a read is given.
const READ_BYTES: usize = 16 * 1024;

/// Settings' names and values are ASCII but for `application_name`, which PostgreSQL cleans.
fn lossy(text: wire_pg::Text<'_>) -> String {
    String::from_utf8_lossy(text.bytes()).into_owned()
}

#[cfg(test)]
mod tests;
