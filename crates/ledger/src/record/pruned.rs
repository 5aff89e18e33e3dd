//! The record of records that were removed: all that is left to tell of them. Knows no file.

use super::{Text, is_zero};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Records were removed because their time was over. Their hashes stay in the tree, so every proof
/// of them and of all others holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pruned<'a> {
    /// When.
    pub time: Time,
    /// By whom: `weir`.
    pub by: Text<'a>,
    /// The first of them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub from: u64,
    /// The first after them.
    pub before: u64,
    /// By which rule: `ledger.retention = \"400d\"`.
    pub rule: Text<'a>,
    /// When the oldest of them was written, as far as they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Time>,
    /// When the newest was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Time>,
    /// How many before that stay, because later records refer to them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub kept: u64,
}
