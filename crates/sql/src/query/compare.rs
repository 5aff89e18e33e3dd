//! Comparisons: what they ask of both sides, and what their answer tells.

use super::Mode;
use crate::{
    analyse::Walk,
    builtin,
    flow::{Distance, Flow},
    scope::Env,
    types::BOOLEAN,
};
use pg_raw_parse::{
    Node,
    list::NodeList,
    nodes::{A_Expr, BoolExpr},
    raw::A_Expr_Kind,
};

impl Walk<'_> {
    pub(super) fn comparison(
        &mut self,
        expr: &A_Expr,
        operator: &str,
        env: &Env<'_>,
        mode: Mode,
    ) -> Flow {
        let left = self.expr(expr.lexpr(), env, mode);
        if let (A_Expr_Kind::AEXPR_IN, Node::NodeList(list)) = (expr.kind, expr.rexpr()) {
            return self.one_of(expr, &left, list, env, mode);
        }
        let right = self.expr(expr.rexpr(), env, mode);
        let equality = match expr.kind {
            A_Expr_Kind::AEXPR_DISTINCT | A_Expr_Kind::AEXPR_NOT_DISTINCT => true,
            A_Expr_Kind::AEXPR_OP | A_Expr_Kind::AEXPR_OP_ANY | A_Expr_Kind::AEXPR_OP_ALL => {
                builtin::equals(operator)
            }
            _ => false,
        };
        // The elements behind ANY are looked up one by one, not as a computed whole.
        let right = match expr.kind {
            A_Expr_Kind::AEXPR_OP_ANY | A_Expr_Kind::AEXPR_OP_ALL if right.sources.is_empty() => {
                let (unknown, varies) = (right.unknown, right.varies);
                Flow { unknown, varies, ..Flow::constant(None) }
            }
            // An element of an array is none of the values that a set lists.
            A_Expr_Kind::AEXPR_OP_ANY | A_Expr_Kind::AEXPR_OP_ALL if right.is_made_up() => {
                Flow { rows: 0, ..right }
            }
            _ => right,
        };
        self.note_given(expr, &left, &right);
        // What stands on the right may be the column that is asked, and the guess on the left.
        let values = if right.is_given() { self.elements(expr.rexpr(), expr.kind) } else { 1 };
        self.facts.compared(&left, &right, equality, values);
        answer([&left, &right], mode)
    }

    /// A value and those of a list: each is compared with it by itself, whatever it is made of.
    fn one_of(
        &mut self,
        expr: &A_Expr,
        left: &Flow,
        list: &NodeList,
        env: &Env<'_>,
        mode: Mode,
    ) -> Flow {
        let (mut given, mut values) = (Flow::constant(None), 0_u32);
        let mut told = answer([left], mode);
        for node in list {
            let element = self.expr(node, env, mode);
            if element.is_fixed() {
                given.absorb(&element);
                values = values.saturating_add(1);
            } else {
                self.facts.compared(left, &element, true, 1);
            }
            told.absorb(&answer([&element], mode));
        }
        self.note_given(expr, left, &given);
        if values > 0 {
            self.facts.compared(left, &given, true, values);
        }
        told
    }

    pub(super) fn boolean(&mut self, expr: &BoolExpr, env: &Env<'_>, mode: Mode) -> Flow {
        let mut answer = Flow::constant(Some(BOOLEAN));
        for arg in expr.args() {
            let flow = self.expr(arg, env, mode);
            let flow = self.truth(flow);
            answer.varies |= !flow.is_fixed();
            if mode == Mode::Test {
                self.facts.tested(&flow);
            } else {
                answer.absorb(&flow);
            }
        }
        answer.distance = Distance::Expression;
        answer
    }
}

/// The truth value of a comparison. In a predicate only truth values themselves go on in it, or
/// their opposite. As a value it tells of both its sides: enough such answers spell a value out.
pub(super) fn answer<const N: usize>(sides: [&Flow; N], mode: Mode) -> Flow {
    let mut answer = Flow::constant(Some(BOOLEAN));
    for side in sides {
        answer.varies |= !side.is_fixed();
        if mode == Mode::Value || side.ty == Some(BOOLEAN) || side.unknown {
            answer.absorb(side);
        }
    }
    answer.distance = Distance::Expression;
    answer.keys.clear();
    answer
}
