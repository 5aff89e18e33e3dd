//! Statements that are tried and undone, so that somebody sees what they would change: what may be
//! tried, and how little of it is shown. Tries nothing itself; whoever runs the session does, in a
//! transaction that only ever ends by being rolled back.
//!
//! A preview opens nothing: what is refused stays refused. What waits for approval is tried without
//! one, and uses none up. What no rollback undoes is not tried.

use crate::{change::is_foreign, plan::Plan, refusal::Refusal};
use model::{
    Catalog, Disclosure, Facts, Label, MaskMethod, Operation, RelationId, Verdict,
    catalog::{Column, Function, Relation, RelationKind, Volatility},
    facts::{ColumnUse, Effect, FunctionRef, RelationRef, SessionChange, Use},
    stronger,
};
use std::{collections::BTreeSet, sync::Arc};

/// How deep partitions are looked through for foreign ones.
const MOST_LEVELS: usize = 16;
/// How many tables are looked through that rows may take along.
const MOST_REACHED: usize = 512;
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
            false => self.parts.iter().find_map(|part| stays(&part.facts, catalog)),
        };
        why.map_or(Ok(()), |why| {
            let what = format!("it cannot be tried, because {why}");
            Err(Refusal::unenforceable(&what, "Nothing of it ran. Judge it by its text."))
        })
    }
}

/// Why not all of it is undone.
fn stays(facts: &Facts, catalog: &Catalog) -> Option<String> {
    if let Some(why) = stays_itself(facts, catalog) {
        return Some(why);
    }
    match is_planned_only(facts) {
        true => None,
        false => stays_beyond(facts, catalog),
    }
}

/// The same of what is written there, but for what that takes along.
fn stays_itself(facts: &Facts, catalog: &Catalog) -> Option<String> {
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
    let stays =
        |change: &SessionChange| !matches!(change, SessionChange::Scope | SessionChange::Fetch(_));
    if facts.session.iter().any(stays) {
        return Some("it prepares, declares or closes something".to_owned());
    }
    let relations = || facts.effects.iter().filter_map(|effect| effect.relation.as_ref()?.id);
    if relations().any(|relation| is_foreign(catalog, relation, MOST_LEVELS)) {
        return Some("it reaches a foreign table".to_owned());
    }
    match is_planned_only(facts) {
        true => None,
        false => facts.functions.iter().find_map(|function| does_more(function, catalog)),
    }
}

/// What is only planned calls nothing that may do anything.
fn is_planned_only(facts: &Facts) -> bool {
    facts.operation == Operation::Explain
        && facts.effects.iter().all(|effect| !effect.operation.is_write())
}

/// Why a function that is called may do more than compute. Where it is not certain which one of a
/// name it is, it may be any of them.
fn does_more(called: &FunctionRef, catalog: &Catalog) -> Option<String> {
    let may_be: Vec<&Arc<Function>> = match called.id {
        Some(id) => catalog.function(id).into_iter().collect(),
        None => named(&called.name, catalog),
    };
    if may_be.is_empty() {
        return Some(format!("it runs {}, of which nothing is known", called.name));
    }
    let more = may_be.into_iter().find(|function| !only_computes(function))?;
    let Function { schema, name, language, .. } = &**more;
    Some(format!("it runs {schema}.{name}, whose language is {language}"))
}

/// Every function that `schema.name` or a name alone can mean; dots may be part of either.
fn named<'c>(name: &str, catalog: &'c Catalog) -> Vec<&'c Arc<Function>> {
    let splits = name.match_indices('.').filter_map(|(at, _)| name.split_at_checked(at));
    let qualified = splits.flat_map(|(schema, rest)| {
        let all = catalog.functions_named(rest.strip_prefix('.').unwrap_or(rest));
        all.filter(move |function| function.schema == schema)
    });
    qualified.chain(catalog.functions_named(name)).collect()
}

/// A relation whose rows are written, and whether there are any that may go or be others.
type Written = (RelationId, bool);

fn written(facts: &Facts) -> impl Iterator<Item = Written> {
    facts.effects.iter().filter_map(|effect| {
        let of = effect.operation;
        let goes = matches!(of, Operation::Update | Operation::Delete | Operation::Merge);
        let id = effect.relation.as_ref()?.id?;
        (goes || of == Operation::Insert).then_some((id, goes))
    })
}

/// Why something of what rows take along is not undone: in tables below the one that is written,
/// in those whose keys refer to it, and in those that the triggers there write in turn.
fn stays_beyond(facts: &Facts, catalog: &Catalog) -> Option<String> {
    let mut seen: BTreeSet<Written> = BTreeSet::new();
    let mut open: Vec<Written> = written(facts).collect();
    while let Some((id, goes)) = open.pop() {
        if seen.contains(&(id, true)) || !seen.insert((id, goes)) {
            continue;
        }
        if seen.len() > MOST_REACHED {
            return Some("it may reach more tables than are looked through".to_owned());
        }
        open.extend(catalog.children(id).iter().map(|child| (*child, goes)));
        if goes {
            let refers = catalog.relations().filter(|relation| relation.refers.contains(&id));
            open.extend(refers.map(|relation| (relation.id, true)));
        }
        let Some(relation) = catalog.relation(id) else {
            return Some("it may reach a table of which nothing is known".to_owned());
        };
        for there in happens(relation, goes, catalog) {
            if let Some(why) = stays_itself(&there, catalog) {
                return Some(format!(
                    "it may reach {}.{}, where {why}",
                    relation.schema, relation.name
                ));
            }
            open.extend(written(&there));
        }
    }
    None
}

/// What happens where rows of a relation are written: its rules and triggers, and the defaults
/// that a key may put in the place of what it referred to.
fn happens(relation: &Relation, goes: bool, catalog: &Catalog) -> Vec<Arc<Facts>> {
    if !matches!(relation.kind, RelationKind::Table | RelationKind::Partitioned) {
        // What is written through a view was followed with the statement.
        return Vec::new();
    }
    let column = |column: &Column| relation.column_id(column.number);
    let defaults = &catalog.code.column_defaults;
    let defaults = relation.columns.iter().any(|it| defaults.contains_key(&column(it)));
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let name = format!("{}.{}", quoted(&relation.schema), quoted(&relation.name));
    let mut texts = Vec::new();
    if !relation.triggers.is_empty() || relation.has_rules {
        texts.push(format!("DELETE FROM {name}"));
    }
    if goes && defaults && !relation.refers.is_empty() {
        texts.push(format!("INSERT INTO {name} DEFAULT VALUES"));
    }
    let scope = sql::Scope { standard_conforming_strings: true, ..Default::default() };
    let facts =
        |text: String| sql::analyse(&text, catalog, &scope).into_iter().map(|one| one.facts);
    texts.into_iter().flat_map(facts).collect()
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
        "sql" if function.schema == "pg_catalog" => true,
        "sql" | "plpgsql" => sql::is_followed(function),
        "c" => {
            function.volatility != Volatility::Volatile
                || COMPUTES.contains(&function.name.as_str())
        }
        _ => false,
    }
}

/// What reading a table as a whole does.
pub fn reads_whole(relation: &Relation) -> Facts {
    let of = RelationRef {
        id: Some(relation.id),
        schema: relation.schema.as_str().into(),
        name: relation.name.as_str().into(),
    };
    let operation = Operation::Select;
    let effect = Effect { operation, relation: Some(of), object: None, unbounded: false };
    let returned = |column: &Column| ColumnUse {
        column: relation.column_id(column.number),
        usage: Use::Returned,
    };
    Facts {
        operation,
        effects: vec![effect],
        columns: relation.columns.iter().map(returned).collect(),
        outputs_unknown: false,
        dynamic: false,
        unknowns: Vec::new(),
        session: Vec::new(),
        ..Facts::unknown("", "")
    }
}

/// What a statement reads, as if it did nothing else.
pub fn reads_alone(facts: &Facts) -> Facts {
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
