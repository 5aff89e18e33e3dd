//! SELECT in all its forms: WITH, set operations, VALUES, clauses. Produces the result's columns.

pub(crate) use self::{
    code::{acts, computes},
    name::of as name_of,
    total::PARAMETER,
};

mod acts;
pub(crate) mod call;
mod code;
mod compare;
mod expr;
mod from;
mod join;
mod json;
pub(crate) mod keys;
pub(crate) mod name;
pub(crate) mod once;
pub(crate) mod place;
mod sublink;
mod target;
mod total;
mod with;

use crate::{
    analyse::Walk,
    flow::{Columns, Field, Flow, Rest},
    names::{parts, reference},
    scope::Env,
};
use model::{Operation, Use, facts::Effect};
use pg_raw_parse::{
    Node,
    list::CastNodeList,
    nodes::{SelectStmt, SortBy, WindowDef},
    raw::SetOperation,
};

/// Whether an expression stands in a predicate or makes a value. The answer of a comparison that
/// makes a value goes on with the value; that of a predicate ends there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Makes a value.
    Value,
    /// Stands in WHERE, ON, HAVING, FILTER.
    Test,
}

impl Walk<'_> {
    /// A query with its WITH, in a level of its own below `env`.
    pub(crate) fn select(&mut self, select: &SelectStmt, env: &Env<'_>) -> Columns {
        self.deeper(
            |walk| {
                let mut level = env.below();
                walk.with(select.with_clause(), &mut level);
                walk.clauses(select, &mut level)
            },
            Columns::open,
        )
    }

    fn clauses(&mut self, select: &SelectStmt, env: &mut Env<'_>) -> Columns {
        let columns = if select.op != SetOperation::SETOP_NONE {
            self.set_operation(select, env)
        } else if !select.values_lists().is_empty() {
            self.values(select, env)
        } else {
            self.plain_select(select, env)
        };
        self.order_by(select.sort_clause(), &columns, env);
        for limit in [select.limit_count(), select.limit_offset()] {
            let flow = self.value(limit, env);
            // So many rows say so much of it.
            self.facts.uses(&flow, Use::Exported);
        }
        self.locks(select, env);
        columns
    }

    /// `a UNION b UNION c` leans to the left; long ones are walked without recursion.
    fn set_operation(&mut self, select: &SelectStmt, env: &Env<'_>) -> Columns {
        let mut arms = Vec::new();
        let mut distinct = false;
        let mut left = Some(select);
        while let Some(current) = left {
            let wrapped = current.with_clause().is_some()
                || !current.sort_clause().is_empty()
                || !matches!(current.limit_count(), Node::None)
                || !matches!(current.limit_offset(), Node::None);
            let outermost = std::ptr::eq(current, select);
            if current.op == SetOperation::SETOP_NONE || (wrapped && !outermost) {
                break;
            }
            distinct |= !(current.op == SetOperation::SETOP_UNION && current.all);
            arms.extend(current.rarg());
            left = current.larg();
        }
        let mut columns = left.map(|first| self.select(first, env)).unwrap_or_default();
        for field in &mut columns.fields {
            field.flow.origin = None;
        }
        for arm in arms.into_iter().rev() {
            let other = self.select(arm, env);
            self.union(&mut columns, &other);
        }
        if distinct {
            columns.fields.iter().for_each(|field| self.facts.tested(&field.flow));
        }
        columns
    }

    /// Adds the values of one arm to the columns of another.
    pub(crate) fn union(&mut self, columns: &mut Columns, other: &Columns) {
        for (index, field) in columns.fields.iter_mut().enumerate() {
            field.flow.origin = None;
            match other.fields.get(index) {
                Some(from) => {
                    let from = self.coerced(from.flow.clone());
                    field.flow = self.coerced(std::mem::take(&mut field.flow));
                    if field.flow.ty.is_none() {
                        field.flow.ty = from.ty;
                    }
                    // Values that the client gives among those of a column are guesses at it.
                    if field.flow.is_given() && from.carries()
                        || from.is_given() && field.flow.carries()
                    {
                        field.flow.sources.push(self.new_set());
                    }
                    self.facts.relations.unite(&field.flow, &from);
                    field.flow.absorb(&from);
                    // As many values as both list; who asks may list more of them still.
                    field.flow.rows = 0;
                }
                None if other.rest == Rest::Open => field.flow.unknown = true,
                None => {}
            }
        }
        match (columns.rest, other.rest) {
            (Rest::Pending, _) => {
                let known = columns.fields.len();
                columns.fields.extend(other.fields.iter().skip(known).cloned());
                columns.rest = other.rest;
            }
            (Rest::Closed, Rest::Open) => columns.rest = Rest::Open,
            _ => {}
        }
    }

    fn values(&mut self, select: &SelectStmt, env: &Env<'_>) -> Columns {
        let mut columns = Columns::default();
        for row in select.values_lists() {
            let Node::NodeList(row) = row else { continue };
            let row = self.row_items(row, env);
            for (index, flow) in row.into_iter().enumerate() {
                let flow = self.coerced(Flow { origin: None, ..flow });
                match columns.fields.get_mut(index) {
                    Some(field) => field.flow.absorb(&flow),
                    None => {
                        columns.fields.push(Field::new(&format!("column{}", index + 1), flow));
                    }
                }
            }
        }
        columns
    }

    fn plain_select(&mut self, select: &SelectStmt, env: &mut Env<'_>) -> Columns {
        for item in select.from_clause() {
            let fragment = self.source(item, env, false);
            env.fragments.push(fragment);
        }
        env.steady = self.steady(select, env);
        let columns = self.targets(select.target_list().iter(), env);
        self.test(select.where_clause(), env);
        for item in select.group_clause() {
            self.group_by(item, &columns, env);
        }
        self.test(select.having_clause(), env);
        for window in select.window_clause() {
            if let Node::WindowDef(window) = window {
                self.window(window, env);
            }
        }
        for item in select.distinct_clause() {
            match item {
                // A plain DISTINCT is a list that holds one NULL.
                Node::None => columns.fields.iter().for_each(|f| self.facts.tested(&f.flow)),
                item => self.group_by(item, &columns, env),
            }
        }
        columns
    }

    /// GROUP BY and DISTINCT ON: a position, a column of FROM, an output's name or an expression.
    fn group_by(&mut self, node: Node<'_>, columns: &Columns, env: &Env<'_>) {
        if let Node::GroupingSet(set) = node {
            return set.content().iter().for_each(|item| self.group_by(item, columns, env));
        }
        if let Node::RowExpr(row) = node {
            return row.args().iter().for_each(|item| self.group_by(item, columns, env));
        }
        let name = single_name(node);
        let flow = match (position(node), name) {
            (Some(index), _) => columns.fields.get(index).map(|field| field.flow.clone()),
            // Columns of queries around this one come behind what is given out under the name.
            (None, Some(name)) if env.own_column(name).is_none() => columns.find(name),
            _ => None,
        };
        let flow = flow.unwrap_or_else(|| self.value(node, env));
        self.facts.tested(&flow);
    }

    /// ORDER BY: a position, an output's name, or an expression over FROM.
    fn order_by(&mut self, sort: &CastNodeList<SortBy>, columns: &Columns, env: &Env<'_>) {
        for item in sort {
            let node = item.node();
            let named = |name: &str| {
                columns.fields.iter().find(|f| &*f.name == name).map(|f| f.flow.clone())
            };
            let flow = match (position(node), single_name(node)) {
                (Some(index), _) => columns.fields.get(index).map(|field| field.flow.clone()),
                (None, Some(name)) => named(name),
                _ => None,
            };
            let flow = flow.unwrap_or_else(|| self.value(node, env));
            self.facts.uses(&flow, Use::Inferred);
        }
    }

    /// A window's own clauses.
    pub(crate) fn window(&mut self, window: &WindowDef, env: &Env<'_>) {
        for item in window.partition_clause() {
            let flow = self.value(item, env);
            // The server sorts by it, and rows come in that order.
            self.facts.uses(&flow, Use::Inferred);
        }
        for item in window.order_clause() {
            let flow = self.value(item.node(), env);
            self.facts.uses(&flow, Use::Inferred);
        }
        for offset in [window.start_offset(), window.end_offset()] {
            let flow = self.value(offset, env);
            self.facts.uses(&flow, Use::Exported);
        }
    }

    fn locks(&mut self, select: &SelectStmt, env: &Env<'_>) {
        for clause in select.locking_clause() {
            let named: Vec<&str> = clause
                .locked_rels()
                .iter()
                .filter_map(|node| match node {
                    Node::RangeVar(range) => range.relname(),
                    _ => None,
                })
                .collect();
            let tables = env.fragments.iter().flat_map(|fragment| &fragment.tables);
            let locked = tables.filter(|t| named.is_empty() || named.contains(&&*t.alias));
            for table in locked {
                let unbounded = self.locks_all(select, &table.alias, env);
                let relation = table.relation.and_then(|id| self.catalog.relation(id));
                let relation = relation.map(|relation| reference(relation));
                let operation = Operation::Lock;
                self.facts.effect(Effect { operation, relation, object: None, unbounded });
            }
            if env.fragments.is_empty() {
                self.facts.plain(Operation::Lock);
            }
        }
    }
}

/// The zero-based position that an integer constant names.
fn position(node: Node<'_>) -> Option<usize> {
    let Node::A_Const(constant) = node else { return None };
    let number: i64 = match constant.val()? {
        pg_raw_parse::ConstValue::Integer(number) => number.into(),
        _ => return None,
    };
    usize::try_from(number).ok()?.checked_sub(1)
}

/// The name, if the node is an unqualified one.
pub(crate) fn single_name(node: Node<'_>) -> Option<&str> {
    let Node::ColumnRef(reference) = node else { return None };
    let names = parts(reference.fields());
    match (names.as_slice(), reference.fields().len()) {
        ([name], 1) => Some(name),
        _ => None,
    }
}
