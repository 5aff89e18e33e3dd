//! Values on their way into columns: where they stand from then on, and whether a label can follow
//! them there. Knows no statement.

use super::Target;
use crate::{
    analyse::Walk,
    flow::{Distance, Field, Flow},
    relate::{Stand, stand},
    scope::{Fragment, Table},
};
use model::{
    ColumnId, RelationId, Use,
    catalog::{Relation, RelationKind, TypeKind},
    facts::Destination,
};
use std::{rc::Rc, sync::Arc};

impl<'a> Walk<'a> {
    /// A value that goes into a column. What came from that column stays where it is; anything
    /// else is copied there, or leaves if where it goes is not in this database or not known.
    pub(super) fn assigned(&mut self, target: &Target<'_>, columns: &[ColumnId], flow: Flow) {
        let mut flow = self.coerced(flow);
        target.values.borrow_mut().absorb(&flow);
        self.computed(&flow, columns);
        self.cascades(&flow, columns);
        flow.sources.retain(|source| !columns.contains(source));
        let kind = |column: &ColumnId| {
            self.catalog.relation(column.relation).map(|relation| relation.kind)
        };
        let view = |column: &&ColumnId| kind(column) != Some(RelationKind::View);
        let stored: Vec<ColumnId> = columns.iter().filter(view).copied().collect();
        let followed = !stored.is_empty()
            && stored
                .iter()
                .all(|column| !matches!(kind(column), None | Some(RelationKind::Foreign)));
        self.facts.uses(&flow, if followed { Use::Copied } else { Use::Exported });
        // What a trigger's author makes of the row is no question of the client's.
        let asks = self.trigger_on.is_none();
        if asks && stored.iter().any(|column| self.choosy(target, &flow, *column)) {
            // Whether it is taken there is a question about it.
            self.facts.uses(&flow, Use::Inferred);
        }
        for column in stored {
            self.facts.moved(Destination::Column(column), &flow);
        }
        if target.relation.is_some_and(|relation| relation.has_rules) {
            self.facts.moved(Destination::All(target.reference.clone()), &Flow::unknown());
        }
        columns.iter().for_each(|column| self.written(*column));
    }

    /// What becomes of a key becomes of the columns that refer to it, where they follow it.
    fn cascades(&mut self, flow: &Flow, columns: &[ColumnId]) {
        if flow.is_given() {
            return;
        }
        for relation in self.catalog.relations() {
            let referring = |column: &&model::catalog::Column| {
                column.references.is_some_and(|key| columns.contains(&key))
            };
            for column in relation.columns.iter().filter(referring) {
                let to = Destination::Column(relation.column_id(column.number));
                self.facts.moved(to, flow);
            }
        }
    }

    /// A column that is computed of itself shows by its mask, which is made for whole values, the
    /// part that was put there.
    pub(crate) fn computed(&mut self, flow: &Flow, columns: &[ColumnId]) {
        if flow.distance <= Distance::Folded {
            return;
        }
        for column in columns.iter().filter(|column| flow.sources.contains(column)) {
            self.facts.column(*column, Use::Inferred);
        }
    }

    /// What a new row's defaults write, as far as they run code. Which columns a statement leaves
    /// to them is not looked at: such defaults are rare.
    pub(crate) fn fill_defaults(&mut self, relation: Option<&Arc<Relation>>) {
        let Some(relation) = relation else { return };
        for (column, mut flow) in self.column_defaults(relation) {
            flow.sources.retain(|source| *source != column);
            let followed = relation.kind != RelationKind::Foreign;
            self.facts.uses(&flow, if followed { Use::Copied } else { Use::Exported });
            self.facts.moved(Destination::Column(column), &flow);
            self.written(column);
        }
    }

    /// True if what becomes of a value in a column tells something of it: whether the server takes
    /// it there (a key, a length, a check, a partition), or which row it meets. Whole values that
    /// are copied into a table that others share tell no more than that they were there.
    fn choosy(&self, target: &Target<'_>, flow: &Flow, column: ColumnId) -> bool {
        let Some(relation) = self.catalog.relation(column.relation) else { return true };
        let partitioned = |id: RelationId| {
            let relation = self.catalog.relation(id);
            relation.is_some_and(|relation| relation.kind == RelationKind::Partitioned)
        };
        let parts = partitioned(relation.id) || relation.parents.iter().any(|id| partitioned(*id));
        let own = crate::is_temporary(&relation.schema);
        let computed = flow.distance > Distance::Folded;
        let choosy =
            relation.columns.iter().find(|known| known.number == column.number).is_none_or(
                |known| {
                    let ty = self.catalog.type_by_id(known.type_id);
                    known.choosy || ty.is_none_or(|ty| matches!(ty.kind, TypeKind::Domain(_)))
                },
            );
        (choosy || parts) && (own || computed || target.meets)
    }

    /// A value that goes into a column by name.
    pub(super) fn assigned_to(&mut self, target: &Target<'_>, name: &str, flow: Flow) {
        if target.made {
            return self.assigned_made(target, Some(name), &flow);
        }
        let columns = self.assignees(target, name);
        let stores = |relation: &&Arc<Relation>| {
            matches!(relation.kind, RelationKind::Table | RelationKind::Partitioned)
        };
        // A column that the open transaction added is known by its name alone.
        if let (true, Some(_)) = (columns.is_empty(), target.relation.filter(stores)) {
            let flow = self.coerced(flow);
            target.values.borrow_mut().absorb(&flow);
            self.facts.uses(&flow, Use::Copied);
            self.filled_added(target, name, &flow);
            let relation = target.reference.clone();
            let to = Destination::Named { relation, column: name.to_owned() };
            return self.facts.moved(to, &flow);
        }
        self.assigned(target, &columns, flow);
    }

    /// A value that goes into the column at this place.
    pub(super) fn assigned_at(&mut self, target: &Target<'_>, index: usize, flow: Flow) {
        let field = target.table.columns.fields.get(index);
        if target.made {
            let name = field.map(|field| field.name.to_string());
            return self.assigned_made(target, name.as_deref(), &flow);
        }
        let columns = field.map(|field| self.stored(target, field)).unwrap_or_default();
        if let (true, Some(name)) = (columns.is_empty(), field.map(|field| field.name.to_string()))
            && target.relation.is_some_and(|it| self.made.added.contains_key(&it.id))
        {
            return self.assigned_to(target, &name, flow);
        }
        self.assigned(target, &columns, flow);
    }

    /// What was put into a column that the same text added is what stands there from then on.
    fn filled_added(&mut self, target: &Target<'_>, name: &str, flow: &Flow) {
        let added = target.relation.and_then(|it| self.made.added.get_mut(&it.id));
        let field = added.and_then(|fields| fields.iter_mut().find(|field| *field.name == *name));
        if let Some(field) = field {
            let ty = field.flow.ty;
            field.flow.absorb(flow);
            field.flow.ty = ty;
            self.expanded.clear();
        }
    }

    /// A value that goes into a table that the same text made: into the named column, or into any.
    pub(super) fn assigned_made(&mut self, target: &Target<'_>, name: Option<&str>, flow: &Flow) {
        let flow = &self.coerced(flow.clone());
        self.facts.uses(flow, Use::Copied);
        let relation = target.reference.clone();
        self.filled_made(&relation.name, name, flow);
        let to = match name {
            Some(name) => Destination::Named { relation, column: name.to_owned() },
            None => Destination::All(relation),
        };
        self.facts.moved(to, flow);
    }

    /// The target with what was put into it, if it is a table that the same text made.
    pub(super) fn with_made(&self, target: &Target<'a>) -> Table {
        let mut table = target.table.clone();
        let made = self.made.tables.get(&*target.reference.name);
        if let (true, Some(columns)) = (target.made, made.and_then(|made| made.columns.as_ref())) {
            table.columns = Rc::clone(columns);
        }
        let added = target.relation.and_then(|it| self.made.added.get(&it.id));
        for one in added.into_iter().flatten() {
            let fields = &mut Rc::make_mut(&mut table.columns).fields;
            fields.iter_mut().filter(|it| it.name == one.name).for_each(|it| {
                it.flow.absorb(&one.flow);
            });
        }
        table
    }

    /// What assigning to a column of the target writes: itself and those that share its storage,
    /// or those under a view's.
    pub(super) fn stored(&self, target: &Target<'_>, field: &Field) -> Vec<ColumnId> {
        let real = |source: &ColumnId| matches!(stand(*source), Stand::Column(_));
        let mut columns: Vec<ColumnId> = field.flow.sources.iter().copied().filter(real).collect();
        let Some(relation) = target.relation.filter(|it| it.kind != RelationKind::View) else {
            return columns;
        };
        // What was put into the session's own is a source of it, and not where it stands.
        if crate::is_temporary(&relation.schema) {
            let own = |id: &ColumnId| {
                let there = self.catalog.relation(id.relation);
                there.is_some_and(|there| crate::is_temporary(&there.schema))
            };
            columns.retain(own);
        }
        columns
    }

    /// The same by a name.
    pub(super) fn assignees(&self, target: &Target<'_>, name: &str) -> Vec<ColumnId> {
        let field = target.table.columns.fields.iter().find(|field| &*field.name == name);
        field.map(|field| self.stored(target, field)).unwrap_or_default()
    }

    /// Values of which it is not known which column they go to.
    pub(super) fn filled_blindly(&mut self, target: &Target<'_>) {
        target.values.borrow_mut().unknown = true;
        if let Some(relation) = target.relation {
            for column in &relation.columns {
                let to = Destination::Column(relation.column_id(column.number));
                self.facts.moved(to, &Flow::unknown());
            }
        }
        if target.made {
            self.assigned_made(target, None, &Flow::unknown());
        }
    }
}

/// The target as RETURNING sees it: PostgreSQL 18 adds its `old` and `new` versions, unless the
/// names are taken.
pub(super) fn with_versions(table: &Table, others: &[Fragment]) -> Fragment {
    let mut fragment = Fragment::table(table.clone());
    for name in ["old", "new"] {
        let taken = others.iter().flat_map(|f| &f.tables).any(|table| &*table.alias == name);
        if taken || &*table.alias == name {
            continue;
        }
        let mut version = table.clone();
        version.alias = name.into();
        version.schema = None;
        fragment.tables.push(version);
    }
    fragment
}
