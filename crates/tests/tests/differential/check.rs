//! Facts held against what PostgreSQL says: everything that it reads must be named. Knows no
//! session.
//!
//! Only this direction counts. That facts name more than a plan reads is their nature: the planner
//! folds constants, drops joins and prunes partitions.

use crate::{client::Origin, plan::Reads};
use model::{
    Catalog, ColumnId, Facts, RelationId,
    catalog::{Relation, RelationKind},
};
use std::collections::HashSet;

/// Something that PostgreSQL does and the facts do not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// The number of outputs, or that there are any.
    Outputs(String),
    /// An output is a column that is not among its sources.
    Source(String),
    /// A relation is scanned that no effect names.
    Relation(String),
    /// An expression reads a column that has no use.
    Column(RelationId, String),
    /// RowDescription names another column than the facts expect. No leak: everything is masked
    /// then, which is too much.
    Origin(String),
}

/// True if the facts say that they are all there is.
pub(crate) fn complete(facts: &Facts) -> bool {
    let outputs = facts.outputs.iter().flatten();
    facts.unknowns.is_empty()
        && !facts.dynamic
        && !facts.outputs_unknown
        && outputs.clone().all(|output| !output.unknown)
}

/// Outputs as RowDescription tells them. What is not known of an output is said by the output.
pub(crate) fn outputs(facts: &Facts, told: &[Origin], catalog: &Catalog) -> Vec<Gap> {
    if facts.outputs_unknown {
        return Vec::new();
    }
    let Some(outputs) = &facts.outputs else {
        return vec![Gap::Outputs("a result that the facts do not have".to_owned())];
    };
    if outputs.len() != told.len() {
        let text = format!("{} outputs, the facts have {}", told.len(), outputs.len());
        return vec![Gap::Outputs(text)];
    }
    let mut gaps = Vec::new();
    for (output, (table, number)) in outputs.iter().zip(told) {
        let column = ColumnId { relation: RelationId(*table), number: *number };
        let said = (*table != 0).then_some(column);
        let named = |source: &ColumnId| match number {
            // A whole row: any of its columns.
            0 => source.relation == column.relation,
            _ => *source == column,
        };
        let name = || format!("{}: {}", output.name, shown(catalog, column));
        if *table != 0 && !output.unknown && !output.sources.iter().any(named) {
            gaps.push(Gap::Source(name()));
        } else if said != output.origin {
            let expected = output.origin.map(|column| shown(catalog, column));
            gaps.push(Gap::Origin(format!("{}, expected {expected:?}", name())));
        }
    }
    gaps
}

/// Relations and columns as the plan tells them, of facts that are [`complete`].
pub(crate) fn reads(facts: &Facts, reads: &Reads, catalog: &Catalog) -> Vec<Gap> {
    let effects = facts.effects.iter().filter_map(|effect| effect.relation.as_ref());
    let ids: HashSet<RelationId> = effects.filter_map(|relation| relation.id).collect();
    let used: HashSet<ColumnId> = facts.columns.iter().map(|one| one.column).collect();
    let system = |relation: &Relation| {
        matches!(relation.schema.as_str(), "pg_catalog" | "information_schema")
    };
    // The system's own views are taken for what they are, not for what they read.
    let through_system = ids
        .iter()
        .filter_map(|id| catalog.relation(*id))
        .any(|relation| relation.kind == RelationKind::View && system(relation));
    // What stands below a view that the session made for itself was asked for when it was made, and
    // what its columns may hold is the session's to know: the facts name the view alone.
    let view = |id: &RelationId| catalog.relation(*id).filter(|r| r.kind == RelationKind::View);
    if ids.iter().filter_map(view).any(|view| sql::is_temporary(&view.schema)) {
        return Vec::new();
    }
    let mut gaps = Vec::new();
    for (schema, name) in &reads.relations {
        let Some(relation) = catalog.relation_named(schema, name) else {
            gaps.push(Gap::Relation(format!("{schema}.{name}, which the catalog does not have")));
            continue;
        };
        let named = family(catalog, relation.id).iter().any(|id| ids.contains(id))
            || system(relation) && through_system;
        if !named {
            gaps.push(Gap::Relation(format!("{schema}.{name}")));
        }
    }
    for read in &reads.columns {
        let (schema, name) = &read.relation;
        let Some(relation) = catalog.relation_named(schema, name) else { continue };
        if system(relation) && through_system {
            continue;
        }
        let wanted: Vec<ColumnId> = if read.column == "*" {
            if handed(facts, relation, catalog) {
                continue;
            }
            row(relation, &ids, catalog)
        } else if let Some(column) = relation.column(&read.column) {
            vec![relation.column_id(column.number)]
        } else {
            Vec::new()
        };
        for column in wanted.into_iter().filter(|column| !used.contains(column)) {
            let text = format!("{} in {}", shown(catalog, column), read.place);
            gaps.push(Gap::Column(column.relation, text));
        }
    }
    gaps
}

/// The columns of a whole row. Below a parent that the statement names it is the parent's row.
fn row(relation: &Relation, named: &HashSet<RelationId>, catalog: &Catalog) -> Vec<ColumnId> {
    let known = |name: &str| {
        let above = family(catalog, relation.id).into_iter().filter(|id| named.contains(id));
        let mut above = above.filter_map(|id| catalog.relation(id));
        named.contains(&relation.id) || above.any(|parent| parent.column(name).is_some())
    };
    let columns = relation.columns.iter().filter(|column| known(&column.name));
    columns.map(|column| relation.column_id(column.number)).collect()
}

/// True if the statement calls a function to which rows of the relation are handed. What of them
/// it uses its body tells, which the facts have followed; the plan shows the row.
fn handed(facts: &Facts, relation: &Relation, catalog: &Catalog) -> bool {
    let rows: Vec<_> = family(catalog, relation.id)
        .into_iter()
        .filter_map(|id| Some(catalog.relation(id)?.row_type))
        .collect();
    let functions = facts.functions.iter().filter_map(|function| catalog.function(function.id?));
    functions.into_iter().any(|function| {
        function.body.is_some() && function.argument_types.iter().any(|ty| rows.contains(ty))
    })
}

/// A relation with all above and below it.
fn family(catalog: &Catalog, id: RelationId) -> Vec<RelationId> {
    let mut family = vec![id];
    let mut next = 0;
    while let Some(id) = family.get(next).copied() {
        next += 1;
        let parents = catalog.relation(id).map(|relation| relation.parents.clone());
        let relatives = parents.into_iter().flatten().chain(catalog.children(id).to_vec());
        for relative in relatives {
            if !family.contains(&relative) {
                family.push(relative);
            }
        }
    }
    family
}

fn shown(catalog: &Catalog, column: ColumnId) -> String {
    if column.relation.0 == 0 {
        return "no column".to_owned();
    }
    let Some(relation) = catalog.relation(column.relation) else { return format!("{column:?}") };
    let found = relation.columns.iter().find(|one| one.number == column.number);
    let name = found.map_or_else(|| column.number.to_string(), |column| column.name.clone());
    format!("{}.{}.{name}", relation.schema, relation.name)
}
