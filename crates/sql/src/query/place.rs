//! Where the arguments of a call stand.

use crate::analyse::Walk;
use model::catalog::Function;
use pg_raw_parse::{Node, nodes::FuncCall};
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
