//! FROM: tables, subqueries, functions, joins. Each becomes a fragment of the level's scope.

use crate::{
    analyse::Walk,
    flow::{Columns, Distance, Field, Flow, Rest},
    names::{alias_columns, parts, split, strings},
    query::{Mode, name::UNCLEAR},
    relate::{Stand, stand},
    scope::{Env, Fragment, Table, renamed},
};
use model::{Use, catalog::Function};
use pg_raw_parse::{
    Node,
    list::{CastNodeList, NodeList},
    nodes::{Alias, JsonTableColumn, JsonTablePathSpec, RangeFunction, RangeTableFunc, RangeVar},
};
use std::{rc::Rc, sync::Arc};

impl Walk<'_> {
    /// One item of FROM. `env` holds the items to its left. `lateral` is true inside a LATERAL
    /// item, where they are visible at once.
    pub(crate) fn source(&mut self, node: Node<'_>, env: &Env<'_>, lateral: bool) -> Fragment {
        self.deeper(
            |walk| walk.item(node, env, lateral),
            || Fragment::table(Table::new("", Columns::open())),
        )
    }

    fn item(&mut self, node: Node<'_>, env: &Env<'_>, lateral: bool) -> Fragment {
        match node {
            Node::RangeVar(range) => Fragment::table(self.table_or_cte(range, env)),
            Node::RangeSubselect(subselect) => {
                let outer = if subselect.lateral { None } else { Some(env.without_from()) };
                let columns = match subselect.subquery() {
                    Node::SelectStmt(select) => self.select(select, outer.as_ref().unwrap_or(env)),
                    other => self.not_understood(other, "a subquery"),
                };
                let listed = listed(subselect.subquery(), &columns);
                let columns = self.made_up(columns);
                let table = aliased("", Self::counts(columns, listed), subselect.alias());
                let named = !table.columns.has_unclear();
                Fragment::table(Table { named, ..table })
            }
            Node::RangeFunction(function) => Fragment::table(self.functions(function, env)),
            Node::RangeTableFunc(function) => Fragment::table(self.xml_table(function, env)),
            Node::JsonTable(table) => {
                let mut source = match table.context_item() {
                    Some(item) => self.value(item.raw_expr(), env),
                    None => Flow::unknown(),
                };
                source.absorb(&self.values_of(table.passing(), env));
                self.facts.uses(&source, Use::Inferred);
                let mut columns = Columns::default();
                self.json_columns(table.columns(), &source, env, &mut columns);
                Fragment::table(aliased("json_table", self.made_up(columns), table.alias()))
            }
            Node::RangeTableSample(sample) => {
                // What stands to its left is not in sight, unless all of it is lateral.
                let outer = env.without_from();
                for level in [Some(&outer), Some(env).filter(|_| lateral)].into_iter().flatten() {
                    let flow = self.values_of(sample.args(), level);
                    self.facts.uses(&flow, Use::Exported);
                    let flow = self.value(sample.repeatable(), level);
                    self.facts.uses(&flow, Use::Exported);
                }
                self.source(sample.relation(), env, lateral)
            }
            Node::JoinExpr(join) => self.join(join, env),
            other => {
                let columns = self.not_understood(other, "an item of FROM");
                Fragment::table(Table::new("", columns))
            }
        }
    }

    /// Columns of something that the walk has no word for.
    fn not_understood(&mut self, node: Node<'_>, what: &str) -> Columns {
        let shown = crate::statement::kind(node);
        self.facts.unknown(what, format!("{shown} is not analysed; write it another way"));
        Columns::open()
    }

    fn table_or_cte(&mut self, range: &RangeVar, env: &Env<'_>) -> Table {
        let name = range.relname().unwrap_or_default();
        if range.schemaname().is_none()
            && let Some(cte) = env.cte(name)
        {
            let columns = match cte.columns.rest {
                Rest::Pending => Rc::clone(&cte.columns),
                Rest::Closed | Rest::Open => {
                    let columns = self.made_up(Columns::clone(&cte.columns));
                    Rc::new(Self::counts(columns, cte.listed))
                }
            };
            let names = range.alias().map(alias_columns).unwrap_or_default();
            let alias = range.alias().and_then(Alias::aliasname).unwrap_or(name);
            let mut table = Table::new(alias, Columns::default());
            table.columns = renamed(&columns, &names);
            table.named = cte.columns.rest == Rest::Closed;
            return table;
        }
        self.read(range)
    }

    fn functions(&mut self, range: &RangeFunction, env: &Env<'_>) -> Table {
        let mut columns = Columns::default();
        let mut first = None;
        let single = range.functions().len() == 1;
        for item in range.functions() {
            let Node::NodeList(pair) = item else { continue };
            let call = pair.get(0).unwrap_or(Node::None);
            let definitions = pair.get(1).and_then(|node| node.as_node_list());
            let name = super::name::of(call).unwrap_or_default().to_owned();
            first.get_or_insert_with(|| name.clone());
            if let Some(arrays) = many_arrays(call) {
                for array in arrays {
                    columns.fields.append(&mut self.unnested(array, env).fields);
                }
                continue;
            }
            let mut part = self.function_columns(call, env);
            if let Some(definitions) = definitions.filter(|list| !list.is_empty()) {
                part = self.defined(part, &name, definitions.iter());
            } else if !range.coldeflist().is_empty() {
                let definitions = range.coldeflist().iter().map(Node::ColumnDef);
                part = self.defined(part, &name, definitions);
            }
            columns.fields.append(&mut part.fields);
            if part.rest != Rest::Closed {
                columns.rest = part.rest;
            }
        }
        // A function that returns a plain value names its column after itself or its alias.
        let alias = range.alias().and_then(Alias::aliasname);
        if single
            && let ([field], Some(alias)) = (columns.fields.as_mut_slice(), alias)
            && field.given_name
        {
            field.name = alias.into();
        }
        if range.ordinality {
            columns.fields.push(Field::new("ordinality", Flow::constant(None)));
        }
        // Several without an alias are called after the first.
        aliased(&first.unwrap_or_default(), self.made_up(columns), range.alias())
    }

    /// One array of `unnest(a, b, …)`, which is short for ROWS FROM over each.
    fn unnested(&mut self, array: Node<'_>, env: &Env<'_>) -> Columns {
        let flow = self.value(array, env);
        if flow.sized {
            self.facts.uses(&flow, Use::Exported);
        } else if !flow.is_counted() {
            self.facts.uses(&flow, Use::Inferred);
        }
        let ty = self.element_of(flow.ty);
        let flow = flow.moved(Distance::Expression).typed(ty);
        match self.fields_of(&flow) {
            Some(fields) => Columns::closed(fields.to_vec()),
            None => Columns::closed(vec![Field::new("unnest", flow)]),
        }
    }

    /// What a call in FROM yields, a column for each field of its rows.
    fn function_columns(&mut self, call: Node<'_>, env: &Env<'_>) -> Columns {
        let flow = self.expr(call, env, Mode::Value);
        let flow = Flow { origin: None, ..flow };
        if let Some(fields) = self.fields_of(&flow) {
            let field = |field: &Field| {
                Field::new(&field.name, Flow { origin: None, ..field.flow.clone() })
            };
            return Columns::closed(fields.iter().map(field).collect());
        }
        // Of a value whose type is not known it is not known either how many columns it has.
        let rest = if flow.ty.is_none() && !flow.single { Rest::Open } else { Rest::Closed };
        let name = super::name::of(call).unwrap_or_default();
        let field = match self.names_of_output(call).as_slice() {
            [] | [None] => Field::nameless(name, flow),
            [Some(output)] => Field::new(output, flow),
            _ => Field::new(UNCLEAR, flow),
        };
        Columns { fields: vec![field], rest }
    }

    /// What functions that can be meant call their only output: each name once, `None` for one
    /// without.
    fn names_of_output(&self, call: Node<'_>) -> Vec<Option<String>> {
        let Node::FuncCall(call) = call else { return Vec::new() };
        let written = parts(call.funcname());
        let (schema, name) = split(&written);
        let all: Vec<_> = match self.path.certain || schema.is_some() {
            true => self.path.functions(self.catalog, schema, name),
            false => self.catalog.functions_named(name).collect(),
        };
        let output = |function: &&Arc<Function>| match function.output_columns.as_slice() {
            [(name, _)] if !name.is_empty() => Some(name.clone()),
            _ => None,
        };
        let mut names: Vec<_> = all.iter().map(output).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Columns by a definition list: `AS t (a int, b text)`.
    fn defined<'t>(
        &mut self,
        part: Columns,
        function: &str,
        definitions: impl Iterator<Item = Node<'t>>,
    ) -> Columns {
        let mut all = Flow::merge(part.fields.iter().map(|field| &field.flow));
        all.unknown |= part.rest == Rest::Open && part.fields.is_empty();
        let mut columns = Columns::default();
        for (index, definition) in definitions.enumerate() {
            let Node::ColumnDef(definition) = definition else { continue };
            let known = part.rest == Rest::Closed && part.fields.len() > 1;
            let mut flow = match part.fields.get(index).filter(|_| known) {
                Some(field) => field.flow.clone(),
                None => all.clone(),
            };
            self.named_type(definition.type_name(), &flow);
            flow.ty = definition.type_name().and_then(|name| self.type_of(name));
            flow.fields = None;
            let name = definition.colname().unwrap_or_default();
            if super::keys::unpacks(function) {
                flow.take_keys(&[name.into()]);
            }
            columns.fields.push(Field::new(name, flow));
        }
        columns
    }

    fn xml_table(&mut self, function: &RangeTableFunc, env: &Env<'_>) -> Table {
        let mut source = self.value(function.docexpr(), env);
        source.absorb(&self.value(function.rowexpr(), env));
        source.absorb(&self.values_of(function.namespaces(), env));
        self.facts.uses(&source, Use::Inferred);
        let source = source.moved(Distance::Expression);
        let mut columns = Columns::default();
        for column in function.columns() {
            let mut flow = source.clone();
            flow.absorb(&self.value(column.colexpr(), env));
            flow.absorb(&self.value(column.coldefexpr(), env));
            self.named_type(column.type_name(), &flow);
            flow.ty = column.type_name().and_then(|name| self.type_of(name));
            columns.fields.push(Field::new(column.colname().unwrap_or_default(), flow));
        }
        aliased("xmltable", self.made_up(columns), function.alias())
    }

    /// Columns of an item of FROM that carry nothing of the database are a set of the client's own:
    /// which of its rows come back can tell what it was compared with. Where others of its columns
    /// come from a set already, they are of that one, row by row.
    pub(crate) fn made_up(&mut self, mut columns: Columns) -> Columns {
        let mut known = columns.fields.iter().flat_map(|field| field.flow.sources.iter().copied());
        let mut set = known.find(|source| stand(*source) == Stand::Set);
        // What the session put into a table of its own is as much its own.
        let own = |source: &model::ColumnId| {
            let relation = self.catalog.relation(source.relation);
            relation.is_some_and(|relation| crate::is_temporary(&relation.schema))
        };
        let given: Vec<bool> = columns
            .fields
            .iter()
            .map(|field| !field.flow.unknown && field.flow.sources.iter().all(own))
            .collect();
        for (field, _) in columns.fields.iter_mut().zip(given).filter(|(_, given)| *given) {
            let set = *set.get_or_insert_with(|| self.new_set());
            if !field.flow.sources.contains(&set) {
                field.flow.sources.push(set);
            }
            field.flow.fields = None;
        }
        columns
    }

    /// Notes how many rows a set lists: each of its columns is as many values, and what they are
    /// compared with is looked up as often.
    fn counts(mut columns: Columns, listed: Option<u32>) -> Columns {
        let Some(rows) = listed else { return columns };
        for field in &mut columns.fields {
            field.flow.rows = rows;
        }
        columns
    }

    fn json_columns(
        &mut self,
        list: &CastNodeList<JsonTableColumn>,
        source: &Flow,
        env: &Env<'_>,
        columns: &mut Columns,
    ) {
        for column in list {
            self.json_column(column, source, env, columns);
        }
    }

    fn json_column(
        &mut self,
        column: &JsonTableColumn,
        source: &Flow,
        env: &Env<'_>,
        columns: &mut Columns,
    ) {
        let nested = column.columns();
        if !nested.is_empty() {
            for inner in nested {
                if let Node::JsonTableColumn(inner) = inner {
                    self.json_column(inner, source, env, columns);
                }
            }
            return;
        }
        let mut flow = source.clone().moved(Distance::Expression);
        for behaviour in [column.on_empty(), column.on_error()].into_iter().flatten() {
            flow.absorb(&self.value(behaviour.expr(), env));
        }
        self.named_type(column.type_name(), &flow);
        flow.ty = column.type_name().and_then(|name| self.type_of(name));
        let name = column.name().unwrap_or_default();
        let path = column.pathspec().map(JsonTablePathSpec::string);
        let keys = path.map_or_else(|| vec![name.to_owned()], super::keys::path_of_sql);
        let keys: Vec<Rc<str>> = keys.iter().map(|key| key.as_str().into()).collect();
        flow.take_keys(&keys);
        columns.fields.push(Field::new(name, flow));
    }

    /// All values of a list as one.
    pub(crate) fn values_of(&mut self, list: &NodeList, env: &Env<'_>) -> Flow {
        let mut all = Flow::constant(None);
        for node in list {
            all.absorb(&self.value(node, env));
        }
        all
    }

    /// The type that a type name reaches, arrays included.
    pub(crate) fn type_of(&self, name: &pg_raw_parse::nodes::TypeName) -> Option<model::TypeId> {
        if name.pct_type {
            return None;
        }
        let names = strings(name.names());
        let (schema, base) = split(&names);
        let schema = self.schema_meant(schema, base);
        if name.array_bounds().is_empty() {
            return self.path.ty(self.catalog, schema, base).map(|ty| ty.id);
        }
        self.path.ty(self.catalog, schema, &format!("_{base}")).map(|ty| ty.id)
    }
}

/// How many rows a query lists, if it is VALUES with the same constants whoever reads it.
pub(super) fn listed(query: Node<'_>, columns: &Columns) -> Option<u32> {
    let Node::SelectStmt(select) = query else { return None };
    let rows = select.values_lists().len();
    let fixed = |field: &Field| field.flow.is_fixed() && field.flow.fields.is_none();
    (rows > 0 && columns.rest == Rest::Closed && columns.fields.iter().all(fixed))
        .then(|| u32::try_from(rows).unwrap_or(u32::MAX))
}

/// The arguments of `unnest` with more than one.
fn many_arrays(call: Node<'_>) -> Option<impl Iterator<Item = Node<'_>>> {
    let Node::FuncCall(call) = call else { return None };
    // Only without a schema does the grammar make one of each, and then always PostgreSQL's own.
    let many = call.args().len() > 1 && parts(call.funcname()) == ["unnest"];
    many.then(|| call.args().iter())
}

/// A table under its alias, if it has one, with the alias's column names.
fn aliased(name: &str, mut columns: Columns, alias: Option<&Alias>) -> Table {
    let Some(alias) = alias else { return Table::new(name, columns) };
    columns.rename(parts(alias.colnames()));
    // Rows of a function that returns those of a named type keep its names.
    let renamed = !alias.colnames().is_empty() && columns.fields.len() > 1;
    Table { renamed, ..Table::new(alias.aliasname().unwrap_or(name), columns) }
}
