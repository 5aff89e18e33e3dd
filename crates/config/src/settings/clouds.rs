//! `[aws]`, `[gcp]`, `[azure]`: what Weir is in a cloud that knows who it is. Data only.

use crate::secret::SecretSource;
use std::path::PathBuf;

/// By whose word Weir signs in at an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Iam {
    /// RDS and Aurora: a request that Weir signs with the keys that AWS gave it.
    Aws,
    /// Cloud SQL and AlloyDB: an access token of a service account.
    Gcp,
    /// Azure Database: an access token of Microsoft Entra.
    Azure,
}

/// All three; each is read whether an upstream needs it or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clouds {
    /// `[aws]`.
    pub aws: Aws,
    /// `[gcp]`.
    pub gcp: Gcp,
    /// `[azure]`.
    pub azure: Azure,
}

/// `[aws]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aws {
    /// The region of hosts whose names do not say it.
    pub region: Option<String>,
    /// The profile in the shared file of keys.
    pub profile: Option<String>,
    /// The instance's metadata service, without a slash at its end.
    pub metadata: String,
}

/// `[gcp]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gcp {
    /// The key of a service account; `None` means the instance's own.
    pub key_file: Option<PathBuf>,
    /// The metadata server, without a slash at its end.
    pub metadata: String,
}

/// `[azure]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Azure {
    /// The id of an application, or of one managed identity among several.
    pub client_id: Option<String>,
    /// An application's own proof; `None` means a managed identity.
    pub application: Option<Application>,
    /// The instance's metadata service, without a slash at its end.
    pub metadata: String,
}

/// With what an application signs in at Entra.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Where Entra is, without a slash at its end.
    pub authority: String,
    /// The tenant's id.
    pub tenant: String,
    /// What shows that it is the application.
    pub proof: Proof,
}

/// What shows that somebody is an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A secret that both know.
    Secret(SecretSource),
    /// A token of its platform's, read anew each time.
    Token(SecretSource),
}
