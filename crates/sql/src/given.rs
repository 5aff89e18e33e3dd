//! Values that the client gives for a column as it stands: the other side of `=`, the elements of
//! IN and of ANY. Says where in the text each stands and what it is, so that whoever knows what it
//! stands for can put that in its place. Knows no policy and no pseudonyms.
//!
//! Only what is certain is told: literals in plain quotes and plain numbers of the client's own
//! text, parameters, arrays of both, with or without `::type`. Of the column nothing but itself
//! will do: what a UNION, a function or a temporary table made of it may hold values that the
//! client put there.

use crate::{
    analyse::Walk,
    flow::{Distance, Flow},
    lex::{Kind, Lexer},
    names::parts,
    relate::{Stand, stand},
};
use model::{ColumnId, TypeId};
use pg_raw_parse::{
    ConstValue, Node,
    nodes::{A_Expr, TypeCast},
    raw::A_Expr_Kind,
};
use std::{collections::HashSet, ops::Range};

/// A value that a statement compares with a column for equality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The column, and those that share its storage or show it.
    pub columns: Vec<ColumnId>,
    /// Where it stands in the text: bytes.
    pub at: Range<usize>,
    /// What stands there.
    pub what: GivenValue,
    /// Its type as the server will take it.
    pub ty: TypeId,
    /// The type of the column, or of its elements.
    pub column_ty: TypeId,
    /// The statement takes parameters and is not kept as a text, so another value can be given to
    /// it in this one's place.
    pub replaceable: bool,
}

/// Values that a statement puts into one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The column, and those that share its storage or show it.
    pub columns: Vec<ColumnId>,
    /// Its type.
    pub column_ty: TypeId,
    /// What is put there, with the type that the server takes it as if nobody declares another; of
    /// a parameter it is not told whether it stands elsewhere too.
    pub values: Vec<(GivenValue, TypeId)>,
}

/// What a client gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GivenValue {
    /// A literal, read.
    Literal(String),
    /// `$n`. The flag says that the text mentions it nowhere but where it is given for a column.
    Parameter(u16, bool),
}

/// True for types of PostgreSQL's own that hold a text or an exact number as it was given, whole;
/// and for arrays of these. A domain may cut, as `"char"`, `name` and types with a length do.
pub fn keeps_values(ty: TypeId) -> bool {
    // text, varchar, bpchar, int2, int4, int8, numeric, and their arrays.
    const WHOLE: [u32; 14] =
        [25, 1043, 1042, 21, 23, 20, 1700, 1009, 1015, 1014, 1005, 1007, 1016, 1231];
    WHOLE.contains(&ty.0)
}

/// The highest number of a parameter in a text.
pub fn parameters(text: &str) -> u16 {
    mentions(text).map(|(number, _)| number).max().unwrap_or(0)
}

/// Every mention of a parameter.
fn mentions(text: &str) -> impl Iterator<Item = (u16, Range<usize>)> + '_ {
    Lexer::new(text).filter(|token| token.kind == Kind::Param).filter_map(|token| {
        let number = text.get(token.span.start + 1..token.span.end)?;
        // A number that is too large is no parameter of anybody's.
        Some((number.parse().unwrap_or(u16::MAX), token.span))
    })
}

/// What one statement gives, each value once however often its part of the text is walked.
#[derive(Default)]
pub(crate) struct Gathered {
    all: Vec<Given>,
    /// Where their tokens begin.
    known: HashSet<usize>,
    /// What it puts into columns.
    pub(crate) assigned: Vec<Assigned>,
}

impl Gathered {
    fn add(&mut self, one: Given) {
        if self.known.insert(one.at.start) {
            self.all.push(one);
        }
    }

    /// All of it, read against the whole text.
    pub(crate) fn take(&mut self, text: &str) -> (Vec<Given>, Vec<Assigned>) {
        let Self { mut all, assigned, .. } = std::mem::take(self);
        settle(text, &mut all);
        (all, assigned)
    }
}

/// Marks parameters that are mentioned elsewhere too.
fn settle(text: &str, given: &mut [Given]) {
    let parameter = |one: &Given| matches!(one.what, GivenValue::Parameter(..));
    if !given.iter().any(parameter) {
        return;
    }
    let places: HashSet<Range<usize>> =
        given.iter().filter(|one| parameter(one)).map(|one| one.at.clone()).collect();
    let elsewhere: HashSet<u16> =
        mentions(text).filter(|(_, at)| !places.contains(at)).map(|(number, _)| number).collect();
    for one in given {
        if let GivenValue::Parameter(number, alone) = &mut one.what {
            *alone = !elsewhere.contains(number);
        }
    }
}

/// Whether what the client gives in a statement can be replaced: it must take parameters, and not
/// be kept as a text. `None` where it had better not be looked at: EXPLAIN shows what it is given.
pub(crate) fn replaceable(node: Node<'_>) -> Option<bool> {
    match node {
        Node::SelectStmt(select) => Some(select.into_clause().is_none()),
        Node::InsertStmt(_)
        | Node::UpdateStmt(_)
        | Node::DeleteStmt(_)
        | Node::MergeStmt(_)
        | Node::DeclareCursorStmt(_) => Some(true),
        Node::ExplainStmt(_) => None,
        _ => Some(false),
    }
}

impl Walk<'_> {
    /// Notes what a comparison gives for a column, on either side.
    pub(super) fn note_given(&mut self, expr: &A_Expr, left: &Flow, right: &Flow) {
        let own = self.replaceable.is_some() && self.expansion == 0 && self.frames.is_empty();
        let names = parts(expr.name());
        let equality = matches!(names.as_slice(), ["=" | "<>"] | ["pg_catalog", "=" | "<>"]);
        if !own || !equality {
            return;
        }
        let many = match expr.kind {
            A_Expr_Kind::AEXPR_OP
            | A_Expr_Kind::AEXPR_IN
            | A_Expr_Kind::AEXPR_DISTINCT
            | A_Expr_Kind::AEXPR_NOT_DISTINCT => false,
            A_Expr_Kind::AEXPR_OP_ANY | A_Expr_Kind::AEXPR_OP_ALL => true,
            _ => return,
        };
        if right.is_given() {
            self.given_for(left, expr.rexpr(), many);
        } else if left.is_given() && many {
            // One value for the elements of a column.
            let element = Flow { ty: self.element_of(right.ty), ..right.clone() };
            self.given_for(&element, expr.lexpr(), false);
        } else if left.is_given() {
            self.given_for(right, expr.lexpr(), false);
        }
    }

    fn given_for(&mut self, column: &Flow, node: Node<'_>, many: bool) {
        let whole = column.distance == Distance::Identity && !column.unknown;
        let (Some(origin), Some(ty)) = (column.origin.filter(|_| whole), column.ty) else { return };
        let temporary = self.catalog.relation(origin.relation);
        if temporary.is_none_or(|relation| crate::is_temporary(&relation.schema)) {
            return;
        }
        let source = |source: &ColumnId| match stand(*source) {
            Stand::Column(column) => Some(column),
            Stand::Statistic(_) | Stand::Set => None,
        };
        let columns: Option<Vec<ColumnId>> = column.sources.iter().map(source).collect();
        if let Some(columns) = columns {
            self.one_given(&columns, ty, node, many);
        }
    }

    fn one_given(&mut self, columns: &[ColumnId], ty: TypeId, node: Node<'_>, many: bool) {
        match node {
            Node::NodeList(list) => {
                list.into_iter().for_each(|node| self.one_given(columns, ty, node, many));
            }
            Node::A_ArrayExpr(array) if many => {
                for node in array.elements() {
                    self.one_given(columns, ty, node, false);
                }
            }
            Node::TypeCast(cast) => self.cast_given(columns, ty, cast, many),
            _ => {
                let array = if many { self.array_of(Some(ty)) } else { Some(ty) };
                if let Some(value) = array {
                    self.bare_given(columns, ty, value, node);
                }
            }
        }
    }

    /// A value with `::type` behind it. With the type in front (`date '…'`) it must be a literal. A
    /// type that may cut a value makes another of it, and enough cuts spell a value out.
    fn cast_given(&mut self, columns: &[ColumnId], own: TypeId, cast: &TypeCast, many: bool) {
        let plain = cast.type_name().filter(|name| name.typmods().is_empty());
        let Some(ty) = plain.and_then(|name| self.type_of(name)) else { return };
        let single = if many { self.element_of(Some(ty)) } else { Some(ty) };
        if single.is_none_or(|single| single != own && !keeps_values(single)) {
            return;
        }
        match cast.arg() {
            Node::A_ArrayExpr(array) if many => {
                for node in array.elements() {
                    if let (Some(single), Node::A_Const(_) | Node::ParamRef(_)) = (single, node) {
                        self.bare_given(columns, own, single, node);
                    }
                }
            }
            Node::A_Const(constant) if constant.location < cast.location => {
                self.bare_given(columns, own, ty, cast.arg());
            }
            Node::ParamRef(_) => self.bare_given(columns, own, ty, cast.arg()),
            _ => {}
        }
    }

    fn bare_given(&mut self, columns: &[ColumnId], column_ty: TypeId, ty: TypeId, node: Node<'_>) {
        let given = match node {
            Node::ParamRef(parameter) => {
                let number = u16::try_from(parameter.number).ok();
                let at = self.token_at(parameter.location, &format!("${}", parameter.number));
                number.zip(at).map(|(number, at)| (at, GivenValue::Parameter(number, false)))
            }
            Node::A_Const(constant) => {
                let number = self.catalog.type_by_id(ty).is_some_and(|ty| ty.category == 'N');
                let value = match constant.val() {
                    Some(ConstValue::String(text)) => {
                        let text = text.to_string();
                        Some((format!("'{}'", text.replace('\'', "''")), text))
                    }
                    Some(ConstValue::Integer(whole)) if number => {
                        Some((whole.to_string(), whole.to_string()))
                    }
                    Some(ConstValue::Float(digits)) if number => {
                        Some((digits.to_string(), digits.to_string()))
                    }
                    _ => None,
                };
                value.and_then(|(spelt, value)| {
                    let at = self.token_at(constant.location, &spelt)?;
                    Some((at, GivenValue::Literal(value)))
                })
            }
            _ => None,
        };
        let Some((at, what)) = given else { return };
        let (columns, replaceable) = (columns.to_vec(), self.replaceable == Some(true));
        self.given.add(Given { columns, at, what, ty, column_ty, replaceable });
    }

    /// Where the token stands that begins here, if it is spelt so.
    fn token_at(&self, location: i32, spelt: &str) -> Option<Range<usize>> {
        let start = usize::try_from(location).ok()?;
        let token = Lexer::new(self.text.get(start..)?).next()?;
        let at = start..start + token.span.end;
        (!token.doubtful && self.text.get(at.clone())? == spelt).then_some(at)
    }
}
