//! A column keeps the label that it bears when what the label was found by is taken away: its
//! name, type or comment, its table's name, a column beside it, what it refers to. Only a person's
//! decision takes it off.

use super::{CarriedLabel, LabelBook, Place, place_of};
use crate::database::Knowledge;
use model::{
    Catalog, ColumnId, Label, TypeId,
    catalog::{Column, Relation},
};
use std::sync::Arc;

/// A column with the label that an earlier run found for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundBefore {
    /// Its names then.
    pub place: Place,
    /// Its number.
    pub id: ColumnId,
    /// Its type's name then.
    pub type_name: String,
    /// What it bore.
    pub label: Label,
}

impl LabelBook {
    /// Notes the labels that columns bore as what their values brought along, where a catalog has
    /// these columns otherwise than what was known before.
    pub(crate) fn hold(&mut self, known: &Knowledge, now: &Catalog) {
        let mut lasting = Vec::new();
        for before in known.catalog.own_relations() {
            let Some(relation) = now.relation(before.id).filter(|now| !Arc::ptr_eq(now, before))
            else {
                continue;
            };
            let all = is_another(before, relation);
            for column in &before.columns {
                let id = before.column_id(column.number);
                let Some(labelling) = known.labels.columns.get(&id) else { continue };
                let Some(own) = relation.columns.iter().find(|own| own.number == id.number) else {
                    continue;
                };
                if !all && own.references == column.references {
                    continue;
                }
                let category =
                    |catalog: &Catalog, ty: TypeId| catalog.type_by_id(ty).map(|ty| ty.category);
                let derived = known.labels.is_derived(id)
                    || category(&known.catalog, column.type_id) != category(now, own.type_id);
                let old = Place {
                    schema: before.schema.clone(),
                    relation: before.name.clone(),
                    column: column.name.clone(),
                };
                lasting.push((old, id, labelling.label.clone(), derived));
            }
        }
        for FoundBefore { place, id, type_name, label } in std::mem::take(&mut self.earlier) {
            // Under its name stands another table: numbers are another database's.
            let named = now.relation_named(&place.schema, &place.relation);
            if named.is_some_and(|named| named.id != id.relation) {
                continue;
            }
            let Some(own) = place_of(now, id) else { continue };
            let derived = type_of(now, id) != Some(type_name.as_str());
            if derived || own != place {
                lasting.push((place, id, label, derived));
            }
        }
        for (old, id, label, derived) in lasting {
            self.lasts(now, &old, id, label, derived);
        }
    }

    fn lasts(&mut self, now: &Catalog, old: &Place, id: ColumnId, label: Label, derived: bool) {
        // What a person decided follows the number by itself.
        let decided = self.decided(old, Some(id)).filter(|decided| decided.id == Some(id));
        if decided.is_some_and(|decided| decided.label.is_some()) {
            return;
        }
        let Some(place) = place_of(now, id) else { return };
        let evidence = match place == *old {
            true => "it bore the label before its table was altered".to_owned(),
            false => {
                let Place { schema, relation, column } = old;
                format!("it bore the label when it was {schema}.{relation}.{column}")
            }
        };
        self.put(CarriedLabel { place, id: Some(id), label, derived, evidence }, false);
    }
}

/// True if what labels of its columns rest on may be gone, other than what a column refers to.
fn is_another(before: &Relation, now: &Relation) -> bool {
    let same = |column: &Column| {
        now.columns.iter().any(|own| {
            own.number == column.number
                && own.name == column.name
                && own.type_id == column.type_id
                && own.comment == column.comment
        })
    };
    before.schema != now.schema
        || before.name != now.name
        || before.comment != now.comment
        || !before.columns.iter().all(same)
}

fn type_of(catalog: &Catalog, id: ColumnId) -> Option<&str> {
    let relation = catalog.relation(id.relation)?;
    let column = relation.columns.iter().find(|column| column.number == id.number)?;
    Some(catalog.type_by_id(column.type_id).map_or("unknown", |ty| ty.name.as_str()))
}
