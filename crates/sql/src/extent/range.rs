//! Between which bounds a number lies, whatever the row holds; and what is never NULL. Knows types,
//! keys and PostgreSQL's own functions, and no condition.

use super::{Extent, MANY, Share, source::Scope};
use crate::names::{parts, strings};
use model::{RelationId, TypeId};
use pg_raw_parse::{
    ConstValue, Node,
    nodes::{A_Expr, FuncCall},
    raw::{A_Expr_Kind, MinMaxOp},
};

/// Least and greatest value, both included.
pub(super) type Bounds = (f64, f64);

const EVERYTHING: Bounds = (f64::NEG_INFINITY, f64::INFINITY);

/// What a key that counts can be. Nobody has keys below one; and whoever takes all below
/// a billion takes them all.
const KEYS: Bounds = (1.0, 999_999_998.0);
/// The same for eight bytes, in which keys can hold moments and random bits.
const LONG_KEYS: Bounds = (1.0, 9e18);
/// Pages in which rows stand, and as a fraction their place in it, which counts from one.
const PAGES: Bounds = (1e-6, 999_999.0);

const SMALLINT: TypeId = TypeId(21);
const INTEGER: TypeId = TypeId(23);
const BIGINT: TypeId = TypeId(20);

impl Extent<'_, '_> {
    /// A constant number, sign and conversion included.
    pub(super) fn number(&self, node: Node<'_>) -> Option<f64> {
        match self.bounds(node, &Scope::default())? {
            (low, high) if low == high => Some(low),
            _ => None,
        }
    }

    /// The text of a constant.
    pub(super) fn text<'t>(&self, node: Node<'t>) -> Option<String> {
        match super::shape::bare(node) {
            Node::A_Const(constant) => Some(constant.val()?.to_string()),
            _ => None,
        }
    }

    /// Between what a value lies, where that can be told.
    pub(super) fn bounds(&self, node: Node<'_>, scope: &Scope<'_>) -> Option<Bounds> {
        self.deeper(|| self.within(node, scope)).flatten()
    }

    fn within(&self, node: Node<'_>, scope: &Scope<'_>) -> Option<Bounds> {
        let bounds = |node| self.bounds(node, scope);
        match node {
            Node::A_Const(constant) => {
                let number = match constant.val()? {
                    ConstValue::Integer(number) => f64::from(number),
                    ConstValue::Float(text) | ConstValue::String(text) => written(text)?,
                    _ => return None,
                };
                Some((number, number))
            }
            Node::TypeCast(cast) => {
                let name = cast.type_name().map(|name| strings(name.names()));
                let name = name.as_ref().and_then(|name| name.last().copied())?;
                let numeric = matches!(
                    name,
                    "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "tid" | "oid"
                );
                bounds(cast.arg()).filter(|_| numeric)
            }
            Node::ColumnRef(_) => {
                let place = self.find(node, scope)?;
                if place.column.is_some_and(|column| column.number == -1) {
                    return Some(PAGES);
                }
                let column = self.known(&place)?;
                let key = column.unique && column.not_null;
                match self.walk.base_type(Some(column.type_id))? {
                    SMALLINT if key => Some((1.0, 32_767.0)),
                    SMALLINT => Some((-32_768.0, 32_767.0)),
                    INTEGER if key => Some(KEYS),
                    INTEGER => Some((-2_147_483_648.0, 2_147_483_647.0)),
                    BIGINT if key => Some(LONG_KEYS),
                    BIGINT => Some((-9.3e18, 9.2e18)),
                    _ => None,
                }
            }
            Node::A_Expr(expr) if expr.kind == A_Expr_Kind::AEXPR_OP => self.computed(expr, scope),
            Node::FuncCall(call) => self.result(call, scope),
            Node::CoalesceExpr(expr) => {
                let each = expr.args().iter().filter(|node| !null(*node)).map(bounds);
                each.collect::<Option<Vec<_>>>()?.into_iter().reduce(both)
            }
            Node::MinMaxExpr(expr) => {
                let greatest = expr.op == MinMaxOp::IS_GREATEST;
                let each = expr.args().iter().map(|node| bounds(node).unwrap_or(EVERYTHING));
                each.reduce(|one, other| match greatest {
                    true => (one.0.max(other.0), one.1.max(other.1)),
                    false => (one.0.min(other.0), one.1.min(other.1)),
                })
            }
            Node::SubLink(link) => match link.subselect() {
                Node::SelectStmt(select) if self.counting(select) => Some((0.0, f64::INFINITY)),
                Node::SelectStmt(select) if select.from_clause().is_empty() => {
                    bounds(super::query::single(select)?)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// True for `(SELECT count(…) …)`.
    pub(super) fn counting(&self, select: &pg_raw_parse::nodes::SelectStmt) -> bool {
        matches!(super::query::single(select).map(super::shape::bare), Some(Node::FuncCall(call))
            if parts(call.funcname()).last() == Some(&"count") && call.over().is_none())
    }

    /// True if a call counts through more than a few numbers, or nobody knows through how many.
    pub(super) fn counts(&self, node: Node<'_>) -> bool {
        let Node::FuncCall(call) = node else { return false };
        if parts(call.funcname()).last() != Some(&"generate_series") {
            return false;
        }
        let mut bounds = call.args().iter().map(|node| self.number(node));
        match (bounds.next().flatten(), bounds.next().flatten(), bounds.next().flatten()) {
            (Some(low), Some(high), step) => {
                (high - low).abs() / step.unwrap_or(1.0).abs().max(1e-9) >= MANY
            }
            _ => true,
        }
    }

    /// How much a LIMIT leaves of a table; `None` if it leaves all.
    pub(super) fn limited(&self, limit: Node<'_>, relation: Option<RelationId>) -> Option<Share> {
        let rows = self.number(limit)?;
        if rows <= 0.0 {
            return Some(Share::Nothing);
        }
        if self.walk.loops.repeating {
            return None;
        }
        let relation = relation.and_then(|id| self.walk.catalog.relation(id));
        let known = relation.map(|relation| f64::from(relation.estimated_rows));
        let known = known.filter(|rows| *rows >= 1.0);
        match known {
            Some(all) if rows >= all => None,
            None if rows > MANY => None,
            Some(all) if rows * 2.0 > all => Some(Share::Part),
            _ => Some(Share::Few),
        }
    }

    fn computed(&self, expr: &A_Expr, scope: &Scope<'_>) -> Option<Bounds> {
        let operator = parts(expr.name()).last().copied()?;
        let right = self.bounds(expr.rexpr(), scope);
        if matches!(expr.lexpr(), Node::None) {
            let (low, high) = right?;
            return match operator {
                "-" => Some((-high, -low)),
                "+" => Some((low, high)),
                "@" => Some(absolute((low, high))),
                _ => None,
            };
        }
        let left = self.bounds(expr.lexpr(), scope);
        let shape = self.shape(expr.lexpr(), scope);
        let same = shape.is_some() && shape == self.shape(expr.rexpr(), scope);
        match operator {
            "-" | "%" | "#" if same => return Some((0.0, 0.0)),
            "/" if same => return Some((1.0, 1.0)),
            "*" if same => return Some((0.0, f64::INFINITY)),
            _ => {}
        }
        let zero = |bounds: Option<Bounds>| bounds == Some((0.0, 0.0));
        if matches!(operator, "*" | "&") && (zero(left) || zero(right)) {
            return Some((0.0, 0.0));
        }
        match (operator, left, right) {
            ("+", Some(left), Some(right)) => Some((left.0 + right.0, left.1 + right.1)),
            ("-", Some(left), Some(right)) => Some((left.0 - right.1, left.1 - right.0)),
            ("*", Some(left), Some(right)) => {
                let all = [left.0 * right.0, left.0 * right.1, left.1 * right.0, left.1 * right.1];
                let low = all.iter().copied().fold(f64::INFINITY, f64::min);
                Some((low, all.iter().copied().fold(f64::NEG_INFINITY, f64::max)))
            }
            ("%", left, Some((low, high))) if low == high && low != 0.0 => {
                let most = (high.abs() - 1.0).max(0.0);
                let positive = left.is_some_and(|(low, _)| low >= 0.0);
                Some((if positive { 0.0 } else { -most }, most))
            }
            _ => None,
        }
    }

    /// What PostgreSQL's own functions can yield.
    fn result(&self, call: &FuncCall, scope: &Scope<'_>) -> Option<Bounds> {
        let name = parts(call.funcname()).last().copied()?;
        match name {
            "abs" => {
                let inner = call.args().get(0).and_then(|node| self.bounds(node, scope));
                Some(absolute(inner.unwrap_or(EVERYTHING)))
            }
            "length" | "char_length" | "character_length" | "octet_length" | "bit_length"
            | "strpos" | "position" | "cardinality" | "array_length" | "pg_column_size"
            | "num_nulls" | "num_nonnulls" | "count" | "exp" | "sqrt" => Some((0.0, f64::INFINITY)),
            "random" if call.args().is_empty() => Some((0.0, 0.999_999_999)),
            "sign" => Some((-1.0, 1.0)),
            "mod" => match call.args().get(1).and_then(|node| self.number(node)) {
                Some(by) if by != 0.0 => Some((1.0 - by.abs(), by.abs() - 1.0)),
                _ => None,
            },
            _ => None,
        }
    }

    /// True if an expression is never NULL.
    pub(super) fn never_null(&self, node: Node<'_>, scope: &Scope<'_>) -> bool {
        self.deeper(|| self.filled(node, scope)).unwrap_or(false)
    }

    fn filled(&self, node: Node<'_>, scope: &Scope<'_>) -> bool {
        let never = |node| self.never_null(node, scope);
        match node {
            Node::A_Const(constant) => !constant.isnull,
            Node::TypeCast(cast) => never(cast.arg()),
            Node::CollateClause(collate) => never(collate.arg()),
            Node::SQLValueFunction(_) | Node::A_ArrayExpr(_) => true,
            Node::ColumnRef(_) => self.find(node, scope).is_some_and(|place| {
                let system = place.column.is_some_and(|column| column.number < 0);
                let column = self.known(&place).is_some_and(|column| column.not_null);
                !place.optional && (place.row || system || column)
            }),
            Node::A_Expr(expr) => {
                let operators = matches!(
                    expr.kind,
                    A_Expr_Kind::AEXPR_OP
                        | A_Expr_Kind::AEXPR_LIKE
                        | A_Expr_Kind::AEXPR_ILIKE
                        | A_Expr_Kind::AEXPR_SIMILAR
                );
                match expr.kind {
                    A_Expr_Kind::AEXPR_DISTINCT | A_Expr_Kind::AEXPR_NOT_DISTINCT => true,
                    _ if operators => {
                        let unary = matches!(expr.lexpr(), Node::None);
                        let json = parts(expr.name()).last().is_some_and(|name| {
                            name.contains('>') && name.contains('-') || name.contains('#')
                        });
                        !json && (unary || never(expr.lexpr())) && never(expr.rexpr())
                    }
                    _ => false,
                }
            }
            Node::CoalesceExpr(expr) => expr.args().iter().any(never),
            Node::MinMaxExpr(expr) => expr.args().iter().any(never),
            Node::NullTest(_) | Node::BooleanTest(_) => true,
            Node::BoolExpr(expr) => expr.args().iter().all(never),
            Node::RowExpr(row) => row.args().iter().all(never),
            Node::CaseExpr(case) => {
                let mut results = case.args().iter().filter_map(|arm| match arm {
                    Node::CaseWhen(arm) => Some(arm.result()),
                    _ => None,
                });
                !matches!(case.defresult(), Node::None)
                    && never(case.defresult())
                    && results.all(never)
            }
            Node::FuncCall(call) => {
                let name = parts(call.funcname()).last().copied().unwrap_or_default();
                STRICT.contains(&name) && call.args().iter().all(never)
            }
            Node::SubLink(link) => match link.subselect() {
                Node::SelectStmt(select) => {
                    use pg_raw_parse::raw::SubLinkType as Kind;
                    matches!(link.sub_link_type, Kind::EXISTS_SUBLINK | Kind::ARRAY_SUBLINK)
                        || self.counting(select) && select.group_clause().is_empty()
                        || select.from_clause().is_empty()
                            && super::query::single(select).is_some_and(never)
                            && matches!(select.where_clause(), Node::None)
                }
                _ => false,
            },
            _ => false,
        }
    }
}

/// Functions that yield something whenever they are given something.
const STRICT: [&str; 30] = [
    "abs",
    "age",
    "btrim",
    "char_length",
    "clock_timestamp",
    "concat",
    "concat_ws",
    "current_database",
    "format",
    "gen_random_uuid",
    "initcap",
    "length",
    "lower",
    "ltrim",
    "md5",
    "now",
    "octet_length",
    "pg_backend_pid",
    "pg_column_size",
    "pg_typeof",
    "quote_literal",
    "random",
    "repeat",
    "replace",
    "reverse",
    "row_to_json",
    "rtrim",
    "to_json",
    "to_jsonb",
    "upper",
];

fn null(node: Node<'_>) -> bool {
    matches!(super::shape::bare(node), Node::A_Const(constant) if constant.isnull)
}

fn both(one: Bounds, other: Bounds) -> Bounds {
    (one.0.min(other.0), one.1.max(other.1))
}

fn absolute((low, high): Bounds) -> Bounds {
    if low >= 0.0 {
        (low, high)
    } else if high <= 0.0 {
        (-high, -low)
    } else {
        (0.0, high.max(-low))
    }
}

/// A number as text; of a row's place, the page and the place within it as a fraction.
fn written(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some(place) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        let (page, item) = place.split_once(',')?;
        return Some(page.trim().parse::<f64>().ok()? + item.trim().parse::<f64>().ok()? / 1e6);
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
