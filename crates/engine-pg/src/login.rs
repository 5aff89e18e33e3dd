//! From a raw connection to a proven identity: encryption, start-up packet, SCRAM. Knows neither
//! upstreams nor statements, and never asks for a password in the clear.
//!
//! ```text
//! opening ─▶ (TLS) ─▶ startup ─▶ attempts ─▶ SCRAM ─▶ AuthenticationOk ─▶ Entrance::Client
//!    └─▶ Entrance::Cancel
//! ```
//!
//! What follows AuthenticationOk (ParameterStatus, BackendKeyData, ReadyForQuery) is the
//! session's. Until then one deadline covers everything, so a silent client costs one place among
//! those who have not signed in, and only for so long.

mod bearer;
mod certificate;
pub mod forward;
mod opening;
mod options;
mod refusal;
mod sasl;
mod startup;
mod talk;

pub use bearer::{Answer, Bearers};
pub use certificate::ClientRule;
pub use refusal::{Reason, Refused};

use crate::{inside::Side, upstream::Replication};
use bytes::BytesMut;
use identity::{Admitted, Attempts, Credential, Directory};
use model::Identity;
use net::{ClientCertificate, Stream, tls::ServerTls};
use opening::Opened;
use startup::Wish;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};
use talk::Talk;
use tokio::{net::TcpStream, time::timeout};

/// How long a client may take from connecting to having signed in (PostgreSQL's
/// `authentication_timeout` is a minute; nobody types a password while connected).
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);

/// From where a client may sign in without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plaintext {
    /// From nowhere, not even this machine.
    Never,
    /// From this machine.
    Loopback,
    /// From anywhere: for networks that encrypt by themselves.
    Anywhere,
}

/// What a sign-in is checked against; shared by all connections of a listener.
#[derive(Debug)]
pub struct Door {
    /// The certificate shown to clients; without one, TLS is refused.
    pub tls: Option<ServerTls>,
    /// Who there is.
    pub directory: Arc<Directory>,
    /// Who guessed too often. Shared with other doors, so that they cannot be tried in turn.
    pub attempts: Arc<Mutex<Attempts>>,
    /// Whose a bearer's token is; without it no tokens are taken but as passwords.
    pub bearers: Option<Bearers>,
    /// Who is meant by a token of an end user; without it nobody acts for one.
    pub asserts: Option<crate::relay::Asserts>,
    /// From where TLS may be missing.
    pub plaintext: Plaintext,
    /// For everything until AuthenticationOk.
    pub deadline: Duration,
    /// Whom names in clients' certificates sign in.
    pub clients: Vec<ClientRule>,
}

impl Door {
    /// A door with the default limits, where plain connections come from this machine only.
    pub fn new(tls: Option<ServerTls>, directory: Arc<Directory>) -> Self {
        Self {
            tls,
            directory,
            attempts: Arc::default(),
            bearers: None,
            asserts: None,
            plaintext: Plaintext::Loopback,
            deadline: DEFAULT_DEADLINE,
            clients: Vec::new(),
        }
    }

    /// Who takes a bearer's token on this connection: it crosses no network in the clear.
    fn bearers(&self, peer: SocketAddr, tls: bool) -> Option<&Bearers> {
        let safe = tls || peer.ip().to_canonical().is_loopback();
        self.bearers.as_ref().filter(|_| safe)
    }

    fn allows_plaintext(&self, peer: SocketAddr) -> bool {
        match self.plaintext {
            Plaintext::Never => false,
            Plaintext::Loopback => peer.ip().to_canonical().is_loopback(),
            Plaintext::Anywhere => true,
        }
    }
}

/// What a connection turned out to be for.
#[derive(Debug)]
pub enum Entrance {
    /// Somebody signed in.
    Client(Box<Client>),
    /// A request to cancel a statement of another session. It proves nothing but its key.
    Cancel {
        /// The process id that the other session was told.
        process_id: u32,
        /// The key that it claims to have; compare by [`crate::cancel::Registry::find`].
        key: Vec<u8>,
        /// To be dropped when the request was carried out, whether or not the key was right: the
        /// client waits for the end of the connection to know that its request is over.
        connection: Stream,
    },
}

/// A client that has proven who it is and has been told so.
#[derive(Debug)]
pub struct Client {
    /// The connection.
    pub stream: Stream,
    /// What was read from it beyond the sign-in.
    pub buffered: BytesMut,
    /// Who it is.
    pub identity: Arc<Identity>,
    /// What it has signed in with; nothing for a part of the program that ends its sessions itself.
    pub credential: Option<Arc<Credential>>,
    /// When it began to prove who it is.
    pub signed_in: std::time::SystemTime,
    /// The database it asked for; the name it signed in by if it asked for none.
    pub database: String,
    /// What it calls itself; empty if it does not say. A claim, never a right.
    pub application_name: String,
    /// Settings it asked for, in the order in which they apply (the last of a name wins): those of
    /// `options` first, then the other start-up parameters, `application_name` included. Names as
    /// the client wrote them; nothing is judged yet.
    pub settings: Vec<(String, String)>,
    /// The replication mode it asked for.
    pub replication: Option<Replication>,
    /// The minor version of protocol 3 that was agreed on.
    pub protocol_minor: u16,
    /// Its address.
    pub peer: SocketAddr,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// When the certificate that it signed in by begins, and when it is good no longer.
    pub certified: Option<(SystemTime, SystemTime)>,
    /// How it proved who it is, for the record.
    pub method: &'static str,
    /// By which way its statements come, if not by messages of the protocol.
    pub via: Option<gate::Via>,
    /// It is a part of the program, on behalf of somebody.
    pub(crate) side: Side,
}

/// Signs a client in, or learns that it wants to cancel. `now` is when the connection came in.
///
/// Runs to its end or to the door's deadline, whichever is first. A client that is refused has
/// been told so when this returns; the connection is closed then.
///
/// # Errors
/// Everything that is not a sign-in or a cancel request, with what is known for the record.
pub async fn sign_in(
    stream: TcpStream,
    peer: SocketAddr,
    door: &Door,
    now: Instant,
) -> Result<Entrance, Refused> {
    let mut refused =
        Refused { peer, name: None, database: None, tls: false, reason: Reason::Gone };
    let outcome = timeout(door.deadline, enter(stream, peer, door, now, &mut refused)).await;
    let reason = match outcome {
        Ok(Ok(entrance)) => return Ok(entrance),
        Ok(Err(reason)) => reason,
        Err(_elapsed) => Reason::TooSlow,
    };
    Err(Refused { reason, ..refused })
}

/// The way in. `known` collects what the record of a refusal should say.
async fn enter(
    tcp: TcpStream,
    peer: SocketAddr,
    door: &Door,
    now: Instant,
    known: &mut Refused,
) -> Result<Entrance, Reason> {
    let (stream, end_point, opened) = opening::open(tcp, door.tls.as_ref()).await?;
    known.tls = stream.is_tls();
    let shown = Shown { end_point, certificate: stream.client_certificate() };
    let mut talk = Talk::new(stream);
    let signed_in = std::time::SystemTime::now();
    let packet = match opened {
        Opened::Startup(packet) => packet,
        Opened::Cancel { process_id, key } => {
            return Ok(Entrance::Cancel { process_id, key, connection: talk.into_parts().0 });
        }
        Opened::Unsupported { major, minor } => {
            return Err(talk.refuse(Reason::Version { major, minor }).await);
        }
    };
    match admit(&mut talk, &packet, shown, peer, door, now, known).await {
        Ok((wish, (identity, credential), method, certified)) => {
            let (stream, buffered) = talk.into_parts();
            let tls = stream.is_tls();
            let Wish { database, application_name, settings, replication, minor, .. } = wish;
            Ok(Entrance::Client(Box::new(Client {
                stream,
                buffered,
                identity,
                credential,
                signed_in,
                database,
                application_name,
                settings,
                replication,
                protocol_minor: minor,
                peer,
                tls,
                certified,
                method,
                via: None,
                side: Side::default(),
            })))
        }
        Err(reason) => Err(talk.refuse(reason).await),
    }
}

/// What the two sides showed one another in the TLS handshake.
struct Shown {
    /// The hash of the server's certificate.
    end_point: Option<Vec<u8>>,
    /// The client's certificate.
    certificate: Option<ClientCertificate>,
}

/// What it wishes, who sent it, how that was proven, and until when a certificate proves it.
type Proven = (
    Wish,
    (Arc<Identity>, Option<Arc<Credential>>),
    &'static str,
    Option<(SystemTime, SystemTime)>,
);

/// Everything after the start-up packet has come: what it wishes, who sent it, and how that was
/// proven.
async fn admit(
    talk: &mut Talk,
    packet: &[u8],
    shown: Shown,
    peer: SocketAddr,
    door: &Door,
    now: Instant,
    known: &mut Refused,
) -> Result<Proven, Reason> {
    let mut wish = startup::read(packet)?;
    known.name = Some(wish.name.clone());
    known.database = Some(wish.database.clone());
    startup::negotiate(talk, &wish).await?;
    if !known.tls && !door.allows_plaintext(peer) {
        return Err(Reason::Plaintext { tls_offered: door.tls.is_some() });
    }
    let Shown { end_point, certificate } = shown;
    if let Some(ClientCertificate { names, begins, ends }) = certificate
        && let Some(identity) =
            certificate::sign_in(talk, &wish.name, (&names, begins), door).await?
    {
        return Ok((wish, (identity, None), certificate::METHOD, Some((begins, ends))));
    }
    let bearers = door.bearers(peer, known.tls);
    let only = asks_for_bearer(&mut wish.settings)?;
    let ways = sasl::Ways { end_point, bearers, only_bearer: only };
    let (admitted, method) = sasl::sign_in(talk, &wish.name, ways, peer, door, now).await?;
    let Admitted { identity, credential } = admitted;
    Ok((wish, (identity, Some(credential)), method, None))
}

/// True if the client asks to sign in as a bearer and by nothing else. The setting is Weir's own
/// and goes no further.
fn asks_for_bearer(settings: &mut Vec<(String, String)>) -> Result<bool, Reason> {
    let (name, value) = bearer::SETTING;
    let asked = |setting: &(String, String)| setting.0.eq_ignore_ascii_case(name);
    if settings.iter().any(|setting| asked(setting) && setting.1 != value) {
        return Err(Reason::Parameter(format!("{name} can be {value} only")));
    }
    let before = settings.len();
    settings.retain(|setting| !asked(setting));
    Ok(settings.len() < before)
}

#[cfg(test)]
mod tests;
