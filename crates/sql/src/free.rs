//! Literals whose value no fact depends on: what a column is compared with, what is put into one,
//! how many rows are wanted. Texts that differ in nothing but these mean the same, so what was
//! found of one stands for the other.
//!
//! Found in the tree, where a statement has one of a few forms; everything else counts as bound.
//! Two texts are then compared byte by byte around the literals: since everything in front of a
//! literal is the same, the server's scanner stands at the same point of its way when it comes to
//! it, and since a free literal is spelt in the plainest way there is, it takes the one as it took
//! the other. No text is ever read here by rules of its own.

use crate::{lex, names::parts};
use pg_raw_parse::{
    ConstValue, Node,
    list::NodeList,
    nodes::{A_Const, A_Expr, InsertStmt, SelectStmt, UpdateStmt},
    raw::{A_Expr_Kind, BoolExprType, SetOperation},
};
use std::ops::Range;

/// Digits of a number that every server takes for an `integer`, whatever they are.
const MOST_DIGITS: usize = 9;
/// The longest string that is free: bytes between its quotes. How long a longer one is may matter.
const MOST_BYTES: usize = 64;

/// How a free literal is spelt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// One to nine digits without a zero in front.
    Number,
    /// Plain quotes around ASCII without a quote or a backslash.
    Text,
}

/// The free literals of a statement of this text, in order: bytes.
pub(crate) fn literals(text: &str, statement: Node<'_>) -> Vec<Range<usize>> {
    let mut found = Found { text, at: Vec::new() };
    match statement {
        Node::SelectStmt(select) => found.select(select),
        Node::InsertStmt(insert) => found.insert(insert),
        Node::UpdateStmt(update) => found.update(update),
        Node::DeleteStmt(delete)
            if delete.with_clause().is_none() && delete.using_clause().is_empty() =>
        {
            found.condition(delete.where_clause(), Asks::Which);
        }
        _ => {}
    }
    let Found { at: mut found, .. } = found;
    found.sort_unstable_by_key(|at| at.start);
    found.dedup();
    found
}

/// What a condition is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Which rows are shown: every comparison will do.
    Any,
    /// Which rows are changed: only what chooses some, whatever the value. How far a range or a
    /// list reaches is looked at (see `extent`).
    Which,
}

struct Found<'a> {
    text: &'a str,
    at: Vec<Range<usize>>,
}

impl Found<'_> {
    fn select(&mut self, select: &SelectStmt) {
        let plain = select.op == SetOperation::SETOP_NONE
            && select.with_clause().is_none()
            && select.into_clause().is_none()
            && select.locking_clause().is_empty()
            && select.values_lists().is_empty();
        if plain {
            self.condition(select.where_clause(), Asks::Any);
            self.value(select.limit_count());
            self.value(select.limit_offset());
        }
    }

    /// `INSERT … VALUES`.
    fn insert(&mut self, insert: &InsertStmt) {
        let Node::SelectStmt(rows) = insert.select_stmt() else { return };
        if insert.with_clause().is_some() || rows.with_clause().is_some() {
            return;
        }
        for row in rows.values_lists() {
            if let Node::NodeList(row) = row {
                row.iter().for_each(|value| self.value(value));
            }
        }
    }

    /// `SET column = value`, and `column + value` for numbers that are counted up.
    fn update(&mut self, update: &UpdateStmt) {
        if update.with_clause().is_some() || !update.from_clause().is_empty() {
            return;
        }
        for item in update.target_list() {
            match item.val() {
                _ if !item.indirection().is_empty() => {}
                Node::A_Expr(expr) if is_operator(expr, &["+", "-"]) => {
                    if matches!(expr.lexpr(), Node::ColumnRef(_)) {
                        self.number(expr.rexpr());
                    }
                }
                value => self.value(value),
            }
        }
        self.condition(update.where_clause(), Asks::Which);
    }

    /// A condition, of which all parts must hold.
    fn condition(&mut self, node: Node<'_>, asks: Asks) {
        match node {
            Node::BoolExpr(expr) if expr.boolop == BoolExprType::AND_EXPR => {
                for part in expr.args() {
                    // What is nested deeper is written by no program that sends it often.
                    if !matches!(part, Node::BoolExpr(_)) {
                        self.condition(part, asks);
                    }
                }
            }
            Node::A_Expr(expr) => self.comparison(expr, asks),
            _ => {}
        }
    }

    fn comparison(&mut self, expr: &A_Expr, asks: Asks) {
        let known: &[&str] = match asks {
            Asks::Any => &["=", "<>", "<", "<=", ">", ">="],
            Asks::Which => &["="],
        };
        match (expr.lexpr(), expr.rexpr()) {
            (Node::ColumnRef(_), Node::NodeList(list)) => {
                let one_of = expr.kind == A_Expr_Kind::AEXPR_IN && parts(expr.name()) == ["="];
                if one_of && asks == Asks::Any {
                    self.list(list);
                }
            }
            (Node::ColumnRef(_), value) | (value, Node::ColumnRef(_))
                if is_operator(expr, known) =>
            {
                self.value(value);
            }
            _ => {}
        }
    }

    /// The values of IN: all of them or none, since a list that is partly made of something else
    /// is taken apart.
    fn list(&mut self, list: &NodeList) {
        if list.iter().all(|value| matches!(value, Node::A_Const(_))) {
            list.iter().for_each(|value| self.value(value));
        }
    }

    fn value(&mut self, node: Node<'_>) {
        if let Node::A_Const(constant) = node {
            self.at.extend(place(self.text, constant));
        }
    }

    fn number(&mut self, node: Node<'_>) {
        if let Node::A_Const(constant) = node
            && matches!(constant.val(), Some(ConstValue::Integer(_)))
        {
            self.at.extend(place(self.text, constant));
        }
    }
}

fn is_operator(expr: &A_Expr, names: &[&str]) -> bool {
    expr.kind == A_Expr_Kind::AEXPR_OP
        && matches!(parts(expr.name()).as_slice(), [name] if names.contains(name))
}

/// Where a constant stands, if it is spelt plainly. The sign of a number is not part of it: the
/// grammar has the constant begin there.
fn place(text: &str, constant: &A_Const) -> Option<Range<usize>> {
    let wanted = match constant.val()? {
        ConstValue::Integer(_) => Spelling::Number,
        ConstValue::String(_) => Spelling::Text,
        _ => return None,
    };
    let begun = usize::try_from(constant.location).ok()?;
    let rest = text.get(begun..)?;
    let start = match rest.strip_prefix('-') {
        Some(more) => text.len() - more.trim_start_matches(' ').len(),
        None => begun,
    };
    let (spelling, length) = plain(text.as_bytes().get(start..)?)?;
    (spelling == wanted).then_some(start..start + length)
}

/// How the literal that begins here is spelt, and how long it is, if it is spelt plainly and what
/// follows it can only be something else.
fn plain(rest: &[u8]) -> Option<(Spelling, usize)> {
    let (spelling, length) = match rest.first()? {
        b'\'' => {
            let inner = rest.get(1..)?;
            let within = |byte: &u8| (b' '..0x7f).contains(byte) && !b"'\\".contains(byte);
            let length = inner.iter().take(MOST_BYTES + 1).take_while(|byte| within(byte)).count();
            (inner.get(length) == Some(&b'\'') && length <= MOST_BYTES)
                .then_some((Spelling::Text, length + 2))?
        }
        b'0'..=b'9' => {
            let digits = rest.iter().take(MOST_DIGITS + 1).take_while(|byte| byte.is_ascii_digit());
            let length = digits.count();
            // With zeroes in front it is spelt in another way than it is written out.
            let plain = length == 1 || rest.first() != Some(&b'0');
            (plain && length <= MOST_DIGITS).then_some((Spelling::Number, length))?
        }
        _ => return None,
    };
    // A line's end may have another quote behind it that goes on with the string.
    let ends = matches!(rest.get(length), None | Some(b' ' | b')' | b',' | b';'));
    let ends = ends || spelling == Spelling::Number && rest.get(length) == Some(&b'\n');
    ends.then_some((spelling, length))
}

/// The pieces of a text around what may be a free literal of it. Texts that differ in free literals
/// alone have the same pieces; others may have them too.
pub fn outline(text: &str) -> impl Iterator<Item = &[u8]> {
    let bytes = text.as_bytes();
    let (mut from, mut at) = (0, 0);
    std::iter::from_fn(move || {
        let begun = from;
        while let Some(byte) = bytes.get(at) {
            let word = at.checked_sub(1).and_then(|before| bytes.get(before));
            let begins = match byte {
                b'\'' => true,
                b'0'..=b'9' => !word.is_some_and(|byte| lex::word_part(*byte)),
                _ => false,
            };
            match begins.then(|| plain(bytes.get(at..)?)).flatten() {
                Some((_, length)) => {
                    let piece = bytes.get(begun..at)?;
                    at += length;
                    from = at;
                    return Some(piece);
                }
                None => at += 1,
            }
        }
        from = bytes.len() + 1;
        bytes.get(begun..)
    })
}

/// Where the free literals of a known text stand in another, if nothing else of it differs.
pub fn fits(known: &str, free: &[Range<usize>], text: &str) -> Option<Vec<Range<usize>>> {
    let (known, text) = (known.as_bytes(), text.as_bytes());
    let (mut from, mut at) = (0, 0);
    let mut places = Vec::with_capacity(free.len());
    for literal in free {
        let piece = known.get(from..literal.start)?;
        if text.get(at..)?.get(..piece.len())? != piece {
            return None;
        }
        at += piece.len();
        let (spelling, _) = plain(known.get(literal.start..)?)?;
        let (other, length) = plain(text.get(at..)?)?;
        if other != spelling {
            return None;
        }
        places.push(at..at + length);
        (from, at) = (literal.end, at + length);
    }
    (known.get(from..)? == text.get(at..)?).then_some(places)
}

/// Where a place in a known text is in another that [`fits`] it.
pub fn moved(place: usize, free: &[Range<usize>], places: &[Range<usize>]) -> usize {
    let before = free.iter().zip(places).take_while(|(known, _)| known.end <= place).last();
    before.map_or(place, |(known, other)| other.end + (place - known.end))
}
