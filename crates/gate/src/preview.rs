//! Statements that are tried and undone, so that somebody sees what they would change: what may be
//! tried, and how little of it is shown. Tries nothing itself; whoever runs the session does, in a
//! transaction that only ever ends by being rolled back.
//!
//! A preview opens nothing: what is refused stays refused. What waits for approval is tried without
//! one, and uses none up. What no rollback undoes is not tried.

use crate::{change::is_foreign, plan::Plan, refusal::Refusal};
use model::{
    Catalog, Disclosure, Facts, Label, MaskMethod, Operation, RelationId, Verdict,
    catalog::{Function, Volatility},
    facts::{Effect, SessionChange},
    stronger,
};
use std::collections::BTreeSet;

/// How deep partitions are looked through for foreign ones.
const MOST_LEVELS: usize = 16;
/// Functions in C that may do anything by their declaration, and only compute.
const COMPUTES: &[&str] =
    &["gen_random_bytes", "gen_salt", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4"];

/// A session in which everything is undone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Preview {
    /// Who wants to see it.
    pub by: String,
    /// The hold that it is a preview of.
    pub hold: Option<String>,
    /// Its identity does this itself, and what it is shown counts as such.
    pub own: bool,
    /// It is for somebody who decides about the hold, and is told what it would change whatever
    /// its identity may read.
    pub decides: bool,
}

impl Plan {
    /// True if it does more than read.
    pub fn changes(&self) -> bool {
        let reads = |operation: Operation| {
            matches!(operation, Operation::Empty | Operation::Select | Operation::Explain)
        };
        let more = |facts: &Facts| facts.effects.iter().any(|effect| !reads(effect.operation));
        self.parts.iter().any(|part| part.facts.dynamic || more(&part.facts))
    }

    /// The rows that it would change, as a query of its own, where there is one.
    pub fn before(&self) -> Option<String> {
        sql::before(&self.text)
    }

    /// Refuses what is not all undone by a rollback, or stands in everybody's way until then.
    pub fn undone(&self) -> Result<(), Refusal> {
        let catalog = &self.knowledge.catalog;
        let why = match self.replication {
            true => Some("it is a replication command".to_owned()),
            false => self.parts.iter().find_map(|part| stays(&part.facts, catalog, true)),
        };
        why.map_or(Ok(()), |why| {
            let what = format!("it cannot be tried, because {why}");
            Err(Refusal::unenforceable(&what, "Nothing of it ran. Judge it by its text."))
        })
    }
}

/// Why not all of it is undone.
fn stays(facts: &Facts, catalog: &Catalog, cascades: bool) -> Option<String> {
    if let Some(unknown) = facts.unknowns.first() {
        return Some(format!("{} is not understood: {}", unknown.what, unknown.why));
    }
    if facts.dynamic {
        return Some("what it does cannot be known from its text".to_owned());
    }
    if let Some(effect) = facts.effects.iter().find(|effect| !is_tried(effect)) {
        return Some(format!(
            "{}{} is not undone by a rollback, or holds others up until then",
            effect.operation.as_str(),
            effect.object.as_ref().map(|object| format!(" ({object})")).unwrap_or_default(),
        ));
    }
    let stays = |change: &SessionChange| !matches!(change, SessionChange::Scope);
    if facts.session.iter().any(stays) {
        return Some("it prepares, declares or closes something".to_owned());
    }
    let relations = || facts.effects.iter().filter_map(|effect| effect.relation.as_ref()?.id);
    if relations().any(|relation| is_foreign(catalog, relation, MOST_LEVELS)) {
        return Some("it reaches a foreign table".to_owned());
    }
    // What is only planned calls nothing that may do anything.
    let planned = facts.operation == Operation::Explain
        && facts.effects.iter().all(|effect| !effect.operation.is_write());
    if planned {
        return None;
    }
    let called = || facts.functions.iter().filter_map(|function| catalog.function(function.id?));
    if let Some(function) = called().find(|function| !only_computes(function)) {
        let Function { schema, name, language, .. } = &**function;
        return Some(format!("it runs {schema}.{name}, whose language is {language}"));
    }
    if cascades { follow_keys(facts, catalog) } else { None }
}

/// The same of what keys that refer to the changed rows may take along: the triggers there.
fn follow_keys(facts: &Facts, catalog: &Catalog) -> Option<String> {
    let goes = |effect: &&Effect| {
        matches!(effect.operation, Operation::Update | Operation::Delete | Operation::Merge)
    };
    let changed = facts.effects.iter().filter(goes);
    let changed = changed.filter_map(|effect| effect.relation.as_ref()?.id);
    let mut seen: BTreeSet<RelationId> = changed.collect();
    let mut open: Vec<RelationId> = seen.iter().copied().collect();
    while let Some(id) = open.pop() {
        let refers = |relation: &&std::sync::Arc<model::catalog::Relation>| {
            relation
                .columns
                .iter()
                .any(|column| column.references.is_some_and(|referred| referred.relation == id))
        };
        let below = catalog.children(id).iter().copied();
        let reached: Vec<RelationId> =
            catalog.relations().filter(refers).map(|relation| relation.id).chain(below).collect();
        for id in reached {
            let Some(relation) = catalog.relation(id).filter(|_| seen.insert(id)) else { continue };
            open.push(id);
            if relation.triggers.is_empty() && !relation.has_rules {
                continue;
            }
            let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
            let (schema, name) = (quoted(&relation.schema), quoted(&relation.name));
            let scope = sql::Scope { standard_conforming_strings: true, ..Default::default() };
            let text = format!("DELETE FROM {schema}.{name}");
            let there = sql::analyse(&text, catalog, &scope);
            let found = there.iter().find_map(|one| stays(&one.facts, catalog, false));
            if let Some(why) = found {
                return Some(format!("it may reach {schema}.{name}, where {why}"));
            }
        }
    }
    None
}

/// What a rollback undoes without having held up more than the rows that it changed. Numbers that
/// sequences gave out stay given out, and are no more than numbers.
fn is_tried(effect: &Effect) -> bool {
    match effect.operation {
        Operation::Empty
        | Operation::Select
        | Operation::Insert
        | Operation::Delete
        | Operation::Merge
        | Operation::Call
        | Operation::Do
        | Operation::Explain
        | Operation::Notify => true,
        // Of a sequence, whatever it is set to.
        Operation::Update => effect.relation.is_some() || !effect.unbounded,
        Operation::Lock => !effect.unbounded,
        Operation::Truncate
        | Operation::CopyIn
        | Operation::CopyOut
        | Operation::ServerFile
        | Operation::ServerProgram
        | Operation::Create
        | Operation::CreateTemp
        | Operation::Alter
        | Operation::Drop
        | Operation::DropTemp
        | Operation::Rename
        | Operation::Comment
        | Operation::Grant
        | Operation::Role
        | Operation::Security
        | Operation::Extension
        | Operation::Foreign
        | Operation::Server
        | Operation::Set
        | Operation::Show
        | Operation::SetRole
        | Operation::Transaction
        | Operation::Commit
        | Operation::Listen
        | Operation::Session
        | Operation::Maintenance
        | Operation::Replication
        | Operation::LargeObject
        | Operation::Code
        | Operation::Unknown => false,
    }
}

/// PostgreSQL's own, what was followed, and what its author declares to change nothing.
fn only_computes(function: &Function) -> bool {
    match function.language.as_str() {
        "internal" => true,
        "sql" | "plpgsql" => sql::is_followed(function),
        "c" => {
            function.volatility != Volatility::Volatile
                || COMPUTES.contains(&function.name.as_str())
        }
        _ => false,
    }
}

/// What a statement reads, as if it did nothing else.
pub(crate) fn reads_alone(facts: &Facts) -> Facts {
    let read = |effect: &&Effect| {
        // Whether a row fits beside those that are there tells what is there.
        effect.relation.is_some() && effect.operation != Operation::CopyIn
    };
    let select = |effect: &Effect| Effect {
        operation: Operation::Select,
        unbounded: false,
        ..effect.clone()
    };
    let mut effects: Vec<Effect> = facts.effects.iter().filter(read).map(select).collect();
    effects.dedup();
    let mut facts = Facts { operation: Operation::Select, effects, ..facts.clone() };
    facts.columns.retain(|used| {
        !matches!(used.usage, model::Use::Written | model::Use::Exported | model::Use::Copied)
    });
    facts.moves.clear();
    facts
}

/// What is shown of a preview shows nothing that bears a label as it is, whoever looks, and no
/// words of the server that may.
pub(crate) fn strictly(verdict: &mut Verdict, facts: &Facts) {
    let unknown = || Disclosure::Masked { label: Label::UNKNOWN, method: MaskMethod::Full };
    let outputs = facts.outputs.as_deref().unwrap_or_default();
    for (index, disclosure) in verdict.disclosures.iter_mut().enumerate() {
        let Disclosure::Raw { labels } = disclosure else { continue };
        let certain = outputs.get(index).is_some_and(|output| !output.unknown);
        let method = labels.iter().map(policy::default_method).max();
        *disclosure = match (labels.iter().reduce(|a, b| stronger(a, b)), method) {
            (Some(label), Some(method)) => Disclosure::Masked { label: label.clone(), method },
            _ if certain => Disclosure::Scan,
            _ => unknown(),
        };
    }
    if matches!(verdict.fallback, Disclosure::Raw { .. }) {
        verdict.fallback = unknown();
    }
    verdict.redact_diagnostics = true;
    verdict.redact_errors = true;
}
