//! What policy says about a statement, for the session to carry out. Knows no protocol.

use crate::{
    facts::{Operation, Step},
    ids::{ColumnId, PolicyId},
    label::Label,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The four outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Runs as it is; everything leaves as the upstream sends it.
    Allow,
    /// Runs, changed: masked, limited, read-only.
    Modify,
    /// Waits for approval.
    Hold,
    /// Does not run.
    Deny,
}

impl Outcome {
    /// The word used in records and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Modify => "modify",
            Self::Hold => "hold",
            Self::Deny => "deny",
        }
    }
}

/// How a value is masked. Ordered by strength: the greatest wins where several meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskMethod {
    /// A coarser truth: year of a date, first two octets of an address, rounded number.
    Generalise,
    /// Some characters kept, the rest starred, by label: `a***@***.com`, `************1234`.
    Partial,
    /// A keyed, deterministic stand-in of the same shape; equal values stay equal.
    Pseudonym,
    /// A constant of the type (`***`, 0, 1970-01-01).
    Full,
    /// NULL.
    Null,
}

impl MaskMethod {
    /// By the word used in `@mask("…")`.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "generalise" => Self::Generalise,
            "partial" => Self::Partial,
            "pseudonym" => Self::Pseudonym,
            "full" => Self::Full,
            "null" => Self::Null,
            _ => return None,
        })
    }
}

/// What one output column may show.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// As it is: it bears no label, or policy lets this identity see the label raw.
    Raw {
        /// The labels that leave raw, by policy; empty for a column without a label.
        labels: Vec<Label>,
    },
    /// As it is where its content holds nothing sensitive; text-like values are scanned.
    Scan,
    /// Masked.
    Masked {
        /// The strongest label of its sources.
        label: Label,
        /// By which method.
        method: MaskMethod,
    },
}

/// When the intent must be on stable storage. Never less than handed to the kernel before the
/// statement is forwarded. Ordered by strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Within milliseconds after forwarding.
    Soon,
    /// Before the first row leaves (raw disclosure of a label).
    BeforeRow,
    /// Before the effect becomes permanent: before forwarding in autocommit, before COMMIT else.
    BeforeEffect,
    /// Before forwarding, always.
    BeforeForward,
}

/// How often an identity may ask whether a label has a certain value, and how often this statement
/// does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LookUps {
    /// Whose limit it is: the chain of actors up to the one that the policy speaks of.
    pub identity: String,
    /// The label.
    pub label: Label,
    /// How many values the statement asks about; one for each parameter.
    pub values: u64,
    /// How many the identity may ask about in an hour.
    pub per_hour: u64,
    /// The policy that says so.
    pub policy: PolicyId,
}

/// What becomes of a pseudonym that the statement compares with a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TurnBack {
    /// The column.
    pub column: ColumnId,
    /// Its label.
    pub label: Label,
    /// How its values leave; `None` if as they are.
    pub method: Option<MaskMethod>,
    /// Why policy does not permit it, and what would work instead.
    pub refused: Option<(String, Option<String>)>,
}

impl TurnBack {
    /// True if pseudonyms are turned back here: the identity sees the column as pseudonyms, so a
    /// value that it sends is one, and policy permits it.
    pub fn permitted(&self) -> bool {
        self.method == Some(MaskMethod::Pseudonym) && self.refused.is_none()
    }
}

/// A labelled column into which what looks like its mask is not written: whoever sees the mask
/// would put it over the real value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeptFromMasks {
    /// The column.
    pub column: ColumnId,
    /// Its label.
    pub label: Label,
    /// How its values leave.
    pub method: MaskMethod,
    /// What is refused and why.
    pub refusal: String,
    /// What would work instead.
    pub advice: Option<String>,
}

/// Somebody's consent that a held statement needs before it runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Approval {
    /// Persons in any of these groups may give it, and those whom [`person`] names; never whoever
    /// asks.
    pub groups: Vec<String>,
    /// How many of them must.
    pub count: u32,
    /// How long after it was asked for it may be given, and used: seconds.
    pub seconds: u64,
    /// The session waits; else it is refused, and the same statement runs once after approval.
    pub waits: bool,
    /// The policy that says so.
    pub policy: PolicyId,
    /// Who is asked too, if nobody decided for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
}

/// Further groups that are asked where nobody decided for a while.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Escalation {
    /// How long after it was asked for: seconds.
    pub seconds: u64,
    /// Persons in any of these may give the consent then.
    pub groups: Vec<String>,
    /// Nobody decided, and they are asked.
    #[serde(default)]
    pub reached: bool,
}

impl Approval {
    /// The groups whose members may give it now.
    pub fn asks(&self) -> impl Iterator<Item = &String> {
        let later = self.escalation.iter().filter(|later| later.reached);
        self.groups.iter().chain(later.flat_map(|later| &later.groups))
    }
}

/// `one person in group dba`, `2 persons in groups dba or security`.
impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => f.write_str("one person")?,
            count => write!(f, "{count} persons")?,
        }
        let (persons, groups): (Vec<&String>, Vec<&String>) =
            self.asks().partition(|asked| asked.starts_with(PERSON));
        let (persons, groups) = (persons_of(&persons), groups_of(&groups));
        match (groups, persons) {
            (Some(groups), Some(persons)) => write!(f, " in {groups} or {persons}"),
            (Some(groups), None) => write!(f, " in {groups}"),
            (None, Some(persons)) => write!(f, ": {persons}"),
            (None, None) => Ok(()),
        }
    }
}

/// What stands before a person's name where groups are asked; no group's name begins with it.
const PERSON: char = '@';

/// One person in the place of a group that is asked: `@carol`.
pub fn person(name: &str) -> String {
    format!("{PERSON}{name}")
}

/// Those who are asked, in words: `group dba`, `groups dba or sec`, `group dba or carol`, `carol`.
pub fn asked_words(asked: &[String]) -> String {
    let (persons, groups): (Vec<&String>, Vec<&String>) =
        asked.iter().partition(|asked| asked.starts_with(PERSON));
    let words: Vec<String> = groups_of(&groups).into_iter().chain(persons_of(&persons)).collect();
    words.join(" or ")
}

fn groups_of(groups: &[&String]) -> Option<String> {
    let names: Vec<&str> = groups.iter().map(|group| group.as_str()).collect();
    let word = if groups.len() == 1 { "group" } else { "groups" };
    (!names.is_empty()).then(|| format!("{word} {}", names.join(" or ")))
}

fn persons_of(persons: &[&String]) -> Option<String> {
    let names: Vec<&str> = persons.iter().map(|one| one.trim_start_matches(PERSON)).collect();
    (!names.is_empty()).then(|| names.join(" or "))
}

/// How many rows a statement may change before what it did is undone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChangeLimit {
    /// The most rows that it may insert, update and delete, all together.
    pub rows: u64,
    /// The consent by which it may change more; none lets it if there is none.
    pub beyond: Option<Approval>,
    /// The policy that says so.
    pub policy: PolicyId,
}

/// What the server's planner is asked about a statement before it runs.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Estimate {
    /// What it costs, in the planner's own unit.
    #[default]
    Cost,
    /// How many rows it returns or changes, whichever are more.
    Rows,
}

/// How much the server may expect of a statement before it runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CostLimit {
    /// Of what.
    #[serde(default)]
    pub of: Estimate,
    /// The most that the server's planner may expect of it.
    #[serde(rename = "cost")]
    pub most: u64,
    /// The consent by which it may be more; none lets it if there is none.
    pub beyond: Option<Approval>,
    /// The policy that says so.
    pub policy: PolicyId,
}

impl CostLimit {
    /// `a cost of 1000`, `1000 rows`.
    pub fn words(&self) -> String {
        self.of.words(self.most)
    }
}

impl Estimate {
    /// So much of it, in words: `a cost of 1000`, `1000 rows`.
    pub fn words(self, much: impl fmt::Display) -> String {
        match self {
            Self::Cost => format!("a cost of {much}"),
            Self::Rows => format!("{much} rows"),
        }
    }
}

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The outcome.
    pub outcome: Outcome,
    /// The policies that decided, most important first. Empty on a deny by default.
    pub policies: Vec<PolicyId>,
    /// In words, for the person or model that reads the refusal and for the record: what was
    /// decided and why, one sentence each. Never holds a value.
    pub reasons: Vec<String>,
    /// On deny and hold: what would work instead.
    pub advice: Option<String>,
    /// One per output column of the facts, in order. Empty if the statement returns no rows.
    pub disclosures: Vec<Disclosure>,
    /// Per output column that is masked: where a document has values that leave as those of columns
    /// without a label do. May be shorter than `disclosures`.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub open: Box<[Vec<Vec<Step>>]>,
    /// For results whose columns are not those that the facts foresaw, and for every value of a
    /// statement with `outputs_unknown`.
    pub fallback: Disclosure,
    /// Error, notice and notification texts of this statement may carry values: withhold them.
    pub redact_diagnostics: bool,
    /// Error texts may carry values: withhold them. True wherever `redact_diagnostics` is, and for
    /// what reads a relation with hidden columns: what is computed and dropped can still fail.
    pub redact_errors: bool,
    /// Run in a read-only transaction.
    pub read_only: bool,
    /// At most this many rows leave.
    pub row_limit: Option<u64>,
    /// How many rows it may change: all of these hold. Empty for what changes none.
    pub change_limits: Vec<ChangeLimit>,
    /// How much the server may expect of it: all of these hold.
    pub cost_limits: Vec<CostLimit>,
    /// Statistics over labelled columns leave for groups with at least so many distinct values, and
    /// as NULL for others. Whoever runs the statement sees to it.
    pub min_group: Option<u64>,
    /// What the statement counts as towards limits on look-ups; one entry a label.
    pub look_ups: Vec<LookUps>,
    /// One entry per labelled column that is looked up by values of the client's.
    pub turn_back: Vec<TurnBack>,
    /// One entry per labelled column that is written and must not be written a mask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_from_masks: Vec<KeptFromMasks>,
    /// When the intent must be on stable storage.
    pub durability: Durability,
    /// On hold: the consents that it needs, all of them.
    pub needs: Vec<Approval>,
    /// The record keeps the text as it came, under encryption.
    pub keep_text: bool,
    /// The effect that was denied or held, for the message.
    pub refused: Option<Operation>,
    /// What policies in shadow mode would have made of it; `None` if nothing else.
    pub shadow: Option<Box<Shadow>>,
}

/// A verdict that was not given: that of the policies in force and those in shadow mode together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shadow {
    /// The policies in shadow mode that would have decided.
    pub policies: Vec<PolicyId>,
    /// The outcome there would have been.
    pub outcome: Outcome,
    /// What each output column would have shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disclosures: Vec<Disclosure>,
    /// The limit of rows there would have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_limit: Option<u64>,
    /// The consents that it would have waited for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Approval>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}
