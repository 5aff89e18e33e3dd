//! Select lists: stars, names, values. Also whole rows and the fields of composite values.

use crate::{
    analyse::Walk,
    builtin::{self, Act},
    flow::{Columns, Distance, Field, Flow, Rest},
    names::parts,
    query::{
        Mode,
        call::Arguments,
        name::{NAMELESS, of},
    },
    scope::{Env, Table, field_of, system_column},
};
use model::{
    ColumnId, TypeId, Use,
    catalog::{Type, TypeKind},
};
use pg_raw_parse::{
    Node,
    list::NodeList,
    nodes::{ColumnRef, ResTarget},
};
use std::{rc::Rc, sync::Arc};

/// The most columns that a list of targets or a row may have (`MaxTupleAttributeNumber`).
const MOST_COLUMNS: usize = 1_664;

impl Walk<'_> {
    /// A list of targets (SELECT, RETURNING), stars expanded.
    pub(crate) fn targets<'t>(
        &mut self,
        targets: impl Iterator<Item = &'t ResTarget>,
        env: &Env<'_>,
    ) -> Columns {
        let mut columns = Columns::default();
        for target in targets {
            if let Some(mut star) = self.star(target.val(), env) {
                columns.fields.append(&mut star.fields);
                if star.rest != Rest::Closed {
                    columns.rest = star.rest;
                }
                if columns.fields.len() > MOST_COLUMNS {
                    return self.too_many();
                }
                continue;
            }
            let flow = self.value(target.val(), env).detached();
            columns.fields.push(match target.name() {
                Some(name) => Field::new(name, flow),
                None => Field::nameless(of(target.val()).unwrap_or(NAMELESS), flow),
            });
        }
        columns
    }

    /// More than the server takes: it refuses the statement, if it comes so far.
    fn too_many(&mut self) -> Columns {
        let why = format!("PostgreSQL takes {MOST_COLUMNS} at most; name those that are needed");
        self.facts.unknown("a list of columns", why);
        Columns::open()
    }

    /// The items of a row constructor or VALUES row, stars expanded.
    pub(crate) fn row_items(&mut self, items: &NodeList, env: &Env<'_>) -> Vec<Flow> {
        let mut flows = Vec::with_capacity(items.len());
        for item in items {
            match self.star(item, env) {
                Some(star) if star.rest == Rest::Closed => {
                    flows.extend(star.fields.into_iter().map(|field| field.flow));
                    if flows.len() > MOST_COLUMNS {
                        self.too_many();
                        return vec![Flow::unknown()];
                    }
                }
                Some(_) => flows.push(Flow::unknown()),
                None => flows.push(self.value(item, env)),
            }
        }
        flows
    }

    /// The columns that `*`, `t.*` or `(row).*` stands for; `None` if the node is no star.
    fn star(&mut self, node: Node<'_>, env: &Env<'_>) -> Option<Columns> {
        match node {
            Node::ColumnRef(reference) => {
                let Some(Node::A_Star(_)) = reference.fields().iter().next_back() else {
                    return None;
                };
                let names = parts(reference.fields());
                if names.is_empty() {
                    return Some(env.star());
                }
                let table = match names.as_slice() {
                    [name] => env.table(None, name),
                    [.., schema, name] => env.table(Some(self.path.schema(schema)), name),
                    [] => None,
                };
                let variable = names.last().and_then(|name| self.frames.last()?.value(name));
                if let Some(table) = table {
                    if variable.is_none_or(|variable| variable.is_given()) {
                        return Some(Columns::clone(&table.columns));
                    }
                    let why = "a variable is called like a table; call it otherwise";
                    self.facts.unknown(format!("row \"{}\"", names.join(".")), why);
                    return Some(Columns::open());
                }
                // `column.*` of a composite column, or an argument of the function around it.
                let flow = self.named(&names, env);
                Some(self.fields(&flow))
            }
            Node::A_Indirection(indirection) => {
                let steps = indirection.indirection();
                let Some(Node::A_Star(_)) = steps.iter().next_back() else { return None };
                let mut flow = self.value(indirection.arg(), env);
                for step in steps.iter().take(steps.len() - 1) {
                    flow = self.step(flow, step, env);
                }
                Some(self.fields(&flow))
            }
            _ => None,
        }
    }

    /// The fields of a composite value as columns.
    fn fields(&mut self, flow: &Flow) -> Columns {
        match self.fields_of(flow) {
            Some(fields) => Columns::closed(fields.to_vec()),
            None => {
                self.facts
                    .unknown("the fields of a row", "its type is not known; name the columns");
                Columns::open()
            }
        }
    }

    /// The fields of a composite value, by what is known of it or by its type.
    pub(crate) fn fields_of(&mut self, flow: &Flow) -> Option<Rc<[Field]>> {
        if let Some(fields) = &flow.fields {
            return Some(Rc::clone(fields));
        }
        let names = self.composite(flow.ty?)?;
        let field = |(name, ty): (String, TypeId)| {
            Field::new(&name, flow.clone().moved(Distance::Expression).typed(Some(ty)))
        };
        Some(names.into_iter().map(field).collect())
    }

    /// The fields of a composite type, through domains.
    pub(crate) fn composite(&self, ty: TypeId) -> Option<Vec<(String, TypeId)>> {
        let mut ty = self.catalog.type_by_id(ty)?;
        // Domains over domains are few; a ring is impossible, a limit costs nothing.
        for _ in 0..16 {
            match ty.kind {
                TypeKind::Domain(base) => ty = self.catalog.type_by_id(base)?,
                TypeKind::Composite(relation) => {
                    let relation = self.catalog.relation(relation)?;
                    let columns = relation.columns.iter();
                    return Some(columns.map(|c| (c.name.clone(), c.type_id)).collect());
                }
                _ => return None,
            }
        }
        None
    }

    /// A column reference as a value.
    pub(crate) fn reference(&mut self, reference: &ColumnRef, env: &Env<'_>) -> Flow {
        let names = parts(reference.fields());
        if let Some(Node::A_Star(_)) = reference.fields().iter().next_back() {
            // Outside a list of targets a star is the whole row.
            return match names.as_slice() {
                [] => Flow::merge(env.star().fields.iter().map(|field| &field.flow)),
                [name] => match env.table(None, name) {
                    Some(table) => table.row(),
                    None => self.named(&names, env),
                },
                [.., schema, name] => match env.table(Some(self.path.schema(schema)), name) {
                    Some(table) => table.row(),
                    None => self.named(&names, env),
                },
            };
        }
        self.named(&names, env)
    }

    /// A dotted name: column, table.column, schema.table.column, a row, or a field of one. A
    /// variable of that name can be meant as well: where both are in sight the server knows no way,
    /// and whether a column is depends on its version and on the place.
    fn named(&mut self, names: &[&str], env: &Env<'_>) -> Flow {
        let column = match names {
            [name] => unqualified(name, env),
            [table, name] => self.in_table(None, table, name, env),
            [.., schema, table, name] => self.in_table(Some(schema), table, name, env),
            [] => None,
        };
        let variable = match names {
            [name] => self.frames.last().and_then(|frame| frame.value(name)),
            [table, name] => self.in_variable(None, table, name),
            [.., schema, table, name] => self.in_variable(Some(schema), table, name),
            [] => None,
        };
        match (column, variable) {
            (Some(column), Some(variable)) if !variable.is_given() => {
                Flow::merge([&column, &variable])
            }
            (Some(found), _) | (None, Some(found)) => found,
            (None, None) => {
                let what = format!("column \"{}\"", names.join("."));
                self.facts.unknown(what, "no table in FROM is known to have it");
                Flow::unknown()
            }
        }
    }

    fn in_table(
        &mut self,
        schema: Option<&str>,
        table: &str,
        name: &str,
        env: &Env<'_>,
    ) -> Option<Flow> {
        let schema = schema.map(|schema| self.path.schema(schema).to_owned());
        let found = env.table(schema.as_deref(), table).cloned()?;
        if let Some(flow) = found.columns.find(name) {
            return Some(flow);
        }
        if let (Some(number), Some(relation)) = (system_column(name), found.relation) {
            return Some(system(ColumnId { relation, number }));
        }
        // `t.f` is `f(t)`.
        Some(self.call_on_row(name, found.row()))
    }

    fn in_variable(&mut self, label: Option<&str>, table: &str, name: &str) -> Option<Flow> {
        let frame = self.frames.last()?;
        let row = frame.value(table);
        if let Some(label) = label {
            let row = row.filter(|_| frame.is_label(label))?;
            return Some(self.field(row, name));
        }
        // A variable in the block of that name, or a field of the variable of that name.
        let whole = frame.value(name).filter(|_| frame.is_label(table));
        let by_name = frame.field(table, name);
        let field = by_name.or_else(|| Some(self.field(row?, name)));
        match (whole, field) {
            (Some(whole), Some(field)) => Some(Flow::merge([&whole, &field])),
            (whole, field) => whole.or(field),
        }
    }

    /// One step behind a value: `.field`, `[index]`, `.*`.
    pub(crate) fn step(&mut self, flow: Flow, step: Node<'_>, env: &Env<'_>) -> Flow {
        match step {
            Node::String(name) => self.field(flow, name.sval().unwrap_or_default()),
            Node::A_Indices(indices) => {
                let mut element = flow.moved(Distance::Expression);
                for index in [indices.lidx(), indices.uidx()] {
                    let index = self.expr(index, env, Mode::Value);
                    let index = self.coerced(index);
                    // Beyond the last one there is nothing; a slice is as long as they say.
                    let usage = if indices.is_slice { Use::Exported } else { Use::Inferred };
                    self.facts.uses(&index, usage);
                    element.sized |= index.carries();
                    element.absorb(&index);
                }
                element
            }
            _ => flow,
        }
    }

    /// A field of a composite value, or a function applied to it in the same notation.
    fn field(&mut self, flow: Flow, name: &str) -> Flow {
        match self.fields_of(&flow) {
            Some(fields) => match field_of(&fields, name) {
                Some(field) => field,
                None => self.call_on_row(name, flow),
            },
            // The type is not known, so neither is whether it has that field: all of it counts.
            None => {
                let called = self.may_be_called(&flow, name);
                let called = called.then(|| self.call_on_row(name, flow.clone()));
                let mut flow = flow.moved(Distance::Expression);
                if let Some(called) = called {
                    flow.absorb(&called);
                }
                flow
            }
        }
    }

    /// True if `value.name` can be a call: certainly if the value is no row, else if there is a
    /// function of that name that is not PostgreSQL's own, or acts, and takes one.
    fn may_be_called(&mut self, flow: &Flow, name: &str) -> bool {
        if self.made.stale || self.made.functions.iter().any(|made| made == name) {
            return true;
        }
        let base = self.base_type(flow.ty).and_then(|ty| self.catalog.type_by_id(ty));
        let is_row = |ty: &Arc<Type>| matches!(ty.kind, TypeKind::Composite(_) | TypeKind::Pseudo);
        let certain = base.is_some_and(|ty| !is_row(ty));
        let row = base.is_some_and(is_row);
        let arguments = Arguments { values: vec![(None, flow.clone())], ..Arguments::default() };
        let casts = self.catalog.code.casts.iter().any(|cast| cast.silent);
        self.candidates(None, name, &arguments).iter().any(|function| {
            let first = self.base_type(function.argument_types.first().copied());
            let first = first.and_then(|ty| self.catalog.type_by_id(ty));
            let act = builtin::act(name, 1).is_some_and(|act| act != Act::Count);
            let own = function.schema != "pg_catalog";
            certain || (own || act) && (!row || casts || first.is_none_or(is_row))
        })
    }
}

fn system(id: ColumnId) -> Flow {
    let mut flow = Flow { origin: Some(id), ..Flow::default() };
    flow.sources.push(id);
    flow
}

/// A column, a system column of any table in sight, or a row.
fn unqualified(name: &str, env: &Env<'_>) -> Option<Flow> {
    if let Some(flow) = env.column(name) {
        return Some(flow);
    }
    if let Some(number) = system_column(name)
        && let Some(relation) = env.relations().next()
    {
        return Some(system(ColumnId { relation, number }));
    }
    env.table(None, name).map(Table::row)
}
