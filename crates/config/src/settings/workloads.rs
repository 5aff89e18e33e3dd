//! Who vouches for services, as the rest of the program reads it.

use std::{path::PathBuf, time::Duration};

/// `[[workload]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// What Weir calls it.
    pub name: String,
    /// What it calls itself.
    pub issuer: String,
    /// For whom its tokens must be, and for nobody else.
    pub audience: String,
    /// Where its keys are.
    pub keys: WorkloadKeys,
    /// How its tokens may be signed: names of RFC 7518.
    pub algorithms: Vec<String>,
    /// Which claims make whom.
    pub rules: Vec<WorkloadRule>,
    /// Whether a token is exchanged once.
    pub once: bool,
    /// How long a token for databases is good.
    pub lifetime: Duration,
    /// How far its clock may be from this one.
    pub skew: Duration,
    /// Certificates to believe it by.
    pub ca: Option<PathBuf>,
}

/// Where the keys of a `[[workload]]` are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkloadKeys {
    /// Where its own description says.
    Discovery,
    /// At an address.
    Url(String),
    /// In a file.
    File(PathBuf),
}

/// `[[workload.rule]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadRule {
    /// Who it is: a service or an agent.
    pub identity: String,
    /// What the token must say, all of it: a claim and its value, in which `*` stands for a part.
    pub claims: Vec<(String, String)>,
    /// The databases that it is for; all if empty.
    pub databases: Vec<String>,
}
