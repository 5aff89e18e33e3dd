//! `[vault]`: where passwords of upstreams can stand. Data only.

use crate::secret::SecretSource;
use std::path::PathBuf;

/// `[vault]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// Its address, without a slash at its end.
    pub address: String,
    /// Its namespace, where it has those.
    pub namespace: Option<String>,
    /// PEM file of certificate authorities; `None` means the system's.
    pub ca: Option<PathBuf>,
    /// How Weir signs in there.
    pub auth: VaultAuth,
}

/// How Weir signs in at a Vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultAuth {
    /// By a token that is there.
    Token(SecretSource),
    /// By AppRole.
    AppRole {
        /// Where it is mounted.
        mount: String,
        /// The role's id.
        role_id: String,
        /// Where its secret is.
        secret_id: SecretSource,
    },
    /// By the token of a Kubernetes service account.
    Kubernetes {
        /// Where it is mounted.
        mount: String,
        /// The role.
        role: String,
        /// Where the service account's token is.
        jwt: SecretSource,
    },
}
