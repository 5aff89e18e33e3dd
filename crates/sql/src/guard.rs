//! Statistics: aggregates that tell of a group and of nobody in it, as long as the group is large
//! enough. Says which calls of a text are such, and writes the text in which the server itself
//! holds back the result of a small group. Knows no policy.
//!
//! A call can be guarded if it is `avg`, `sum` or a deviation of a plain column, or of several
//! added up, and if no row of their table can stand in a group more than once: who could repeat
//! one row a thousand times in a group would have its value as the average. What is counted is
//! distinct values of each column, so that repeating does not help even where this is mistaken,
//! and no column hides behind another.

use crate::{
    analyse::Walk,
    flow::{Distance, Flow},
    lex::{Kind, Lexer, Token},
    names::{parts, split, strings},
    relate::{self, Stand},
    scope::Env,
};
use model::{Catalog, ColumnId, RelationId, catalog::RelationKind};
use pg_raw_parse::{
    Node,
    nodes::{Alias, BoolExpr, ColumnRef, FuncCall, JoinExpr, RangeVar, SelectStmt},
    raw::{A_Expr_Kind, BoolExprType, JoinType},
};
use std::{ops::Range, rc::Rc};

/// Aggregates of which no single value can be read.
const STATISTICS: [&str; 8] =
    ["avg", "sum", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp"];
/// What may stand in front of a parenthesis inside FILTER: anything else may be a function, and one
/// that answers differently each time would count other rows than it sums.
const NO_CALLS: [&str; 8] = ["in", "and", "or", "not", "where", "any", "all", "between"];
/// Words by which a FILTER would hold a query.
const QUERIES: [&str; 4] = ["select", "values", "table", "with"];

/// An aggregate in a text that can be guarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The columns it is over: one, and those that share its storage by inheritance.
    pub columns: Vec<ColumnId>,
    name: &'static str,
    call: Range<usize>,
    /// The names of its columns.
    counted: Vec<Range<usize>>,
    filter: Option<Range<usize>>,
}

/// The text in which each of these calls yields NULL for a group with fewer distinct values than
/// stands beside it. The name, the type and the place of a result stay: a scalar subquery without a
/// FROM takes the name of its column, and an aggregate of nothing but outer columns belongs to the
/// outer query (PostgreSQL manual, 4.2.7). `replaced` are places with what is put there; none cuts
/// through a call or a column's name.
pub fn rewritten(
    text: &str,
    guards: &[(Guard, u64)],
    replaced: &[(Range<usize>, String)],
) -> String {
    let mut guards: Vec<&(Guard, u64)> = guards.iter().collect();
    guards.sort_by_key(|(guard, _)| guard.call.start);
    let piece = |range: Range<usize>| with_replaced(text, range, replaced);
    let mut out = String::with_capacity(text.len() + 160 * guards.len());
    let mut done = 0;
    for (guard, least) in guards {
        // One inside another is guarded by it.
        if guard.call.start < done {
            continue;
        }
        let filter = guard.filter.clone().map(piece).unwrap_or_default();
        let count = |column: &Range<usize>| {
            format!(
                "pg_catalog.count(DISTINCT {}) {filter} OPERATOR(pg_catalog.>=) {least}",
                text.get(column.clone()).unwrap_or_default()
            )
        };
        let counts: Vec<String> = guard.counted.iter().map(count).collect();
        let (counts, call) = (counts.join(" AND "), piece(guard.call.clone()));
        out.push_str(&piece(done..guard.call.start));
        out.push_str(&format!("(SELECT CASE WHEN {counts} THEN {call} END AS \"{}\")", guard.name));
        done = guard.call.end;
    }
    out.push_str(&piece(done..text.len()));
    out
}

/// A piece of a text with what is put into it.
fn with_replaced(text: &str, range: Range<usize>, replaced: &[(Range<usize>, String)]) -> String {
    let within = |at: &Range<usize>| range.start <= at.start && at.end <= range.end;
    let mut inside: Vec<_> = replaced.iter().filter(|(at, _)| within(at)).collect();
    inside.sort_by_key(|(at, _)| at.start);
    let mut out = String::with_capacity(range.len());
    let mut done = range.start;
    for (at, new) in inside {
        out.push_str(text.get(done..at.start).unwrap_or_default());
        out.push_str(new);
        done = at.end;
    }
    out.push_str(text.get(done..range.end).unwrap_or_default());
    out
}

/// True if the statement goes to the server as it stands and its rows come back to the client: what
/// is prepared, declared or stored now runs later, out of sight.
pub(crate) fn may_guard(node: Node<'_>) -> bool {
    match node {
        Node::SelectStmt(select) => select.into_clause().is_none(),
        Node::CopyStmt(copy) => !copy.is_from && !copy.is_program && copy.filename().is_none(),
        _ => false,
    }
}

/// How the tables of one FROM hang together: which follow from which by a unique column.
#[derive(Debug)]
pub(crate) struct Steady {
    tables: Vec<(Rc<str>, RelationId)>,
    /// `(a, b)`: for a row of `a` there is at most one of `b`.
    follows: Vec<(usize, usize)>,
    /// True if a join fills up rows with NULL.
    fills: bool,
}

impl Steady {
    /// True if every other table adds at most one row to each row of this one.
    fn keeps(&self, table: usize) -> bool {
        let mut placed = vec![table];
        let mut next = 0;
        while let Some(current) = placed.get(next).copied() {
            next += 1;
            for (from, to) in &self.follows {
                if *from == current && !placed.contains(to) {
                    placed.push(*to);
                }
            }
        }
        placed.len() == self.tables.len()
    }

    fn named(&self, alias: &str) -> Option<usize> {
        let mut found = (0..).zip(&self.tables).filter(|(_, (name, _))| **name == *alias);
        found.next().filter(|_| found.next().is_none()).map(|(index, _)| index)
    }

    /// The table and the column that a reference names, if it names one of these.
    fn column<'r>(&self, reference: &'r ColumnRef, catalog: &Catalog) -> Option<(usize, &'r str)> {
        let names = parts(reference.fields());
        if names.len() != reference.fields().len() {
            return None;
        }
        match names.as_slice() {
            [name] => {
                let has = |index: &usize| self.has(*index, name, catalog);
                let mut found = (0..self.tables.len()).filter(has);
                found.next().filter(|_| found.next().is_none()).map(|index| (index, *name))
            }
            [.., table, name] => self.named(table).map(|index| (index, *name)),
            [] => None,
        }
    }

    fn has(&self, table: usize, column: &str, catalog: &Catalog) -> bool {
        let relation = self.tables.get(table).and_then(|(_, id)| catalog.relation(*id));
        relation.is_some_and(|relation| relation.column(column).is_some())
    }

    /// Notes that two columns are equal in every row.
    fn equal(&mut self, left: (usize, &str), right: (usize, &str), catalog: &Catalog) {
        for ((from, _), (to, name)) in [(left, right), (right, left)] {
            let relation = self.tables.get(to).and_then(|(_, id)| catalog.relation(*id));
            let unique = relation.is_some_and(|relation| {
                // Rows of children stand in no index of their parent.
                let alone = relation.kind == RelationKind::Partitioned
                    || catalog.children(relation.id).is_empty();
                alone && relation.column(name).is_some_and(|column| column.unique)
            });
            if from != to && unique {
                self.follows.push((from, to));
            }
        }
    }
}

impl Walk<'_> {
    /// How the tables of a FROM hang together; `None` if it holds anything but plain tables.
    pub(crate) fn steady(&self, select: &SelectStmt, env: &Env<'_>) -> Option<Rc<Steady>> {
        if !self.guarding || self.expansion > 0 {
            return None;
        }
        let mut steady = Steady { tables: Vec::new(), follows: Vec::new(), fills: false };
        let (mut conditions, mut using) = (Vec::new(), Vec::new());
        for item in select.from_clause() {
            self.tables(item, env, &mut steady, &mut conditions, &mut using)?;
        }
        conditions.push(select.where_clause());
        for (left, right, name) in using {
            steady.equal((left, name), (right, name), self.catalog);
        }
        while let Some(condition) = conditions.pop() {
            match condition {
                Node::BoolExpr(expr) if is_and(expr) => conditions.extend(expr.args().iter()),
                Node::A_Expr(expr)
                    if expr.kind == A_Expr_Kind::AEXPR_OP && parts(expr.name()) == ["="] =>
                {
                    let (Node::ColumnRef(left), Node::ColumnRef(right)) =
                        (expr.lexpr(), expr.rexpr())
                    else {
                        continue;
                    };
                    let left = steady.column(left, self.catalog);
                    let right = steady.column(right, self.catalog);
                    if let (Some(left), Some(right)) = (left, right) {
                        steady.equal(left, right, self.catalog);
                    }
                }
                _ => {}
            }
        }
        Some(Rc::new(steady))
    }

    fn tables<'n>(
        &self,
        item: Node<'n>,
        env: &Env<'_>,
        steady: &mut Steady,
        conditions: &mut Vec<Node<'n>>,
        using: &mut Vec<(usize, usize, &'n str)>,
    ) -> Option<()> {
        match item {
            Node::RangeVar(range) => {
                let name = alias_of(range);
                let table = env.table(None, name)?;
                steady.tables.push((Rc::clone(&table.alias), table.relation?));
                Some(())
            }
            Node::JoinExpr(join) if !join.is_natural && join.alias().is_none() => {
                let start = steady.tables.len();
                self.tables(join.larg(), env, steady, conditions, using)?;
                let middle = steady.tables.len();
                self.tables(join.rarg(), env, steady, conditions, using)?;
                conditions.push(join.quals());
                steady.fills |= join.jointype != JoinType::JOIN_INNER;
                self.using(join, start, middle, steady, using)
            }
            _ => None,
        }
    }

    fn using<'n>(
        &self,
        join: &'n JoinExpr,
        start: usize,
        middle: usize,
        steady: &Steady,
        using: &mut Vec<(usize, usize, &'n str)>,
    ) -> Option<()> {
        for name in strings(join.using_clause()) {
            let one = |range: Range<usize>| {
                let mut found = range.filter(|index| steady.has(*index, name, self.catalog));
                found.next().filter(|_| found.next().is_none())
            };
            using.push((one(start..middle)?, one(middle..steady.tables.len())?, name));
        }
        Some(())
    }

    /// The value of an aggregate that can be guarded; `None` if this is none.
    pub(crate) fn statistic(
        &mut self,
        call: &FuncCall,
        argument: &Flow,
        env: &Env<'_>,
    ) -> Option<Flow> {
        let names = parts(call.funcname());
        let (schema, name) = split(&names);
        let name = STATISTICS.into_iter().find(|known| *known == name)?;
        let own = schema.is_none_or(|schema| schema == "pg_catalog")
            && self.catalog.functions_named(name).all(|function| function.schema == "pg_catalog");
        let plain = call.over().is_none()
            && !call.agg_within_group
            && !call.agg_star
            && !call.func_variadic
            && call.agg_order().is_empty()
            && call.args().len() == 1;
        let outside = self.guarding && self.expansion == 0 && self.frames.is_empty();
        if !own || !plain || !outside {
            return None;
        }
        let mut terms = Vec::new();
        self.terms(call.args().first()?, false, &mut terms)?;
        let (mut columns, mut counted, mut there) = (Vec::new(), Vec::new(), true);
        for (reference, filled) in terms {
            let term = self.term(reference, env)?;
            let fills = env.steady.as_ref().is_none_or(|steady| steady.fills);
            there &= filled || !fills && self.all_there(&term);
            columns.extend(term);
            counted.push(name_at(self.text, reference.location)?);
        }
        if columns.is_empty() || counted.len() > 1 && !there {
            return None;
        }
        if self.divides(call.args().first()?) && !self.all_broken(&columns) {
            return None;
        }
        columns.sort_unstable();
        columns.dedup();
        let guard = place(self.text, call.location, name, columns.clone(), counted)?;
        if !self.guards.contains(&guard) {
            self.guards.push(guard);
        }
        let mut flow = Flow { distance: Distance::Aggregate, ..Flow::constant(argument.ty) };
        flow.sources.extend(columns.into_iter().map(relate::statistic));
        Some(flow)
    }

    /// The columns behind one term: itself, as it stands in a table of which no row is repeated.
    fn term(&mut self, reference: &ColumnRef, env: &Env<'_>) -> Option<Vec<ColumnId>> {
        let value = self.reference(reference, env);
        let whole = value.distance == Distance::Identity && !value.unknown && self.number(value.ty);
        let origin = value.origin.filter(|origin| origin.number > 0 && whole)?;
        let steady = env.steady.as_ref()?;
        let (table, _) = steady.column(reference, self.catalog)?;
        let known = steady.tables.get(table).is_some_and(|(_, id)| *id == origin.relation);
        // What a session made for itself holds what it put there.
        let relation = self.catalog.relation(origin.relation)?;
        if !known || !steady.keeps(table) || relation.schema.starts_with("pg_temp") {
            return None;
        }
        let column = |source: &ColumnId| match relate::stand(*source) {
            Stand::Column(column) => Some(column),
            Stand::Statistic(_) | Stand::Set => None,
        };
        value.sources.iter().map(column).collect()
    }

    fn number(&self, ty: Option<model::TypeId>) -> bool {
        ty.and_then(|ty| self.catalog.type_by_id(ty)).is_some_and(|ty| ty.category == 'N')
    }
}

fn is_and(expr: &BoolExpr) -> bool {
    expr.boolop == BoolExprType::AND_EXPR
}

fn alias_of(range: &RangeVar) -> &str {
    let alias = range.alias().and_then(Alias::aliasname);
    alias.or_else(|| range.relname()).unwrap_or_default()
}

/// Where a name of one or several parts stands that begins here.
fn name_at(text: &str, location: i32) -> Option<Range<usize>> {
    let start = usize::try_from(location).ok()?;
    let tokens = Lexer::new(text.get(start..)?);
    let mut tokens = tokens.filter(|t| !matches!(t.kind, Kind::Space | Kind::Comment)).peekable();
    loop {
        let part = tokens.next().filter(|t| matches!(t.kind, Kind::Word | Kind::Quoted))?;
        if tokens.peek().is_none_or(|token| token.kind != Kind::Mark(b'.')) {
            return Some(start..start + part.span.end);
        }
        tokens.next();
    }
}

/// Where a call stands in the text, and its FILTER.
fn place(
    text: &str,
    location: i32,
    name: &'static str,
    columns: Vec<ColumnId>,
    counted: Vec<Range<usize>>,
) -> Option<Guard> {
    let start = usize::try_from(location).ok()?;
    let rest = text.get(start..)?;
    let shift = |span: &Range<usize>| span.start + start..span.end + start;
    let mut tokens = Lexer::new(rest)
        .filter(|token| !matches!(token.kind, Kind::Space | Kind::Comment))
        .peekable();
    let word = |token: &Token| rest.get(token.span.clone()).unwrap_or_default().to_lowercase();
    let open =
        tokens.find(|token| !matches!(token.kind, Kind::Word | Kind::Quoted | Kind::Mark(b'.')))?;
    let inner = inside(&open, &mut tokens)?;
    let close = inner.last()?;
    let mut call = start..close.span.end + start;
    let mut filter = None;
    if tokens.peek().is_some_and(|token| word(token) == "filter") {
        let from = tokens.next()?.span.start;
        let open = tokens.next()?;
        let inner = inside(&open, &mut tokens)?;
        let mut before = String::new();
        for token in &inner {
            let calls = token.kind == Kind::Mark(b'(') && starts_call(&before);
            before = match token.kind {
                Kind::Word | Kind::Quoted => word(token),
                _ => String::new(),
            };
            if calls || QUERIES.contains(&before.as_str()) {
                return None;
            }
        }
        let close = inner.last()?;
        filter = Some(shift(&(from..close.span.end)));
        call.end = close.span.end + start;
    }
    Some(Guard { columns, name, call, counted, filter })
}

fn starts_call(word: &str) -> bool {
    !word.is_empty() && !NO_CALLS.contains(&word)
}

/// The tokens behind an opening parenthesis up to the one that closes it; `None` if it is not
/// certain which one that is.
fn inside(open: &Token, tokens: &mut impl Iterator<Item = Token>) -> Option<Vec<Token>> {
    if open.kind != Kind::Mark(b'(') {
        return None;
    }
    let (mut depth, mut inner) = (1_usize, Vec::new());
    for token in tokens {
        if token.doubtful {
            return None;
        }
        match token.kind {
            Kind::Mark(b'(') => depth += 1,
            Kind::Mark(b')') => depth -= 1,
            _ => {}
        }
        inner.push(token);
        if depth == 0 {
            return Some(inner);
        }
    }
    None
}

mod sums;
#[cfg(test)]
mod tests;
