//! Relations to columns: what reading each column of a table or view can bring. Expands views,
//! generated columns and inheritance. Knows no statement.

use crate::{
    ASKED, Carried, LOOKED_UP, MAX_EXPANSION,
    analyse::{MadeAs, Walk},
    builtin,
    flow::{Columns, Distance, Field, Flow},
    names::{Path, missing, reference},
    parse,
    query::PARAMETER,
    scope::{Env, Fragment, Table},
};
use model::{
    ColumnId, Operation, RelationId, Use,
    catalog::{Column, Relation, RelationKind},
    facts::SessionChange,
};
use pg_raw_parse::{Node, nodes};
use std::{collections::BTreeSet, rc::Rc, sync::Arc};

/// What a name in FROM or as a statement's target reaches.
pub(crate) enum Reached<'a> {
    /// A relation of the catalog.
    Known(&'a Arc<Relation>),
    /// A table that an earlier statement of the same text made, with what it was made from.
    Made(Rc<Columns>),
    /// Nothing that is known.
    Missing,
}

impl<'a> Walk<'a> {
    /// Looks up a relation by the name in the text.
    pub(crate) fn reach(&mut self, range: &nodes::RangeVar) -> Reached<'a> {
        let (schema, name) = (range.schemaname(), range.relname().unwrap_or_default());
        let database = range.catalogname().is_none_or(|name| name == self.catalog.database);
        match self.made_as(schema, name) {
            MadeAs::Other => {}
            MadeAs::This(columns) if database => return Reached::Made(columns),
            MadeAs::This(_) | MadeAs::Unclear => {
                return self.lost(schema, name, "an earlier statement of the same text makes it");
            }
        }
        if !database {
            return self.lost(schema, name, "it is in another database");
        }
        if schema.is_none() && !self.path.certain {
            // What is asked of it is told by what comes back, whatever is masked.
            self.facts.dynamic |= self.scope.path_lost;
            return self.lost(schema, name, "the search path is not known here; write its schema");
        }
        if self.made.stale {
            let why = if self.scope.altered {
                "an earlier statement of this session may change it; commit it, or connect again"
            } else {
                "an earlier statement of the same text may change it; send them separately"
            };
            if !self.scope.lenient {
                return self.lost(schema, name, why);
            }
            self.facts.unknown(format!("table \"{name}\""), why);
        }
        match self.path.relation(self.catalog, schema, name) {
            Some(relation) => Reached::Known(relation),
            None => self.lost(schema, name, "it is not in the catalog as it was last read"),
        }
    }

    fn lost(&mut self, schema: Option<&str>, name: &str, why: &str) -> Reached<'a> {
        let shown = schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
        self.facts.unknown(format!("table \"{shown}\""), why);
        Reached::Missing
    }

    /// A relation in FROM, read.
    pub(crate) fn read(&mut self, range: &nodes::RangeVar) -> Table {
        let name = range.relname().unwrap_or_default();
        let alias = range.alias().and_then(nodes::Alias::aliasname);
        let changed = self.frames.last().filter(|_| range.schemaname().is_none());
        let mut table = match changed.and_then(|frame| frame.table(name)) {
            Some(columns) => Table { columns, ..Table::new(name, Columns::default()) },
            None => self.read_reached(range),
        };
        if let Some(alias) = alias {
            table.alias = alias.into();
            table.schema = None;
        }
        if let Some(alias) = range.alias() {
            let names = crate::names::alias_columns(alias);
            table.columns = crate::scope::renamed(&table.columns, &names);
            table.renamed = !names.is_empty();
        }
        table
    }

    fn read_reached(&mut self, range: &nodes::RangeVar) -> Table {
        let name = range.relname().unwrap_or_default();
        match self.reach(range) {
            Reached::Known(relation) => {
                self.facts.on(Operation::Select, reference(relation));
                // What stands in its indexes and statistics is computed where it is planned.
                let attached = relation.attached.functions.iter();
                let attached = attached.filter_map(|id| self.catalog.function(*id));
                attached.for_each(|function| self.facts.runs(function));
                if let Some(operation) = builtin::reading(&relation.schema, &relation.name) {
                    self.facts.about(operation, format!("{}.{}", relation.schema, relation.name));
                }
                if relation.kind == RelationKind::Foreign {
                    self.facts.on(Operation::Foreign, reference(relation));
                }
                let mut columns = self.columns(relation);
                if crate::is_temporary(&relation.schema) {
                    columns = Rc::new(self.made_up(Columns::clone(&columns)));
                }
                Table {
                    alias: relation.name.as_str().into(),
                    schema: Some(relation.schema.as_str().into()),
                    relation: Some(relation.id),
                    row_type: Some(relation.row_type),
                    columns,
                    // A row of a relation keeps its own names, whatever an alias calls them.
                    named: range.alias().is_none_or(|a| crate::names::alias_columns(a).is_empty()),
                    renamed: false,
                }
            }
            Reached::Made(columns) => {
                self.facts.on(Operation::Select, missing(range.schemaname(), name));
                let mut columns = Columns::clone(&columns);
                let set = self.new_set();
                for Field { flow, .. } in &mut columns.fields {
                    flow.sources.push(set);
                    flow.growth = flow.growth.max(PARAMETER);
                }
                Table::new(name, columns)
            }
            Reached::Missing => {
                self.facts.on(Operation::Select, missing(range.schemaname(), name));
                Table::new(name, Columns::open())
            }
        }
    }

    /// The columns of a relation with all that reading them can bring. Computed once a statement.
    pub(crate) fn columns(&mut self, relation: &'a Arc<Relation>) -> Rc<Columns> {
        if let Some(columns) = self.expanded.get(&relation.id) {
            return Rc::clone(columns);
        }
        let mut columns = Columns::default();
        for column in &relation.columns {
            let mut flow = self.base(relation, column);
            flow.unknown |= builtin::holds_others(&relation.schema, &relation.name, &column.name);
            columns.fields.push(Field::new(&column.name, flow));
        }
        let added = self.made.added.get(&relation.id);
        columns.fields.extend(added.into_iter().flatten().cloned());
        let view = matches!(relation.kind, RelationKind::View | RelationKind::Materialized);
        let generated = relation.columns.iter().any(|column| column.generated.is_some());
        if view || generated {
            // One that reaches itself meets the plain columns here.
            self.expanded.insert(relation.id, Rc::new(columns.clone()));
        }
        if view {
            self.expand_view(relation, &mut columns);
        } else if generated {
            self.expand_generated(relation, &mut columns);
        }
        let columns = Rc::new(columns);
        self.expanded.insert(relation.id, Rc::clone(&columns));
        columns
    }

    /// A column as itself, with the columns that share its storage by inheritance, and with what
    /// the session put into it where it is the session's own.
    fn base(&self, relation: &Relation, column: &Column) -> Flow {
        let id = relation.column_id(column.number);
        let mut flow = Flow { origin: Some(id), ty: Some(column.type_id), ..Flow::default() };
        flow.sources.push(id);
        self.carried(id, &mut flow);
        if builtin::is_system(&relation.schema) {
            // Texts of statements, settings, comments: the client has written some.
            flow.growth = PARAMETER;
        }
        if crate::is_temporary(&relation.schema) {
            flow.growth = PARAMETER;
            // What the client put there is of its own making until a predicate compares it.
            flow.sources.push(crate::relate::set(relation.id.0));
        }
        if relation.parents.is_empty() && self.catalog.children(relation.id).is_empty() {
            return flow;
        }
        let mut seen = vec![relation.id];
        self.family(relation, &column.name, true, &mut seen, &mut flow);
        self.family(relation, &column.name, false, &mut seen, &mut flow);
        flow
    }

    fn family(
        &self,
        relation: &Relation,
        column: &str,
        up: bool,
        seen: &mut Vec<RelationId>,
        flow: &mut Flow,
    ) {
        let next = if up { &relation.parents } else { self.catalog.children(relation.id) };
        for id in next {
            if seen.contains(id) {
                continue;
            }
            seen.push(*id);
            let Some(relative) = self.catalog.relation(*id) else { continue };
            if let Some(column) = relative.column(column) {
                let id = relative.column_id(column.number);
                flow.sources.push(id);
                self.carried(id, flow);
            }
            self.family(relative, column, up, seen, flow);
        }
    }

    /// Adds what was put into a column of the session's own.
    fn carried(&self, id: ColumnId, flow: &mut Flow) {
        let Some(carried) = self.scope.carried.get(&id) else { return };
        for source in &carried.sources {
            if !flow.sources.contains(source) {
                flow.sources.push(*source);
            }
        }
        flow.unknown |= carried.unknown;
        flow.distance = flow.distance.max(Distance::of(carried.derivation));
    }

    /// A view of the session's own is the client's: what it asks is asked each time it is read, of
    /// what bears a label by then.
    fn asks_what_it_asks(&mut self, view: RelationId, what: &str) {
        let of = |number| self.scope.carried.get(&ColumnId { relation: view, number });
        let flow = |carried: &Carried| Flow {
            sources: carried.sources.iter().copied().collect(),
            ..Flow::default()
        };
        if let Some(asked) = of(ASKED) {
            if asked.unknown {
                self.facts.unknown(what, "what it asks about is not known");
            }
            self.facts.uses(&flow(asked), Use::Inferred);
        }
        if let Some(looked_up) = of(LOOKED_UP) {
            self.facts.looked_up(&flow(looked_up), 1);
        }
    }

    fn expand_view(&mut self, relation: &'a Relation, columns: &mut Columns) {
        let what = || format!("view \"{}.{}\"", relation.schema, relation.name);
        if crate::is_temporary(&relation.schema) {
            // What it shows was told when it was made; the tables below it are read with it.
            let sources = columns.fields.iter().flat_map(|field| field.flow.sources.iter());
            let under: BTreeSet<RelationId> = sources.map(|source| source.relation).collect();
            for id in under.into_iter().filter(|id| *id != relation.id) {
                if let Some(base) = self.catalog.relation(id) {
                    self.facts.on(Operation::Select, reference(base));
                }
            }
            return self.asks_what_it_asks(relation.id, &what());
        }
        if builtin::opaque_view(relation) {
            return;
        }
        let Some(text) = relation.definition.as_deref() else {
            self.facts.unknown(what(), "its definition is not in the catalog");
            return columns.fields.iter_mut().for_each(|field| field.flow.unknown = true);
        };
        if self.expansion >= MAX_EXPANSION {
            self.facts.unknown(what(), format!("it is deeper than {MAX_EXPANSION} views"));
            return columns.fields.iter_mut().for_each(|field| field.flow.unknown = true);
        }
        let expanded = match parse::parse(text) {
            Ok(tree) => match tree.stmts().next() {
                Some(Node::SelectStmt(select)) => {
                    let path = Path::printed(&relation.schema, self.scope.temp_schema.as_deref());
                    Some(self.inside(path, |walk| walk.view(select)))
                }
                _ => None,
            },
            Err(_) => None,
        };
        let Some(expanded) = expanded else {
            self.facts.unknown(what(), "its definition could not be read");
            return columns.fields.iter_mut().for_each(|field| field.flow.unknown = true);
        };
        for (index, field) in columns.fields.iter_mut().enumerate() {
            match expanded.fields.get(index) {
                Some(inner) => field.flow.absorb(&inner.flow),
                None => field.flow.unknown = true,
            }
        }
    }

    /// A view's query. Its columns are remembered for the whole text, so what its sets were
    /// compared with is settled here.
    fn view(&mut self, select: &nodes::SelectStmt) -> Columns {
        let mut columns = self.select(select, &Env::default());
        for field in &mut columns.fields {
            self.facts.relations.widen(&mut field.flow.sources);
        }
        columns
    }

    /// Runs a walk over a body that the client did not write: other path, no sight of the caller's
    /// tables. Its author's predicates are not the client's questions, so they count as tests.
    pub(crate) fn inside<T>(&mut self, path: Path, walk: impl FnOnce(&mut Self) -> T) -> T {
        self.within(path, None, walk)
    }

    /// The same for a trigger on a relation: where its author takes the row that the client writes
    /// is not the client's doing either.
    pub(crate) fn within<T>(
        &mut self,
        path: Path,
        row: Option<RelationId>,
        walk: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let path = std::mem::replace(&mut self.path, Rc::new(path));
        // A view's names were bound when it was made; a trigger's are looked up when it runs.
        let hidden = row.is_none().then(|| std::mem::take(&mut self.made));
        let facts = std::mem::take(&mut self.facts);
        let frames = std::mem::take(&mut self.frames);
        let guarding = std::mem::take(&mut self.guarding);
        // What was followed there counts for less.
        let followed = std::mem::take(&mut self.followed);
        self.expansion += 1;
        let result = walk(self);
        self.expansion -= 1;
        self.followed = followed;
        self.frames = frames;
        if let Some(made) = hidden {
            self.made = made;
        }
        self.path = path;
        self.guarding = guarding;
        let mut inner = std::mem::replace(&mut self.facts, facts);
        inner.forget_look_ups();
        inner.relations.of_an_author();
        inner.asks_unknown = false;
        if inner.session.contains(&SessionChange::Scope) {
            self.doubts_path();
        }
        self.facts.take(inner, |column, usage| match usage {
            Use::Inferred | Use::LookedUp => Some(Use::Tested),
            Use::Exported | Use::Copied if row == Some(column.relation) => None,
            other => Some(other),
        });
        result
    }

    fn expand_generated(&mut self, relation: &'a Arc<Relation>, columns: &mut Columns) {
        let plain = Rc::new(columns.clone());
        for (column, field) in relation.columns.iter().zip(&mut columns.fields) {
            let Some(text) = &column.generated else { continue };
            let flow = parse::parse(&format!("SELECT {text}")).ok().and_then(|tree| {
                let Some(Node::SelectStmt(select)) = tree.stmts().next() else { return None };
                let target = select.target_list().iter().next()?;
                let table = Table {
                    alias: relation.name.as_str().into(),
                    schema: None,
                    relation: Some(relation.id),
                    row_type: Some(relation.row_type),
                    columns: Rc::clone(&plain),
                    named: false,
                    renamed: false,
                };
                let env = Env { fragments: vec![Fragment::table(table)], ..Env::default() };
                Some(self.inside(Path::bare(), |walk| walk.value(target.val(), &env)))
            });
            match flow {
                Some(flow) => field.flow.absorb(&flow),
                None => field.flow.unknown = true,
            }
            field.flow.distance = field.flow.distance.max(Distance::Expression);
        }
    }
}
