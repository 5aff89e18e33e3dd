//! The record that describes a statement and the verdict on it. Does not know when it is written.

use super::{Basis, List, Text, is_empty, is_false};
use crate::{ids::ShapeId, time::Time};
use model::facts::Derivation;
use model::{Disclosure, Durability, Label, Operation, PolicyId, Use, verdict::Shadow};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A statement's text, facts and verdict: once, before the first record that refers to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shape<'a> {
    /// By which intents and refusals refer to it.
    pub shape: ShapeId,
    /// When it was first seen in this run.
    pub time: Time,
    /// The database, by Weir's name.
    pub database: Text<'a>,
    /// The statement without comments and literals.
    pub text: Text<'a>,
    /// Its operation as a person would name it.
    pub operation: Operation,
    /// Every effect.
    pub effects: List<'a, ShapeEffect<'a>>,
    /// Every column touched.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub columns: List<'a, ShapeColumn<'a>>,
    /// What is put into columns, and from where. What stands in none of them comes from no column.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub moves: List<'a, ShapeMove<'a>>,
    /// Functions called, `schema.name`.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub functions: List<'a, Text<'a>>,
    /// The result's columns; `disclosures` has one entry for each.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub outputs: List<'a, ShapeOutput<'a>>,
    /// What was not understood, in words.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub unknowns: List<'a, Text<'a>>,
    /// Allow, modify, hold or deny.
    pub verdict: model::Outcome,
    /// The policies that decided, most important first.
    pub policies: List<'a, PolicyId>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub reasons: List<'a, String>,
    /// What each output column may show.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub disclosures: List<'a, Disclosure>,
    /// What columns that were not foreseen may show.
    pub fallback: Disclosure,
    /// Run in a read-only transaction.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
    /// At most this many rows leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_limit: Option<u64>,
    /// What makes it risky by itself.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub risk: List<'a, RiskPart<'a>>,
    /// When the intent must be on stable storage.
    pub durability: Durability,
    /// What policies in shadow mode would have made of it, if anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Box<Shadow>>,
    /// What the verdict rests on; absent where another statement was decided than the one that is
    /// shown (FunctionCall, replication).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Box<Basis<'a>>>,
    /// Which policies were in force, as a number that names their texts.
    pub policy_version: u64,
    /// Which reading of the catalog.
    pub catalog_version: u64,
    /// Which labels.
    pub label_version: u64,
}

/// One reason why something is risky. The points of all, up to 100, are its risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskPart<'a> {
    /// `operation`, `raw`, `new table`, …
    pub part: Text<'a>,
    /// How much it adds.
    pub points: u32,
}

/// One effect of a shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShapeEffect<'a> {
    /// What is done.
    pub operation: Operation,
    /// To what: `schema.relation`, or the object in words; empty if nothing.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub object: Text<'a>,
    /// Without a WHERE, or with one that is trivially true.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unbounded: bool,
}

/// One column that a shape touches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShapeColumn<'a> {
    /// `schema.relation.column`.
    pub column: Text<'a>,
    /// How it was used.
    pub uses: List<'a, Use>,
    /// Its label, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
}

/// One output column of a shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShapeOutput<'a> {
    /// Its name.
    pub name: Text<'a>,
    /// The columns whose values can be part of it, `schema.relation.column`.
    pub sources: List<'a, Text<'a>>,
}

/// Values that a shape puts into a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShapeMove<'a> {
    /// Where to: `schema.relation.column`. A relation that the same text makes has no schema where
    /// the path decides it. `*` in a column's place is every column.
    pub to: Text<'a>,
    /// The columns whose values can be part of it, `schema.relation.column`.
    pub from: List<'a, Text<'a>>,
    /// How it derives from them.
    pub how: Derivation,
    /// Something in it was not understood: there may be more.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unknown: bool,
}

/// From which column values of a shape go into which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Passage<'s> {
    /// From where, `schema.relation.column`.
    pub from: &'s str,
    /// The relation that they go into.
    pub relation: &'s str,
    /// Its column; `*` is every column.
    pub column: &'s str,
    /// How; `None` where the facts only say that the one is copied and the other written.
    pub how: Option<Derivation>,
}

impl Shape<'_> {
    /// Every passage, once. A column that is copied without a word of where to, as in records of
    /// earlier versions, goes into each that is written, or into all that is made.
    pub fn passages(&self) -> Vec<Passage<'_>> {
        let mut all = Vec::new();
        for moved in self.moves.iter() {
            let Some((relation, column)) = moved.to.rsplit_once('.') else { continue };
            let from = moved.from.iter().map(|from| from.as_ref());
            all.extend(from.map(|from| Passage { from, relation, column, how: Some(moved.how) }));
        }
        let told: BTreeSet<&str> = all.iter().map(|passage: &Passage<'_>| passage.from).collect();
        let with = |used: Use| self.columns.iter().filter(move |c| c.uses.contains(&used));
        let copied = with(Use::Copied).map(|column| column.column.as_ref());
        let mut places: Vec<(&str, &str)> =
            with(Use::Written).filter_map(|column| column.column.rsplit_once('.')).collect();
        if places.is_empty() {
            let makes = |effect: &&ShapeEffect<'_>| {
                matches!(effect.operation, Operation::Create | Operation::CreateTemp)
                    && !effect.object.is_empty()
            };
            let made = self.effects.iter().filter(makes);
            places.extend(made.map(|effect| (effect.object.as_ref(), "*")));
        }
        for from in copied.filter(|from| !told.contains(from)) {
            all.extend(places.iter().map(|&(relation, column)| Passage {
                from,
                relation,
                column,
                how: None,
            }));
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}
