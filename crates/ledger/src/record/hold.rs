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
    /// How it was signed by a key of whoever said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Box<Signed<'a>>>,
}

/// A signature of a passkey or security key (WebAuthn) over a decision, with all that it takes to
/// check it: what was signed is made of the hold or grant, `digest`, the decision and the person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signed<'a> {
    /// What its holder calls the key.
    pub name: Text<'a>,
    /// The key's id.
    pub id: Text<'a>,
    /// Its public half: `ES256:`, `EdDSA:` or `RS256:` and the key as base64url.
    pub public: Text<'a>,
    /// What an approval of the hold is bound to, or what the grant is: hexadecimal.
    pub digest: Text<'a>,
    /// What the browser asked the key for (`clientDataJSON`): base64url.
    pub client: Text<'a>,
    /// What the key said (`authenticatorData`): base64url.
    pub authenticator: Text<'a>,
    /// The signature over both: base64url.
    pub signature: Text<'a>,
}
