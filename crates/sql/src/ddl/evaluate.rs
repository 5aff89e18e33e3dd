//! What data definition and maintenance run over rows: expressions that they bring along, and what
//! hangs on the relations that they go through.

use crate::{
    analyse::Walk,
    collect::Collector,
    flow::{Columns, Field, Flow},
    names::{parts, split},
    query::computes,
    relation::Reached,
    scope::{Env, Fragment, Table},
};
use model::{
    Operation, Use,
    catalog::{Relation, RelationKind},
    code::Attached,
};
use pg_raw_parse::{
    Node,
    nodes::{
        AlterDomainStmt, ColumnDef, Constraint, CreateDomainStmt, CreateStatsStmt, IndexElem,
        IndexStmt, PartitionBoundSpec, RangeVar, ReindexStmt, TypeName, VacuumRelation, VacuumStmt,
    },
    raw::ConstrType,
};
use std::sync::Arc;

/// Types that are no types but tell where a default comes from.
pub(super) const SERIALS: [&str; 6] =
    ["serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"];

impl<'a> Walk<'a> {
    /// What an expression does and asks; `None` if there is none.
    fn computed_over(&mut self, node: Node<'_>, level: &Env<'_>) -> Option<Collector> {
        if matches!(node, Node::None) {
            return None;
        }
        let outer = std::mem::take(&mut self.facts);
        let followed = std::mem::take(&mut self.followed);
        self.value(node, level);
        self.followed = followed;
        Some(std::mem::replace(&mut self.facts, outer))
    }

    /// True if an expression ran code that is not PostgreSQL's own, or that does more than compute.
    fn ran_code(&self, inner: &Collector) -> bool {
        let runs = |id| self.catalog.function(id).is_none_or(|function| !computes(function));
        let acts = inner.effects.iter().any(|effect| effect.operation != Operation::Select);
        let code = acts || inner.dynamic || !inner.unknowns.is_empty();
        code || inner.code.iter().any(|id| runs(*id))
    }

    fn runs_code(&mut self, node: Node<'_>, level: &Env<'_>) -> bool {
        self.computed_over(node, level).is_some_and(|inner| self.ran_code(&inner))
    }

    /// Takes what expressions do and ask that are evaluated over rows of a table, at once or with
    /// each row that comes: whoever writes them is who asks, and an error tells. True if they run
    /// code.
    fn evaluates<'n>(
        &mut self,
        nodes: impl IntoIterator<Item = Node<'n>>,
        level: &Env<'_>,
    ) -> bool {
        let mut runs = false;
        for node in nodes {
            let Some(inner) = self.computed_over(node, level) else { continue };
            runs |= self.ran_code(&inner);
            self.facts.take(inner, |_, usage| Some(usage));
        }
        runs
    }

    /// Takes what the functions of a query do that somebody else wrote: its reading is theirs.
    pub(super) fn runs_within(&mut self, mut inner: Collector) {
        let writes = inner.effects.iter().any(|effect| effect.operation.is_write());
        if !writes && !inner.dynamic {
            return;
        }
        inner.effects.retain(|effect| effect.operation.is_write());
        inner.forget_look_ups();
        self.facts.take(inner, |_, usage| match usage {
            Use::Exported | Use::Copied | Use::Written => Some(usage),
            _ => None,
        });
    }

    /// Notes that code hangs on a table since this statement, which the catalog does not know.
    fn hangs_on(&mut self, range: &RangeVar) {
        self.made.hung.push(range.relname().unwrap_or_default().to_owned());
    }

    /// A constraint that comes to a table: its expressions over the rows that are there.
    pub(crate) fn constrains(&mut self, node: Node<'_>, range: &RangeVar, env: &Env<'_>) {
        let Node::Constraint(constraint) = node else { return };
        let expressions = expressions(constraint);
        if expressions.is_empty() {
            return;
        }
        let level = self.row_of(range, env);
        if self.evaluates(expressions, &level) {
            self.hangs_on(range);
        }
    }

    /// True if a part of a table that is being made runs code with each row of it.
    pub(crate) fn hangs_code(&mut self, node: Node<'_>, env: &Env<'_>) -> bool {
        let mut level = env.below();
        level.fragments.push(Fragment::table(Table::new("", Columns::open())));
        let constraints: Vec<Node<'_>> = match node {
            Node::ColumnDef(definition) => {
                if self.is_coded(definition) {
                    return true;
                }
                definition.constraints().iter().collect()
            }
            node => vec![node],
        };
        let mut nodes = constraints.into_iter().flat_map(|node| match node {
            Node::Constraint(constraint) => expressions(constraint),
            _ => Vec::new(),
        });
        nodes.any(|node| self.runs_code(node, &level))
    }

    /// True if a column is of a type that runs code, or may do so.
    pub(super) fn is_coded(&self, definition: &ColumnDef) -> bool {
        definition.type_name().is_some_and(|name| self.may_run(name))
    }

    fn may_run(&self, name: &TypeName) -> bool {
        if name.pct_type {
            return false;
        }
        let names = crate::names::strings(name.names());
        let (schema, base) = split(&names);
        let schema = self.schema_meant(schema, base);
        match self.path.ty(self.catalog, schema, base) {
            Some(ty) => self.has_code(ty.id),
            None => {
                self.catalog.type_named("pg_catalog", "text").is_some()
                    && !SERIALS.contains(&base)
                    && !self.made.types.iter().any(|made| made == base)
            }
        }
    }

    /// True if a domain that is made runs no code.
    pub(super) fn is_plain(&mut self, create: &CreateDomainStmt, env: &Env<'_>) -> bool {
        let mut level = env.below();
        level.fragments.push(Fragment::table(Table::new("", Columns::open())));
        let nodes = create.constraints().iter().map(Constraint::raw_expr);
        let nodes: Vec<Node<'_>> = nodes.collect();
        let base = create.type_name().is_some_and(|name| self.may_run(name));
        !base && nodes.into_iter().all(|node| !self.runs_code(node, &level))
    }

    /// An index: its expressions and its condition.
    pub(super) fn indexes(&mut self, index: &IndexStmt, env: &Env<'_>) {
        let Some(range) = index.relation() else { return };
        let names: Vec<&str> = index.index_params().iter().filter_map(IndexElem::name).collect();
        self.orders_own(range, &names, env);
        let partial = !matches!(index.where_clause(), Node::None);
        if !partial && names.len() == index.index_params().len() {
            return;
        }
        self.sorts_rows(range, "an index over expressions");
        let elements = index.index_params().iter().map(IndexElem::expr);
        let nodes: Vec<Node<'_>> = elements.chain([index.where_clause()]).collect();
        let level = self.row_of(range, env);
        if self.evaluates(nodes, &level) {
            self.hangs_on(range);
            self.facts.keeps_names = false;
        }
    }

    /// The server puts the rows of a table by these columns, or fails by what is in them. In a
    /// table of the session's own that is a question about what was put there: its other rows may
    /// be guesses.
    pub(super) fn orders_own(&mut self, range: &RangeVar, names: &[&str], env: &Env<'_>) {
        if !crate::is_temporary(&self.reached_as(range).schema) {
            return;
        }
        let level = self.row_of(range, env);
        let made = match self.is_made_temporary(range.schemaname(), range.relname().unwrap_or("")) {
            true => self.reach(range),
            false => Reached::Missing,
        };
        for name in names {
            let flow = match &made {
                Reached::Made(columns) => columns.find(name),
                Reached::Known(_) | Reached::Missing => level.column(name),
            };
            self.facts.uses(&flow.unwrap_or_else(Flow::unknown), Use::Inferred);
        }
    }

    /// Statistics: their expressions are evaluated by the next ANALYZE.
    pub(super) fn gathers_statistics(&mut self, create: &CreateStatsStmt, env: &Env<'_>) {
        let Some(range) = create.relations().iter().next() else { return };
        let nodes = create.exprs().iter().filter_map(|node| match node {
            Node::StatsElem(element) => Some(element.expr()),
            _ => None,
        });
        let nodes: Vec<Node<'_>> = nodes.collect();
        let level = self.row_of(range, env);
        self.evaluates(nodes, &level);
    }

    /// The bounds of a partition, which are computed when it is made, and which the catalog shows
    /// to everybody from then on.
    pub(crate) fn bounds(&mut self, bound: &PartitionBoundSpec, env: &Env<'_>) {
        let all = bound.listdatums().iter().chain(bound.lowerdatums()).chain(bound.upperdatums());
        for node in all {
            // MINVALUE and MAXVALUE look like columns.
            if !matches!(node, Node::ColumnRef(_)) {
                let flow = self.value(node, env);
                self.facts.uses(&flow, Use::Exported);
            }
        }
    }

    /// A default that stands elsewhere than with the column that it fills: code in it runs where
    /// nobody looks for it, so it takes the right to make such code.
    pub(super) fn defaults_unseen(&mut self, node: Node<'_>, of: &str, env: &Env<'_>) {
        if self.runs_code(node, &env.below()) {
            self.facts.about(Operation::Code, format!("a default of {of}"));
        }
    }

    /// ALTER DOMAIN: a check runs over every value that is there.
    pub(super) fn alters_domain(&mut self, alter: &AlterDomainStmt, env: &Env<'_>) {
        let names = parts(alter.type_name());
        let (schema, name) = split(&names);
        let domain = self.path.ty(self.catalog, schema, name).map(|ty| ty.id);
        let mut values = Flow::constant(domain);
        for relation in self.catalog.relations() {
            for column in relation.columns.iter().filter(|column| Some(column.type_id) == domain) {
                let columns = self.columns(relation);
                values.absorb(&columns.find(&column.name).unwrap_or_else(Flow::unknown));
            }
        }
        let Node::Constraint(constraint) = alter.def() else {
            self.defaults_unseen(alter.def(), "a domain", env);
            return self.becomes(domain, &values);
        };
        let columns = Columns::closed(vec![Field::new("value", values)]);
        let mut level = env.below();
        level.fragments.push(Fragment::table(Table::new("", columns)));
        self.evaluates(expressions(constraint), &level);
    }

    /// VACUUM and ANALYZE. What does not write rows anew nor looks at samples evaluates nothing.
    pub(super) fn vacuums(&mut self, vacuum: &VacuumStmt) {
        let option = |name: &str| {
            let mut options = vacuum.options().iter();
            options.any(|it| it.defname() == Some(name) && crate::copy::truth(it.arg()))
        };
        if vacuum.is_vacuumcmd && !option("full") && !option("analyze") {
            return;
        }
        let ranges: Vec<_> = vacuum.rels().iter().filter_map(VacuumRelation::relation).collect();
        self.maintains(&ranges);
    }

    /// REINDEX: which table an index is on, the catalog does not say.
    pub(super) fn reindexes(&mut self, reindex: &ReindexStmt) {
        use pg_raw_parse::raw::ReindexObjectType as T;
        let table = reindex.kind == T::REINDEX_OBJECT_TABLE;
        let ranges: Vec<_> = reindex.relation().filter(|_| table).into_iter().collect();
        self.maintains(&ranges);
    }

    /// Goes through these relations, or through all.
    pub(super) fn maintains(&mut self, ranges: &[&RangeVar]) {
        if ranges.is_empty() {
            let stored = |relation: &&Arc<Relation>| {
                relation.attached != Attached::default() && relation.kind != RelationKind::View
            };
            for relation in self.catalog.relations().filter(stored) {
                self.goes_through(relation);
            }
        }
        for range in ranges {
            if let Some(relation) = self.known(range) {
                self.goes_through(relation);
            }
        }
    }
}

/// The expressions of a constraint that are evaluated with each row.
fn expressions(constraint: &Constraint) -> Vec<Node<'_>> {
    match constraint.contype {
        ConstrType::CONSTR_CHECK => vec![constraint.raw_expr()],
        ConstrType::CONSTR_EXCLUSION => {
            let pairs = constraint.exclusions().iter().filter_map(|pair| match pair {
                Node::NodeList(pair) => pair.get(0),
                _ => None,
            });
            let elements = pairs.filter_map(|element| match element {
                Node::IndexElem(element) => Some(element.expr()),
                _ => None,
            });
            elements.chain([constraint.where_clause()]).collect()
        }
        _ => Vec::new(),
    }
}
