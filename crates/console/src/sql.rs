//! SQL with its words in colours and labelled columns marked. For eyes alone: nothing is decided
//! by what this takes for what, so it may be simple, and a text that it does not understand is
//! shown as it is.

use crate::Shown;
use maud::{Markup, html};

/// A column that bears a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Its name, without its relation.
    pub column: String,
    /// The label.
    pub label: String,
}

/// The longest text that is coloured: bytes. A longer one is shown plain.
const LONGEST: usize = 256 << 10;

const KEYWORDS: &[&str] = &[
    "all",
    "alter",
    "analyze",
    "and",
    "any",
    "as",
    "asc",
    "begin",
    "between",
    "by",
    "call",
    "case",
    "cast",
    "commit",
    "copy",
    "create",
    "cross",
    "cube",
    "default",
    "delete",
    "desc",
    "distinct",
    "do",
    "drop",
    "else",
    "end",
    "except",
    "execute",
    "exists",
    "explain",
    "false",
    "fetch",
    "filter",
    "for",
    "from",
    "full",
    "function",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "index",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "lateral",
    "left",
    "like",
    "limit",
    "merge",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "prepare",
    "primary",
    "returning",
    "revoke",
    "right",
    "rollback",
    "row",
    "rows",
    "schema",
    "select",
    "sequence",
    "set",
    "show",
    "start",
    "table",
    "temporary",
    "then",
    "to",
    "transaction",
    "trigger",
    "true",
    "truncate",
    "union",
    "unique",
    "update",
    "using",
    "values",
    "view",
    "when",
    "where",
    "window",
    "with",
    "within",
];

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Plain,
    Word,
    Quoted,
    Keyword,
    Text,
    Number,
    Comment,
    Parameter,
}

/// The text in colours.
pub fn coloured(text: &str, marks: &[Marked]) -> Markup {
    if text.len() > LONGEST {
        return html! { (Shown(text)) };
    }
    html! {
        @for (piece, part) in pieces(text) {
            @match piece {
                Piece::Plain => (Shown(part)),
                Piece::Word | Piece::Quoted => {
                    @match label_of(part, marks) {
                        Some(label) => mark { (Shown(part)) small { (Shown(label)) } },
                        None => (Shown(part)),
                    }
                },
                Piece::Keyword => span .k { (part) },
                Piece::Text => span .s { (Shown(part)) },
                Piece::Number => span .n { (part) },
                Piece::Comment => span .c { (Shown(part)) },
                Piece::Parameter => span .p { (part) },
            }
        }
    }
}

/// A block of it, with a name for those who hear it.
pub fn block(text: &str, marks: &[Marked]) -> Markup {
    html! {
        pre .sql tabindex="0" role="region" aria-label="SQL" {
            code { (coloured(text, marks)) }
        }
    }
}

fn label_of<'m>(name: &str, marks: &'m [Marked]) -> Option<&'m str> {
    let bare = name.trim_matches('"');
    let is_it = |mark: &&Marked| match name.starts_with('"') {
        true => mark.column == bare,
        false => mark.column.eq_ignore_ascii_case(bare),
    };
    marks.iter().find(is_it).map(|mark| mark.label.as_str())
}

/// The text in pieces, of which none is left out.
fn pieces(text: &str) -> Vec<(Piece, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, length) = first(rest);
        let mut end = length.clamp(1, rest.len());
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        let (part, after) = rest.split_at(end);
        let piece = match piece {
            Piece::Word if is_keyword(part) => Piece::Keyword,
            other => other,
        };
        pieces.push((piece, part));
        rest = after;
    }
    pieces
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

/// What a text begins with, and how many bytes of it that is.
fn first(text: &str) -> (Piece, usize) {
    let while_is = |is: fn(char) -> bool| text.find(|c| !is(c)).unwrap_or(text.len());
    let upto = |from: usize, end: &str| {
        let found = text.get(from..).and_then(|rest| rest.find(end));
        found.map_or(text.len(), |at| from + at + end.len())
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    match text.chars().next() {
        Some('\'') => (Piece::Text, quoted(text, '\'')),
        Some('"') => (Piece::Quoted, quoted(text, '"')),
        Some('-') if text.starts_with("--") => (Piece::Comment, upto(2, "\n")),
        Some('/') if text.starts_with("/*") => (Piece::Comment, upto(2, "*/")),
        Some('$') if text.get(1..).is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit())) => {
            let digits = text.get(1..).unwrap_or_default();
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            (Piece::Parameter, 1 + end)
        }
        Some(c) if c.is_ascii_digit() => {
            (Piece::Number, while_is(|c| c.is_ascii_alphanumeric() || c == '.'))
        }
        Some(c) if c.is_alphabetic() || c == '_' => {
            (Piece::Word, text.find(|c| !is_word(c)).unwrap_or(text.len()))
        }
        _ => (Piece::Plain, 1),
    }
}

/// How long a quoted text is at the beginning; a doubled quote is one of its letters.
fn quoted(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = letters.next() {
        if c == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str, marks: &[(&str, &str)]) -> String {
        let marks: Vec<Marked> = marks
            .iter()
            .map(|(column, label)| Marked { column: (*column).into(), label: (*label).into() })
            .collect();
        coloured(text, &marks).into_string()
    }

    #[test]
    fn keywords_are_sorted_so_that_they_are_found() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_markup() {
        let hostile = "select '<b>''&' /* </pre> */ from \"<i>\" where a = $1 -- <u>\n and 1.5";
        let joined: String = pieces(hostile).iter().map(|(_, part)| *part).collect();
        assert_eq!(joined, hostile);
        let html = html(hostile, &[]);
        for tag in ["<b>", "</pre>", "<i>", "<u>"] {
            assert!(!html.contains(tag), "{html}");
        }
        assert!(html.contains(r#"<span class="s">'&lt;b&gt;''&amp;'</span>"#), "{html}");
        assert!(html.contains(r#"<span class="p">$1</span>"#), "{html}");
    }

    #[test]
    fn columns_with_a_label_are_marked() {
        let html = html("SELECT Email, \"Email\" FROM t", &[("email", "email")]);
        assert!(
            html.contains("<mark>Email<small>email</small></mark>, &quot;Email&quot;"),
            "{html}"
        );
    }

    #[test]
    fn texts_that_do_not_end_are_shown() {
        for text in ["'abc", "\"abc", "/* abc", "$", "-", "é'ü"] {
            let joined: String = pieces(text).iter().map(|(_, part)| *part).collect();
            assert_eq!(joined, text);
        }
    }
}
