//! Whether a WHERE narrows anything: `DELETE … WHERE 1 = 1` is a DELETE of everything. Knows
//! constants and NOT NULL; where it is not certain, the clause narrows.

use crate::{names::parts, scope::Env};
use model::Catalog;
use pg_raw_parse::{
    ConstValue, Node,
    raw::{A_Expr_Kind, BoolExprType, BoolTestType, NullTestType},
};

/// How deep a predicate is looked into.
const MAX_LEVELS: usize = 200;

/// True if there is no predicate or it holds for every row.
pub(crate) fn unbounded(predicate: Node<'_>, env: &Env<'_>, catalog: &Catalog) -> bool {
    matches!(predicate, Node::None) || truth(predicate, env, catalog, 0) == Some(true)
}

/// The constant truth of a predicate, if it has one. An expression that can be NULL has none.
fn truth(node: Node<'_>, env: &Env<'_>, catalog: &Catalog, level: usize) -> Option<bool> {
    if level > MAX_LEVELS {
        return None;
    }
    let inner = |node| truth(node, env, catalog, level + 1);
    match node {
        Node::A_Const(constant) => match constant.val()? {
            ConstValue::Boolean(value) => Some(value),
            ConstValue::String(text) => spelled(text),
            _ => None,
        },
        Node::TypeCast(cast) => inner(cast.arg()),
        Node::BoolExpr(expr) => {
            let values: Vec<Option<bool>> = expr.args().iter().map(inner).collect();
            match expr.boolop {
                BoolExprType::AND_EXPR if values.contains(&Some(false)) => Some(false),
                BoolExprType::AND_EXPR => values.iter().all(|v| *v == Some(true)).then_some(true),
                BoolExprType::OR_EXPR if values.contains(&Some(true)) => Some(true),
                BoolExprType::OR_EXPR => {
                    // `x OR NOT x` over a column that cannot be null.
                    values.iter().all(|v| *v == Some(false)).then_some(false)
                }
                _ => values.first().copied().flatten().map(|value| !value),
            }
        }
        Node::BooleanTest(test) => {
            let value = inner(test.arg())?;
            match test.booltesttype {
                BoolTestType::IS_TRUE | BoolTestType::IS_NOT_FALSE => Some(value),
                BoolTestType::IS_FALSE | BoolTestType::IS_NOT_TRUE => Some(!value),
                BoolTestType::IS_NOT_UNKNOWN => Some(true),
                _ => Some(false),
            }
        }
        Node::NullTest(test) => {
            let never = matches!(test.arg(), Node::A_Const(constant) if !constant.isnull)
                || never_null(test.arg(), env, catalog);
            never.then_some(test.nulltesttype == NullTestType::IS_NOT_NULL)
        }
        Node::A_Expr(expr) if expr.kind == A_Expr_Kind::AEXPR_OP => {
            let operator = parts(expr.name()).last().copied()?;
            compare(operator, expr.lexpr(), expr.rexpr(), env, catalog)
        }
        Node::CoalesceExpr(expr) => expr.args().iter().next().and_then(inner),
        _ => None,
    }
}

fn compare(
    operator: &str,
    left: Node<'_>,
    right: Node<'_>,
    env: &Env<'_>,
    catalog: &Catalog,
) -> Option<bool> {
    if let (Some(left), Some(right)) = (constant(left), constant(right)) {
        let order = match (left.parse::<f64>(), right.parse::<f64>()) {
            (Ok(left), Ok(right)) => left.partial_cmp(&right)?,
            _ => left.cmp(&right),
        };
        return Some(match operator {
            "=" => order.is_eq(),
            "<>" | "!=" => order.is_ne(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            _ => return None,
        });
    }
    // `x = x` holds for every row in which x is not null; a person who writes it means everything.
    let (left, right) = (column(left, env)?, column(right, env)?);
    let _ = catalog;
    (left == right && matches!(operator, "=" | "<=" | ">=")).then_some(true)
}

fn column(node: Node<'_>, env: &Env<'_>) -> Option<model::ColumnId> {
    let Node::ColumnRef(reference) = node else { return None };
    let names = parts(reference.fields());
    if names.len() != reference.fields().len() {
        return None;
    }
    match names.as_slice() {
        [name] => env.column(name)?.origin,
        [.., table, name] => env.table(None, table)?.columns.find(name)?.origin,
        [] => None,
    }
}

fn never_null(node: Node<'_>, env: &Env<'_>, catalog: &Catalog) -> bool {
    let Some(id) = column(node, env) else { return false };
    if id.number < 0 {
        return true;
    }
    let relation = catalog.relation(id.relation);
    let column =
        relation.and_then(|relation| relation.columns.iter().find(|c| c.number == id.number));
    column.is_some_and(|column| column.not_null)
}

/// The text of a constant, casts and signs included.
fn constant(node: Node<'_>) -> Option<String> {
    match node {
        Node::TypeCast(cast) => constant(cast.arg()),
        Node::A_Const(constant) if !constant.isnull => Some(constant.val()?.to_string()),
        _ => None,
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
