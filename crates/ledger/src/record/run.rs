//! The beginning and the end of a run of Weir. Does not know what came between.

use super::{List, Text, is_empty, is_zero};
use crate::{ids::SessionId, time::Time};
use serde::{Deserialize, Serialize};

/// Weir opened the log; what it found there is part of the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started<'a> {
    /// When.
    pub time: Time,
    /// The node's name.
    pub node: Text<'a>,
    /// Weir's version.
    pub version: Text<'a>,
    /// Process id.
    pub process: u32,
    /// How many records were found.
    pub records: u64,
    /// True if the run before ended with `stopped`, or there was none.
    pub clean: bool,
    /// Bytes of a record that was being written when the run before died; removed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub torn_bytes: u64,
    /// Damage found in what was there, in words; left in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage: Option<Text<'a>>,
    /// Sessions of the run before that have no `session_closed`. Their statements that have an
    /// `intent` and no `outcome` may have run or not.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub open_sessions: List<'a, SessionId>,
    /// How many such statements there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown_outcomes: u64,
}

/// Weir closed the log in good order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stopped<'a> {
    /// When.
    pub time: Time,
    /// Why: `signal`, `reload`, …
    pub reason: Text<'a>,
}
