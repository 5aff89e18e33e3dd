//! PostgreSQL's lexical rules (scan.l), for what must happen before or without the grammar:
//! normalising, guarding depth, finding where an error stands. Knows no grammar and no catalog.

use std::ops::Range;

/// What a token is. `Text` is any literal that can hold a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Keyword or unquoted identifier.
    Word,
    /// `"…"` and `U&"…"`.
    Quoted,
    /// Any string, bit string or dollar-quoted literal, all continuation lines included.
    Text,
    /// A number in any notation.
    Number,
    /// `$1`.
    Param,
    /// A run of operator characters.
    Operator,
    /// One of `( ) [ ] , ; : .` or a character that starts nothing.
    Mark(u8),
    /// White space.
    Space,
    /// `-- …` or `/* … */`.
    Comment,
}

/// A token and where it stands, in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it stands.
    pub(crate) span: Range<usize>,
    /// True if a literal runs to the end of the text without its closing quote, or if a plain
    /// string holds a backslash before a quote, so that its end depends on
    /// `standard_conforming_strings`.
    pub(crate) doubtful: bool,
}

/// Splits a text into tokens; never fails.
pub(crate) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0 }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(&mut self, accept: impl Fn(u8) -> bool) {
        while self.text.get(self.at).is_some_and(|byte| accept(*byte)) {
            self.at += 1;
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn comment(&mut self) -> bool {
        if self.rest().starts_with(b"--") {
            self.run(|byte| byte != b'\n' && byte != b'\r');
            return true;
        }
        if !self.rest().starts_with(b"/*") {
            return false;
        }
        let mut depth = 0_usize;
        while self.at < self.text.len() {
            if self.rest().starts_with(b"/*") {
                depth += 1;
                self.at += 2;
            } else if self.rest().starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    break;
                }
            } else {
                self.at += 1;
            }
        }
        true
    }

    /// After the opening quote of a literal: runs past its end, continuation lines included.
    fn literal(&mut self, escapes: bool) -> bool {
        let mut doubtful = false;
        loop {
            match self.text.get(self.at) {
                None => return true,
                Some(b'\\') if escapes => self.at = (self.at + 2).min(self.text.len()),
                Some(b'\\') => {
                    self.at += 1;
                    doubtful |= matches!(self.peek(0), b'\'' | b'\\');
                }
                Some(b'\'') if self.peek(1) == b'\'' => self.at += 2,
                Some(b'\'') => {
                    self.at += 1;
                    if !self.continues() {
                        return doubtful;
                    }
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// A literal goes on if white space with a newline and another quote follow.
    fn continues(&mut self) -> bool {
        let start = self.at;
        let mut newline = false;
        loop {
            match self.peek(0) {
                b'\n' | b'\r' => {
                    newline = true;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\x0b' | b'\x0c' => self.at += 1,
                b'-' if self.peek(1) == b'-' => self.run(|byte| byte != b'\n' && byte != b'\r'),
                b'\'' if newline => {
                    self.at += 1;
                    return true;
                }
                _ => {
                    self.at = start;
                    return false;
                }
            }
        }
    }

    fn quoted(&mut self) -> bool {
        loop {
            match (self.text.get(self.at), self.peek(1)) {
                (None, _) => return true,
                (Some(b'"'), b'"') => self.at += 2,
                (Some(b'"'), _) => {
                    self.at += 1;
                    return false;
                }
                _ => self.at += 1,
            }
        }
    }

    /// At a `$`: a dollar-quoted literal, a parameter, or a lone sign.
    fn dollar(&mut self) -> (Kind, bool) {
        if self.peek(1).is_ascii_digit() {
            self.at += 1;
            self.run(|byte| byte.is_ascii_digit());
            return (Kind::Param, false);
        }
        let tag = self.rest().get(1..).unwrap_or_default();
        let length = tag.iter().take_while(|byte| word_start(**byte) || byte.is_ascii_digit());
        let length = length.count();
        if tag.get(length) != Some(&b'$') {
            self.at += 1;
            return (Kind::Mark(b'$'), false);
        }
        let delimiter = self.rest().get(..length + 2).unwrap_or_default();
        self.at += delimiter.len();
        match self.rest().windows(delimiter.len()).position(|window| window == delimiter) {
            Some(offset) => {
                self.at += offset + delimiter.len();
                (Kind::Text, false)
            }
            None => {
                self.at = self.text.len();
                (Kind::Text, true)
            }
        }
    }

    fn number(&mut self) {
        let radix = matches!(self.peek(1), b'x' | b'X' | b'o' | b'O' | b'b' | b'B');
        if self.peek(0) == b'0' && radix {
            self.at += 2;
            self.run(|byte| byte.is_ascii_hexdigit() || byte == b'_');
            return;
        }
        self.run(|byte| byte.is_ascii_digit() || byte == b'_');
        if self.peek(0) == b'.' && self.peek(1) != b'.' {
            self.at += 1;
            self.run(|byte| byte.is_ascii_digit() || byte == b'_');
        }
        let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
        if matches!(self.peek(0), b'e' | b'E') && self.peek(1 + sign).is_ascii_digit() {
            self.at += 1 + sign;
            self.run(|byte| byte.is_ascii_digit() || byte == b'_');
        }
    }

    fn word(&mut self) -> (Kind, bool) {
        match (self.peek(0), self.peek(1), self.peek(2)) {
            (b'e' | b'E', b'\'', _) => {
                self.at += 2;
                (Kind::Text, self.literal(true))
            }
            (b'b' | b'B' | b'x' | b'X' | b'n' | b'N', b'\'', _) => {
                self.at += 2;
                (Kind::Text, self.literal(false))
            }
            (b'u' | b'U', b'&', b'\'') => {
                self.at += 3;
                (Kind::Text, self.literal(false))
            }
            (b'u' | b'U', b'&', b'"') => {
                self.at += 3;
                (Kind::Quoted, self.quoted())
            }
            _ => {
                self.run(word_part);
                (Kind::Word, false)
            }
        }
    }

    fn operator(&mut self) {
        while operator_part(self.peek(0)) && self.at < self.text.len() {
            if self.rest().starts_with(b"--") || self.rest().starts_with(b"/*") {
                break;
            }
            self.at += 1;
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let first = *self.text.get(self.at)?;
        let start = self.at;
        let (kind, doubtful) = match first {
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0b' | b'\x0c' => {
                self.run(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0b' | b'\x0c'));
                (Kind::Space, false)
            }
            b'\'' => {
                self.at += 1;
                (Kind::Text, self.literal(false))
            }
            b'"' => {
                self.at += 1;
                (Kind::Quoted, self.quoted())
            }
            b'$' => self.dollar(),
            b'.' if self.peek(1).is_ascii_digit() => {
                self.number();
                (Kind::Number, false)
            }
            _ if first.is_ascii_digit() => {
                self.number();
                (Kind::Number, false)
            }
            _ if word_start(first) => self.word(),
            _ if self.comment() => (Kind::Comment, false),
            b':' if matches!(self.peek(1), b':' | b'=') => {
                self.at += 2;
                (Kind::Operator, false)
            }
            _ if operator_part(first) => {
                self.operator();
                (Kind::Operator, false)
            }
            _ => {
                self.at += 1;
                (Kind::Mark(first), false)
            }
        };
        Some(Token { kind, span: start..self.at, doubtful })
    }
}

fn word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

pub(crate) fn word_part(byte: u8) -> bool {
    word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn operator_part(byte: u8) -> bool {
    b"~!@#^&|`?+-*/%<>=".contains(&byte)
}

/// The deepest nesting of brackets in a text, for the guard before the grammar runs.
pub(crate) fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    for token in Lexer::new(text) {
        match token.kind {
            Kind::Mark(b'(' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            Kind::Mark(b')' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests;
