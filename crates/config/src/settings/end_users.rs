//! Which services say for whom they act, as the rest of the program reads it.

use super::WorkloadKeys;
use std::{path::PathBuf, time::Duration};

/// `[[end_user]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndUsers {
    /// The service that says so.
    pub service: String,
    /// Who signs its tokens.
    pub issuer: String,
    /// For whom they must be, and for nobody else.
    pub audience: String,
    /// Where the keys are.
    pub keys: WorkloadKeys,
    /// How they may be signed: names of RFC 7518.
    pub algorithms: Vec<String>,
    /// The claim that names the person.
    pub name_claim: String,
    /// What the names end with here.
    pub name_suffix: String,
    /// From its making to its end, how long a token may be good.
    pub longest: Duration,
    /// A token is taken once.
    pub once: bool,
    /// How far the signer's clock may be from this one.
    pub skew: Duration,
    /// Certificates to believe the keys' address by.
    pub ca: Option<PathBuf>,
}
