//! What can go wrong with control state. Knows no clients: nobody outside sees these texts raw.

use model::Blame;
use std::{fmt, path::PathBuf};

/// Why a request to the store failed.
#[derive(Debug)]
pub enum StoreError {
    /// The folder or file cannot be made, opened or protected.
    Unusable(PathBuf, std::io::Error),
    /// SQLite cannot open the file.
    Unopened(PathBuf, sqlx::Error),
    /// The file was written by a later version of Weir: its schema, and the latest known here.
    Newer(i64, i64),
    /// There is no identity of this name.
    NoIdentity(String),
    /// There is an identity of this name already.
    IdentityExists(String),
    /// The name cannot be one: the name, and what is wrong with it.
    BadName(String, &'static str),
    /// An agent needs somebody to act for, and only an agent acts for somebody.
    ActsFor(&'static str),
    /// There is no task of this name in force.
    NoTask(String),
    /// An identity has as many requests that wait as it may have.
    TooMany(String),
    /// A credential cannot be added: why.
    Credential(&'static str),
    /// A row holds what this program never writes: what it is.
    Damaged(String),
    /// The system gave no random bytes.
    Random,
    /// SQLite failed: disk, lock, damage.
    Database(sqlx::Error),
}

impl StoreError {
    /// Who is at fault. `Client` is whoever asked for the change.
    pub fn blame(&self) -> Blame {
        match self {
            Self::NoIdentity(_)
            | Self::IdentityExists(_)
            | Self::BadName(..)
            | Self::ActsFor(_)
            | Self::NoTask(_)
            | Self::TooMany(_)
            | Self::Credential(_) => Blame::Client,
            Self::Unusable(..)
            | Self::Unopened(..)
            | Self::Newer(..)
            | Self::Damaged(_)
            | Self::Random
            | Self::Database(_) => Blame::Internal,
        }
    }

    /// What a database client may be told.
    pub fn client_message(&self) -> &'static str {
        match self.blame() {
            Blame::Client => "the request about an identity cannot be carried out",
            Blame::Upstream | Blame::Policy | Blame::Internal => {
                "Weir's control state is not available"
            }
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Unopened(path, error) => {
                write!(f, "control state in {}: {error}", path.display())
            }
            Self::Newer(found, known) => write!(
                f,
                "the control state has schema {found} and this version of Weir knows {known}: it \
                 was written by a later version"
            ),
            Self::NoIdentity(name) => write!(f, "there is no identity \"{name}\""),
            Self::IdentityExists(name) => write!(f, "there is an identity \"{name}\" already"),
            Self::BadName(name, why) => write!(f, "\"{name}\" cannot be a name: {why}"),
            Self::ActsFor(why) | Self::Credential(why) => f.write_str(why),
            Self::NoTask(name) => write!(f, "there is no task \"{name}\" in force"),
            Self::TooMany(name) => write!(
                f,
                "{name} has as many requests that wait, or tasks, as it may have; have some \
                 decided or ended"
            ),
            Self::Damaged(what) => write!(f, "the control state is damaged: {what}"),
            Self::Random => f.write_str("the system gives no random bytes"),
            Self::Database(error) => write!(f, "control state: {error}"),
        }
    }
}

/// What caused it stands in the words: a source would be said twice.
impl std::error::Error for StoreError {}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}
