//! How much of a table a condition takes, told from its structure: `DELETE … WHERE 1 = 1` takes
//! everything, and so do `WHERE id IN (SELECT id FROM t)` and a join that every row has a partner
//! in. A condition narrows only if its answer differs from row to row.
//!
//! Knows constants, keys, NOT NULL, foreign keys and the logic of SQL; nothing of what rows hold. A
//! condition that looks at the row and is none of the forms known here narrows.

mod compare;
mod cover;
mod list;
mod query;
mod range;
mod shape;
mod source;

pub(crate) use self::source::Source;

use self::source::Scope;
use crate::{
    analyse::Walk,
    names::parts,
    parse,
    scope::{Env, Table},
};
use pg_raw_parse::{
    ConstValue, Node,
    nodes::{BoolExpr, CaseExpr, SelectStmt},
    raw::{A_Expr_Kind, BoolExprType, BoolTestType, NullTestType, SubLinkType},
};
use std::cell::Cell;

/// How deep a condition is looked into. What stands deeper counts as narrowing if it looks at the
/// row.
const MAX_LEVELS: usize = 200;

/// How deep a statement may be to be looked into at all; the condition of a deeper one narrows
/// nothing.
const MAX_DEPTH: usize = 1_000;

/// How many nodes are looked at for one condition. Whoever nests subqueries until this is spent
/// has narrowed nothing.
const MAX_NODES: usize = 500_000;

/// How many rows a constant LIMIT, or numbers a series, may have to be few where nothing is known
/// of the table.
const MANY: f64 = 10_000.0;

/// How much of a table a condition takes. Ordered, so that AND takes the lesser and OR the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Share {
    /// No row.
    Nothing,
    /// Some few, whatever the table holds: by a value of a key, by a LIMIT.
    Few,
    /// It depends on the row.
    Part,
    /// All but few.
    Most,
    /// All or none: the answer is the same for every row.
    Same,
    /// Every row.
    All,
}

impl Share {
    /// What the opposite condition takes.
    fn not(self) -> Self {
        match self {
            Self::Nothing => Self::All,
            Self::Few => Self::Most,
            Self::Part => Self::Part,
            Self::Most => Self::Few,
            Self::Same => Self::Same,
            Self::All => Self::Nothing,
        }
    }

    /// True if it chooses rows.
    fn narrows(self) -> bool {
        self <= Self::Part
    }

    fn of(truth: bool) -> Self {
        if truth { Self::All } else { Self::Nothing }
    }
}

/// A look at the conditions of one statement.
pub(crate) struct Extent<'w, 'a> {
    walk: &'w Walk<'a>,
    env: &'w Env<'w>,
    nodes: Cell<usize>,
    level: Cell<usize>,
    sources: Cell<u32>,
}

impl<'a> Walk<'a> {
    /// True if a change of `target`, joined with `others`, takes every row of it, or all but few,
    /// or all or none.
    pub(crate) fn takes_all<'t>(
        &self,
        target: &Table,
        others: impl IntoIterator<Item = Node<'t>>,
        condition: Node<'t>,
        env: &Env<'_>,
    ) -> bool {
        if self.deepest > MAX_DEPTH {
            return true;
        }
        let extent = Extent::new(self, env);
        let mut scope = Scope::default();
        let subject = extent.target(target, &mut scope);
        let mut conditions = vec![condition];
        for item in others {
            extent.source(item, &mut scope, &mut conditions);
        }
        !extent.chosen(subject, &scope, &conditions, Vec::new()).narrows()
    }

    /// True if a query that locks rows, those of the item of FROM with this alias, locks all.
    pub(crate) fn locks_all(&self, select: &SelectStmt, alias: &str, env: &Env<'_>) -> bool {
        if self.deepest > MAX_DEPTH {
            return true;
        }
        let extent = Extent::new(self, env);
        extent.leaves_all(select, alias)
    }

    /// True if a query yields all rows of a table, or many numbers; if not `each`, only one that
    /// gathers them into an array.
    pub(crate) fn gathers_all(&self, select: &SelectStmt, each: bool, env: &Env<'_>) -> bool {
        if self.deepest > MAX_DEPTH {
            return true;
        }
        let extent = Extent::new(self, env);
        let scope = Scope::default();
        if each {
            return extent.whole(select, &scope).is_some();
        }
        let Some(value) = query::single(select) else { return false };
        match shape::bare(value) {
            Node::SubLink(link) => match link.subselect() {
                Node::SelectStmt(inner)
                    if link.sub_link_type == SubLinkType::ARRAY_SUBLINK
                        || query::single(inner).is_some_and(query::is_array) =>
                {
                    extent.whole(inner, &scope).is_some()
                }
                _ => false,
            },
            value => query::is_array(value) && extent.whole(select, &scope).is_some(),
        }
    }

    /// The rows that a query yields, if they are all the rows of a table.
    pub(crate) fn all_rows(&self, select: &SelectStmt, env: &Env<'_>) -> Option<Source> {
        if self.deepest > MAX_DEPTH {
            return None;
        }
        Extent::new(self, env).whole(select, &Scope::default())
    }
}

impl<'w, 'a> Extent<'w, 'a> {
    fn new(walk: &'w Walk<'a>, env: &'w Env<'w>) -> Self {
        let (nodes, level, sources) = (Cell::new(0), Cell::new(0), Cell::new(0));
        Self { walk, env, nodes, level, sources }
    }

    /// Looks one level deeper, unless that is too deep or too much by now.
    fn deeper<T>(&self, look: impl FnOnce() -> T) -> Option<T> {
        self.nodes.set(self.nodes.get() + 1);
        if self.level.get() >= MAX_LEVELS || self.spent() {
            return None;
        }
        self.level.set(self.level.get() + 1);
        let seen = stacker::maybe_grow(parse::RED_ZONE_BYTES, parse::STACK_BYTES, look);
        self.level.set(self.level.get() - 1);
        Some(seen)
    }

    fn spent(&self) -> bool {
        self.nodes.get() > MAX_NODES
    }

    /// How much of the subject's rows a condition takes.
    fn share(&self, node: Node<'_>, subject: u32, scope: &Scope<'_>) -> Share {
        let seen = self.deeper(|| self.condition(node, subject, scope));
        seen.unwrap_or_else(|| self.depends_or_same(node, subject, scope))
    }

    /// For what has no form that is known: it narrows if it looks at the row.
    fn depends_or_same(&self, node: Node<'_>, subject: u32, scope: &Scope<'_>) -> Share {
        if !self.spent() && self.depends(node, subject, scope) { Share::Part } else { Share::Same }
    }

    fn condition(&self, node: Node<'_>, subject: u32, scope: &Scope<'_>) -> Share {
        let share = |node| self.share(node, subject, scope);
        match node {
            Node::None => Share::All,
            Node::A_Const(constant) => match constant.val() {
                None => Share::Nothing,
                Some(ConstValue::Boolean(value)) => Share::of(value),
                Some(ConstValue::String(text)) => spelled(text).map_or(Share::Same, Share::of),
                Some(_) => Share::Same,
            },
            Node::TypeCast(cast) => match cast.arg() {
                Node::A_Const(constant) => match constant.val().map(|value| value.to_string()) {
                    Some(text) => spelled(&text).map_or(Share::Same, Share::of),
                    None => Share::Nothing,
                },
                inner => share(inner),
            },
            Node::CollateClause(collate) => share(collate.arg()),
            Node::BoolExpr(expr) => self.boolean(expr, subject, scope),
            Node::BooleanTest(test) => {
                let inner = share(test.arg());
                match test.booltesttype {
                    BoolTestType::IS_TRUE | BoolTestType::IS_NOT_FALSE => inner,
                    BoolTestType::IS_FALSE | BoolTestType::IS_NOT_TRUE => inner.not(),
                    kind => {
                        let known = self.never_null(test.arg(), scope)
                            || matches!(inner, Share::All | Share::Nothing);
                        self.null_test(
                            test.arg(),
                            known,
                            kind == BoolTestType::IS_NOT_UNKNOWN,
                            subject,
                            scope,
                        )
                    }
                }
            }
            Node::NullTest(test) => {
                let never = self.never_null(test.arg(), scope);
                let wanted = test.nulltesttype == NullTestType::IS_NOT_NULL;
                self.null_test(test.arg(), never, wanted, subject, scope)
            }
            Node::A_Expr(expr) => self.operator(expr, subject, scope),
            Node::CoalesceExpr(expr) => {
                let mut taken = Share::Nothing;
                for argument in expr.args() {
                    taken = taken.max(share(argument));
                    if self.never_null(argument, scope) {
                        break;
                    }
                }
                taken
            }
            Node::CaseExpr(case) => self.case(case, subject, scope),
            Node::SubLink(link) => self.linked(link, subject, scope),
            Node::FuncCall(call) => self.called(call, node, subject, scope),
            Node::CurrentOfExpr(current) => {
                let cursor = current.cursor_name().unwrap_or_default();
                if self.walk.loops.ranges(cursor) { Share::Most } else { Share::Few }
            }
            _ => self.depends_or_same(node, subject, scope),
        }
    }

    /// `IS [NOT] NULL` and `IS [NOT] UNKNOWN`; `wanted` is true for the forms with NOT.
    fn null_test(
        &self,
        argument: Node<'_>,
        never: bool,
        wanted: bool,
        subject: u32,
        scope: &Scope<'_>,
    ) -> Share {
        if never {
            return Share::of(wanted);
        }
        if matches!(argument, Node::A_Const(constant) if constant.isnull) {
            return Share::of(!wanted);
        }
        self.depends_or_same(argument, subject, scope)
    }

    fn boolean(&self, expr: &BoolExpr, subject: u32, scope: &Scope<'_>) -> Share {
        match expr.boolop {
            BoolExprType::AND_EXPR => {
                let all: Vec<Node<'_>> = expr.args().iter().collect();
                self.chosen(subject, scope, &all, Vec::new())
            }
            BoolExprType::OR_EXPR => {
                let arms: Vec<Node<'_>> = expr.args().iter().collect();
                if self.covered(&arms, scope) {
                    return Share::All;
                }
                let shares = arms.iter().map(|arm| self.share(*arm, subject, scope));
                shares.max().unwrap_or(Share::Nothing)
            }
            _ => {
                let inner = expr.args().iter().next().unwrap_or(Node::None);
                self.share(inner, subject, scope).not()
            }
        }
    }

    fn case(&self, case: &CaseExpr, subject: u32, scope: &Scope<'_>) -> Share {
        let share = |node| self.share(node, subject, scope);
        let otherwise = match case.defresult() {
            Node::None => Share::Nothing,
            result => share(result),
        };
        let (mut taken, mut asked, mut every) = (Share::Nothing, Share::Nothing, otherwise);
        for arm in case.args() {
            let Node::CaseWhen(arm) = arm else { continue };
            let condition = match case.arg() {
                Node::None => share(arm.expr()),
                value => self.compare("=", value, arm.expr(), subject, scope),
            };
            let result = share(arm.result());
            every = every.min(result);
            // What an earlier arm takes comes to no later one.
            taken = taken.max(condition.min(result).min(asked.not()));
            asked = asked.max(condition);
        }
        let taken = taken.max(otherwise.min(asked.not()));
        // Where each answer takes all, it does not matter which it is.
        if every.narrows() { taken } else { taken.max(every) }
    }

    /// The operator, without its schema, and the sides of a comparison, also of one that is written
    /// as a call of the function below the operator.
    fn comparison<'t>(&self, node: Node<'t>) -> Option<(&'t str, Node<'t>, Node<'t>)> {
        match node {
            Node::A_Expr(expr) if expr.kind == A_Expr_Kind::AEXPR_OP => {
                let operator = parts(expr.name()).last().copied()?;
                (!matches!(expr.lexpr(), Node::None))
                    .then(|| (operator, expr.lexpr(), expr.rexpr()))
            }
            Node::FuncCall(call) if call.args().len() == 2 => {
                let operator = compare::function(parts(call.funcname()).last()?)?;
                Some((operator, call.args().get(0)?, call.args().get(1)?))
            }
            _ => None,
        }
    }
}

/// Text that the boolean type reads.
fn spelled(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Some(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Some(false),
        _ => None,
    }
}
