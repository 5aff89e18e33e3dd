//! Labels of columns whose values cannot be sampled, because only one open transaction sees them:
//! their names, types, comments and what they refer to speak alone.

use super::{FoundColumn, evidence, follow_references, is_system, place, type_name};
use gate::{Knowledge, LabelRules};
use model::{
    Catalog, ColumnId, Labelling, Weighing,
    catalog::{Column, Relation},
};
use std::{collections::HashMap, sync::Arc};

/// The labels of what a catalog has and the one that is known has not, or not so.
pub(crate) fn weigh(
    now: &Catalog,
    known: &Knowledge,
    rules: &LabelRules,
) -> HashMap<ColumnId, Labelling> {
    let before = &known.catalog;
    let changed = now.own_relations().filter(|relation| {
        let same = before.relation(relation.id).is_some_and(|known| Arc::ptr_eq(known, relation));
        !same && !is_system(&relation.schema)
    });
    let mut found = Vec::new();
    for relation in changed {
        weigh_relation(now, known, relation, rules, &mut found);
    }
    let labelled = |id: ColumnId| known.labels.columns.get(&id).cloned();
    // What they refer to has its label where it stands.
    let there: Vec<ColumnId> = found.iter().map(|column| column.id).collect();
    let referred = there.iter().filter_map(|id| column_of(now, *id)?.1.references);
    let others = referred.filter(|id| !there.contains(id)).filter_map(|id| {
        let (relation, column) = column_of(now, id)?;
        Some(found_column(now, relation, column, labelled(id)))
    });
    let others: Vec<FoundColumn> = others.collect();
    found.extend(others);
    follow_references(now, &mut found);
    let labels = found.into_iter().filter_map(|column| {
        let labelling = column.weighing.labelling?;
        (labelled(column.id).as_ref() != Some(&labelling)).then_some((column.id, labelling))
    });
    labels.collect()
}

fn weigh_relation(
    now: &Catalog,
    known: &Knowledge,
    relation: &Arc<Relation>,
    rules: &LabelRules,
    found: &mut Vec<FoundColumn>,
) {
    let before = known.catalog.relation(relation.id);
    let as_it_was = |column: &&Column| {
        before.is_some_and(|before| {
            before.columns.iter().any(|known| {
                known.number == column.number
                    && known.name == column.name
                    && known.type_id == column.type_id
                    && known.comment == column.comment
            })
        })
    };
    let (kept, fresh): (Vec<&Column>, Vec<&Column>) = relation.columns.iter().partition(as_it_was);
    let label =
        |column: &Column| known.labels.columns.get(&relation.column_id(column.number)).cloned();
    let labels: Vec<Labelling> = kept.iter().filter_map(|column| label(column)).collect();
    let evidence: Vec<_> =
        fresh.iter().map(|column| evidence(now, relation, column, &[])).collect();
    let weighings = gate::weigh_together(&evidence, &labels, rules);
    for (column, weighing) in fresh.into_iter().zip(weighings) {
        found.push(found_column(now, relation, column, weighing.labelling));
    }
    for column in kept {
        found.push(found_column(now, relation, column, label(column)));
    }
}

fn found_column(
    now: &Catalog,
    relation: &Relation,
    column: &Column,
    labelling: Option<Labelling>,
) -> FoundColumn {
    FoundColumn {
        place: place(relation, column),
        id: relation.column_id(column.number),
        type_name: type_name(now, column).to_owned(),
        weighing: Weighing { labelling, ..Weighing::default() },
    }
}

fn column_of(catalog: &Catalog, id: ColumnId) -> Option<(&Arc<Relation>, &Column)> {
    let relation = catalog.relation(id.relation)?;
    let column = relation.columns.iter().find(|column| column.number == id.number)?;
    Some((relation, column))
}
