//! `[[database]]`: what clients ask for, and what is behind it. Data only.

use super::Iam;
use crate::secret::SecretSource;
use std::{path::PathBuf, time::Duration};

/// `[[database]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// The name clients ask for, or `*` for any other name.
    pub name: String,
    /// What policies know it as: production, staging, development, …
    pub environment: String,
    /// As which roles of it sessions work, in the order of the file.
    pub roles: Vec<RoleRule>,
    /// What becomes of sessions that none of them is for.
    pub without_role: WithoutRole,
    /// The real database.
    pub upstream: Upstream,
}

/// `[database.upstream]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The upstream's own name of the database; `None` means the name the client asked for.
    pub database: Option<String>,
    /// Role to sign in as; empty if what stands at `vault` names it.
    pub user: String,
    /// Where its password is; `None` if the upstream asks for none.
    pub password: Option<SecretSource>,
    /// How the upstream is spoken to.
    pub tls: UpstreamTls,
    /// PEM file of certificate authorities; `None` means the system's.
    pub ca: Option<PathBuf>,
    /// PEM files of a client certificate and its private key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// From connect to the end of sign-in at the upstream.
    pub connect_timeout: Duration,
    /// How long what was sent there may stay unacknowledged; `None` leaves it to the system.
    pub tcp_user_timeout: Option<Duration>,
    /// How many connections of one identity are kept for its next sessions; 0 keeps none.
    pub keep: usize,
    /// How long one is kept.
    pub keep_idle: Duration,
    /// How old one may be that is kept.
    pub keep_age: Duration,
    /// After how long an idle session gives its connection up; `None` lets it keep it.
    pub release_idle: Option<Duration>,
    /// The path at the Vault that says with what to sign in.
    pub vault: Option<String>,
    /// The cloud by whose word to sign in. TLS is [`UpstreamTls::VerifyFull`] then.
    pub iam: Option<Iam>,
}

/// How an upstream is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamTls {
    /// Without TLS.
    Disable,
    /// With TLS, whoever answers.
    Require,
    /// With TLS, a certificate by a known authority, and the right host name in it.
    VerifyFull,
}

/// `[[database.role]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRule {
    /// Whose sessions.
    pub whose: RoleOf,
    /// The role of the database that they work as.
    pub role: String,
}

/// Whose sessions a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleOf {
    /// One identity's.
    Identity(String),
    /// Those of everybody in a group.
    Group(String),
}

/// What becomes of sessions that no `[[database.role]]` is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutRole {
    /// They are refused.
    Refuse,
    /// They work as the upstream's user.
    Upstream,
}
