//! One pass over JSON text that replaces keys and leaves and copies the rest. Knows no labels.

use crate::cursor::Cursor;

/// Deeper JSON is not read. PostgreSQL's own parser is bounded by its stack only.
const MAX_DEPTH: usize = 6_000;

/// A value that is not a container.
pub(super) enum Leaf<'a> {
    Text(&'a str),
    Number(&'a str),
    Bool,
}

/// What is called on the way. Answers are replacements: of a key its plain text, of a leaf its
/// JSON form.
pub(super) trait Visitor {
    fn key(&mut self, key: &str) -> Option<String>;
    fn leaf(&mut self, leaf: Leaf<'_>) -> Option<String>;
    /// A null, which stays.
    fn null(&mut self) {}
    fn enter(&mut self, object: bool);
    fn leave(&mut self);
}

#[derive(Clone, Copy, PartialEq)]
enum Expect {
    Value,
    Key,
    Colon,
    CommaOrEnd,
}

/// Walks one document; answers whether anything was replaced, or `None` if it is not JSON. Only
/// a document in which something was replaced is written to `out`.
pub(super) fn walk(input: &[u8], out: &mut Vec<u8>, visitor: &mut impl Visitor) -> Option<bool> {
    let mut cursor = Cursor::new(input);
    let mut copy = Copy { input, done: 0, changed: false };
    let mut objects: Vec<bool> = Vec::new();
    let mut expect = Expect::Value;
    let mut fresh = false;
    while let Some(byte) = cursor.peek() {
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            cursor.byte()?;
            continue;
        }
        match (byte, expect) {
            (b'{' | b'[', Expect::Value) => {
                if objects.len() >= MAX_DEPTH {
                    return None;
                }
                visitor.enter(byte == b'{');
                objects.push(byte == b'{');
                expect = if byte == b'{' { Expect::Key } else { Expect::Value };
                fresh = true;
                cursor.byte()?;
                continue;
            }
            (b'}' | b']', _) if expect == Expect::CommaOrEnd || fresh => {
                if objects.pop()? != (byte == b'}') {
                    return None;
                }
                visitor.leave();
                expect = Expect::CommaOrEnd;
                cursor.byte()?;
            }
            (b',', Expect::CommaOrEnd) => {
                expect = if *objects.last()? { Expect::Key } else { Expect::Value };
                cursor.byte()?;
            }
            (b':', Expect::Colon) => {
                expect = Expect::Value;
                cursor.byte()?;
            }
            (b'"', Expect::Key) => {
                let (raw, plain) = string(&mut cursor)?;
                if let Some(new) = visitor.key(&plain) {
                    copy.replace(raw.len(), cursor.rest().len(), &quoted(&new), out);
                }
                expect = Expect::Colon;
            }
            (_, Expect::Value) => {
                let (raw, new) = value(&mut cursor, visitor)?;
                if let Some(new) = new {
                    copy.replace(raw.len(), cursor.rest().len(), &new, out);
                }
                expect = Expect::CommaOrEnd;
            }
            _ => return None,
        }
        fresh = false;
    }
    copy.finish(out);
    (objects.is_empty() && expect == Expect::CommaOrEnd).then_some(copy.changed)
}

/// Copies input up to each replacement.
struct Copy<'a> {
    input: &'a [u8],
    done: usize,
    changed: bool,
}

impl Copy<'_> {
    /// Replaces the last `length` bytes before those that are `left`.
    fn replace(&mut self, length: usize, left: usize, new: &str, out: &mut Vec<u8>) {
        let end = self.input.len() - left;
        let kept = self.input.get(self.done..end - length).unwrap_or_default();
        out.extend_from_slice(kept);
        out.extend_from_slice(new.as_bytes());
        (self.done, self.changed) = (end, true);
    }

    fn finish(&self, out: &mut Vec<u8>) {
        if self.changed {
            out.extend_from_slice(self.input.get(self.done..).unwrap_or_default());
        }
    }
}

/// Reads a value that is not a container: its bytes, and what is to stand there instead.
fn value<'a>(
    cursor: &mut Cursor<'a>,
    visitor: &mut impl Visitor,
) -> Option<(&'a [u8], Option<String>)> {
    Some(if cursor.peek() == Some(b'"') {
        let (raw, plain) = string(cursor)?;
        (raw, visitor.leaf(Leaf::Text(&plain)))
    } else {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let length = cursor.rest().iter().take_while(|byte| is_word(byte)).count();
        let raw = cursor.take(length).filter(|raw| !raw.is_empty())?;
        let word = std::str::from_utf8(raw).ok()?;
        let new = match word {
            "null" => {
                visitor.null();
                None
            }
            "true" | "false" => visitor.leaf(Leaf::Bool),
            number if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                visitor.leaf(Leaf::Number(number))
            }
            _ => return None,
        };
        (raw, new)
    })
}

/// Reads a string: its bytes with the quotes, and what they mean.
fn string<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8], std::borrow::Cow<'a, str>)> {
    let whole = cursor.rest();
    let body = whole.strip_prefix(b"\"")?;
    let mut at = 0;
    let mut escaped = false;
    loop {
        let found = memchr::memchr2(b'"', b'\\', body.get(at..)?)?;
        at += found;
        if body.get(at) == Some(&b'"') {
            break;
        }
        escaped = true;
        at += 2;
    }
    let raw = cursor.take(at + 2)?;
    // Structure is ASCII in every encoding, so that one string of another does not hide the rest.
    let text = String::from_utf8_lossy(body.get(..at)?);
    Some((raw, if escaped { unescape(&text)?.into() } else { text }))
}

fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next()? {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'u' => out.push(escaped(&mut chars)?),
            other => out.push(other),
        }
    }
    Some(out)
}

/// The character of `\\uXXXX` or of a pair of them. Half of a pair, which `json` can hold, stands
/// for no character.
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let high = unit(chars)?;
    if !(0xD800..0xDC00).contains(&high) {
        return Some(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    let mut ahead = chars.clone();
    let low = match (ahead.next(), ahead.next()) {
        (Some('\\'), Some('u')) => unit(&mut ahead).filter(|low| (0xDC00..0xE000).contains(low)),
        _ => None,
    };
    let Some(low) = low else { return Some(char::REPLACEMENT_CHARACTER) };
    *chars = ahead;
    char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
}

fn unit(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |sum, _| Some(sum << 4 | chars.next()?.to_digit(16)?))
}

/// A JSON string of plain text.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if u32::from(c) < 32 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
