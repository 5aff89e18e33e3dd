//! Who vouches for people, as the rest of the program reads it.

use crate::secret::SecretSource;
use model::IdentityKind;
use std::{path::PathBuf, time::Duration};

/// `[[provider]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What Weir calls it.
    pub name: String,
    /// What it calls itself.
    pub issuer: String,
    /// The client that is registered there.
    pub client_id: String,
    /// For whom its tokens must be; the client if nothing.
    pub audience: Option<String>,
    /// What it is asked for.
    pub scopes: Vec<String>,
    /// The claim that names people.
    pub name_claim: String,
    /// What the names end with here.
    pub name_suffix: String,
    /// The claim with their groups; `none` if its tokens do not say them.
    pub groups_claim: String,
    /// What its groups begin with here.
    pub groups_prefix: String,
    /// How its tokens may be signed: names of RFC 7518.
    pub algorithms: Vec<String>,
    /// Claims that must be there, with their values.
    pub require: Vec<(String, String)>,
    /// What those are who sign in there.
    pub kind: IdentityKind,
    /// How long a token for databases is good.
    pub lifetime: Duration,
    /// For how long at most it is prolonged.
    pub longest: Duration,
    /// How far its clock may be from this one.
    pub skew: Duration,
    /// The token with which it provisions people and groups, if it does.
    pub scim_token: Option<SecretSource>,
    /// Certificates to believe it by.
    pub ca: Option<PathBuf>,
}
