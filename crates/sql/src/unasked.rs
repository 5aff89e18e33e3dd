//! Code that a database runs though no statement names it (triggers, also behind keys, functions of
//! indexes and of row policies, event triggers), and whether it may change what names mean. Told by
//! the words of functions and not by what they do: whoever is suspected in vain costs a question.

use crate::builtin::{self, Act};
use model::{
    Catalog, Facts, FunctionId, Operation,
    catalog::{Function, FunctionKind, Relation},
    facts::Effect,
};
use std::{borrow::Cow, collections::HashSet};

/// `event_trigger` (`pg_type.oid`).
const EVENT_TRIGGER: u32 = 3838;
/// `trigger`.
const TRIGGER: u32 = 2279;
/// What somebody made has this number or a higher one (`FirstNormalObjectId`).
const FIRST_MADE: u32 = 16384;

/// The functions of a database after which names may mean something else, and where they may run
/// unasked.
#[derive(Clone, Debug, Default)]
pub struct Unasked {
    /// They, and whatever calls them.
    movers: HashSet<FunctionId>,
    /// One may run where something is changed.
    behind_changes: bool,
    /// One may be called by a row policy.
    in_policies: bool,
}

impl Unasked {
    /// Looks through all functions of a catalog: in proportion to the length of their bodies.
    pub fn of(catalog: &Catalog) -> Self {
        let own = catalog.functions().filter(|function| is_own(function));
        let movers: HashSet<FunctionId> =
            own.filter(|function| moves(function)).map(|function| function.id).collect();
        if movers.is_empty() {
            return Self::default();
        }
        let mut unasked = Self { movers, ..Self::default() };
        unasked.callers(catalog);
        unasked.behind_changes = unasked.runs_behind_changes(catalog);
        unasked.in_policies = catalog.functions().any(|function| {
            unasked.movers.contains(&function.id)
                && function.kind == FunctionKind::Function
                && !matches!(function.return_type.0, EVENT_TRIGGER | TRIGGER)
        });
        unasked
    }

    /// True if code that no text names may change what names mean where a statement with these
    /// facts runs.
    pub fn runs(&self, facts: &Facts, catalog: &Catalog) -> bool {
        if self.movers.is_empty() {
            return false;
        }
        let changes = |effect: &Effect| {
            let operation = effect.operation;
            operation.is_write()
                || operation.changes_catalog()
                || matches!(operation, Operation::Call | Operation::Do)
        };
        self.behind_changes && facts.effects.iter().any(changes) || self.plans(facts, catalog)
    }

    /// The same for planning alone: functions of indexes, of statistics and of row policies.
    pub fn plans(&self, facts: &Facts, catalog: &Catalog) -> bool {
        let relation = |effect: &Effect| catalog.relation(effect.relation.as_ref()?.id?).cloned();
        !self.movers.is_empty()
            && facts.effects.iter().filter_map(relation).any(|relation| self.hangs_on(&relation))
    }

    fn hangs_on(&self, relation: &Relation) -> bool {
        relation.row_security && self.in_policies || self.any(&relation.attached.functions)
    }

    fn any(&self, functions: &[FunctionId]) -> bool {
        functions.iter().any(|id| self.movers.contains(id))
    }

    /// Adds whatever calls them, by any name that one of them has or a view over it.
    fn callers(&mut self, catalog: &Catalog) {
        let texts: Vec<(Option<FunctionId>, &str, &str)> = {
            let own = catalog.functions().filter(|function| is_own(function));
            let functions = own.filter_map(|one| {
                let body = one.body.as_deref()?;
                Some((Some(one.id), one.name.as_str(), body))
            });
            let views = catalog
                .relations()
                .filter_map(|view| Some((None, view.name.as_str(), view.definition.as_deref()?)));
            functions.chain(views).collect()
        };
        let named = |ids: &HashSet<FunctionId>| -> HashSet<Cow<'_, str>> {
            ids.iter().filter_map(|id| catalog.function(*id)).map(|one| lower(&one.name)).collect()
        };
        let mut names = named(&self.movers);
        loop {
            let before = (names.len(), self.movers.len());
            for (id, name, text) in &texts {
                if words(text).any(|(word, _)| names.contains(&word)) {
                    self.movers.extend(*id);
                    names.insert(lower(name));
                }
            }
            for (aggregate, parts) in &catalog.code.aggregates {
                if self.any(parts) && self.movers.insert(*aggregate) {
                    names.extend(catalog.function(*aggregate).map(|one| lower(&one.name)));
                }
            }
            if before == (names.len(), self.movers.len()) {
                return;
            }
        }
    }

    fn runs_behind_changes(&self, catalog: &Catalog) -> bool {
        let named: HashSet<Cow<'_, str>> = {
            let found = self.movers.iter().filter_map(|id| catalog.function(*id));
            found.map(|function| lower(&function.name)).collect()
        };
        let code = &catalog.code;
        let texts = code.argument_defaults.values().chain(code.column_defaults.values());
        let called =
            texts.into_iter().any(|text| words(text).any(|(word, _)| named.contains(&word)));
        let operators = code.operators.values().flatten().map(|operator| operator.function);
        let mut behind = operators.chain(code.casts.iter().map(|cast| cast.function));
        called
            || behind.any(|id| self.movers.contains(&id))
            || catalog.types().any(|ty| self.any(&ty.attached.functions))
            || catalog.relations().any(|relation| {
                self.any(&relation.attached.functions)
                    || relation.triggers.iter().any(|one| self.movers.contains(&one.function))
            })
            || self.movers.iter().any(|id| {
                catalog.function(*id).is_some_and(|one| one.return_type.0 == EVENT_TRIGGER)
            })
    }
}

/// What is not the server's own.
fn is_own(function: &Function) -> bool {
    let schema = function.schema.as_str();
    function.id.0 >= FIRST_MADE || !matches!(schema, "pg_catalog" | "information_schema")
}

/// True if a function may change what names mean by itself.
fn moves(function: &Function) -> bool {
    match (function.language.as_str(), function.body.as_deref()) {
        ("c", _) => false,
        ("sql" | "plpgsql", Some(body)) => {
            // An identifier may be spelled by numbers.
            let spelled = body.as_bytes().windows(2).any(|pair| pair.eq_ignore_ascii_case(b"u&"));
            spelled || words(body).any(|(word, behind)| moving(&word, behind))
        }
        // Whoever may read the body of none of them cannot tell.
        _ => true,
    }
}

/// True of a word that may move names, with what stands behind it.
fn moving(word: &str, behind: &str) -> bool {
    match word {
        // What a client chose to call its own settings moves nothing.
        "set_config" => sets(behind).is_none_or(|name| builtin::scope_parameter(&name)),
        "search_path" | "pg_settings" | "pg_reload_conf" => true,
        "execute" | "role" | "authorization" | "reset" | "discard" | "schema" => true,
        _ => matches!(builtin::act(word, 0), Some(Act::Runs)),
    }
}

/// The parameter that a call sets, if it stands there as it is.
fn sets(behind: &str) -> Option<String> {
    let name = behind.trim_start().strip_prefix('(')?.trim_start().strip_prefix('\'')?;
    let (name, rest) = name.split_once('\'')?;
    // A quote within, or a name that is put together.
    let alone = rest.trim_start().starts_with(',');
    alone.then(|| name.to_ascii_lowercase())
}

/// The words of a text, in small letters, each with what stands behind it.
fn words(text: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    let part = |letter: char| letter == '_' || letter == '$' || letter.is_alphanumeric();
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(part)?;
        let from = rest.get(start..)?;
        let end = from.find(|letter| !part(letter)).unwrap_or(from.len());
        let (word, behind) = from.split_at(end);
        rest = behind;
        Some((lower(word), behind))
    })
}

fn lower(name: &str) -> Cow<'_, str> {
    match name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        true => Cow::Borrowed(name),
        false => Cow::Owned(name.to_lowercase()),
    }
}

#[cfg(test)]
mod tests;
