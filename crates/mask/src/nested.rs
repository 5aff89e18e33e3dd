//! Arrays and composites taken apart and put together, in text and binary. Knows no masks: each
//! element goes back through [`crate::value::apply`].
//!
//! What does not parse becomes NULL.

use crate::{
    column::{Action, Applied, Format},
    cursor::Cursor,
    shape::{Shape, builtin},
    value,
};

/// Arrays have at most this many dimensions (`MAXDIM`).
const MAX_DIMENSIONS: i32 = 6;

/// `{a,"b c",NULL,{…}}`, perhaps behind `[1:2]=`.
pub(crate) fn array_text(
    action: &Action,
    element: &Shape,
    delimiter: u8,
    input: &[u8],
    out: &mut Vec<u8>,
) -> Applied {
    let mut scratch = Scratch::default();
    let mut changed = false;
    let mut rest = input;
    if rest.first() == Some(&b'[') {
        let Some(at) = memchr::memchr(b'=', rest) else { return Applied::Null };
        let (bounds, tail) = rest.split_at(at + 1);
        // Where an array begins can be made to be the value itself.
        if !matches!(action, Action::Mask(_)) {
            out.extend_from_slice(bounds);
        }
        rest = tail;
    }
    let (mut depth, mut opened) = (0usize, false);
    while let Some((first, tail)) = rest.split_first() {
        match *first {
            // After the outermost brace has closed nothing may follow.
            _ if depth == 0 && opened => return Applied::Null,
            b'{' => (depth, opened) = (depth + 1, true),
            b'}' if depth > 0 => depth -= 1,
            byte if byte == delimiter && depth > 0 => {}
            b'}' => return Applied::Null,
            _ if depth == 0 => return Applied::Null,
            _ => {
                let Some((token, after)) = token(rest, delimiter, b'}', &mut scratch.plain) else {
                    return Applied::Null;
                };
                let null = first != &b'"' && token.eq_ignore_ascii_case(b"null");
                changed |= !null && scratch.leaf(action, element, Quoting::Array(delimiter));
                scratch.write(null, token, b"NULL", out);
                rest = after;
                continue;
            }
        }
        out.push(*first);
        rest = tail;
    }
    match (opened && depth == 0, changed) {
        (true, true) => Applied::Masked,
        (true, false) => Applied::Raw,
        (false, _) => Applied::Null,
    }
}

/// `(a,"b c",)`. Fields beyond the declared ones, and all of a `record`, are text of an unknown
/// type.
pub(crate) fn composite_text(
    action: &Action,
    fields: Option<&[Shape]>,
    input: &[u8],
    out: &mut Vec<u8>,
) -> Applied {
    let mut scratch = Scratch::default();
    let mut changed = false;
    let Some(mut rest) = input.strip_prefix(b"(") else { return Applied::Null };
    out.push(b'(');
    for number in 0usize.. {
        let Some((token, after)) = token(rest, b',', b')', &mut scratch.plain) else {
            return Applied::Null;
        };
        let shape = fields.map_or(&Shape::Text, |all| all.get(number).unwrap_or(&Shape::Opaque));
        // Nothing at all is NULL; the empty text is written "".
        let null = token.is_empty();
        changed |= !null && scratch.leaf(action, shape, Quoting::Composite);
        scratch.write(null, token, b"", out);
        let Some((end, tail)) = after.split_first() else { return Applied::Null };
        out.push(*end);
        if *end == b')' {
            let whole = tail.is_empty();
            return match (whole, changed) {
                (true, true) => Applied::Masked,
                (true, false) => Applied::Raw,
                (false, _) => Applied::Null,
            };
        }
        rest = tail;
    }
    Applied::Null
}

/// One element's plain text and what became of it.
#[derive(Default)]
struct Scratch {
    plain: Vec<u8>,
    masked: Vec<u8>,
    quoted: Vec<u8>,
    applied: Option<Applied>,
}

impl Scratch {
    /// Masks the plain text; true if it changed.
    fn leaf(&mut self, action: &Action, shape: &Shape, quoting: Quoting) -> bool {
        self.masked.clear();
        self.quoted.clear();
        let applied = value::apply(action, shape, Format::Text, &self.plain, &mut self.masked);
        if applied == Applied::Masked {
            quoting.write(&self.masked, &mut self.quoted);
        }
        self.applied = Some(applied);
        applied != Applied::Raw
    }

    fn write(&mut self, null: bool, token: &[u8], null_text: &[u8], out: &mut Vec<u8>) {
        match self.applied.take().filter(|_| !null) {
            Some(Applied::Masked) => out.extend_from_slice(&self.quoted),
            Some(Applied::Null) => out.extend_from_slice(null_text),
            Some(Applied::Raw) | None => out.extend_from_slice(token),
        }
    }
}

/// Reads one token up to a delimiter or the closing byte, which stay unread. Answers its bytes as
/// they stand and leaves the plain text in `plain`. Quotes may begin and end inside a token, a
/// backslash takes the next byte literally, and `""` within quotes is one quote (composites).
fn token<'a>(
    input: &'a [u8],
    delimiter: u8,
    close: u8,
    plain: &mut Vec<u8>,
) -> Option<(&'a [u8], &'a [u8])> {
    plain.clear();
    let mut quoted = false;
    let mut bytes = input.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match *byte {
            b'\\' => plain.push(*bytes.next()?.1),
            b'"' if quoted && input.get(at + 1) == Some(&b'"') => {
                plain.push(b'"');
                bytes.next();
            }
            b'"' => quoted = !quoted,
            byte if !quoted && (byte == delimiter || byte == close) => {
                return input.split_at_checked(at);
            }
            byte => plain.push(byte),
        }
    }
    None
}

/// How a container quotes what stands in it (`array_out`, `record_out`).
#[derive(Clone, Copy)]
enum Quoting {
    /// Escapes with a backslash; the delimiter and braces need quotes.
    Array(u8),
    /// Escapes by doubling; commas and brackets need quotes.
    Composite,
}

impl Quoting {
    fn needs_quotes(self, text: &[u8]) -> bool {
        let special = |byte: u8| match self {
            Self::Array(delimiter) => byte == delimiter || b"\"\\{}".contains(&byte),
            Self::Composite => b"\"\\(),".contains(&byte),
        };
        let null = matches!(self, Self::Array(_)) && text.eq_ignore_ascii_case(b"null");
        let space = |byte: u8| byte.is_ascii_whitespace() || byte == 11;
        text.is_empty() || null || text.iter().any(|byte| special(*byte) || space(*byte))
    }

    fn write(self, text: &[u8], out: &mut Vec<u8>) {
        if !self.needs_quotes(text) {
            out.extend_from_slice(text);
            return;
        }
        out.push(b'"');
        for byte in text {
            if matches!(byte, b'"' | b'\\') {
                out.push(match self {
                    Self::Array(_) => b'\\',
                    Self::Composite => *byte,
                });
            }
            out.push(*byte);
        }
        out.push(b'"');
    }
}

/// `array_send`: dimensions, flags, element type, bounds, counted elements.
pub(crate) fn array_binary(
    action: &Action,
    element: &Shape,
    input: &[u8],
    out: &mut Vec<u8>,
) -> Applied {
    array_binary_parts(action, element, input, out).unwrap_or(Applied::Null)
}

fn array_binary_parts(
    action: &Action,
    element: &Shape,
    input: &[u8],
    out: &mut Vec<u8>,
) -> Option<Applied> {
    let mut cursor = Cursor::new(input);
    let dimensions = cursor.int32().filter(|n| (0..=MAX_DIMENSIONS).contains(n))?;
    let flags = cursor.int32()?;
    let element_type = cursor.uint32()?;
    out.extend_from_slice(&dimensions.to_be_bytes());
    let flags_at = out.len();
    out.extend_from_slice(&flags.to_be_bytes());
    out.extend_from_slice(&element_type.to_be_bytes());
    let mut count = usize::from(dimensions > 0);
    for _ in 0..dimensions {
        let length = cursor.int32()?;
        count = count.checked_mul(usize::try_from(length).ok()?)?;
        out.extend_from_slice(&length.to_be_bytes());
        let begins = cursor.take(4)?;
        let first = 1i32.to_be_bytes();
        let masked = matches!(action, Action::Mask(_));
        out.extend_from_slice(if masked { &first } else { begins });
    }
    let mut changed = Change::default();
    for _ in 0..count {
        changed.element(action, element, cursor.counted()?, out);
    }
    if changed.null
        && let Some(slot) = out.get_mut(flags_at..flags_at + 4)
    {
        slot.copy_from_slice(&1i32.to_be_bytes());
    }
    changed.outcome(cursor.is_empty())
}

/// `record_send`: the number of fields, then each with its type and length. The types stand in
/// the value, so built-in ones are known even in a `record`.
pub(crate) fn composite_binary(
    action: &Action,
    fields: &[Shape],
    input: &[u8],
    out: &mut Vec<u8>,
) -> Applied {
    composite_binary_parts(action, fields, input, out).unwrap_or(Applied::Null)
}

fn composite_binary_parts(
    action: &Action,
    fields: &[Shape],
    input: &[u8],
    out: &mut Vec<u8>,
) -> Option<Applied> {
    let mut cursor = Cursor::new(input);
    let count = usize::try_from(cursor.int32()?).ok()?;
    out.extend_from_slice(input.get(..4)?);
    let mut changed = Change::default();
    for number in 0..count {
        let ty = cursor.uint32()?;
        out.extend_from_slice(&ty.to_be_bytes());
        let known = builtin::shape(ty);
        let shape = known.as_ref().or(fields.get(number)).unwrap_or(&Shape::Opaque);
        changed.element(action, shape, cursor.counted()?, out);
    }
    changed.outcome(cursor.is_empty())
}

#[derive(Default)]
struct Change {
    any: bool,
    null: bool,
}

impl Change {
    fn element(
        &mut self,
        action: &Action,
        shape: &Shape,
        element: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) {
        let Some(raw) = element else {
            out.extend_from_slice(&(-1i32).to_be_bytes());
            return;
        };
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        match value::apply(action, shape, Format::Binary, raw, out) {
            Applied::Masked => self.any = true,
            Applied::Raw => {
                out.truncate(start + 4);
                out.extend_from_slice(raw);
            }
            Applied::Null => {
                out.truncate(start);
                out.extend_from_slice(&(-1i32).to_be_bytes());
                (self.any, self.null) = (true, true);
                return;
            }
        }
        let length = i32::try_from(out.len() - start - 4).unwrap_or(i32::MAX);
        if let Some(slot) = out.get_mut(start..start + 4) {
            slot.copy_from_slice(&length.to_be_bytes());
        }
    }

    fn outcome(&self, complete: bool) -> Option<Applied> {
        match (complete, self.any) {
            (true, true) => Some(Applied::Masked),
            (true, false) => Some(Applied::Raw),
            (false, _) => None,
        }
    }
}

#[cfg(test)]
mod tests;
