//! The values that stand in a text, for the record's hashes. Knows the lexical rules and no
//! grammar, so that it also works on what the grammar rejects.

use crate::lex::{Kind, Lexer};
use std::{borrow::Cow, ops::Range};

/// Where the literals of a text stand, in order: bytes. The sign of a number is an operator and not
/// among them.
pub fn literals(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_literal = |kind: Kind| matches!(kind, Kind::Number | Kind::Text);
    Lexer::new(text).filter(move |token| is_literal(token.kind)).map(|token| token.span)
}

/// What a literal stands for: a string without quotes and escapes, a number as it is written.
pub fn literal(piece: &str) -> Cow<'_, [u8]> {
    let bytes = piece.as_bytes();
    let inner = bytes.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'"));
    match (bytes.first(), inner) {
        (Some(b'0'..=b'9' | b'.'), _) if !bytes.contains(&b'_') => Cow::Borrowed(bytes),
        (Some(b'0'..=b'9' | b'.'), _) => bytes.iter().copied().filter(|it| *it != b'_').collect(),
        (_, Some(inner)) if !inner.contains(&b'\'') => Cow::Borrowed(inner),
        _ => Cow::Owned(unquoted(piece)),
    }
}

/// What a string stands for. Bit strings and escapes of `U&'…'` stay as they are written.
fn unquoted(piece: &str) -> Vec<u8> {
    if let Some(rest) = piece.strip_prefix('$') {
        let tag = rest.find('$').map_or(0, |end| end + 2);
        let inner = piece.get(tag..piece.len().saturating_sub(tag)).unwrap_or_default();
        return inner.as_bytes().to_vec();
    }
    let escapes = piece.starts_with(['e', 'E']);
    let mut out = Vec::with_capacity(piece.len());
    let mut rest = piece.find('\'').and_then(|quote| piece.get(quote + 1..)).unwrap_or_default();
    while let Some((at, stop)) =
        rest.bytes().enumerate().find(|(_, byte)| *byte == b'\'' || (escapes && *byte == b'\\'))
    {
        out.extend_from_slice(rest.get(..at).unwrap_or_default().as_bytes());
        rest = rest.get(at + 1..).unwrap_or_default();
        if stop == b'\\' {
            rest = escaped(rest, &mut out);
        } else if let Some(more) = rest.strip_prefix('\'') {
            out.push(b'\'');
            rest = more;
        } else {
            // It ends, or goes on behind a line's end and another quote.
            rest = rest.find('\'').and_then(|quote| rest.get(quote + 1..)).unwrap_or_default();
        }
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// Appends what an escape stands for, and gives what is behind it.
fn escaped<'t>(rest: &'t str, out: &mut Vec<u8>) -> &'t str {
    let Some(kind) = rest.chars().next() else { return rest };
    let behind = rest.get(kind.len_utf8()..).unwrap_or_default();
    let number = |digits: &'t str, radix: u32, most: usize| {
        let length = digits.bytes().take(most).take_while(|byte| char::from(*byte).is_digit(radix));
        let (digits, more) = digits.split_at(length.count());
        u32::from_str_radix(digits, radix).ok().map(|number| (number, more))
    };
    let byte = |found: Option<(u32, &'t str)>, out: &mut Vec<u8>| match found {
        Some((number, more)) => {
            out.push((number & 0xff) as u8);
            more
        }
        None => behind,
    };
    match kind {
        'n' => out.push(b'\n'),
        't' => out.push(b'\t'),
        'r' => out.push(b'\r'),
        'b' => out.push(8),
        'f' => out.push(12),
        'x' => return byte(number(behind, 16, 2), out),
        '0'..='7' => return byte(number(rest, 8, 3), out),
        'u' | 'U' => {
            let found = number(behind, 16, if kind == 'u' { 4 } else { 8 });
            let Some((number, more)) = found else { return behind };
            let letter = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            return more;
        }
        other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
    behind
}

#[cfg(test)]
mod tests {
    use super::{literal, literals};

    fn found(text: &str) -> Vec<String> {
        let value = |at| String::from_utf8_lossy(&literal(&text[at])).into_owned();
        literals(text).map(value).collect()
    }

    #[test]
    fn values_are_what_the_server_compares() {
        let cases = [
            ("select * from c where email = 'a@x.org' and id = 7", vec!["a@x.org", "7"]),
            ("select 'it''s', -1.50, 1_000, $1", vec!["it's", "1.50", "1000"]),
            (r"select E'a\tb\'c\\d\x41\101\u00e9'", vec!["a\tb'c\\dAA\u{e9}"]),
            (r"select 'a\tb'", vec![r"a\tb"]),
            ("select $$it's$$, $x$a$b$x$", vec!["it's", "a$b"]),
            ("select 'one'\n  'two'", vec!["onetwo"]),
            ("select \"a'b\" /* 'no' */ -- 'no'\n, N'ja'", vec!["ja"]),
            ("select '', '_', '''', 'a''', ''''''", vec!["", "_", "'", "a'", "''"]),
            ("select .5, 1., 0x_ff, 1e3", vec![".5", "1.", "0xff", "1e3"]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn what_does_not_end_is_read_to_its_end() {
        for text in ["select 'abc", r"select E'abc\", "select $$abc", "select E'\\u12", "'", "$a$"]
        {
            found(text);
        }
        assert_eq!(found("select 'abc"), ["abc"]);
        assert_eq!(found(r"select E'\u12'"), ["\u{12}"]);
    }
}
