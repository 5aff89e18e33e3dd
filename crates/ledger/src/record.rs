//! What a record says. Knows JSON, and neither files nor protocols.
//!
//! Records are written by people who do not know who will read them, so each stands for itself:
//! words instead of numbers, names instead of oids, times in UTC. None may hold a value that a
//! statement carried or returned: literals and bind values appear as keyed hashes only.
//!
//! Fields that are absent, empty or zero by nature are left out of the JSON.

use crate::{
    error::LedgerError,
    ids::{Hash, SessionId, ShapeId, StatementId},
    time::Time,
    vault::Kept,
};
use model::{Granted, IdentityKind, Label};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, net::IpAddr, sync::Arc};

mod basis;
mod dated;
mod entry;
mod grant;
mod hold;
mod line;
mod pruned;
mod read;
mod refused;
mod run;
mod shape;
mod task;

pub use basis::{Basis, BasisColumn, BasisRelation};
pub(crate) use dated::time;
pub use entry::Entry;
pub use grant::GrantChanged;
pub use hold::{Approved, HoldChanged, Signed};
pub use pruned::Pruned;
pub use refused::{Refused, Withdrawn};
pub use run::{Started, Stopped};
pub use shape::{Passage, RiskPart, Shape, ShapeColumn, ShapeEffect, ShapeMove, ShapeOutput};
pub use task::{TaskChanged, Work};

/// Text that is borrowed when written and owned when read.
pub type Text<'a> = Cow<'a, str>;
/// A list that is borrowed when written and owned when read.
pub type List<'a, T> = Cow<'a, [T]>;

macro_rules! records {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $fate:ident;)*) => {
        /// One entry of the log: a JSON object with a `type`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        pub enum Record<'a> { $($(#[$doc])* $variant($variant<'a>),)* }

        impl Record<'_> {
            /// Every `type`.
            pub const TYPES: &'static [&'static str] = &[$($word),*];

            /// The `type` word.
            pub fn type_word(&self) -> &'static str {
                match self { $(Self::$variant(_) => $word,)* }
            }

            pub(crate) fn fate(&self) -> Fate {
                match self { $(Self::$variant(_) => Fate::$fate,)* }
            }
        }

        $(impl<'a> From<$variant<'a>> for Record<'a> {
            fn from(record: $variant<'a>) -> Self {
                Self::$variant(record)
            }
        })*
    };
}

/// What becomes of a staged record when the disk refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It announces something that now will not happen: withdrawn, and a `withdrawn` record takes
    /// its place.
    Withdraw,
    /// It tells of something that has happened: kept until there is room.
    Keep,
}

records! {
    /// Weir opened the log.
    Started = "started", Keep;
    /// Weir closed the log in good order.
    Stopped = "stopped", Keep;
    /// A client signed in.
    SessionOpened = "session_opened", Withdraw;
    /// A client was not let in.
    SessionRefused = "session_refused", Keep;
    /// A session ended.
    SessionClosed = "session_closed", Keep;
    /// A statement's text, facts and verdict, once, before its first use.
    Shape = "shape", Keep;
    /// A statement is about to run.
    Intent = "intent", Withdraw;
    /// What came of an intent.
    Outcome = "outcome", Keep;
    /// A statement was not run.
    Refused = "refused", Keep;
    /// An intent or sign-in that could not be written stood here: nothing came of it.
    Withdrawn = "withdrawn", Keep;
    /// Another set of policies came into force.
    PolicyChanged = "policy_changed", Keep;
    /// An upstream's catalog was read and differs.
    CatalogChanged = "catalog_changed", Keep;
    /// A column's label changed.
    LabelChanged = "label_changed", Keep;
    /// An identity was added, changed or disabled.
    IdentityChanged = "identity_changed", Keep;
    /// A statement waits for approval, or what it waited for came.
    HoldChanged = "hold_changed", Keep;
    /// Records were removed because their time was over.
    Pruned = "pruned", Keep;
    /// Somebody asked for the rights of a group for a while, or what they asked for came or ended.
    GrantChanged = "grant_changed", Keep;
    /// A task was given or is over, or an agent was shown what others can write.
    TaskChanged = "task_changed", Keep;
    /// Somebody did something to Weir itself, or read its record.
    Administered = "administered", Keep;
}

/// A client signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionOpened<'a> {
    /// The session.
    pub session: SessionId,
    /// When.
    pub time: Time,
    /// The chain of actors, outermost last: `alice`, `alice/agent-copilot`.
    pub identity: Text<'a>,
    /// What kind of being the outermost actor is.
    pub kind: IdentityKind,
    /// Its groups.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub groups: List<'a, String>,
    /// Grants by which it is in some of them for a while.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub grants: List<'a, Granted>,
    /// The chain of those it acts for, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acts_for: Option<Text<'a>>,
    /// The same one by one with their groups, the one that it acts for first.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub principals: List<'a, Principal<'a>>,
    /// How it proved itself: `scram-sha-256`, `scram-sha-256-plus`, …
    pub method: Text<'a>,
    /// By which credential, by its name: `password`, a token's or a key's.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub credential: Text<'a>,
    /// Where the client's packets come from; absent for a local socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The client's port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// `TLSv1.3 TLS_AES_256_GCM_SHA384`; absent without TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Text<'a>>,
    /// What the client calls itself (`application_name`): a claim.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub application: Text<'a>,
    /// The database it asked for, by Weir's name.
    pub database: Text<'a>,
    /// That database's environment (`production`, …).
    pub environment: Text<'a>,
    /// The upstream role the session runs as.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub upstream_role: Text<'a>,
    /// The upstream's process id, to match with the database's own log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_pid: Option<u32>,
    /// What it was opened for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Box<Work<'a>>>,
}

/// Somebody for whom another acts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Principal<'a> {
    /// Its name.
    pub name: Text<'a>,
    /// What it is.
    pub kind: IdentityKind,
    /// Its groups.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub groups: List<'a, String>,
}

/// A client was not let in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRefused<'a> {
    /// When.
    pub time: Time,
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The name it claimed: not verified.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub claimed: Text<'a>,
    /// The database it asked for.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub database: Text<'a>,
    /// Why, in words. Tells more than the client was told.
    pub reason: Text<'a>,
}

/// A session ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionClosed<'a> {
    /// The session.
    pub session: SessionId,
    /// When.
    pub time: Time,
    /// Why: `client left`, `idle`, `identity disabled`, …
    pub reason: Text<'a>,
    /// Statements that ran or were refused.
    pub statements: u64,
    /// Rows that went to the client.
    pub rows: u64,
    /// Bytes that went to the client.
    pub bytes: u64,
}

/// How a statement came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A simple query.
    Simple,
    /// Parse, Bind, Execute.
    Extended,
    /// Execute of a statement that was prepared earlier.
    Prepared,
    /// FunctionCall.
    FunctionCall,
    /// Weir's console.
    Console,
    /// An MCP tool.
    Mcp,
    /// Weir's HTTP interface.
    Api,
    /// A replication command.
    Replication,
}

impl Via {
    /// Every way.
    pub const ALL: [Self; 8] = [
        Self::Simple,
        Self::Extended,
        Self::Prepared,
        Self::FunctionCall,
        Self::Console,
        Self::Mcp,
        Self::Api,
        Self::Replication,
    ];

    /// The word that a record has for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Extended => "extended",
            Self::Prepared => "prepared",
            Self::FunctionCall => "function_call",
            Self::Console => "console",
            Self::Mcp => "mcp",
            Self::Api => "api",
            Self::Replication => "replication",
        }
    }
}

/// A statement is about to run. Which session it belongs to stands in its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent<'a> {
    /// The statement.
    pub statement: StatementId,
    /// When.
    pub time: Time,
    /// What it is.
    pub shape: ShapeId,
    /// Keyed hash of the text as it came.
    pub text: Hash,
    /// How it came.
    pub via: Via,
    /// Keyed hashes of the first [`HASHED_PARAMETERS`] bind values.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub parameters: List<'a, Hash>,
    /// How many bind values there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub parameter_count: u64,
    /// Keyed hashes of the first [`HASHED_PARAMETERS`] literals of its text. A value has the same
    /// hash here and among the bind values: [`crate::Redactor::value`].
    #[serde(default, skip_serializing_if = "is_empty")]
    pub literals: List<'a, Hash>,
    /// How many literals there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub literal_count: u64,
    /// Labels of which it holds a pseudonym, in its text or among the bind values, that was turned
    /// into the value that it stands for.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub turned_back: List<'a, Label>,
    /// The text as it came, under encryption, if a policy keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept<'a>>,
    /// What makes it risky beside its shape: how unlike its identity's past it is.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub risk: List<'a, RiskPart<'a>>,
    /// The W3C `traceparent` that a comment of the text claims (sqlcommenter).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Text<'a>>,
    /// The hold whose approval it used, and who gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approved<'a>>,
    /// What it was part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Box<Work<'a>>>,
}

/// How many bind values of a statement, and how many literals, its record carries hashes of.
pub const HASHED_PARAMETERS: usize = 32;

/// What came of an intent. Which session it belongs to stands in its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome<'a> {
    /// The statement.
    pub statement: StatementId,
    /// When it ended.
    pub time: Time,
    /// From the intent to the end.
    pub duration_us: u64,
    /// The upstream's command tag, without counts if it holds any (`INSERT 0 1` is `INSERT`).
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub tag: Text<'a>,
    /// The error, if it ended in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<Text<'a>>,
    /// How it ended if not by the upstream: `cancelled`, `client left`, `upstream lost`,
    /// `not synced`, `statement_timeout`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Text<'a>>,
    /// Rows returned to the client.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rows: u64,
    /// Rows that the upstream says it changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub affected: u64,
    /// Bytes of rows returned to the client.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes: u64,
    /// For each output column how many values left how.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub disclosed: List<'a, Disclosed>,
    /// The approval by which it was kept, where that was found while it ran; the intent names one
    /// that was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approved<'a>>,
}

/// How many values of one output column left in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosed {
    /// As the upstream sent them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub raw: u64,
    /// Changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub masked: u64,
    /// As NULL, because they were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub null: u64,
}

/// Another set of policies came into force, or one was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyChanged<'a> {
    /// When.
    pub time: Time,
    /// By whom: an identity, `reload`, `start`.
    pub by: Text<'a>,
    /// A number that names the texts now in force.
    pub version: u64,
    /// How many policies.
    pub policies: u64,
    /// What changed, in words.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub what: Text<'a>,
    /// Why the new set was refused and the old one stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Text<'a>>,
}

/// An upstream's catalog was read and differs from the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogChanged<'a> {
    /// When.
    pub time: Time,
    /// The database, by Weir's name.
    pub database: Text<'a>,
    /// The number of this reading.
    pub version: u64,
    /// What made Weir read it: `start`, `statement`, `interval`.
    pub cause: Text<'a>,
    /// Relations, columns and functions that came, went or changed, in words.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub what: List<'a, Text<'a>>,
}

/// A column's label changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelChanged<'a> {
    /// When.
    pub time: Time,
    /// By whom: an identity, or `weir`.
    pub by: Text<'a>,
    /// The database, by Weir's name.
    pub database: Text<'a>,
    /// `schema.relation.column`.
    pub column: Text<'a>,
    /// The label before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Label>,
    /// The label now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Label>,
    /// What spoke for it, in words.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub evidence: List<'a, String>,
    /// The version of the labels that has it.
    pub version: u64,
}

/// An identity was added, changed or disabled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdentityChanged<'a> {
    /// When.
    pub time: Time,
    /// By whom.
    pub by: Text<'a>,
    /// Whose.
    pub identity: Text<'a>,
    /// What, in words: `added`, `disabled`, `password changed`, `groups: +analysts`.
    pub what: Text<'a>,
}

/// Somebody did something to Weir itself, or read its record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Administered<'a> {
    /// When.
    pub time: Time,
    /// By whom: an identity, or the operating system's user for the command line.
    pub by: Text<'a>,
    /// What, in words: `read the record: show 0d4q…`, `pseudonym key 2 made`.
    pub what: Text<'a>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_empty<T: Clone>(list: &List<'_, T>) -> bool {
    list.is_empty()
}

impl Record<'_> {
    /// Appends the record's JSON.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), LedgerError> {
        if line::encode(self, out) {
            return Ok(());
        }
        serde_json::to_writer(out, self).map_err(|error| LedgerError::Encoding(Arc::new(error)))
    }

    /// Reads a record's JSON.
    pub fn decode(payload: &[u8]) -> Result<Record<'static>, LedgerError> {
        serde_json::from_slice(payload).map_err(|error| LedgerError::Encoding(Arc::new(error)))
    }
}

#[cfg(test)]
mod tests;
