//! Operands that several questions are asked about, walked once: walking each of them again at
//! every level would take twice as long for every level.

use super::{Mode, code::stands_for};
use crate::{
    analyse::Walk,
    flow::Flow,
    names::{parts, split},
    scope::Env,
};
use pg_raw_parse::{Node, nodes::A_Expr};
use smallvec::SmallVec;

/// Where a node stands, and what was found of it in each mode.
type Found = (usize, Vec<(Mode, Flow)>);

/// What was found of some nodes, while what they are operands of is walked: sorted by where they
/// stand.
#[derive(Debug, Default)]
pub(crate) struct Seen(SmallVec<[Found; 2]>);

impl Seen {
    fn place(&self, node: Node<'_>) -> Option<usize> {
        let place = place(node)?;
        self.0.binary_search_by_key(&place, |(at, _)| *at).ok()
    }
}

impl<'a> Walk<'a> {
    /// An operator and its operands, whoever made it.
    pub(crate) fn operator(&mut self, expr: &A_Expr, env: &Env<'_>, mode: Mode) -> Flow {
        let list = match expr.rexpr() {
            _ if !self.asks_again(expr) => return self.operator_over(expr, env, mode),
            Node::NodeList(list) => Some(list),
            _ => None,
        };
        let listed = list.into_iter().flat_map(|list| list.iter());
        let operands = [expr.lexpr(), expr.rexpr()].into_iter().chain(listed);
        self.once(operands, |walk| walk.operator_over(expr, env, mode))
    }

    /// True if an operator's operands are walked for more than the operator itself.
    fn asks_again(&self, expr: &A_Expr) -> bool {
        let names = parts(expr.name());
        let (_, name) = split(&names);
        name == "&&"
            || !self.made.functions.is_empty()
            || self.has_own(name)
            || stands_for(expr.kind).is_some()
    }

    /// Walks what these nodes are operands of: each of them is looked at once in each mode.
    pub(crate) fn once<'n, T>(
        &mut self,
        operands: impl IntoIterator<Item = Node<'n>>,
        walk: impl FnOnce(&mut Walk<'a>) -> T,
    ) -> T {
        let nothing = |place| (place, Vec::new());
        let mut wanted: SmallVec<_> = operands.into_iter().filter_map(place).map(nothing).collect();
        wanted.sort_unstable_by_key(|(at, _)| *at);
        self.seen.push(Seen(wanted));
        let done = walk(self);
        self.seen.pop();
        done
    }

    /// What was found of a node.
    pub(super) fn found(&self, node: Node<'_>, mode: Mode) -> Option<Flow> {
        let seen = self.seen.last()?;
        let (_, found) = seen.0.get(seen.place(node)?)?;
        found.iter().find(|(known, _)| *known == mode).map(|(_, flow)| flow.clone())
    }

    /// Keeps what was found of a node, if it is asked for again.
    pub(super) fn keep(&mut self, node: Node<'_>, mode: Mode, flow: &Flow) {
        let Some(seen) = self.seen.last_mut() else { return };
        if let Some((_, found)) = seen.place(node).and_then(|at| seen.0.get_mut(at)) {
            found.push((mode, flow.clone()));
        }
    }
}

/// Where a node stands, if it is one that others stand in. The tree stays where it is while what
/// holds the node is walked.
fn place(node: Node<'_>) -> Option<usize> {
    fn of<T>(node: &T) -> Option<usize> {
        Some(std::ptr::from_ref(node).addr())
    }
    match node {
        Node::A_Expr(node) => of(node),
        Node::TypeCast(node) => of(node),
        Node::FuncCall(node) => of(node),
        Node::SubLink(node) => of(node),
        Node::BoolExpr(node) => of(node),
        Node::CaseExpr(node) => of(node),
        Node::CoalesceExpr(node) => of(node),
        Node::MinMaxExpr(node) => of(node),
        Node::RowExpr(node) => of(node),
        Node::A_ArrayExpr(node) => of(node),
        Node::A_Indirection(node) => of(node),
        Node::CollateClause(node) => of(node),
        Node::NullTest(node) => of(node),
        Node::BooleanTest(node) => of(node),
        Node::XmlExpr(node) => of(node),
        _ => None,
    }
}
