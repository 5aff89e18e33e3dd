//! The settings as the rest of the program reads them. Data only: how a key is written, checked and
//! defaulted stands in `load`.

mod channels;
mod clouds;
mod console;
mod databases;
mod end_users;
mod providers;
mod transmitters;
mod vault;
mod workloads;

pub use channels::{Channel, ChannelTo, DecisionHook, Email, EmailTls, Shows, Slack};
pub use clouds::{Application, Aws, Azure, Clouds, Gcp, Iam, Proof};
pub use console::Console;
pub use databases::{Database, RoleOf, RoleRule, Upstream, UpstreamTls, WithoutRole};
pub use end_users::EndUsers;
pub use providers::Provider;
pub use transmitters::Transmitter;
pub use vault::{Vault, VaultAuth};
pub use workloads::{Workload, WorkloadKeys, WorkloadRule};

use crate::{problem::Problem, secret::SecretSource};
use model::Class;
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tlog::{CosignatureVerifier, VerifierKey};

/// A file without problems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The file this was read from.
    pub file: PathBuf,
    /// Folder of the control state, the ledger and the development certificate.
    pub state_dir: PathBuf,
    /// Where to listen.
    pub listen: Listen,
    /// How clients are spoken to.
    pub tls: Tls,
    /// An authority of Weir's own.
    pub ca: Option<Authority>,
    /// Where policies are.
    pub policies: Policies,
    /// Limits on everything.
    pub limits: Limits,
    /// The databases clients may ask for, in the order of the file. Never empty; names are unique.
    pub databases: Vec<Database>,
    /// The API.
    pub api: Api,
    /// The console.
    pub console: Console,
    /// Requests for approval.
    pub approvals: Approvals,
    /// Keys of services and agents.
    pub keys: Keys,
    /// Who vouches for people, in the order of the file. Names and issuers are unique.
    pub providers: Vec<Provider>,
    /// Who vouches for services, in the order of the file. Names and issuers are unique.
    pub workloads: Vec<Workload>,
    /// Who says what happened to people, in the order of the file. Names and issuers are unique.
    pub transmitters: Vec<Transmitter>,
    /// Which services say for whom they act, in the order of the file. Services are unique.
    pub end_users: Vec<EndUsers>,
    /// Where people hear of requests, in the order of the file. Names are unique.
    pub channels: Vec<Channel>,
    /// Where passwords of upstreams can stand.
    pub vault: Option<Vault>,
    /// What Weir is in a cloud.
    pub clouds: Clouds,
    /// How columns are labelled.
    pub labels: Labels,
    /// Values that were planted.
    pub canaries: Vec<Canary>,
    /// The record.
    pub ledger: Ledger,
    /// For whom this Weir is a witness.
    pub witness: Witnessing,
    /// Where records go as events, in the order of the file. Names are unique.
    pub exports: Vec<Export>,
    /// How to log.
    pub log: Log,
    /// What is allowed but deserves a second look. Same form as problems.
    pub warnings: Vec<Problem>,
}

/// `[listen]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Address for PostgreSQL clients.
    pub postgres: SocketAddr,
    /// Address for health, readiness and metrics; `None` if switched off.
    pub http: Option<SocketAddr>,
    /// Address for the API; `None` if switched off.
    pub api: Option<SocketAddr>,
}

/// `[api]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// How long somebody who signed in stays signed in.
    pub session_lifetime: Duration,
    /// Where people reach it; without a slash at its end.
    pub url: Option<String>,
}

/// `[approvals]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approvals {
    /// How long a request that is over is kept.
    pub keep: Duration,
    /// Whose consent counts without a signature.
    pub unsigned: Consent,
}

/// Whose consent counts without a signature of a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// That of persons who have none.
    Keyless,
    /// Everybody's.
    All,
    /// Nobody's.
    None,
}

/// `[keys]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// How long a key is good if nothing else is said.
    pub lifetime: Duration,
    /// How long a key is good at most.
    pub longest: Duration,
    /// How long a token is good that an agent has for a person's.
    pub delegated: Duration,
}

/// `[tls]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM files of certificate chain and private key; `None` means the development certificate.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// From where clients may connect without TLS.
    pub plaintext: Plaintext,
    /// PEM file of the authorities whose certificates clients may show.
    pub client_ca: Option<PathBuf>,
    /// Which names in them sign in as whom.
    pub clients: Vec<ClientName>,
}

/// `[[tls.client]]`: a name in a client's certificate, and who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientName {
    /// A URI (`spiffe://…`), `dns:` and a host name, or `cn:` and a common name. One `*` stands for
    /// a part without a slash.
    pub san: String,
    /// The identity; a `*` in it is what the name's stood for.
    pub identity: String,
}

/// From where clients may connect without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plaintext {
    /// From this machine's own loopback addresses.
    Loopback,
    /// From nowhere.
    Never,
    /// From anywhere: for networks that encrypt below TCP.
    Anywhere,
}

/// `[ca]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The trust domain of its SPIFFE IDs.
    pub trust_domain: String,
    /// How long a certificate is good unless something else is said.
    pub lifetime: Duration,
    /// How long one is good at most.
    pub longest: Duration,
}

/// `[policies]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    /// Folder of `.cedar` files over the shipped baseline; `None` for the baseline alone.
    pub dir: Option<PathBuf>,
}

/// `[ledger]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Its name in its checkpoints, if it begins now.
    pub name: Option<String>,
    /// How often witnesses are asked and the anchor is written.
    pub interval: Duration,
    /// How long texts that policy keeps can be read; `None` means until somebody destroys the key.
    pub keep_text: Option<Duration>,
    /// How long records are kept; `None` means for ever.
    pub retention: Option<Duration>,
    /// Why nothing that was kept may be destroyed now.
    pub hold: Option<String>,
    /// Where copies of checkpoints go.
    pub anchor: Option<PathBuf>,
    /// Repositories into which checkpoints are committed.
    pub repositories: Vec<Repository>,
    /// Object stores that keep checkpoints.
    pub buckets: Vec<Bucket>,
    /// Who cosigns.
    pub witnesses: Vec<Witness>,
}

/// `[[ledger.git]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// A clone of it.
    pub path: PathBuf,
    /// Where it is pushed.
    pub remote: String,
    /// How often, if there is something new.
    pub interval: Duration,
}

/// `[[ledger.bucket]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The server, the bucket and what objects' names begin with, without a slash at its end.
    pub url: String,
    /// Where it is, for signatures.
    pub region: String,
    /// The key's name.
    pub access_key: String,
    /// Where the key is.
    pub secret_key: SecretSource,
    /// PEM file of certificate authorities; `None` means the system's.
    pub ca: Option<PathBuf>,
    /// For how long nobody may remove or replace an object.
    pub retention: Duration,
    /// How often, if there is something new.
    pub interval: Duration,
}

/// `[[ledger.witness]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The submission prefix, without a slash at its end.
    pub url: String,
    /// Its public key.
    pub key: CosignatureVerifier,
}

/// `[witness]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessing {
    /// This witness's name, if its key is made now.
    pub name: Option<String>,
    /// The ledgers' keys; none means that this Weir is no witness.
    pub logs: Vec<VerifierKey>,
}

/// `[limits]`. `None` means no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From connect to the end of sign-in.
    pub sign_in_timeout: Duration,
    /// A session in which the client has sent nothing for so long ends.
    pub idle_timeout: Option<Duration>,
    /// A statement that runs longer is cancelled.
    pub statement_timeout: Option<Duration>,
    /// How long open sessions may go on after SIGTERM.
    pub drain_timeout: Duration,
    /// Client connections at once.
    pub max_connections: usize,
    /// Client connections at once of one identity.
    pub max_connections_per_identity: usize,
    /// Connections at once that have not signed in yet.
    pub max_signing_in: usize,
    /// Longest statement text that is analysed.
    pub max_statement_bytes: usize,
    /// Longest message of a client that is accepted.
    pub max_message_bytes: usize,
}

/// `[labels]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// After how long all columns are sampled anew; `None` for never.
    pub refresh: Option<Duration>,
    /// Rules, in the order of the file.
    pub rules: Vec<LabelRule>,
}

/// `[[labels.rule]]`. What is absent does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRule {
    /// The label's word.
    pub label: String,
    /// Its class.
    pub class: Class,
    /// The database, by the name clients ask for.
    pub database: Option<String>,
    /// A pattern of schemas' names.
    pub schema: Option<String>,
    /// A pattern of tables' names.
    pub table: Option<String>,
    /// A pattern of columns' names.
    pub column: Option<String>,
    /// Names of types, in small letters.
    pub types: Vec<String>,
    /// An expression that is one for sure and can match.
    pub value: Option<String>,
}

/// `[[canary]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// What people call it.
    pub name: String,
    /// What to look for.
    pub value: String,
    /// The database it is planted in, by the name clients ask for.
    pub database: Option<String>,
    /// The group whose members may be sent it.
    pub spare: Option<String>,
}

/// `[[export]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name: in logs, metrics and of its cursor's file.
    pub name: String,
    /// Where to.
    pub to: ExportTo,
    /// What records leave as.
    pub format: ExportFormat,
    /// Begin with the first record of the ledger, and not with what comes.
    pub from_start: bool,
}

/// What records leave as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// OCSF events of everything.
    Ocsf,
    /// OpenTelemetry spans of statements.
    Spans,
    /// OpenLineage run events.
    OpenLineage {
        /// The namespace of datasets.
        namespace: Option<String>,
    },
}

/// Where records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportTo {
    /// A file of JSON lines.
    File {
        /// Where.
        path: PathBuf,
        /// A file that is at least this long is set aside.
        rotate: u64,
        /// So many that were set aside are kept.
        keep: u64,
    },
    /// A folder of Parquet files, by days.
    Parquet {
        /// Where.
        path: PathBuf,
        /// Files are finished when together they are at least this long,
        rotate: u64,
        /// or this old.
        every: Duration,
    },
    /// A syslog server.
    Syslog {
        /// Its host name or IP address.
        host: String,
        /// Its TCP port.
        port: u16,
        /// Over TLS.
        tls: bool,
        /// PEM file of certificate authorities; `None` means the system's.
        ca: Option<PathBuf>,
        /// The longest message that it takes.
        message: usize,
    },
    /// A server that takes HTTP POST.
    Webhook {
        /// `https://…` or `http://…`.
        url: String,
        /// PEM file of certificate authorities; `None` means the system's.
        ca: Option<PathBuf>,
        /// Where the key is that signs.
        secret: SecretSource,
    },
    /// A collector of OpenTelemetry.
    Otlp {
        /// `https://…` or `http://…`.
        url: String,
        /// PEM file of certificate authorities; `None` means the system's.
        ca: Option<PathBuf>,
        /// Where the bearer's token is, if it asks for one.
        token: Option<SecretSource>,
    },
    /// A stream of NATS JetStream.
    Nats {
        /// `tls://…` or `nats://…`.
        url: String,
        /// PEM file of certificate authorities; `None` means the system's.
        ca: Option<PathBuf>,
        /// What events are published as.
        subject: String,
        /// User, and where the password is.
        user: Option<(String, SecretSource)>,
    },
}

/// `[log]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// Least important level that is written.
    pub level: LogLevel,
    /// Form of a line.
    pub format: LogFormat,
}

/// Log levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// What needs a person.
    Error,
    /// What may need one.
    Warn,
    /// What happened.
    Info,
    /// What happened inside.
    Debug,
    /// Everything.
    Trace,
}

/// Forms of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

impl Config {
    /// The database for a name that a client asks for: the one of that name, else the `*` one. The
    /// second value is the database to ask the upstream for.
    pub fn database<'c>(&'c self, asked: &'c str) -> Option<(&'c Database, &'c str)> {
        let exact = self.databases.iter().find(|one| one.name == asked && one.name != "*");
        let database = exact.or_else(|| self.databases.iter().find(|one| one.name == "*"))?;
        let upstream = database.upstream.database.as_deref();
        Some((database, upstream.unwrap_or(asked)))
    }
}

impl LogLevel {
    /// The word in the file and for filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}
