//! ALTER TABLE and REFRESH: what is done to a relation, and what of it puts values into columns.

use super::object::subcommand;
use crate::{
    analyse::Walk,
    flow::{Columns, Distance, Field, Flow},
    scope::{Env, Fragment, Table},
};
use model::{
    Operation, Use,
    catalog::{Relation, RelationKind},
    code::Attached,
    facts::Destination,
};
use pg_raw_parse::{
    Node,
    nodes::{AlterTableCmd, AlterTableStmt, ColumnDef, RangeVar, RefreshMatViewStmt, TypeName},
    raw::{AlterTableType, ConstrType, ObjectType},
};
use std::sync::Arc;

impl<'a> Walk<'a> {
    pub(super) fn alter_table(&mut self, alter: &AlterTableStmt, env: &Env<'_>) {
        let Some(range) = alter.relation() else {
            return self.object(Operation::Alter, "table", None);
        };
        let (mut only_adds, hung) = (true, self.made.hung.len());
        let (mut added, mut columns) = (Vec::new(), false);
        for command in alter.cmds() {
            let Node::AlterTableCmd(command) = command else { continue };
            let plain = self.plainly_added(command, range, env);
            only_adds &= plain.is_some() || adds(command.subtype);
            columns |= plain.is_some();
            added.extend(plain.flatten());
            self.on_range(subcommand(command.subtype), range);
            if alter.objtype == ObjectType::OBJECT_FOREIGN_TABLE {
                self.on_range(Operation::Foreign, range);
            }
            self.fills(command, range, env);
        }
        let keeps = only_adds && self.made.hung.len() == hung;
        // The rest of the text knows the columns; what comes behind it has to read them.
        self.facts.keeps_names = keeps && !columns;
        if let (true, Some(relation)) = (keeps && columns, self.known(range)) {
            self.made.added.entry(relation.id).or_default().extend(added);
            self.made.grown = true;
            self.expanded.clear();
        }
    }

    /// A column that is added to a table and changes nothing of what is there: what the rest of the
    /// text says means what it meant, with a column more, or as many where it is there already.
    fn plainly_added(
        &mut self,
        command: &AlterTableCmd,
        range: &RangeVar,
        env: &Env<'_>,
    ) -> Option<Option<Field>> {
        let Node::ColumnDef(definition) = command.def() else { return None };
        let relation = self.known(range)?;
        let alone = relation.kind == RelationKind::Table
            && relation.parents.is_empty()
            && self.catalog.children(relation.id).is_empty()
            && !crate::is_temporary(&relation.schema);
        let name = definition.colname()?;
        let plain = |node: Node<'_>| match node {
            Node::Constraint(constraint) => matches!(
                constraint.contype,
                ConstrType::CONSTR_NULL | ConstrType::CONSTR_NOTNULL | ConstrType::CONSTR_DEFAULT
            ),
            _ => false,
        };
        let taken = self.columns(relation).fields.iter().any(|field| &*field.name == name);
        if command.subtype == AlterTableType::AT_AddColumn && taken && command.missing_ok {
            return Some(None);
        }
        if command.subtype != AlterTableType::AT_AddColumn
            || !alone
            || taken
            || self.is_coded(definition)
            || !definition.constraints().iter().all(plain)
        {
            return None;
        }
        let outer = std::mem::take(&mut self.facts);
        let default = self.default_of(definition, range, env);
        let inner = std::mem::replace(&mut self.facts, outer);
        let constant = default.is_fixed() && inner.functions.is_empty();
        let ty = definition.type_name().and_then(|name| self.type_of(name));
        let flow = Flow { distance: Distance::Identity, ..Flow::constant(ty) };
        constant.then(|| Some(Field::new(name, flow)))
    }

    /// What a subcommand puts into a column: a default, a conversion, a computed value that
    /// becomes an ordinary one.
    fn fills(&mut self, command: &AlterTableCmd, range: &RangeVar, env: &Env<'_>) {
        let definition = match command.def() {
            Node::ColumnDef(definition) => Some(definition),
            _ => None,
        };
        match command.subtype {
            AlterTableType::AT_AddColumn => {
                let Some(definition) = definition else { return };
                for node in definition.constraints() {
                    self.checked(node, range, env);
                    self.constrains(node, range, env);
                }
                let flow = self.default_of(definition, range, env);
                self.named_type(definition.type_name().filter(|name| !is_serial(name)), &flow);
                if !definition.constraints().is_empty() || self.is_coded(definition) {
                    self.goes_over(range);
                }
                let column = definition.colname().unwrap_or_default();
                let relation = self.reached_as(range);
                self.facts.added(Destination::Named { relation, column: column.to_owned() });
                self.puts(range, column, &flow);
            }
            AlterTableType::AT_AddConstraint => {
                if let Node::Constraint(constraint) = command.def() {
                    self.orders_own(range, &crate::names::parts(constraint.keys()), env);
                }
                self.checked(command.def(), range, env);
                self.constrains(command.def(), range, env);
            }
            AlterTableType::AT_AttachPartition => {
                self.sorts_rows(range, "a partition");
                self.goes_over(range);
                if let Node::PartitionCmd(partition) = command.def() {
                    partition.bound().into_iter().for_each(|bound| self.bounds(bound, env));
                    self.attaches(range, partition.name());
                }
            }
            AlterTableType::AT_DetachPartition => {
                if let Node::PartitionCmd(partition) = command.def() {
                    self.detaches(range, partition.name(), env);
                }
            }
            AlterTableType::AT_AddInherit => self.sorts_rows(range, "a parent"),
            AlterTableType::AT_ValidateConstraint
            | AlterTableType::AT_SetLogged
            | AlterTableType::AT_SetUnLogged
            | AlterTableType::AT_SetTableSpace
            | AlterTableType::AT_SetAccessMethod
            | AlterTableType::AT_SetExpression => self.goes_over(range),
            AlterTableType::AT_ColumnDefault => {
                let flow = self.kept(command.def(), range, env);
                let view = |relation: &Arc<Relation>| relation.kind == RelationKind::View;
                if self.known(range).is_some_and(view) {
                    self.defaults_unseen(command.def(), "a view", env);
                }
                self.puts(range, command.name().unwrap_or_default(), &flow);
            }
            AlterTableType::AT_AlterColumnType => self.converts(command, range, env),
            AlterTableType::AT_DropExpression => {
                let (name, level) = (command.name().unwrap_or_default(), self.row_of(range, env));
                let flow = level.column(name).unwrap_or_else(Flow::unknown);
                self.puts(range, name, &flow);
            }
            _ => {}
        }
    }

    /// Another type for a column, and how its values become of it.
    fn converts(&mut self, command: &AlterTableCmd, range: &RangeVar, env: &Env<'_>) {
        let definition = match command.def() {
            Node::ColumnDef(definition) => Some(definition),
            _ => None,
        };
        let (name, level) = (command.name().unwrap_or_default(), self.row_of(range, env));
        self.orders_own(range, &[name], env);
        let conversion = definition.map_or(Node::None, ColumnDef::raw_default);
        let given = match conversion {
            Node::None => level.column(name).unwrap_or_else(Flow::unknown),
            conversion => self.value(conversion, &level),
        };
        self.named_type(definition.and_then(ColumnDef::type_name), &given);
        self.goes_over(range);
        let plain = definition.is_some_and(|definition| !self.is_coded(definition));
        let own = !self.catalog.code.casts.is_empty();
        if plain && !own && self.known(range).is_none() && is_of(conversion, name) {
            // Made of the column alone by casts, it holds what it held, whatever is known of it.
            return;
        }
        if !matches!(conversion, Node::None) {
            let flow = given;
            let column = self
                .known(range)
                .and_then(|relation| Some(relation.column_id(relation.column(name)?.number)));
            self.computed(&flow, column.as_slice());
            self.puts(range, name, &flow);
        }
    }

    /// A level at which the columns of a table are in sight. A table that is not known is not
    /// understood any better for being altered, and whoever may alter it may go on.
    pub(super) fn row_of<'e>(&mut self, range: &RangeVar, env: &'e Env<'e>) -> Env<'e> {
        let name = range.relname().unwrap_or_default();
        let mut level = env.below();
        let table = match self.known(range) {
            Some(relation) => Table {
                alias: name.into(),
                schema: Some(relation.schema.as_str().into()),
                relation: Some(relation.id),
                row_type: Some(relation.row_type),
                columns: self.columns(relation),
                named: false,
                renamed: false,
            },
            None => Table::new(name, Columns::open()),
        };
        level.fragments.push(Fragment::table(table));
        level
    }

    /// The relation of the catalog that a name reaches for certain.
    pub(super) fn known(&self, range: &RangeVar) -> Option<&'a Arc<Relation>> {
        let id = self.reached_as(range).id?;
        self.catalog.relation(id).filter(|_| !self.made.stale || self.scope.lenient)
    }

    /// The table is written anew or looked through.
    fn goes_over(&mut self, range: &RangeVar) {
        if let Some(relation) = self.known(range) {
            self.goes_through(relation);
        }
    }

    /// Rows of a table that becomes a partition are put to the key of the whole.
    fn attaches(&mut self, range: &RangeVar, partition: Option<&RangeVar>) {
        let known = self.known(range).zip(partition.and_then(|partition| self.known(partition)));
        let Some((whole, partition)) = known else { return };
        if whole.attached != Attached::default() {
            let columns = self.columns(partition);
            let row = Flow::merge(columns.fields.iter().map(|field| &field.flow));
            self.stores(whole, &row);
        }
    }

    /// A partition goes with what it held as a part of the whole: rows move from one to another.
    fn detaches(&mut self, range: &RangeVar, partition: Option<&RangeVar>, env: &Env<'_>) {
        let level = self.row_of(range, env);
        let known = partition.and_then(|partition| Some((partition, self.known(partition)?)));
        let Some((partition, relation)) = known else { return };
        for column in relation.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>()
        {
            let flow = level.column(&column).unwrap_or_else(Flow::unknown);
            self.puts(partition, &column, &flow);
        }
    }

    /// A value goes into a column by its name.
    fn puts(&mut self, range: &RangeVar, name: &str, flow: &Flow) {
        let mut flow = flow.clone();
        let column = self
            .known(range)
            .and_then(|relation| Some(relation.column_id(relation.column(name)?.number)));
        if let Some(column) = column {
            flow.sources.retain(|source| *source != column);
        }
        self.facts.uses(&flow, Use::Copied);
        let to = match column {
            Some(column) => Destination::Column(column),
            None => {
                Destination::Named { relation: self.reached_as(range), column: name.to_owned() }
            }
        };
        self.facts.moved(to, &flow);
    }

    /// REFRESH computes the content anew, by what its query means now. It is its author's query:
    /// what it asks is not asked by whoever refreshes.
    pub(super) fn refreshed(&mut self, refresh: &RefreshMatViewStmt) {
        let Some(range) = refresh.relation().filter(|_| !refresh.skip_data) else { return };
        let Some(relation) = self.known(range) else { return };
        let facts = std::mem::take(&mut self.facts);
        let columns = self.columns(relation);
        let inner = std::mem::replace(&mut self.facts, facts);
        self.runs_within(inner);
        self.goes_through(relation);
        for (column, field) in relation.columns.iter().zip(&columns.fields) {
            let id = relation.column_id(column.number);
            let mut flow = field.flow.clone();
            flow.sources.retain(|source| *source != id);
            self.facts.moved(Destination::Column(id), &flow);
        }
    }
}

/// True for a column as it stands, or through casts that cut nothing off.
fn is_of(node: Node<'_>, name: &str) -> bool {
    match node {
        Node::ColumnRef(_) => crate::query::single_name(node) == Some(name),
        Node::TypeCast(cast) => {
            let whole = cast.type_name().is_some_and(|ty| {
                let names = crate::names::strings(ty.names());
                ty.typmods().is_empty() && !matches!(names.last(), Some(&("char" | "name")))
            });
            whole && is_of(cast.arg(), name)
        }
        _ => false,
    }
}

/// True for `serial` and its like.
fn is_serial(name: &TypeName) -> bool {
    let names = crate::names::strings(name.names());
    names.last().is_some_and(|name| super::evaluate::SERIALS.contains(name))
}

/// True for what adds to a relation and leaves all that it was as it was.
fn adds(kind: AlterTableType::Type) -> bool {
    use AlterTableType as T;
    matches!(
        kind,
        T::AT_ColumnDefault
            | T::AT_SetNotNull
            | T::AT_DropNotNull
            | T::AT_SetStatistics
            | T::AT_SetStorage
            | T::AT_AddConstraint
            | T::AT_ValidateConstraint
            | T::AT_ClusterOn
            | T::AT_SetRelOptions
            | T::AT_ResetRelOptions
            | T::AT_AddIdentity
    )
}
