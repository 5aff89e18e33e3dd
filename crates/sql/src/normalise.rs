//! A statement's text without its values, for the record. Knows the lexical rules and no grammar,
//! so that it also works on what the grammar rejects.

use crate::lex::{Kind, Lexer};

/// The text with comments dropped, white space folded and every literal replaced by `?`.
///
/// Where it is not certain that a literal ends where it seems to (a missing quote, a backslash in
/// front of a quote), the rest of the text counts as literal. After SET, bare words count as values
/// too, since `SET x.secret = hunter2` needs no quotes.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4096));
    let mut spaced = false;
    let (mut setting, mut value, mut first) = (false, false, true);
    for token in Lexer::new(text) {
        let piece = text.get(token.span).unwrap_or_default();
        match token.kind {
            Kind::Space | Kind::Comment => {
                spaced = true;
                continue;
            }
            Kind::Mark(b';') => (setting, value, first) = (false, false, true),
            _ => {}
        }
        if spaced && !out.is_empty() {
            out.push(' ');
        }
        spaced = false;
        let assigns = piece == "=" || piece.eq_ignore_ascii_case("to");
        match token.kind {
            Kind::Text | Kind::Number => out.push('?'),
            Kind::Word | Kind::Quoted if value && !piece.eq_ignore_ascii_case("default") => {
                out.push('?');
            }
            _ => out.push_str(piece),
        }
        if token.doubtful {
            if !out.ends_with('?') {
                out.push('?');
            }
            break;
        }
        value |= setting && assigns;
        if first && !matches!(token.kind, Kind::Mark(b';')) {
            setting = piece.eq_ignore_ascii_case("set") || piece.eq_ignore_ascii_case("alter");
            first = false;
        }
        // ALTER … SET x = y has values only after its SET, and `OWNER TO bob` is no value.
        if piece.eq_ignore_ascii_case("owner") || piece.eq_ignore_ascii_case("rename") {
            setting = false;
        }
    }
    out
}

#[cfg(test)]
mod tests;
