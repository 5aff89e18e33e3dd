//! Records of grants: the rights of a group for a while. Knows no policy.

use super::{List, Text, hold::Signed, is_empty, is_false, is_zero};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Somebody asked for a grant, or what they asked for came or ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GrantChanged<'a> {
    /// When.
    pub time: Time,
    /// The grant.
    pub grant: Text<'a>,
    /// The group whose rights it gives.
    pub group: Text<'a>,
    /// On which databases.
    pub databases: List<'a, String>,
    /// To whom: the chain of actors.
    pub identity: Text<'a>,
    /// Who did this: the same, whoever consents, denies, revokes or reviews, or `weir`.
    pub by: Text<'a>,
    /// `requested`, `escalated`, `consented`, `granted`, `begun`, `ended`, `revoked`, `denied`,
    /// `expired`, `void`, `reviewed`, `review: fine`, `review: not_fine`.
    pub what: Text<'a>,
    /// It is a break-glass grant.
    #[serde(default, skip_serializing_if = "is_false")]
    pub emergency: bool,
    /// On `requested`: for how long.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seconds: u64,
    /// On `begun`: when it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// On `requested`: whose consent it needs, one sentence each.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub needs: List<'a, Text<'a>>,
    /// On `requested`: who must review it, one sentence each.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub reviewers: List<'a, Text<'a>>,
    /// What for, or why, in the words of whoever did it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub reason: Text<'a>,
    /// By which way they said it: `command line`, `api`, a channel's name.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub via: Text<'a>,
    /// Whose voice it was, where it was not their own.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub on_behalf: List<'a, String>,
    /// On `consented`, `granted`, `denied`: how it was signed by a key of whoever said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Box<Signed<'a>>>,
}
