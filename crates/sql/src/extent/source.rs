//! What stands in FROM, as far as it matters which rows of which table are there, and what names
//! mean in a condition. Knows no condition.

use super::Extent;
use crate::{
    names::{alias_columns, parts, strings},
    relate::{Stand, stand},
    scope::{Cte, Table, system_column},
};
use model::{
    ColumnId, RelationId,
    catalog::{Column, Relation, RelationKind},
};
use pg_raw_parse::{
    Node,
    nodes::{Alias, JoinExpr, RangeSubselect, RangeVar, WithClause},
    raw::JoinType,
    walk::{Recurse, walk_manual},
};
use std::{collections::BTreeSet, ops::ControlFlow};

/// Stack for the binding's own walk over a tree of as many levels as are looked at.
const WALK_BYTES: usize = 4 << 20;

/// A column's name, and the column of a table that it is, if it is one.
pub(super) type Named = (String, Option<ColumnId>);

/// An item of FROM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    /// Tells it from every other of the same statement, the same table joined twice included.
    pub(super) id: u32,
    pub(super) alias: String,
    /// The table whose rows it holds.
    pub(super) relation: Option<RelationId>,
    /// Its columns, where they are not simply those of the relation.
    pub(super) columns: Option<Vec<Named>>,
    /// No row of the table is left out.
    pub(super) whole: bool,
    /// Rows of NULL can stand in it: it is on the outer side of a join.
    pub(super) optional: bool,
    /// It counts through more numbers than a few.
    pub(super) numbers: bool,
}

/// What is in sight at one level.
#[derive(Default)]
pub(super) struct Scope<'s> {
    pub(super) parent: Option<&'s Scope<'s>>,
    pub(super) sources: Vec<Source>,
    /// WITH queries; `None` for those that leave rows out.
    pub(super) with: Vec<(String, Option<Source>)>,
}

/// A WITH query that leaves rows out, with its columns by name.
fn narrowed(cte: &Cte) -> Option<Source> {
    let names = cte.columns.fields.iter().map(|field| (field.name.to_string(), None));
    let columns = (cte.columns.rest == crate::flow::Rest::Closed).then(|| names.collect());
    Some(Source { columns, ..Source::default() })
}

/// What a name means.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) source: u32,
    pub(super) name: String,
    pub(super) column: Option<ColumnId>,
    pub(super) optional: bool,
    pub(super) numbers: bool,
    /// The row as a whole.
    pub(super) row: bool,
}

impl Source {
    /// The table whose rows it holds.
    pub(crate) fn of(&self) -> Option<RelationId> {
        self.relation
    }

    /// True if it counts through many numbers.
    pub(crate) fn counts(&self) -> bool {
        self.numbers
    }

    /// Gives its first columns other names.
    pub(crate) fn rename(&mut self, names: &[&str]) {
        for (column, name) in self.columns.iter_mut().flatten().zip(names) {
            (*name).clone_into(&mut column.0);
        }
    }
}

impl<'s> Scope<'s> {
    pub(super) fn below(&'s self) -> Scope<'s> {
        Scope { parent: Some(self), ..Scope::default() }
    }

    fn levels(&self) -> impl Iterator<Item = &Scope<'s>> {
        let mut next = Some(self);
        std::iter::from_fn(move || {
            let level = next?;
            next = level.parent;
            Some(level)
        })
    }

    /// True if a source stands at this level.
    pub(super) fn holds(&self, id: u32) -> bool {
        self.sources.iter().any(|source| source.id == id)
    }
}

impl<'a> Extent<'_, 'a> {
    fn fresh(&self) -> u32 {
        self.sources.set(self.sources.get() + 1);
        self.sources.get()
    }

    /// The table that is changed, as the first source of a level.
    pub(super) fn target(&self, target: &Table, scope: &mut Scope<'_>) -> u32 {
        let id = self.fresh();
        let columns = match target.relation {
            Some(_) => None,
            None if target.columns.rest == crate::flow::Rest::Closed => {
                let names = target.columns.fields.iter();
                Some(names.map(|field| (field.name.to_string(), None)).collect())
            }
            None => None,
        };
        let (alias, relation) = (target.alias.to_string(), target.relation);
        scope.sources.push(Source {
            id,
            alias,
            relation,
            columns,
            whole: true,
            ..Source::default()
        });
        id
    }

    /// Adds an item of FROM, and what its joins demand.
    pub(super) fn source<'t>(
        &self,
        node: Node<'t>,
        scope: &mut Scope<'_>,
        conditions: &mut Vec<Node<'t>>,
    ) {
        let source = match node {
            Node::RangeVar(range) => self.named(range, scope),
            Node::RangeSubselect(subselect) => self.subquery(subselect, scope),
            Node::RangeFunction(function) => {
                let call = function.functions().iter().next();
                let call = call.and_then(|pair| pair.as_node_list()?.get(0));
                let alias = function.alias();
                if let Some(spread) = call.and_then(|call| self.spread(call, scope)) {
                    let mut source = spread;
                    if let Some(alias) = alias {
                        source.alias = alias.aliasname().unwrap_or_default().to_owned();
                        source.rename(&alias_columns(alias));
                    }
                    scope.sources.push(Source { id: self.fresh(), ..source });
                    return;
                }
                let name = call.and_then(crate::query::name_of).unwrap_or_default();
                let many = call.is_some_and(|call| self.counts(call));
                let names = alias.map(alias_columns).unwrap_or_default();
                let alias = alias.and_then(Alias::aliasname).unwrap_or(name);
                let column = names.first().copied().unwrap_or(alias).to_owned();
                let columns = Some(vec![(column, None)]);
                let (numbers, alias) = (many, alias.to_owned());
                Source { alias, columns, whole: many, numbers, ..Source::default() }
            }
            Node::RangeTableSample(sample) => {
                let share = sample.args().iter().next().and_then(|node| self.number(node));
                let first = scope.sources.len();
                self.source(sample.relation(), scope, conditions);
                if share.is_none_or(|percent| percent < 50.0) {
                    scope.sources.iter_mut().skip(first).for_each(|source| source.whole = false);
                }
                return;
            }
            Node::JoinExpr(join) => return self.join(join, scope, conditions),
            _ => Source::default(),
        };
        scope.sources.push(Source { id: self.fresh(), ..source });
    }

    fn join<'t>(&self, join: &'t JoinExpr, scope: &mut Scope<'_>, conditions: &mut Vec<Node<'t>>) {
        let first = scope.sources.len();
        let mut inside = Vec::new();
        self.source(join.larg(), scope, &mut inside);
        let second = scope.sources.len();
        self.source(join.rarg(), scope, &mut inside);
        inside.extend(Some(join.quals()).filter(|node| !matches!(node, Node::None)));
        let (left, right) = match join.jointype {
            JoinType::JOIN_INNER => (false, false),
            JoinType::JOIN_LEFT => (false, true),
            JoinType::JOIN_RIGHT => (true, false),
            _ => (true, true),
        };
        for source in scope.sources.iter_mut().take(second).skip(first).filter(|_| left) {
            source.optional = true;
        }
        for source in scope.sources.iter_mut().skip(second).filter(|_| right) {
            source.optional = true;
        }
        if !left && !right {
            conditions.append(&mut inside);
        }
        // Columns that are merged have no side, so who joins by them is not looked through.
        let merged = join.is_natural || !strings(join.using_clause()).is_empty();
        let tables: BTreeSet<_> = scope.sources.iter().skip(first).map(|s| s.relation).collect();
        if merged && tables.len() > 1 {
            scope.sources.iter_mut().skip(first).for_each(|source| source.whole = false);
        }
        if let Some(alias) = join.alias().and_then(Alias::aliasname) {
            let hidden = Source { alias: alias.to_owned(), ..Source::default() };
            scope.sources.push(Source { id: self.fresh(), ..hidden });
        }
    }

    /// `unnest(ARRAY(SELECT …))`: the query's rows, if they are all of a table.
    fn spread(&self, call: Node<'_>, scope: &Scope<'_>) -> Option<Source> {
        let array = super::query::gathered(call);
        let Node::SubLink(link) = array else { return None };
        let Node::SelectStmt(select) = link.subselect() else { return None };
        (!matches!(call, Node::SubLink(_))).then(|| self.whole(select, scope)).flatten()
    }

    /// A table or a WITH query by its name.
    fn named(&self, range: &RangeVar, scope: &Scope<'_>) -> Source {
        let name = range.relname().unwrap_or_default();
        let alias = range.alias().and_then(Alias::aliasname).unwrap_or(name).to_owned();
        let names = range.alias().map(alias_columns).unwrap_or_default();
        let own = scope.levels().find_map(|level| {
            level.with.iter().rev().find(|(known, _)| known == name).map(|(_, query)| query.clone())
        });
        let query = own.or_else(|| {
            let cte = self.env.cte(name).filter(|_| range.schemaname().is_none());
            cte.map(|cte| cte.whole.as_deref().cloned().or_else(|| narrowed(cte)))
        });
        let mut source = match query.filter(|_| range.schemaname().is_none()) {
            Some(Some(source)) => source,
            Some(None) => Source::default(),
            None => {
                let relation = self.walk.reached_by(range.schemaname(), name).id;
                Source { relation, whole: relation.is_some(), ..Source::default() }
            }
        };
        source.alias = alias;
        if !names.is_empty() {
            source.columns = Some(self.columns(&source));
            source.rename(&names);
        }
        source
    }

    fn subquery(&self, subselect: &RangeSubselect, scope: &Scope<'_>) -> Source {
        let whole = match subselect.subquery() {
            Node::SelectStmt(select) => self.whole(select, scope),
            _ => None,
        };
        let mut source = whole.unwrap_or_default();
        if let Some(alias) = subselect.alias() {
            source.alias = alias.aliasname().unwrap_or_default().to_owned();
            source.rename(&alias_columns(alias));
        }
        source
    }

    /// Adds the queries of a WITH clause.
    pub(super) fn with(&self, clause: Option<&WithClause>, scope: &mut Scope<'_>) {
        for cte in clause.into_iter().flat_map(|clause| clause.ctes()) {
            let name = cte.ctename().unwrap_or_default().to_owned();
            if clause.is_some_and(|clause| clause.recursive) {
                // What it yields of itself is not followed.
                scope.with.push((name.clone(), None));
            }
            let mut whole = match cte.ctequery() {
                Node::SelectStmt(select) => self.whole(select, scope),
                _ => None,
            };
            if let Some(whole) = &mut whole {
                whole.rename(&parts(cte.aliascolnames()));
            }
            scope.with.push((name, whole));
        }
    }

    /// The columns of a source in order.
    pub(super) fn columns(&self, source: &Source) -> Vec<Named> {
        if let Some(columns) = &source.columns {
            return columns.clone();
        }
        let relation = source.relation.and_then(|id| self.walk.catalog.relation(id));
        let columns = relation.into_iter().flat_map(|relation| {
            let named = |column: &Column| (column.name.clone(), self.base(relation, &column.name));
            relation.columns.iter().map(named)
        });
        columns.collect()
    }

    /// The column of a relation by its name; of a view, the column below it that it shows as it is.
    fn base(&self, relation: &Relation, name: &str) -> Option<ColumnId> {
        let Some(column) = relation.column(name) else {
            return system_column(name).map(|number| ColumnId { relation: relation.id, number });
        };
        let own = relation.column_id(column.number);
        if relation.kind != RelationKind::View {
            return Some(own);
        }
        let shown = self.walk.expanded.get(&relation.id)?.find(name)?;
        let below = |source: &ColumnId| match stand(*source) {
            Stand::Column(column) if column.relation != relation.id => Some(column),
            Stand::Column(_) | Stand::Statistic(_) | Stand::Set => None,
        };
        let mut below = shown.sources.iter().filter_map(below);
        match (below.next(), below.next()) {
            (Some(column), None) if shown.distance == crate::flow::Distance::Identity => {
                Some(column)
            }
            _ => Some(own),
        }
    }

    /// What a name means; `None` for a variable, a parameter, and what nothing is known of.
    pub(super) fn find(&self, node: Node<'_>, scope: &Scope<'_>) -> Option<Place> {
        let Node::ColumnRef(reference) = node else { return None };
        let names = parts(reference.fields());
        let star = names.len() != reference.fields().len();
        match names.as_slice() {
            [.., table, _] if !star => {
                let name = names.last()?;
                let source = self.aliased(table, scope)?;
                Some(self.place(source, name, false))
            }
            [.., table] if star => Some(self.place(self.aliased(table, scope)?, "*", true)),
            [name] => {
                for level in scope.levels() {
                    let named =
                        |open| level.sources.iter().find(|source| self.has(source, name, open));
                    if let Some(source) = named(false) {
                        return Some(self.place(source, name, false));
                    }
                    if let Some(source) = level.sources.iter().find(|s| s.alias == **name) {
                        return Some(self.place(source, "*", true));
                    }
                    if let Some(source) = named(true) {
                        return Some(self.place(source, name, false));
                    }
                }
                None
            }
            _ => None,
        }
    }

    fn aliased<'x>(&self, alias: &str, scope: &'x Scope<'_>) -> Option<&'x Source> {
        scope.levels().find_map(|level| level.sources.iter().find(|source| source.alias == alias))
    }

    /// True if a source has a column of this name; `open` also asks those that may have any.
    fn has(&self, source: &Source, name: &str, open: bool) -> bool {
        if let Some(columns) = &source.columns {
            return columns.iter().any(|(known, _)| known == name);
        }
        let relation = source.relation.and_then(|id| self.walk.catalog.relation(id));
        match relation {
            Some(relation) => relation.column(name).is_some() || system_column(name).is_some(),
            None => open,
        }
    }

    fn place(&self, source: &Source, name: &str, row: bool) -> Place {
        let relation = source.relation.and_then(|id| self.walk.catalog.relation(id));
        let column = match &source.columns {
            _ if row => None,
            Some(columns) => {
                columns.iter().find(|(known, _)| known == name).and_then(|(_, column)| *column)
            }
            None => relation.and_then(|relation| self.base(relation, name)),
        };
        Place {
            source: source.id,
            name: name.to_owned(),
            column,
            optional: source.optional,
            numbers: source.numbers,
            row,
        }
    }

    /// The column of the catalog that a place is.
    pub(super) fn known(&self, place: &Place) -> Option<&'a Column> {
        let id = place.column?;
        let relation = self.walk.catalog.relation(id.relation)?;
        relation.columns.iter().find(|column| column.number == id.number)
    }

    /// True if a place names a row by itself.
    pub(super) fn key(&self, place: &Place) -> bool {
        place.column.is_some_and(|column| column.number == -1)
            || self.known(place).is_some_and(|column| column.unique)
    }

    /// The sources that an expression looks at.
    pub(super) fn seen(&self, node: Node<'_>, scope: &Scope<'_>) -> BTreeSet<u32> {
        let mut seen = BTreeSet::new();
        if matches!(node, Node::None) {
            return seen;
        }
        let first = self.look(node, scope, &mut seen);
        if first == ControlFlow::Continue(Recurse::Yes) {
            stacker::maybe_grow(WALK_BYTES, 4 * WALK_BYTES, || {
                walk_manual::<()>(node, |inner| self.look(inner, scope, &mut seen));
            });
        }
        seen
    }

    fn look(
        &self,
        node: Node<'_>,
        scope: &Scope<'_>,
        seen: &mut BTreeSet<u32>,
    ) -> ControlFlow<(), Recurse> {
        self.nodes.set(self.nodes.get() + 1);
        if self.spent() {
            return ControlFlow::Break(());
        }
        match node {
            Node::ColumnRef(_) => {
                seen.extend(self.find(node, scope).map(|place| place.source));
                Recurse::yes()
            }
            Node::SelectStmt(select) => {
                let mut inner = scope.below();
                self.with(select.with_clause(), &mut inner);
                let mut conditions = Vec::new();
                for item in select.from_clause() {
                    self.source(item, &mut inner, &mut conditions);
                }
                let own: Vec<u32> = inner.sources.iter().map(|source| source.id).collect();
                let pieces = select
                    .target_list()
                    .iter()
                    .map(Node::ResTarget)
                    .chain([select.where_clause(), select.having_clause()])
                    .chain(select.larg().map(Node::SelectStmt))
                    .chain(select.rarg().map(Node::SelectStmt))
                    .chain(select.values_lists().iter())
                    .chain(select.from_clause().iter());
                for piece in pieces {
                    let found = self.seen(piece, &inner);
                    seen.extend(found.into_iter().filter(|id| !own.contains(id)));
                }
                Recurse::no()
            }
            _ => Recurse::yes(),
        }
    }

    /// True if an expression looks at the subject.
    pub(super) fn depends(&self, node: Node<'_>, subject: u32, scope: &Scope<'_>) -> bool {
        self.seen(node, scope).contains(&subject)
    }
}
