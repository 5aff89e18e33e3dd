//! The constant keys by which an expression takes a value out of a document. Knows how they are
//! written, and not what they name.

use crate::{
    analyse::Walk,
    flow::Flow,
    names::{parts, split},
    query::place::constant_text,
};
use pg_raw_parse::{
    Node,
    nodes::{A_Expr, FuncCall},
    raw::A_Expr_Kind,
};

impl Walk<'_> {
    /// Adds to a value the keys that an expression takes it out by, behind those of what it takes
    /// it out of.
    pub(super) fn taken_by(&self, node: Node<'_>, flow: &mut Flow) {
        let mut keys = Vec::new();
        match node {
            Node::A_Expr(expr) => self.operators_keys(expr, &mut keys),
            Node::A_Indirection(indirection) => {
                for step in indirection.indirection() {
                    if let Node::A_Indices(index) = step {
                        keys.extend(constant_text(index.uidx()));
                    }
                }
            }
            Node::FuncCall(call) => calls_keys(call, &mut keys),
            Node::JsonFuncExpr(function) => {
                keys.extend(path_of_sql(function.pathspec()));
            }
            _ => {}
        }
        let keys: Vec<_> = keys.iter().map(|key| key.as_str().into()).collect();
        flow.take_keys(&keys);
    }

    /// Those of a chain (`a -> 'b' ->> 'c'`), which leans to the left.
    fn operators_keys(&self, expr: &A_Expr, keys: &mut Vec<String>) {
        let mut chain = Vec::new();
        let mut next = expr;
        loop {
            let operator = parts(next.name()).last().copied();
            if next.kind == A_Expr_Kind::AEXPR_OP {
                chain.push((operator.unwrap_or_default(), next.rexpr()));
            }
            match next.lexpr() {
                // What does not chain is an expression by itself, and comes here as one.
                Node::A_Expr(left)
                    if left.kind == A_Expr_Kind::AEXPR_OP
                        && self.chains(parts(left.name()).last().copied()) =>
                {
                    next = left;
                }
                _ => break,
            }
        }
        for (operator, right) in chain.into_iter().rev() {
            match operator {
                "->" | "->>" => keys.extend(constant_text(right)),
                "#>" | "#>>" => keys.extend(path(right)),
                _ => {}
            }
        }
    }
}

/// True for functions whose rows have fields that are named like the keys they are taken out by.
pub(crate) fn unpacks(function: &str) -> bool {
    let function = function.strip_prefix("json").unwrap_or_default();
    let function = function.strip_prefix('b').unwrap_or(function);
    ["_to_record", "_populate_record"].iter().any(|it| function.starts_with(it))
}

fn calls_keys(call: &FuncCall, keys: &mut Vec<String>) {
    let names = parts(call.funcname());
    let name = split(&names).1;
    let arguments = || call.args().iter().skip(1);
    match name {
        "json_extract_path"
        | "jsonb_extract_path"
        | "json_extract_path_text"
        | "jsonb_extract_path_text"
        | "json_object_field"
        | "json_object_field_text"
        | "jsonb_object_field"
        | "jsonb_object_field_text" => keys.extend(arguments().flat_map(path)),
        _ if name.starts_with("jsonb_path_query") => {
            keys.extend(arguments().take(1).flat_map(path_of_sql));
        }
        _ => {}
    }
}

/// The keys of a path: an array of constants, an array's text, or one constant.
fn path(node: Node<'_>) -> Vec<String> {
    match node {
        Node::A_ArrayExpr(array) => array.elements().iter().filter_map(constant_text).collect(),
        Node::TypeCast(cast) => path(cast.arg()),
        node => {
            let text = constant_text(node).unwrap_or_default();
            match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(list) => list.split(',').map(|it| it.trim().replace('"', "")).collect(),
                None => vec![text],
            }
        }
    }
}

/// The members that a constant path of SQL's own kind names (`$.a."b c"[*].d`).
pub(super) fn path_of_sql(node: Node<'_>) -> Vec<String> {
    let path = constant_text(node).unwrap_or_default();
    let mut names = Vec::new();
    for part in path.split('.').skip(1) {
        let name = match part.trim_start().strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default(),
            None => {
                let part = part.trim_start();
                let end = part.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
                part.get(..end.unwrap_or(part.len())).unwrap_or_default()
            }
        };
        names.push(name.to_owned());
    }
    names
}
