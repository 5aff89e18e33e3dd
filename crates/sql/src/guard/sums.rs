//! What may be added up in a statistic: columns, each times a constant.

use crate::{analyse::Walk, names::parts};
use model::{ColumnId, catalog::Column};
use pg_raw_parse::{ConstValue, Node, nodes::ColumnRef, raw::A_Expr_Kind};

impl Walk<'_> {
    /// The columns of a sum: what is added up, each times a constant. Anything else could pick one
    /// row out of a group. `filled` where a constant stands in for NULL.
    pub(super) fn terms<'n>(
        &self,
        node: Node<'n>,
        filled: bool,
        terms: &mut Vec<(&'n ColumnRef, bool)>,
    ) -> Option<()> {
        match node {
            Node::None | Node::A_Const(_) => {}
            Node::ColumnRef(reference) => terms.push((reference, filled)),
            Node::TypeCast(cast) => {
                let name = cast.type_name().filter(|name| name.typmods().is_empty())?;
                let ty = self.type_of(name).and_then(|ty| self.catalog.type_by_id(ty))?;
                // A whole number is rounded, and where is a threshold.
                matches!(ty.name.as_str(), "numeric" | "float8").then_some(())?;
                self.terms(cast.arg(), filled, terms)?;
            }
            Node::CoalesceExpr(expr) => {
                let mut columns = 0;
                let filled = filled || expr.args().iter().any(is_number);
                for arg in expr.args() {
                    columns += usize::from(!matches!(arg, Node::A_Const(_)));
                    self.terms(arg, filled, terms)?;
                }
                (columns == 1).then_some(())?;
            }
            Node::A_Expr(expr) if expr.kind == A_Expr_Kind::AEXPR_OP => {
                let constant = |node| matches!(node, Node::A_Const(_));
                let linear = match parts(expr.name()).as_slice() {
                    ["+" | "-"] => true,
                    ["*"] => constant(expr.lexpr()) || constant(expr.rexpr()),
                    ["/"] => constant(expr.rexpr()),
                    _ => false,
                };
                linear.then_some(())?;
                self.terms(expr.lexpr(), filled, terms)?;
                self.terms(expr.rexpr(), filled, terms)?;
            }
            _ => return None,
        }
        Some(())
    }

    /// True if none of these is NULL in any row: where one of several is, the row is left out of
    /// the sum though the others count.
    pub(super) fn all_there(&self, columns: &[ColumnId]) -> bool {
        columns.iter().all(|id| self.column_of(*id).is_some_and(|column| column.not_null))
    }

    /// True if what these are divided by cuts nothing off.
    pub(super) fn all_broken(&self, columns: &[ColumnId]) -> bool {
        columns.iter().all(|id| {
            let ty = self.column_of(*id).and_then(|it| self.catalog.type_by_id(it.type_id));
            ty.is_some_and(|ty| matches!(ty.name.as_str(), "numeric" | "float4" | "float8"))
        })
    }

    /// True if something is divided in a sum that [`Walk::terms`] takes.
    pub(super) fn divides(&self, node: Node<'_>) -> bool {
        match node {
            Node::TypeCast(cast) => self.divides(cast.arg()),
            Node::CoalesceExpr(expr) => expr.args().iter().any(|arg| self.divides(arg)),
            Node::A_Expr(expr) => {
                parts(expr.name()) == ["/"]
                    || self.divides(expr.lexpr())
                    || self.divides(expr.rexpr())
            }
            _ => false,
        }
    }

    /// A column as the catalog has it.
    pub(crate) fn column_of(&self, column: ColumnId) -> Option<&Column> {
        let relation = self.catalog.relation(column.relation)?;
        relation.columns.iter().find(|known| known.number == column.number)
    }
}

/// True for a constant that is a number, and so not NULL.
fn is_number(node: Node<'_>) -> bool {
    let Node::A_Const(constant) = node else { return false };
    matches!(constant.val(), Some(ConstValue::Integer(_) | ConstValue::Float(_)))
}
