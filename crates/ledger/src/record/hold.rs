//! Records of statements that wait for approval. Knows no statement of theirs: the hold's name is
//! the id of one.

use super::{List, Text, is_empty};
use crate::{
    ids::{Hash, ShapeId},
    time::Time,
};
use serde::{Deserialize, Serialize};

/// The approval that a statement ran by; it serves no other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approved<'a> {
    /// The hold: the id of the statement that waited.
    pub hold: Text<'a>,
    /// Who approved, in the order in which they did: `carol`; `dave for carol` with a voice that
    /// was handed on.
    pub by: List<'a, Text<'a>>,
}

/// A statement waits for approval, or what it waited for came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HoldChanged<'a> {
    /// When.
    pub time: Time,
    /// The hold: the id of the statement that waits.
    pub hold: Text<'a>,
    /// For which database.
    pub database: Text<'a>,
    /// Who asked: the chain of actors.
    pub identity: Text<'a>,
    /// Who did this: the same, whoever approves or denies, or `weir`.
    pub by: Text<'a>,
    /// `held`, `escalated`, `consented`, `approved`, `denied`, `expired`, `withdrawn`, `used`.
    pub what: Text<'a>,
    /// On `held`: what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<ShapeId>,
    /// On `held`: keyed hash of the text as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Hash>,
    /// On `held`: keyed hashes of the first [`HASHED_PARAMETERS`] bind values.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub parameters: List<'a, Hash>,
    /// On `held`: whose consent it needs, one sentence each.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub needs: List<'a, Text<'a>>,
    /// Why, in the words of whoever did it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub reason: Text<'a>,
    /// By which way they said it: `command line`, `api`, a channel's name.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub via: Text<'a>,
    /// Whose voice it was, where it was not their own.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub on_behalf: List<'a, String>,
}
