//! Settings of the console. Data only.

use std::time::Duration;

/// `[console]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Groups whose members see what happens.
    pub viewers: Vec<String>,
    /// Groups whose members decide about what waits.
    pub approvers: Vec<String>,
    /// Groups whose members read the record.
    pub auditors: Vec<String>,
    /// Groups whose members may all of it.
    pub admins: Vec<String>,
    /// How long a sign-in lasts when nobody does anything.
    pub idle: Duration,
    /// How long it lasts at most.
    pub lifetime: Duration,
}
