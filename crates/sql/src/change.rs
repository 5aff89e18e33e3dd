//! INSERT, UPDATE, DELETE, MERGE, TRUNCATE: what is written, from what, and what comes back.

use crate::{
    analyse::Walk,
    flow::{Columns, Distance, Flow, Rest},
    names::{missing, reference},
    relate::{Stand, stand},
    relation::Reached,
    scope::{Env, Fragment, Table},
};
use assign::with_versions;
use model::{
    Operation, Use,
    catalog::{Relation, RelationKind},
    code::Attached,
    facts::{Effect, RelationRef},
};
use pg_raw_parse::{
    Node,
    nodes::{
        Alias, DeleteStmt, InsertStmt, MergeStmt, MergeWhenClause, RangeVar, ResTarget,
        ReturningClause, SelectStmt, UpdateStmt,
    },
    raw::{CmdType, MergeMatchKind},
};
use std::{cell::RefCell, sync::Arc};

mod assign;
mod constants;

/// The table that a statement writes.
struct Target<'a> {
    table: Table,
    /// An earlier statement of the same text made it.
    made: bool,
    relation: Option<&'a Arc<Relation>>,
    reference: RelationRef,
    /// Rows that stand there already are met (`ON CONFLICT`).
    meets: bool,
    /// What the statement puts into it so far.
    values: RefCell<Flow>,
}

impl<'a> Walk<'a> {
    fn target(&mut self, range: Option<&RangeVar>, operation: Operation) -> Target<'a> {
        let name = range.and_then(RangeVar::relname).unwrap_or_default();
        let schema = range.and_then(RangeVar::schemaname);
        let reached = range.map(|range| self.reach(range));
        let alias = range.and_then(RangeVar::alias).and_then(Alias::aliasname);
        let values = RefCell::new(Flow::constant(None));
        let mut target = match reached {
            Some(Reached::Known(relation)) => {
                let table = Table {
                    alias: relation.name.as_str().into(),
                    schema: Some(relation.schema.as_str().into()),
                    relation: Some(relation.id),
                    row_type: Some(relation.row_type),
                    columns: self.columns(relation),
                    named: false,
                    renamed: false,
                };
                let reference = reference(relation);
                Target {
                    table,
                    made: false,
                    relation: Some(relation),
                    reference,
                    meets: false,
                    values,
                }
            }
            Some(Reached::Made(columns)) => {
                let table = Table::new(name, Columns::clone(&columns));
                let reference = range.map_or_else(|| missing(schema, name), |r| self.reached_as(r));
                Target { table, made: true, relation: None, reference, meets: false, values }
            }
            Some(Reached::Missing) | None => {
                let table = Table::new(name, Columns::open());
                let reference = missing(schema, name);
                Target { table, made: false, relation: None, reference, meets: false, values }
            }
        };
        if let Some(alias) = alias {
            target.table.alias = alias.into();
            target.table.schema = None;
        }
        self.side_effects(&target, operation);
        target
    }

    /// What writing a relation does beyond writing it: triggers, rules, the tables under a view.
    fn side_effects(&mut self, target: &Target<'a>, operation: Operation) {
        let Some(relation) = target.relation else { return };
        self.triggers(relation);
        self.triggers_below(relation);
        if operation != Operation::Insert {
            self.referring(relation, false);
        }
        self.rules(relation);
        if relation.kind == RelationKind::Foreign {
            self.facts.on(Operation::Foreign, target.reference.clone());
        }
        if relation.kind == RelationKind::View && crate::is_temporary(&relation.schema) {
            let what = format!("a change through the temporary view \"{}\"", relation.name);
            return self.facts.unknown(what, "write to the tables below it directly");
        }
        if relation.kind == RelationKind::View {
            for base in self.tables_under(relation) {
                self.facts.on(operation, reference(base));
                self.triggers(base);
                self.triggers_below(base);
                if operation != Operation::Insert {
                    self.referring(base, false);
                }
                self.rules(base);
            }
        }
    }

    /// The relations that a view shows something of.
    fn tables_under(&mut self, view: &'a Arc<Relation>) -> Vec<&'a Arc<Relation>> {
        let columns = self.columns(view);
        let sources = columns.fields.iter().flat_map(|field| field.flow.sources.clone());
        let real = |source| match stand(source) {
            Stand::Column(column) | Stand::Statistic(column) => Some(column.relation),
            Stand::Set => None,
        };
        let mut under: Vec<_> = sources.filter_map(real).collect();
        under.sort_unstable();
        under.dedup();
        let others = under.into_iter().filter(|id| *id != view.id);
        others.filter_map(|id| self.catalog.relation(id)).collect()
    }

    /// What storing the rows runs that is not named: with what the statement puts into them, and
    /// where rows that were there are written anew, with what stands in these.
    fn stored_rows(&mut self, target: &Target<'a>, anew: bool) {
        let Some(relation) = target.relation else { return };
        let values = target.values.borrow().clone();
        let mut written = vec![relation];
        if relation.kind == RelationKind::View {
            written.extend(self.tables_under(relation));
        }
        for relation in written {
            self.stores(relation, &values);
            if anew {
                self.goes_through(relation);
            }
        }
    }

    fn rules(&mut self, relation: &Relation) {
        if relation.has_rules {
            let what = format!("the rules on \"{}.{}\"", relation.schema, relation.name);
            self.facts.unknown(what, "a rule rewrites the statement; write to its tables directly");
        }
    }

    fn effect(&mut self, target: &Target<'_>, operation: Operation, unbounded: bool) {
        let relation = Some(target.reference.clone());
        self.facts.effect(Effect { operation, relation, object: None, unbounded });
    }

    /// True if a change to these columns changes nothing that was there before the transaction that
    /// is open.
    fn only_added(&self, target: &Target<'_>, columns: &[&str]) -> bool {
        let Some(relation) = target.relation.filter(|_| !self.scope.added.is_empty()) else {
            return false;
        };
        let alone = relation.kind == RelationKind::Table
            && relation.triggers.is_empty()
            && relation.attached == Attached::default()
            && !relation.has_rules
            && self.catalog.children(relation.id).is_empty();
        let added = |name: &str| {
            let column = relation.column(name).map(|column| relation.column_id(column.number));
            column.is_some_and(|column| self.scope.added.contains(&column))
        };
        alone && columns.iter().all(|name| added(name))
    }

    /// If any column of the target was read, the target was.
    fn reads_target(&mut self, target: &Target<'_>) {
        if target.relation.is_some_and(|relation| self.facts.touches(relation.id)) {
            self.facts.on(Operation::Select, target.reference.clone());
        }
    }

    pub(crate) fn insert(&mut self, insert: &InsertStmt, env: &Env<'_>) -> Option<Columns> {
        let mut level = env.below();
        let mark = self.mark();
        self.with(insert.with_clause(), &mut level);
        let mut target = self.target(insert.relation(), Operation::Insert);
        target.meets = insert.on_conflict_clause().is_some();
        self.effect(&target, Operation::Insert, false);
        let named: Vec<&ResTarget> = insert
            .cols()
            .iter()
            .filter_map(|node| match node {
                Node::ResTarget(target) => Some(target),
                _ => None,
            })
            .collect();
        let values = match insert.select_stmt() {
            Node::SelectStmt(select) => {
                self.query_constants(&target, &named, select);
                self.select(select, &level)
            }
            _ => Columns::default(),
        };
        let default = named.is_empty();
        for (index, field) in values.fields.iter().enumerate() {
            let mut flow = field.flow.clone();
            match named.get(index) {
                Some(name) => {
                    if !name.indirection().is_empty() {
                        flow.distance = Distance::Expression;
                    }
                    self.assigned_to(&target, name.name().unwrap_or_default(), flow);
                }
                None if default => self.assigned_at(&target, index, flow),
                None => self.assigned(&target, &[], flow),
            }
        }
        if values.rest == Rest::Open {
            self.filled_blindly(&target);
        }
        if values.fields.is_empty() || (default && values.rest == Rest::Closed) {
            for name in &named {
                let columns = self.assignees(&target, name.name().unwrap_or_default());
                columns.iter().for_each(|column| self.written(*column));
            }
        }
        self.fill_defaults(target.relation);
        self.front(mark, &target, Operation::Insert);
        let mut inner = level.below();
        inner.fragments.push(with_versions(&self.with_made(&target), &[]));
        let again = match insert.select_stmt() {
            Node::SelectStmt(select) => self.comes_from(&target, select, &level),
            _ => false,
        };
        self.on_conflict(insert, &target, &inner, again);
        self.stored_rows(&target, insert.on_conflict_clause().is_some());
        let returned = self.returning(insert.returning_clause(), &inner);
        self.reads_target(&target);
        returned
    }

    /// True if what is inserted is all rows of the target itself, or any key it may have.
    fn comes_from(&self, target: &Target<'a>, select: &SelectStmt, env: &Env<'_>) -> bool {
        let rows = self.all_rows(select, env);
        rows.is_some_and(|rows| {
            rows.counts() || rows.of().is_some() && rows.of() == target.table.relation
        })
    }

    fn on_conflict(
        &mut self,
        insert: &InsertStmt,
        target: &Target<'a>,
        env: &Env<'_>,
        again: bool,
    ) {
        let Some(clause) = insert.on_conflict_clause() else { return };
        if let Some(relation) = target.relation {
            self.referring(relation, false);
        }
        let mut level = env.without_from();
        let mut fragment = Fragment::table(target.table.clone());
        let mut excluded = target.table.clone();
        excluded.alias = "excluded".into();
        excluded.schema = None;
        fragment.tables.push(excluded);
        level.fragments.push(fragment);
        if let Some(infer) = clause.infer() {
            for element in infer.index_elems() {
                let Node::IndexElem(element) = element else { continue };
                let flow = match element.name() {
                    Some(name) => level.column(name).unwrap_or_default(),
                    None => self.value(element.expr(), &level),
                };
                self.facts.tested(&flow);
            }
            self.test(infer.where_clause(), &level);
        }
        if !clause.target_list().is_empty() {
            self.test(clause.where_clause(), &level);
            let all = again && self.takes_all(&target.table, [], clause.where_clause(), &level);
            self.effect(target, Operation::Update, all);
            self.assignments(clause.target_list().iter(), target, &[], &level);
        }
    }

    fn assignments<'t>(
        &mut self,
        list: impl Iterator<Item = &'t ResTarget>,
        target: &Target<'a>,
        from: &constants::From<'_>,
        env: &Env<'_>,
    ) {
        // `(a, b) = (SELECT …)` comes as one item a column over one shared source.
        let mut shared: Option<Flow> = None;
        for item in list {
            self.set_constants(target, item, from);
            let flow = match item.val() {
                Node::MultiAssignRef(multiple) => {
                    let first = multiple.colno <= 1;
                    let known = shared.take().filter(|_| !first);
                    let row = known.unwrap_or_else(|| self.value(multiple.source(), env));
                    shared = Some(row.clone());
                    let index = usize::try_from(multiple.colno - 1).unwrap_or(0);
                    let field = row.fields.as_ref().and_then(|fields| fields.get(index).cloned());
                    field.map_or(row, |field| field.flow)
                }
                value => self.value(value, env),
            };
            for step in item.indirection() {
                let index = self.step(Flow::constant(None), step, env);
                self.facts.uses(&index, Use::Exported);
            }
            let mut flow = flow;
            if !item.indirection().is_empty() {
                flow.distance = Distance::Expression;
            }
            self.assigned_to(target, item.name().unwrap_or_default(), flow);
        }
    }

    pub(crate) fn update(&mut self, update: &UpdateStmt, env: &Env<'_>) -> Option<Columns> {
        let mut level = env.below();
        let mark = self.mark();
        self.with(update.with_clause(), &mut level);
        let target = self.target(update.relation(), Operation::Update);
        level.fragments.push(Fragment::table(target.table.clone()));
        for item in update.from_clause() {
            let fragment = self.source(item, &level, false);
            level.fragments.push(fragment);
        }
        if update.target_list().iter().any(|item| matches!(item.val(), Node::SetToDefault(_))) {
            self.fill_defaults(target.relation);
        }
        self.test(update.where_clause(), &level);
        let (others, condition) = (update.from_clause().iter(), update.where_clause());
        let all = self.takes_all(&target.table, others, condition, &level);
        let columns = update.target_list().iter().map(|item| item.name().unwrap_or_default());
        let columns: Vec<&str> = columns.collect();
        let all = all && !self.only_added(&target, &columns);
        self.effect(&target, Operation::Update, all);
        self.front(mark, &target, Operation::Update);
        let from: Vec<Node<'_>> = update.from_clause().into_iter().collect();
        self.assignments(update.target_list().iter(), &target, &from, &level);
        self.stored_rows(&target, true);
        let others = level.fragments.get(1..).unwrap_or_default().to_vec();
        let mut inner = level.without_from();
        inner.fragments.push(with_versions(&self.with_made(&target), &others));
        inner.fragments.extend(others);
        let returned = self.returning(update.returning_clause(), &inner);
        self.reads_target(&target);
        returned
    }

    pub(crate) fn delete(&mut self, delete: &DeleteStmt, env: &Env<'_>) -> Option<Columns> {
        let mut level = env.below();
        let mark = self.mark();
        self.with(delete.with_clause(), &mut level);
        let target = self.target(delete.relation(), Operation::Delete);
        level.fragments.push(Fragment::table(target.table.clone()));
        for item in delete.using_clause() {
            let fragment = self.source(item, &level, false);
            level.fragments.push(fragment);
        }
        self.test(delete.where_clause(), &level);
        let (others, condition) = (delete.using_clause().iter(), delete.where_clause());
        let all = self.takes_all(&target.table, others, condition, &level);
        self.effect(&target, Operation::Delete, all);
        self.front(mark, &target, Operation::Delete);
        let others = level.fragments.get(1..).unwrap_or_default().to_vec();
        let mut inner = level.without_from();
        inner.fragments.push(with_versions(&target.table, &others));
        inner.fragments.extend(others);
        let returned = self.returning(delete.returning_clause(), &inner);
        self.reads_target(&target);
        returned
    }

    pub(crate) fn merge(&mut self, merge: &MergeStmt, env: &Env<'_>) -> Option<Columns> {
        let mut level = env.below();
        let mark = self.mark();
        self.with(merge.with_clause(), &mut level);
        let target = self.target(merge.relation(), Operation::Merge);
        self.effect(&target, Operation::Merge, false);
        self.front(mark, &target, Operation::Merge);
        let source = self.source(merge.source_relation(), &level, false);
        level.fragments.push(Fragment::table(target.table.clone()));
        level.fragments.push(source.clone());
        self.test(merge.join_condition(), &level);
        let (source_node, on) = (merge.source_relation(), merge.join_condition());
        let everything = self.takes_all(&target.table, [source_node], on, &level);
        // What is not there yet cannot be named.
        let mut new = level.without_from();
        new.fragments.push(source.clone());
        for clause in merge.merge_when_clauses() {
            let inserts = clause.match_kind == MergeMatchKind::MERGE_WHEN_NOT_MATCHED_BY_TARGET;
            let level = if inserts { &new } else { &level };
            self.merge_branch((clause, source_node), &target, level, everything);
        }
        self.stored_rows(&target, true);
        let mut inner = level.without_from();
        inner.fragments.push(source.clone());
        inner.fragments.push(with_versions(&self.with_made(&target), &[source]));
        let returned = self.returning(merge.returning_clause(), &inner);
        self.reads_target(&target);
        returned
    }

    fn merge_branch(
        &mut self,
        (clause, source): (&MergeWhenClause, Node<'_>),
        target: &Target<'a>,
        level: &Env<'_>,
        everything: bool,
    ) {
        self.test(clause.condition(), level);
        let unmatched = clause.match_kind == MergeMatchKind::MERGE_WHEN_NOT_MATCHED_BY_SOURCE;
        let all = (everything || unmatched)
            && self.takes_all(&target.table, [source], clause.condition(), level);
        let named: Vec<&ResTarget> = clause
            .target_list()
            .iter()
            .filter_map(|node| match node {
                Node::ResTarget(target) => Some(target),
                _ => None,
            })
            .collect();
        match clause.command_type {
            CmdType::CMD_INSERT => {
                self.effect(target, Operation::Insert, false);
                self.fill_defaults(target.relation);
                let row = clause.values().into_iter().collect();
                self.row_constants(target, &named, &[row], &[source]);
                let values = self.row_items(clause.values(), level);
                for (index, flow) in values.into_iter().enumerate() {
                    match named.get(index).and_then(|target| target.name()) {
                        Some(name) => self.assigned_to(target, name, flow),
                        None => self.assigned_at(target, index, flow),
                    }
                }
            }
            CmdType::CMD_UPDATE => {
                self.effect(target, Operation::Update, all);
                self.assignments(named.into_iter(), target, &[source], level);
            }
            CmdType::CMD_DELETE => self.effect(target, Operation::Delete, all),
            _ => {}
        }
    }

    fn returning(&mut self, clause: Option<&ReturningClause>, env: &Env<'_>) -> Option<Columns> {
        let clause = clause?;
        let mut level = env.without_from();
        level.fragments.clone_from(&env.fragments);
        // PostgreSQL 18: RETURNING WITH (OLD AS o, NEW AS n).
        for option in clause.options() {
            let versions = ["old", "new"];
            let wanted = versions.get(usize::from(option.option != 0)).copied().unwrap_or("new");
            let Some(mut table) = level.table(None, wanted).cloned() else { continue };
            table.alias = option.value().unwrap_or_default().into();
            if let Some(fragment) = level.fragments.first_mut() {
                fragment.tables.push(table);
            }
        }
        let targets = clause.exprs().iter().filter_map(|node| match node {
            Node::ResTarget(target) => Some(target),
            _ => None,
        });
        Some(self.targets(targets, &level))
    }

    /// Where the statement's own effects begin: those of its WITH come before it in the walk but
    /// belong behind it.
    fn mark(&self) -> usize {
        self.facts.effects.len()
    }

    fn front(&mut self, mark: usize, target: &Target<'_>, operation: Operation) {
        let own = self.facts.effects.iter().skip(mark).position(|effect| {
            effect.operation == operation && effect.relation.as_ref() == Some(&target.reference)
        });
        if let Some(own) = own {
            let end = mark + own + 1;
            if let Some(effects) = self.facts.effects.get_mut(mark..end) {
                effects.rotate_right(1);
            }
        }
    }
}
