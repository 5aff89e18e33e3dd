//! When two expressions are the same, whatever they look like: `id + 0` is `id`. Knows columns by
//! where they stand, and no truth of its own.

use super::{
    Extent,
    source::{Place, Scope},
};
use crate::names::parts;
use pg_raw_parse::{Node, list::NodeList, raw::A_Expr_Kind};

impl Extent<'_, '_> {
    /// An expression by what it computes; the same text for the same value in the same row.
    /// Conversions count as nothing: who compares `id::text` with `id::text` compares `id`.
    pub(super) fn shape(&self, node: Node<'_>, scope: &Scope<'_>) -> Option<String> {
        self.written(node, scope, false)
    }

    /// True if two values, each in the sight of its own level, are the same column of the same
    /// table, or are computed from it in the same way.
    pub(super) fn same_column(
        &self,
        (left, left_scope): (Node<'_>, &Scope<'_>),
        (right, right_scope): (Node<'_>, &Scope<'_>),
    ) -> bool {
        let left = self.written(left, left_scope, true);
        left.is_some() && left == self.written(right, right_scope, true)
    }

    fn written(&self, node: Node<'_>, scope: &Scope<'_>, by_column: bool) -> Option<String> {
        self.deeper(|| self.text_of(node, scope, by_column)).flatten()
    }

    fn text_of(&self, node: Node<'_>, scope: &Scope<'_>, by_column: bool) -> Option<String> {
        let written = |node| self.written(node, scope, by_column);
        match bare(node) {
            node @ Node::ColumnRef(reference) => match self.find(node, scope) {
                Some(place) => column(&place, by_column),
                None => Some(format!("variable {}", parts(reference.fields()).join("."))),
            },
            Node::A_Const(constant) => {
                let text = constant.val().map_or("null".to_owned(), |value| value.to_string());
                // A text is no column, whatever it says.
                let looks = text.starts_with("column ") || text.starts_with("variable ");
                Some(if looks { format!("text {text}") } else { text })
            }
            Node::ParamRef(parameter) => Some(format!("${}", parameter.number)),
            Node::A_Expr(expr) if expr.kind == A_Expr_Kind::AEXPR_OP => {
                let operator = parts(expr.name()).last().copied()?;
                if matches!(expr.lexpr(), Node::None) {
                    let value = written(expr.rexpr())?;
                    return Some(format!("({operator} {value})"));
                }
                let (left, right) = (written(expr.lexpr())?, written(expr.rexpr())?);
                Some(plain(operator, left, right))
            }
            Node::FuncCall(call) if call.over().is_none() && call.agg_order().is_empty() => {
                let name = parts(call.funcname()).last().copied()?;
                Some(format!("{name}({})", self.list(call.args(), scope, by_column)?))
            }
            Node::CoalesceExpr(expr) => {
                let first = expr.args().iter().next()?;
                if self.never_null(first, scope) {
                    return written(first);
                }
                alike("coalesce", self.list(expr.args(), scope, by_column)?)
            }
            Node::MinMaxExpr(expr) => {
                let name = format!("extreme {}", expr.op);
                alike(&name, self.list(expr.args(), scope, by_column)?)
            }
            Node::RowExpr(row) => {
                Some(format!("row({})", self.list(row.args(), scope, by_column)?))
            }
            Node::A_ArrayExpr(array) => {
                Some(format!("[{}]", self.list(array.elements(), scope, by_column)?))
            }
            // `(SELECT id)`.
            Node::SubLink(link) => match link.subselect() {
                Node::SelectStmt(select) if select.from_clause().is_empty() => {
                    written(super::query::single(select)?)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn list(&self, list: &NodeList, scope: &Scope<'_>, by_column: bool) -> Option<String> {
        let each = list.iter().map(|node| self.written(node, scope, by_column));
        Some(each.collect::<Option<Vec<String>>>()?.join(", "))
    }
}

/// A column, by the source that it stands in or by the table that it belongs to.
fn column(place: &Place, by_column: bool) -> Option<String> {
    if !by_column {
        return Some(format!("column {} of {}", place.name, place.source));
    }
    let column = place.column?;
    Some(format!("column {} of table {}", column.number, column.relation.0))
}

/// An operation without what changes nothing.
fn plain(operator: &str, left: String, right: String) -> String {
    match (operator, left.as_str(), right.as_str()) {
        ("+" | "|" | "#", "0", _) | ("*", "1", _) | ("||", "", _) => right,
        ("+" | "-" | "|" | "#" | "<<" | ">>", _, "0") | ("*" | "/", _, "1") | ("||", _, "") => left,
        ("+" | "*" | "&" | "|", _, _) if right < left => format!("({right} {operator} {left})"),
        _ => format!("({left} {operator} {right})"),
    }
}

/// A choice between values that are all the same is that value.
fn alike(name: &str, list: String) -> Option<String> {
    let mut items = list.split(", ");
    let first = items.next()?.to_owned();
    if items.all(|item| item == first) { Some(first) } else { Some(format!("{name}({list})")) }
}

/// An expression without conversions, collations and signs that change nothing.
pub(super) fn bare(mut node: Node<'_>) -> Node<'_> {
    loop {
        node = match node {
            Node::TypeCast(cast) => cast.arg(),
            Node::CollateClause(collate) => collate.arg(),
            Node::A_Expr(expr)
                if matches!(expr.lexpr(), Node::None)
                    && parts(expr.name()).last() == Some(&"+") =>
            {
                expr.rexpr()
            }
            node => return node,
        };
    }
}
