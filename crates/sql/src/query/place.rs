//! Where the arguments of a call stand, and how many values a comparison has.

use crate::{
    analyse::Walk,
    flow::Flow,
    names::{parts, split},
    types::TEXTS,
};
use model::catalog::Function;
use pg_raw_parse::{
    ConstValue, Node,
    nodes::{A_Expr, FuncCall, TypeCast},
    raw::A_Expr_Kind,
};
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

impl Walk<'_> {
    /// How many values stand on the right of a comparison. Behind ANY it is an array: of one that
    /// is written out they are counted, of a constant no more than there are commas and one, and of
    /// a text that is split no more than it has letters and one. Of anything else nobody can say.
    pub(super) fn elements(&self, node: Node<'_>, kind: A_Expr_Kind::Type) -> u32 {
        let array = matches!(kind, A_Expr_Kind::AEXPR_OP_ANY | A_Expr_Kind::AEXPR_OP_ALL);
        if array { self.elements_of(node) } else { 1 }
    }

    /// See [`Self::elements`].
    fn elements_of(&self, node: Node<'_>) -> u32 {
        match node {
            // It is counted when it is given; what a function is given is no parameter.
            Node::ParamRef(_) if self.frames.is_empty() => 1,
            Node::A_Const(_) => {
                constant_text(node).map_or(1, |text| counted(text.split(',').count()))
            }
            Node::A_ArrayExpr(array) => array
                .elements()
                .iter()
                .map(|it| self.elements_of_item(it))
                .fold(0, u32::saturating_add),
            Node::TypeCast(cast) if self.keeps_elements(cast) => self.elements_of(cast.arg()),
            Node::FuncCall(call) if splits(call) => match call.args().iter().next() {
                Some(text @ Node::A_Const(_)) => {
                    constant_text(text).map_or(u32::MAX, |text| counted(text.len() + 1))
                }
                _ => u32::MAX,
            },
            Node::A_Expr(expr) if joins(expr) => {
                self.elements_of(expr.lexpr()).saturating_add(self.elements_of(expr.rexpr()))
            }
            _ => u32::MAX,
        }
    }

    /// How many values an item of ARRAY[…] is: an array, written as one or as its text, is all of
    /// its.
    fn elements_of_item(&self, node: Node<'_>) -> u32 {
        let array = |text: &str| text.trim_start().starts_with(['{', '[']);
        match node {
            Node::A_Const(_) if !constant_text(node).is_some_and(|text| array(&text)) => 1,
            _ => self.elements_of(node),
        }
    }

    /// How many values more than one EXECUTE gives for a parameter, which may be an array;
    /// `u32::MAX` if nobody can say.
    pub(crate) fn further_elements(&self, node: Node<'_>, flow: &Flow) -> u32 {
        let ty = flow.ty.and_then(|ty| self.catalog.type_by_id(ty));
        let all = match node {
            Node::A_Const(_) => {
                constant_text(node).map_or(1, |text| counted(elements(text.as_bytes())))
            }
            _ if ty.is_some_and(|ty| !matches!(ty.category, 'A' | 'X')) => 1,
            _ => self.elements_of(node),
        };
        if all == u32::MAX { all } else { all.saturating_sub(1) }
    }

    /// True for a cast to an array or a text. What `int2vector` and `oidvector` hold stands between
    /// spaces; what a type of somebody's own makes of a text nobody can say.
    fn keeps_elements(&self, cast: &TypeCast) -> bool {
        cast.type_name().is_some_and(|name| {
            !name.array_bounds().is_empty()
                || self.type_of(name).is_some_and(|ty| TEXTS.contains(&ty))
        })
    }
}

fn counted(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// How many values a parameter's text is, if it is an array: by its commas, or by the spaces
/// between numbers (`int2vector`). Never fewer than there are.
pub fn elements(text: &[u8]) -> usize {
    // As isspace(3) has it, which the server leaves out before an array.
    let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let begun = text.iter().position(|byte| !space(byte)).unwrap_or_default();
    let text = text.get(begun..).unwrap_or_default();
    if let [b'{' | b'[', ..] = text {
        return text.iter().filter(|byte| **byte == b',').count() + 1;
    }
    if text.iter().all(|byte| byte.is_ascii_digit() || space(byte) || b"+-".contains(byte)) {
        return text.split(space).filter(|number| !number.is_empty()).count().max(1);
    }
    1
}

/// True for the functions that make an array of the pieces of a text.
fn splits(call: &FuncCall) -> bool {
    let names = parts(call.funcname());
    matches!(split(&names).1, "string_to_array" | "regexp_split_to_array")
}

fn joins(expr: &A_Expr) -> bool {
    let names = parts(expr.name());
    expr.kind == A_Expr_Kind::AEXPR_OP && split(&names).1 == "||"
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
