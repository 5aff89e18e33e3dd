//! What statements do to the session itself, followed: names, scope, transactions. Knows facts, not
//! verdicts.

use super::Session;
use crate::plan::{Part, Plan};
use model::{
    Catalog, Facts, Operation,
    facts::{Effect, RelationRef, SessionChange},
};
use std::{
    collections::BTreeSet,
    hash::{Hash, Hasher},
    sync::Arc,
    sync::atomic::AtomicU64,
};

/// Names of cursors that outlive their transaction.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Their transaction is committed.
    kept: BTreeSet<String>,
    /// They stay if the open transaction commits.
    pending: BTreeSet<String>,
}

impl Held {
    fn forget(&mut self, name: &str) {
        self.kept.remove(name);
        self.pending.remove(name);
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Session {
    /// Tells what the server's settings say: `search_path` as SHOW gives it, the role in force, and
    /// whether strings conform to the standard.
    pub fn set_scope_settings(&mut self, search_path: &str, user: &str, conforming: bool) {
        let names = sql::listed(search_path);
        if std::mem::replace(&mut self.scope.path_lost, names.is_none()) != names.is_none() {
            self.scope.prepared.clear();
            self.names_mean_otherwise();
        }
        // What does not exist is passed over by the server, and by every search for a name too.
        let names = names.unwrap_or_default().into_iter();
        self.path =
            names.map(|name| if name == "$user" { user.to_owned() } else { name }).collect();
        self.scope.standard_conforming_strings = conforming;
        self.scope_known = true;
        self.adopt();
    }

    /// Tells what the server says the client's encoding is.
    pub fn set_client_encoding(&mut self, encoding: &str) {
        encoding.clone_into(&mut self.scope.client_encoding);
        self.scope.was_blurred |= !self.scope.tells_bytes();
        if self.scope.was_blurred {
            self.rekey();
        }
    }

    /// Tells what the server says the session has for itself: its own relations and types.
    pub fn set_temporary(&mut self, own: Catalog) {
        let changed = self.temporary.told(own);
        let named = |facts: &Facts| {
            let relations = facts.effects.iter().filter_map(|effect| effect.relation.as_ref());
            facts.dynamic
                || !facts.unknowns.is_empty()
                || relations.into_iter().any(|relation| changed.contains(&*relation.name))
        };
        // The server is told to look them up anew; what a cursor reads was settled at first.
        if !changed.is_empty() {
            self.scope.prepared.retain(|_, facts| !named(facts));
            self.names_mean_otherwise();
        }
        self.adopt();
    }

    /// Tells that the server could not say what the session has for itself.
    pub fn temporary_lost(&mut self) {
        (self.temporary.lost, self.temporary.asked_for) = (true, false);
        self.scope.altered = true;
        self.adopt();
    }

    /// Takes over the path and what the session has for itself into its scope.
    pub(super) fn adopt(&mut self) {
        let temp = self.temporary.schema().cloned();
        let mut path: Vec<String> = Vec::with_capacity(self.path.len() + 2);
        for name in &self.path {
            let name = match (name.as_str(), &temp) {
                ("pg_temp", Some(temp)) => temp,
                _ => name,
            };
            if !path.contains(name) {
                path.push(name.clone());
            }
        }
        if !path.iter().any(|name| name == "pg_catalog") {
            path.insert(0, "pg_catalog".to_owned());
        }
        // The server looks among the temporary ones first, unless the path gives them a place.
        if let Some(temp) = temp.iter().find(|temp| !path.contains(temp)) {
            path.insert(0, temp.clone());
        }
        // What was prepared is read anew by the server where the path is another.
        if self.scope.search_path != path || self.scope.temp_schema != temp {
            self.scope.prepared.clear();
            self.names_mean_otherwise();
        }
        self.scope.search_path = path;
        self.scope.temp_schema = temp;
        self.scope.carried = self.temporary.carried();
        self.scope.made = self.temporary.uncommitted();
        self.rekey();
    }

    /// What was prepared under another catalog is read anew by the server: a view in it may be
    /// another by now.
    pub(super) fn follow_catalog(&mut self, version: u64) {
        if std::mem::replace(&mut self.catalog_prepared, version) != version {
            self.scope.prepared.clear();
            self.names_mean_otherwise();
        }
    }

    /// Code that a cursor runs looks its names up as rows are fetched: what it will read is not
    /// known any more.
    fn names_mean_otherwise(&mut self) {
        self.scope.cursors.retain(|_, facts| facts.code.is_empty());
    }

    /// True if the server must be told to forget the plans it keeps. It makes one anew where
    /// something that it reads changes or goes, or where the path is another; not where something
    /// came to stand before what a name meant. Prepared statements and code that ran would go on
    /// reading that.
    pub fn keeps_plans(&self) -> bool {
        self.plans_kept || self.asks_temporary()
    }

    /// Tells that the server forgot its plans.
    pub fn plans_forgotten(&mut self) {
        self.plans_kept = false;
    }

    /// Something outside the statements' text changed what names mean (a `ParameterStatus`).
    pub fn scope_unknown(&mut self) {
        self.scope_known = false;
    }

    /// Notes a prepared statement of the protocol; SQL's EXECUTE can run it.
    pub fn note_prepared(&mut self, name: &str, plan: &Plan) {
        if let Some(part) = plan.parts.first() {
            self.scope.prepared.insert(name.to_owned(), Arc::clone(&part.facts));
        }
    }

    /// Notes a named portal that the server has made, and where its rows that left are counted;
    /// SQL's FETCH can read it.
    pub fn note_portal(&mut self, name: &str, plan: &Plan, left: &Arc<AtomicU64>) {
        self.fetched.bound(name, left);
        if let Some(part) = plan.parts.first() {
            self.scope.cursors.insert(name.to_owned(), Arc::clone(&part.facts));
            self.held.forget(name);
        }
    }

    /// Forgets a prepared statement or a portal.
    pub fn forget(&mut self, prepared: Option<&str>, portal: Option<&str>) {
        if let Some(name) = prepared {
            self.scope.prepared.remove(name);
        }
        if let Some(name) = portal {
            self.scope.cursors.remove(name);
            self.held.forget(name);
        }
    }

    /// Forgets cursors: after a failure those of the open transaction may be gone.
    pub fn forget_cursors(&mut self) {
        self.held.pending.clear();
        let kept = &self.held.kept;
        self.scope.cursors.retain(|name, _| kept.contains(name));
    }

    /// Something failed: what the open transaction made may go with it.
    pub fn failed(&mut self) {
        self.held.pending.clear();
    }

    /// The transaction ended: cursors are gone but for those WITH HOLD, and settings may have gone
    /// back to what they were.
    pub fn transaction_ended(&mut self) {
        self.held.kept.append(&mut self.held.pending);
        self.forget_cursors();
        self.fetched.transaction_ended();
        // What was made and what was rolled back is known only now.
        self.temporary.transaction_ended();
        if !self.scope.made.is_empty() {
            self.adopt();
        }
        let altered = std::mem::replace(&mut self.scope.altered, self.temporary.lost);
        if self.structure.ended() || altered {
            self.scope.added = Arc::default();
            self.rekey();
        }
        if std::mem::take(&mut self.scope_touched) {
            self.scope_known = false;
        }
        self.catalog_committed();
    }

    fn catalog_committed(&mut self) {
        if std::mem::take(&mut self.catalog_touched) {
            self.database.changed();
        }
    }

    pub(super) fn follow(&mut self, plan: &Plan, part: &Part, succeeded: bool) {
        self.ran();
        if succeeded {
            self.follow_obscure(part);
            self.follow_names(part);
        }
        self.touch_scope(plan, part);
        for change in &part.facts.session {
            match change {
                SessionChange::Scope => self.scope_moves(part),
                SessionChange::Prepare(name, facts) if succeeded => {
                    self.scope.prepared.insert(name.clone(), Arc::clone(facts));
                }
                SessionChange::Declare(name, facts) if succeeded => {
                    self.scope.cursors.insert(name.clone(), Arc::clone(facts));
                    self.held.forget(name);
                    self.fetched.declared(name);
                }
                SessionChange::Hold(name) if succeeded => {
                    self.held.pending.insert(name.clone());
                    self.fetched.lasts(name);
                }
                SessionChange::Deallocate(None) if succeeded => self.scope.prepared.clear(),
                SessionChange::Deallocate(Some(name)) if succeeded => {
                    self.scope.prepared.remove(name);
                }
                SessionChange::CloseCursor(None) if succeeded => {
                    self.no_cursors();
                    self.fetched.closed(None);
                }
                SessionChange::CloseCursor(Some(name)) if succeeded => {
                    self.fetched.closed(Some(name));
                    self.scope.cursors.remove(name);
                    self.held.forget(name);
                }
                // What failed changed nothing: PREPARE and DECLARE leave the old name in place.
                SessionChange::Prepare(..)
                | SessionChange::Declare(..)
                | SessionChange::Hold(_)
                | SessionChange::Fetch(_)
                | SessionChange::Deallocate(_)
                | SessionChange::CloseCursor(_) => {}
            }
        }
        // Code whose text does not tell what it does may have replaced any name.
        if part.facts.dynamic {
            self.scope.prepared.clear();
            self.no_cursors();
        }
        // What was declared before a ROLLBACK, to a savepoint too, may be gone, and its name free
        // for another; COMMIT is an operation of its own.
        let ended = part.facts.session.contains(&SessionChange::Scope);
        if ended && part.facts.effects.iter().any(ends_transaction) {
            self.forget_cursors();
            self.structure_doubtful();
        }
        // Others see a change only once it is committed, so that is when it counts.
        self.catalog_touched |= succeeded && part.facts.effects.iter().any(changes_shared_catalog);
        if succeeded && part.facts.effects.iter().any(|e| e.operation == Operation::Commit) {
            // COMMIT AND CHAIN leaves a transaction open in which all of it is known to others.
            self.structure_doubtful();
            self.catalog_committed();
        }
    }

    /// What nobody has understood may have changed what names mean, and so may code that no text
    /// names. After other code that stands in the database, and DDL, it is asked for at the
    /// transaction's end.
    fn touch_scope(&mut self, plan: &Plan, part: &Part) {
        let facts = &part.facts;
        let unknown =
            facts.dynamic || !facts.unknowns.is_empty() || plan.knowledge.moves_unasked(facts);
        if unknown {
            self.scope_known = false;
        }
        let changes = |effect: &Effect| effect.operation.changes_catalog();
        let runs = !facts.code.is_empty() || facts.effects.iter().any(changes);
        self.scope_touched |= unknown || runs;
    }

    /// The server planned a statement that may not have run yet: what is constant in it has.
    pub fn planned_there(&mut self, plan: &Plan) {
        if plan.moves_names() {
            (self.scope_known, self.scope_touched) = (false, true);
        }
    }

    /// What names mean may be different behind a part.
    fn scope_moves(&mut self, part: &Part) {
        // The end of a transaction takes back what was changed in it, and no more.
        if self.scope_touched || !crate::clearance::only_transaction(part) {
            self.scope_known = false;
            self.scope_touched = true;
        }
        let own = &mut self.temporary;
        own.asked_for |= own.any() || own.touched;
    }

    /// Names that the session itself gave another meaning than the catalog knows. What was
    /// prepared before may be read anew by the server, with the new meaning.
    fn follow_names(&mut self, part: &Part) {
        let catalog = Arc::clone(&self.database.knowledge().catalog);
        let mut own = part.facts.dynamic;
        let mut new = false;
        let mut alters = part.facts.dynamic;
        let in_path = self.path.iter().any(|name| sql::is_temporary(name));
        for effect in &part.facts.effects {
            let made = effect.relation.as_ref();
            let operation = effect.operation;
            let temporary = matches!(operation, Operation::CreateTemp | Operation::DropTemp)
                || made.is_some_and(|made| self.temporary.is_one(made));
            if temporary || operation == Operation::Create && (in_path || self.temporary.any()) {
                // A view over what is temporary is so too, and so is all that the path makes so.
                own |= temporary || made.is_some();
            }
            if temporary || !alters_names(operation) || part.facts.keeps_names {
                continue;
            }
            // A new table is a name that the catalog does not know: nothing else changes.
            let unheard_of =
                |made: &RelationRef| !catalog.relations().any(|known| *known.name == *made.name);
            let adds = operation == Operation::Create
                && !self.structure.is_seen()
                && made.is_some_and(|made| made.id.is_none() && unheard_of(made));
            if adds {
                new = true;
            } else {
                alters = true;
            }
        }
        if own && part.facts.effects.iter().any(|e| changes_own(e.operation)) || part.facts.dynamic
        {
            self.temporary.asked_for = true;
            self.temporary.touched = true;
        }
        if new || !part.facts.renamed.is_empty() {
            self.temporary.made(&part.facts);
            self.adopt();
        }
        if alters {
            if !self.scope.altered {
                self.scope.prepared.clear();
                self.no_cursors();
            }
            self.structure_changed();
        }
    }

    /// The session goes on in another process of the server, which knows none of its names: what
    /// they depend on is asked for before anything is planned by them.
    pub fn moved(&mut self) {
        self.scope.prepared.clear();
        self.no_cursors();
        self.fetched.closed(None);
        self.scope_known = false;
        self.temporary.asked_for |= self.temporary.any() || self.temporary.touched;
    }

    fn no_cursors(&mut self) {
        self.scope.cursors.clear();
        self.held.clear();
    }

    pub(super) fn rekey(&mut self) {
        let mut hasher = crate::cache::hasher();
        (self.scope.altered, &self.scope.search_path, &self.scope.temp_schema).hash(&mut hasher);
        self.scope.path_lost.hash(&mut hasher);
        self.scope.standard_conforming_strings.hash(&mut hasher);
        (self.scope.was_blurred, self.scope.tells_bytes()).hash(&mut hasher);
        if self.temporary.is_own() || self.structure.is_seen() {
            (self.own().to_string(), self.temporary.named).hash(&mut hasher);
            self.structure.version().hash(&mut hasher);
        }
        self.names_key = hasher.finish();
        if self.temporary.is_own() {
            self.temporary.version.hash(&mut hasher);
        }
        self.scope_key = hasher.finish();
    }
}

/// True for what ends a transaction, or goes back in it, where the scope may move by it; SET
/// CONSTRAINTS has an object.
pub(crate) fn ends_transaction(effect: &Effect) -> bool {
    effect.operation == Operation::Transaction && effect.object.is_none()
}

/// True if what the session has for itself may be other than before.
const fn changes_own(operation: Operation) -> bool {
    matches!(operation, Operation::CreateTemp | Operation::DropTemp) || alters_names(operation)
}

/// True if other sessions' facts may change. Temporary objects are the session's own. What another
/// transaction did that is committed by its name is not known.
pub(super) fn changes_shared_catalog(effect: &Effect) -> bool {
    let operation = effect.operation;
    let own = matches!(operation, Operation::CreateTemp | Operation::DropTemp);
    operation.changes_catalog() && !own || operation == Operation::Commit && effect.object.is_some()
}

/// True if what names mean may be different after it.
pub(crate) fn changes_names(part: &Part) -> bool {
    let changes = |effect: &Effect| changes_own(effect.operation);
    !part.facts.session.is_empty() || part.facts.dynamic || part.facts.effects.iter().any(changes)
}

const fn alters_names(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Create
            | Operation::Alter
            | Operation::Drop
            | Operation::Rename
            | Operation::Extension
    )
}
