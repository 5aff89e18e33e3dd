//! Who says what happened to people, as the rest of the program reads it.

use super::WorkloadKeys;
use crate::secret::SecretSource;
use std::{path::PathBuf, time::Duration};

/// `[[transmitter]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmitter {
    /// What Weir calls it.
    pub name: String,
    /// What it calls itself.
    pub issuer: String,
    /// For whom its events are.
    pub audience: String,
    /// The provider whose people it speaks of.
    pub provider: String,
    /// Where its keys are.
    pub keys: WorkloadKeys,
    /// How its events may be signed: names of RFC 7518.
    pub algorithms: Vec<String>,
    /// What it shows beside the signature, if it does.
    pub token: Option<SecretSource>,
    /// How far its clock may be from this one.
    pub skew: Duration,
    /// Certificates to believe it by.
    pub ca: Option<PathBuf>,
}
