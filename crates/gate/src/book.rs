//! What the labels of a database are made of: what columns' own evidence proposes, what values
//! carried with them when they were written elsewhere, what people decided. Knows no session and no
//! storage.
//!
//! A person's decision stands over a machine's; between proposed and carried the stronger holds,
//! and where they differ the column holds values of both.

mod lasting;

pub use lasting::FoundBefore;

use model::{Catalog, ColumnId, Label, LabelMap, Labelling, catalog::Relation, stronger};
use std::{collections::HashMap, sync::Arc};

/// Which column, by names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Schema; empty for any, where it is not known.
    pub schema: String,
    /// Relation.
    pub relation: String,
    /// Column; empty for every column of the relation.
    pub column: String,
}

/// A label that values brought to a column when they were written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedLabel {
    /// The column, by the names it had when this was known last.
    pub place: Place,
    /// The column, once the catalog has it: names may change.
    pub id: Option<ColumnId>,
    /// What was brought.
    pub label: Label,
    /// Pieces of values, or values of several labels.
    pub derived: bool,
    /// Why, in words. Never holds a value.
    pub evidence: String,
}

/// What a person decided about a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedLabel {
    /// Which.
    pub place: Place,
    /// The column's own number when it was decided: a label follows it to another name.
    pub id: Option<ColumnId>,
    /// What it holds; `None` if nothing that needs a label.
    pub label: Option<Label>,
}

#[derive(Clone, Debug)]
struct Entry {
    label: CarriedLabel,
    /// A restart finds it.
    kept: bool,
}

/// See the module's own page.
#[derive(Debug, Default)]
pub(crate) struct LabelBook {
    pub(crate) proposed: LabelMap,
    decided: HashMap<Place, DecidedLabel>,
    carried: HashMap<Place, Entry>,
    /// What the last run found, until a catalog was read.
    pub(crate) earlier: Vec<FoundBefore>,
}

impl LabelBook {
    /// Adds a label to what was carried to its column. True if the column bears another than
    /// before.
    pub(crate) fn put(&mut self, label: CarriedLabel, kept: bool) -> bool {
        let Some(entry) = self.carried.get_mut(&label.place) else {
            self.carried.insert(label.place.clone(), Entry { label, kept });
            return true;
        };
        let known = &mut entry.label;
        let id = known.id.or(label.id);
        let differs = known.label != label.label;
        let derived = known.derived || label.derived || differs;
        let stronger = stronger(&known.label, &label.label).clone();
        let changes = known.derived != derived || known.label != stronger;
        if changes {
            entry.kept = kept;
            known.evidence = label.evidence;
        }
        let changes = changes || known.id != id;
        (known.id, known.derived, known.label) = (id, derived, stronger);
        changes
    }

    /// Replaces what people decided. True if that is something else than before.
    pub(crate) fn decide(&mut self, decided: Vec<DecidedLabel>) -> bool {
        let decided = decided.into_iter().map(|one| (one.place.clone(), one)).collect();
        let differs = self.decided != decided;
        self.decided = decided;
        differs
    }

    /// What a person decided about a column, by its name or else by its number.
    pub(crate) fn decided(&self, place: &Place, id: Option<ColumnId>) -> Option<&DecidedLabel> {
        self.decided.get(place).or_else(|| {
            let same = |one: &&DecidedLabel| one.label.is_some() && id.is_some() && one.id == id;
            self.decided.values().find(same)
        })
    }

    /// Notes that a label is kept as it is now.
    pub(crate) fn kept(&mut self, label: &CarriedLabel) {
        let entry = self.carried.get_mut(&label.place);
        if let Some(entry) = entry.filter(|entry| entry.label.label == label.label) {
            entry.kept |= entry.label.derived == label.derived;
        }
    }

    /// What is in force at a place and not kept yet.
    pub(crate) fn unkept(&self, place: &Place) -> Option<&CarriedLabel> {
        self.carried.get(place).filter(|entry| !entry.kept).map(|entry| &entry.label)
    }

    /// All that is in force and not kept yet.
    pub(crate) fn all_unkept(&self) -> Vec<CarriedLabel> {
        let unkept = self.carried.values().filter(|entry| !entry.kept);
        unkept.map(|entry| entry.label.clone()).collect()
    }

    /// True if it is noted that a column holds values of a label, or of a stronger one.
    pub(crate) fn has_noted(&self, place: &Place, label: &Label, derived: bool) -> bool {
        self.carried.get(place).is_some_and(|entry| {
            let known = &entry.label;
            *stronger(&known.label, label) == known.label && (known.derived || !derived)
        })
    }

    /// All that was carried anywhere.
    pub(crate) fn all(&self) -> impl Iterator<Item = &CarriedLabel> {
        self.carried.values().map(|entry| &entry.label)
    }

    /// What was carried to the columns of a relation by its name.
    pub(crate) fn of<'b>(
        &'b self,
        schema: &'b str,
        relation: &'b str,
    ) -> impl Iterator<Item = &'b CarriedLabel> {
        self.carried.values().map(|entry| &entry.label).filter(move |label| {
            label.place.relation == relation && (schema.is_empty() || label.place.schema == schema)
        })
    }

    /// Follows columns to the names they have now.
    pub(crate) fn follow(&mut self, catalog: &Catalog) {
        let mut moved = Vec::new();
        for entry in self.carried.values_mut() {
            let label = &mut entry.label;
            match label.id.and_then(|id| place_of(catalog, id)) {
                Some(place) if place != label.place => {
                    moved.push(CarriedLabel { place, ..label.clone() });
                }
                Some(_) => {}
                // Not there yet, or gone; one that is made again under the name takes it up.
                None => {
                    let place = &label.place;
                    let relation = catalog.relation_named(&place.schema, &place.relation);
                    label.id = relation.and_then(|relation| {
                        Some(relation.column_id(relation.column(&place.column)?.number))
                    });
                }
            }
        }
        for label in moved {
            self.put(label, false);
        }
    }

    /// All labels of a catalog's columns.
    pub(crate) fn labels(&self, catalog: &Catalog, version: u64) -> LabelMap {
        self.labels_upon(self.proposed.clone(), catalog, version)
    }

    /// The same upon other proposals.
    pub(crate) fn labels_upon(
        &self,
        mut map: LabelMap,
        catalog: &Catalog,
        version: u64,
    ) -> LabelMap {
        map.version = version;
        for entry in self.carried.values() {
            let label = &entry.label;
            for relation in relations(catalog, &label.place) {
                columns(relation, label).for_each(|column| lay(&mut map, column, label));
            }
            if let Some(id) = label.id.filter(|id| place_of(catalog, *id).is_some()) {
                lay(&mut map, id, label);
            }
        }
        // What follows a number first: a decision under the column's own name stands over it.
        let followed = self.decided.values().filter_map(|one| {
            let id = one.id.filter(|id| place_of(catalog, *id).is_some())?;
            one.label.as_ref().map(|label| (id, Some(label)))
        });
        let named = self.decided.values().filter_map(|one| {
            let relation = catalog.relation_named(&one.place.schema, &one.place.relation)?;
            let number = relation.column(&one.place.column)?.number;
            Some((relation.column_id(number), one.label.as_ref()))
        });
        for (id, label) in followed.chain(named) {
            map.derived.remove(&id);
            map.columns.remove(&id);
            if let Some(label) = label {
                let evidence = vec!["a person decided".to_owned()];
                let labelling = Labelling { label: label.clone(), confidence: 1.0, evidence };
                map.columns.insert(id, labelling);
            }
        }
        map
    }
}

/// Lays a carried label over what a column has.
fn lay(map: &mut LabelMap, id: ColumnId, carried: &CarriedLabel) {
    let mut derived = carried.derived;
    let mut evidence = vec![carried.evidence.clone()];
    let mut label = carried.label.clone();
    if let Some(known) = map.columns.get(&id) {
        derived |= known.label != label || map.derived.contains(&id);
        label = stronger(&known.label, &label).clone();
        let others = known.evidence.iter().filter(|known| **known != carried.evidence);
        evidence.extend(others.cloned());
    }
    if derived {
        map.derived.insert(id);
    }
    map.columns.insert(id, Labelling { label, confidence: 1.0, evidence });
}

/// The relations that a place means: the one of its schema, or all of its name where the schema is
/// not known.
fn relations<'c>(
    catalog: &'c Catalog,
    place: &'c Place,
) -> impl Iterator<Item = &'c Arc<Relation>> {
    let one = catalog.relation_named(&place.schema, &place.relation);
    let any = place.schema.is_empty().then(|| catalog.relations());
    let any = any.into_iter().flatten().filter(|relation| relation.name == place.relation);
    one.into_iter().chain(any)
}

fn columns<'l>(
    relation: &'l Arc<Relation>,
    label: &'l CarriedLabel,
) -> impl Iterator<Item = ColumnId> + 'l {
    let all = label.place.column.is_empty();
    let meant = relation.columns.iter().filter(move |c| all || c.name == label.place.column);
    meant.map(|column| relation.column_id(column.number))
}

/// The names of a column of the catalog.
pub(crate) fn place_of(catalog: &Catalog, id: ColumnId) -> Option<Place> {
    let relation = catalog.relation(id.relation)?;
    let column = relation.columns.iter().find(|column| column.number == id.number)?;
    Some(Place {
        schema: relation.schema.clone(),
        relation: relation.name.clone(),
        column: column.name.clone(),
    })
}
