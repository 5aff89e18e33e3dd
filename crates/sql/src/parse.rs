//! PostgreSQL's own grammar, guarded: the only place that calls the parser. Knows no meaning.
//!
//! The grammar is that of PostgreSQL 18. Servers of other versions may reject what it accepts,
//! which costs nothing, or accept what it rejects, which makes the statement unknown.

use crate::{
    SyntaxError,
    lex::{Kind, Lexer, Token},
};
use pg_raw_parse::{Owned, StmtList};

/// Stack for parsing and walking; deep statements get another segment of this size.
pub(crate) const STACK_BYTES: usize = 8 << 20;

/// How much stack must be left before another segment is taken.
pub(crate) const RED_ZONE_BYTES: usize = 512 << 10;

/// The longest text in which the place of an error is searched for: each step parses a prefix.
const MAX_LOCATED_BYTES: usize = 1 << 20;

/// The longest run of operator signs with a comment's beginning in it: bytes.
const MAX_SIGNS: usize = 1024;

/// Parses a text of one or several statements.
pub(crate) fn parse(text: &str) -> Result<Owned<StmtList>, String> {
    if has_long_signs(text) {
        return Err(format!("more than {MAX_SIGNS} operator signs in a row, comments among them"));
    }
    stacker::maybe_grow(RED_ZONE_BYTES, STACK_BYTES, || {
        pg_raw_parse::parse(text).map(pg_raw_parse::ParseResult::into_inner).map_err(|error| {
            let message = error.to_string();
            message.strip_prefix("Invalid statement: ").unwrap_or(&message).to_owned()
        })
    })
}

/// True if reading a text would take the square of its length: where a comment begins, PostgreSQL's
/// scanner takes all signs of operators that follow, and gives them back (`xcstart` in scan.l).
fn has_long_signs(text: &str) -> bool {
    let sign = |byte: &u8| b"~!@#^&|`?+-*/%<>=".contains(byte);
    let runs = text.as_bytes().split(|byte| !sign(byte)).filter(|run| run.len() > MAX_SIGNS);
    runs.into_iter().any(|run| run.windows(2).any(|pair| pair == b"/*"))
}

/// The error PostgreSQL would report for a text that [`parse`] rejected with `message`.
///
/// The binding hides the cursor position. PostgreSQL's grammar is LALR(1), so a text is broken at
/// the first token after which no prefix is viable; a binary search over prefixes finds it.
pub(crate) fn locate(text: &str, message: String) -> SyntaxError {
    if text.len() > MAX_LOCATED_BYTES {
        return SyntaxError { message, position: 0 };
    }
    let tokens: Vec<Token> = Lexer::new(text)
        .filter(|token| !matches!(token.kind, Kind::Space | Kind::Comment))
        .collect();
    let offset = if message.ends_with("at end of input") {
        Some(text.len())
    } else if message.starts_with("unterminated") {
        tokens.iter().find(|token| token.doubtful).map(|token| token.span.start)
    } else if message.contains("at or near") {
        first_broken(text, &tokens)
    } else {
        None
    };
    let position = offset.and_then(|offset| text.get(..offset));
    let position = position.map_or(0, |before| before.chars().count() + 1);
    SyntaxError { message, position }
}

/// The start of the first token that no valid statement can have at its place.
fn first_broken(text: &str, tokens: &[Token]) -> Option<usize> {
    let (mut low, mut high) = (0, tokens.len().checked_sub(1)?);
    while low < high {
        let middle = usize::midpoint(low, high);
        let prefix = text.get(..tokens.get(middle)?.span.end)?;
        let viable = match parse(prefix) {
            Ok(_) => true,
            Err(message) => message.ends_with("at end of input"),
        };
        if viable {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    tokens.get(low).map(|token| token.span.start)
}

#[cfg(test)]
mod tests;
