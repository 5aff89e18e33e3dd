//! The statement by which an application says who its end user is: `SET LOCAL weir.end_user = '…'`.
//! It is Weir's own, and what it holds is no server's business. Knows no token.

use crate::parse::parse;
use pg_raw_parse::{Node, nodes::VariableSetStmt, raw::VariableSetKind};

/// The setting.
pub const END_USER: &str = "weir.end_user";
/// What goes to the server in the statement's place: the same without what was said.
pub const END_USER_SAID: &str = "SET LOCAL weir.end_user TO ''";

/// What a text says of the end user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndUser {
    /// This, until the end of the transaction.
    Said(String),
    /// It names the setting in a way that says nothing, or together with other statements.
    Misplaced,
}

/// Reads it; nothing if the text is not about it.
pub fn end_user(text: &str) -> Option<EndUser> {
    if !mentions(text) {
        return None;
    }
    // What cannot be read may say it to a server of another version.
    let Ok(statements) = parse(text) else {
        return contains(text, END_USER).then_some(EndUser::Misplaced);
    };
    let named = contains(text, END_USER);
    let mut count = 0;
    let mut said = None;
    for statement in statements.iter() {
        count += 1;
        match statement.stmt() {
            Node::VariableSetStmt(set) if is_it(set) => said = Some(value(set)),
            // It would be said by code, or to sessions that begin later.
            node if named && keeps(node) => said = Some(EndUser::Misplaced),
            _ => {}
        }
    }
    match said {
        Some(said) if count == 1 => Some(said),
        Some(_) => Some(EndUser::Misplaced),
        None => (named && contains(text, "set_config")).then_some(EndUser::Misplaced),
    }
}

fn is_it(set: &VariableSetStmt) -> bool {
    set.name().is_some_and(|name| name.eq_ignore_ascii_case(END_USER))
}

fn value(set: &VariableSetStmt) -> EndUser {
    let mut words = set.args().iter().map(crate::copy::word);
    let value = set.is_local && set.kind == VariableSetKind::VAR_SET_VALUE;
    match (words.next(), words.next()) {
        (Some(Some(word)), None) if value => EndUser::Said(word),
        _ => EndUser::Misplaced,
    }
}

/// True if a statement holds others, or settings for later.
const fn keeps(node: Node<'_>) -> bool {
    matches!(
        node,
        Node::DoStmt(_)
            | Node::CreateFunctionStmt(_)
            | Node::AlterFunctionStmt(_)
            | Node::AlterRoleSetStmt(_)
            | Node::AlterDatabaseSetStmt(_)
    )
}

/// Whether a text names the setting. Nearly none does, and none is parsed for it that does not.
fn mentions(text: &str) -> bool {
    let bytes = text.as_bytes();
    let end_user = |(at, _): (usize, &str)| {
        let around = |from: Option<usize>, to: usize| bytes.get(from?..to);
        around(at.checked_sub(3), at).is_some_and(|it| it.eq_ignore_ascii_case(b"end"))
            && around(Some(at + 1), at + 5).is_some_and(|it| it.eq_ignore_ascii_case(b"user"))
    };
    text.match_indices('_').any(end_user) && contains(text, "weir")
}

fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_form_says_it() {
        let said = |text: &str| end_user(text);
        for text in [
            "SET LOCAL weir.end_user = 'a.b.c'",
            "set local WEIR.END_USER to 'a.b.c';",
            "/* who */ set local weir.end_user = E'a.b.c' -- it is",
            "set local \"weir\".\"end_user\" = 'a.b.c'",
        ] {
            assert_eq!(said(text), Some(EndUser::Said("a.b.c".to_owned())), "{text}");
        }
        for text in [
            "SET weir.end_user = 'a.b.c'",
            "SET SESSION weir.end_user = 'a'",
            "SET LOCAL weir.end_user = 'a', 'b'",
            "SET LOCAL weir.end_user TO DEFAULT",
            "RESET weir.end_user",
            "SET LOCAL weir.end_user = 'a'; SELECT 1",
            "BEGIN; SET LOCAL weir.end_user = 'a'",
            "select set_config('weir.end_user', 'a', true)",
            "do $$ begin set local weir.end_user = 'a'; end $$",
            "do $$ begin execute 'set local WEIR.end_user = 1'; end $$",
            "create function f() returns void language sql as $$ set local weir.end_user = 'a' $$",
            "create function f() returns int language sql set weir.end_user = 'a' as 'select 1'",
            "alter role app set weir.end_user = 'a'",
            "alter database shop set weir.end_user = 'a'",
            "set local weir.end_user = 'a' and more",
        ] {
            assert_eq!(said(text), Some(EndUser::Misplaced), "{text}");
        }
        for text in ["select end_user from weir", "select 'weir.end_user'", "set local x.y = 'a'"] {
            assert_eq!(said(text), None, "{text}");
        }
        assert_eq!(said(END_USER_SAID), Some(EndUser::Said(String::new())));
    }
}
