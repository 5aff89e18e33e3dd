//! Where the arguments of a call stand, and how many values a comparison has.

use crate::analyse::Walk;
use model::catalog::Function;
use pg_raw_parse::{ConstValue, Node, nodes::FuncCall, raw::A_Expr_Kind};
use std::sync::Arc;

impl Walk<'_> {
    /// What is given, in the order in which a function of PostgreSQL's own declares it: what it
    /// does with each is known by its place. Where one between others is left out, nothing stands.
    pub(super) fn in_place<'n>(
        &self,
        call: &'n FuncCall,
        schema: Option<&str>,
        name: &str,
    ) -> Vec<Node<'n>> {
        let written: Vec<Node<'n>> = call.args().iter().collect();
        let named = |node: &Node<'n>| matches!(node, Node::NamedArgExpr(_));
        if !written.iter().any(named) {
            return written;
        }
        let functions = self.path.functions(self.catalog, schema, name);
        if functions.iter().any(|function| function.schema != "pg_catalog") {
            return written;
        }
        let placed = |function: &&Arc<Function>| {
            let mut placed = Vec::new();
            for (at, node) in written.iter().enumerate() {
                let (at, node) = match *node {
                    Node::NamedArgExpr(named) => {
                        let is = |known: &String| Some(known.as_str()) == named.name();
                        (function.argument_names.iter().position(is)?, named.arg())
                    }
                    node => (at, node),
                };
                if placed.len() <= at {
                    placed.resize(at + 1, Node::None);
                }
                *placed.get_mut(at)? = node;
            }
            Some(placed)
        };
        functions.iter().find_map(placed).unwrap_or(written)
    }
}

/// How many values stand on the right of a comparison. A constant behind ANY is an array: it has no
/// more elements than commas between them, and what functions and operators make of constants no
/// more than these have letters. Of anything else nobody can say.
pub(super) fn elements(node: Node<'_>, kind: A_Expr_Kind::Type) -> u32 {
    let array = matches!(kind, A_Expr_Kind::AEXPR_OP_ANY | A_Expr_Kind::AEXPR_OP_ALL);
    match node {
        Node::NodeList(list) => u32::try_from(list.len()).unwrap_or(u32::MAX),
        // It is counted when it is given.
        Node::ParamRef(_) => 1,
        _ if array => listed(node, |text| text.bytes().filter(|byte| *byte == b',').count() + 1),
        _ => 1,
    }
}

/// See [`elements`]; `of` counts those of a text.
fn listed(node: Node<'_>, of: fn(&str) -> usize) -> u32 {
    let all = |nodes: &mut dyn Iterator<Item = Node<'_>>, of| {
        nodes.map(|node| listed(node, of)).fold(0, u32::saturating_add)
    };
    match node {
        Node::A_Const(_) => {
            let text = constant_text(node);
            text.map_or(1, |text| u32::try_from(of(&text)).unwrap_or(u32::MAX)).max(1)
        }
        Node::None => 0,
        Node::A_ArrayExpr(array) => u32::try_from(array.elements().len()).unwrap_or(u32::MAX),
        Node::TypeCast(cast) => listed(cast.arg(), of),
        Node::FuncCall(call) => all(&mut call.args().iter(), str::len).max(1),
        Node::A_Expr(expr) => all(&mut [expr.lexpr(), expr.rexpr()].into_iter(), str::len),
        _ => u32::MAX,
    }
}

/// The text of a constant as it stands: a cast could cut it off.
pub(super) fn plain_text(node: Node<'_>) -> Option<String> {
    match node {
        Node::A_Const(_) => constant_text(node),
        _ => None,
    }
}

/// The text of a constant argument, casts aside.
pub(super) fn constant_text(node: Node<'_>) -> Option<String> {
    match node {
        Node::TypeCast(cast) => constant_text(cast.arg()),
        Node::A_Const(constant) => match constant.val()? {
            ConstValue::String(text) => Some(text.to_owned()),
            _ => None,
        },
        _ => None,
    }
}
