//! The trace that a client says its statement belongs to, in a comment as sqlcommenter writes it. A
//! claim, and never a right. Knows the lexical rules and no grammar.

use crate::lex::{Kind, Lexer};

/// The W3C `traceparent` of the first comment that has one. What stands in a literal is no comment,
/// and what is not of the exact form is none either: nothing else of a comment is ever kept.
pub fn traceparent(text: &str) -> Option<&str> {
    // Nearly all texts have none, and are not taken apart for it.
    if !text.contains("traceparent") {
        return None;
    }
    let certain = Lexer::new(text).take_while(|token| !token.doubtful);
    let mut comments = certain.filter(|token| token.kind == Kind::Comment);
    comments.find_map(|token| of_comment(text.get(token.span)?))
}

fn of_comment(comment: &str) -> Option<&str> {
    let pairs = comment.strip_prefix("/*")?.strip_suffix("*/")?.split(',');
    let mut values = pairs.filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        (key.trim() == "traceparent" && well_formed(value)).then_some(value)
    });
    values.next()
}

/// W3C Trace Context, 3.2.2: version 00, ids that are not zero, small letters.
fn well_formed(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    let [version, trace, parent, flags] = parts.as_slice() else { return false };
    let hex = |part: &str, length: usize| {
        part.len() == length
            && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let id = |part: &str, length| hex(part, length) && part.bytes().any(|byte| byte != b'0');
    *version == "00" && id(trace, 32) && id(parent, 16) && hex(flags, 2)
}

#[cfg(test)]
mod tests;
