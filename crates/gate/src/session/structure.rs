//! What names mean in a transaction that changed the structure: the catalog as the transaction
//! itself sees it, under the labels that columns have or that they will get once it is committed.
//! Knows no connection: whoever has one is told when to read, and tells what was read.
//!
//! Labels go by numbers, so a new name hides nothing. What stands where a labelled column stood is
//! labelled as that one was, and what code made that nobody understood is of unknown content.

use super::Session;
use crate::{
    book::place_of,
    database::{Database, Knowledge},
    plan::Part,
};
use model::{
    Catalog, ColumnId, Disclosure, Label, LabelMap, Labelling, Outcome, catalog::Relation, stronger,
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
    time::SystemTime,
};

/// A catalog that was read in an open transaction.
#[derive(Debug)]
pub struct Seen {
    /// The catalog, uncommitted changes included.
    pub catalog: Catalog,
    /// Labels that the names and types of new columns speak for.
    pub proposed: HashMap<ColumnId, Labelling>,
}

/// See the module's own page.
#[derive(Debug, Default)]
pub(super) struct Structure {
    /// As it was read last, if nothing changed since.
    seen: Option<(Arc<Catalog>, HashMap<ColumnId, Labelling>)>,
    /// It cannot be read as it is now.
    lost: bool,
    /// Something ran that was not understood.
    obscure: bool,
    /// Grows with each change.
    version: u64,
    /// Under the revision of what all know.
    laid: Option<(u64, Arc<Knowledge>)>,
}

impl Structure {
    pub(super) const fn is_seen(&self) -> bool {
        self.seen.is_some()
    }

    /// What tells its states apart; 0 while what all know holds.
    pub(super) fn version(&self) -> u64 {
        if self.is_seen() { self.version } else { 0 }
    }

    fn outdated(&mut self) {
        (self.seen, self.laid, self.lost) = (None, None, false);
        self.version += 1;
    }

    /// The transaction ended. True if names mean what they mean to all again.
    pub(super) fn ended(&mut self) -> bool {
        let seen = self.is_seen();
        self.outdated();
        self.obscure = false;
        seen
    }

    fn over(&mut self, database: &Database, shared: &Arc<Knowledge>) -> Arc<Knowledge> {
        let Some((catalog, proposed)) = &self.seen else { return Arc::clone(shared) };
        if let Some((revision, laid)) = &self.laid
            && *revision == shared.revision
        {
            return Arc::clone(laid);
        }
        let mut labels = database.labels_with(catalog, proposed, shared.revision);
        let changed = catalog.own_relations().filter(|relation| {
            let before = shared.catalog.relation(relation.id);
            before.is_none_or(|before| !Arc::ptr_eq(before, relation))
        });
        for relation in changed {
            keep_labels(relation, shared, self.obscure, &mut labels);
        }
        let laid = Arc::new(Knowledge {
            catalog: Arc::clone(catalog),
            labels: Arc::new(labels),
            generation: shared.generation,
            revision: shared.revision,
            carried: shared.carried,
            meaning: OnceLock::new(),
            unasked: OnceLock::new(),
        });
        self.laid = Some((shared.revision, Arc::clone(&laid)));
        laid
    }
}

impl Session {
    /// What this session knows of the database: as all know it, or as its open transaction sees it,
    /// with what it has for itself.
    pub(super) fn known(&mut self) -> Arc<Knowledge> {
        let shared = self.database.knowledge();
        let base = self.structure.over(&self.database, &shared);
        self.temporary.over(&base, self.structure.version())
    }

    /// True if a text cannot be understood because the open transaction changed what names mean:
    /// read the catalog as the transaction sees it, then [`Self::set_structure`] or
    /// [`Self::structure_lost`]. As for [`Self::plan`], the session must be ready.
    pub fn lacks_structure(&mut self, text: &str, now: SystemTime) -> bool {
        let useless = self.unrestricted
            || self.structure.lost
            || self.temporary.lost
            || self.client.preview.is_some();
        if !self.scope.altered && self.scope.made.is_empty() || useless {
            return false;
        }
        let masks = |shown: &Disclosure| !matches!(shown, Disclosure::Raw { .. });
        let unclear = |part: &Part| {
            part.verdict.outcome != Outcome::Allow
                || !part.facts.unknowns.is_empty()
                || part.verdict.disclosures.iter().any(masks)
                || part.facts.moves.iter().any(|moved| moved.unknown)
        };
        self.plan_once(text, now).parts.iter().any(unclear)
    }

    /// Tells what the open transaction sees.
    pub fn set_structure(&mut self, seen: Seen) {
        let Seen { catalog, proposed } = seen;
        self.structure.outdated();
        self.scope.added = Arc::new(added(&catalog, &self.database.knowledge().catalog));
        self.structure.seen = Some((Arc::new(catalog), proposed));
        // Tables that it made stand in the catalog now.
        self.temporary.uncommitted_seen();
        self.scope.altered = self.temporary.lost;
        self.scope.prepared.clear();
        self.adopt();
    }

    /// Tells that the server could not say what the open transaction sees: until it changes again,
    /// what names mean is not known.
    pub fn structure_lost(&mut self) {
        self.structure.lost = true;
    }

    /// The open transaction changed what names mean, or may have.
    pub(super) fn structure_changed(&mut self) {
        self.structure.outdated();
        self.plans_kept = true;
        self.scope.added = Arc::default();
        self.scope.altered = true;
        self.rekey();
    }

    /// A savepoint was gone back to, or others changed what this transaction sees too.
    pub(super) fn structure_doubtful(&mut self) {
        if self.structure.is_seen() || self.scope.altered {
            self.structure_changed();
        }
    }

    /// Notes whether what ran was understood.
    pub(super) fn follow_obscure(&mut self, part: &Part) {
        let obscure = part.facts.dynamic || !part.facts.unknowns.is_empty();
        if obscure && !std::mem::replace(&mut self.structure.obscure, true) {
            self.structure.laid = None;
            self.structure.version += 1;
            self.rekey();
        }
    }
}

/// The columns that a catalog has and the one that all know has not.
fn added(catalog: &Catalog, shared: &Catalog) -> HashSet<ColumnId> {
    let changed = catalog.own_relations().filter(|relation| {
        let before = shared.relation(relation.id);
        before.is_none_or(|before| !Arc::ptr_eq(before, relation))
    });
    let columns = changed.flat_map(|relation| {
        relation.columns.iter().map(|column| relation.column_id(column.number))
    });
    columns.filter(|id| place_of(shared, *id).is_none()).collect()
}

/// Sees to it that a relation that the transaction made or changed shows nothing that is masked
/// for all others.
fn keep_labels(relation: &Relation, shared: &Knowledge, obscure: bool, labels: &mut LabelMap) {
    let place = shared.catalog.relation_named(&relation.schema, &relation.name);
    for column in &relation.columns {
        let id = relation.column_id(column.number);
        let known = place_of(&shared.catalog, id).is_some();
        let before = if known {
            Some(id)
        } else {
            place.and_then(|place| Some(place.column_id(place.column(&column.name)?.number)))
        };
        if let Some(labelling) = before.and_then(|before| shared.labels.columns.get(&before)) {
            let derived = before.is_some_and(|before| shared.labels.is_derived(before));
            join(labels, id, labelling, derived);
        }
        if obscure && !known {
            let evidence = vec!["made by what was not understood".to_owned()];
            let labelling = Labelling { label: Label::UNKNOWN, confidence: 1.0, evidence };
            join(labels, id, &labelling, true);
        }
    }
}

/// Adds a label to what a column has: the stronger holds.
fn join(labels: &mut LabelMap, id: ColumnId, more: &Labelling, derived: bool) {
    let known = labels.columns.get(&id);
    let differs = known.is_some_and(|known| known.label != more.label);
    let keeps = known.is_some_and(|known| *stronger(&known.label, &more.label) == known.label);
    if derived || differs {
        labels.derived.insert(id);
    }
    if !keeps {
        labels.columns.insert(id, more.clone());
    }
}
