//! Records of what did not run: a refusal, and an intent that could not be written.

use super::{List, Text, Via, Work, is_empty};
use crate::{
    ids::{Hash, ShapeId, StatementId},
    time::Time,
};
use serde::{Deserialize, Serialize};

/// A statement was not run: its only record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refused<'a> {
    /// The statement.
    pub statement: StatementId,
    /// When.
    pub time: Time,
    /// What it is; absent if it was refused before it was analysed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<ShapeId>,
    /// Keyed hash of the text as it came.
    pub text: Hash,
    /// Keyed hashes of the first [`super::HASHED_PARAMETERS`] literals of its text.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub literals: List<'a, Hash>,
    /// How it came.
    pub via: Via,
    /// The SQLSTATE that the client was given.
    pub sqlstate: Text<'a>,
    /// Why, where the shape does not say it: `rate limit`, `protocol feature`, …
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub reason: Text<'a>,
    /// The W3C `traceparent` that a comment of the text claims (sqlcommenter).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Text<'a>>,
    /// What it was part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Box<Work<'a>>>,
}

/// An intent or a sign-in that could not be written stood here; nothing came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Withdrawn<'a> {
    /// Why: `no space`, `input/output error`, …
    pub reason: Text<'a>,
}
