//! The text format of COPY: one line a row, backslash escapes. Knows no masks.

use super::{CopyError, CopyStream, Scratch, apply};
use crate::column::{Applied, ColumnMask};

/// The length of the first row with its line end. A line end inside a value is always escaped.
pub(super) fn row_length(input: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', input).map(|at| at + 1)
}

/// Appends the row (without line end) with its fields masked.
pub(super) fn mask_row(
    line: &[u8],
    stream: &CopyStream,
    columns: &[ColumnMask],
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), CopyError> {
    let expected = columns.len();
    let mut rest = Some(line).filter(|line| expected > 0 || !line.is_empty());
    let mut found = 0;
    while let Some(text) = rest {
        let length = field_length(text, stream.delimiter);
        let (field, tail) = text.split_at_checked(length).ok_or(CopyError::Malformed)?;
        rest = tail.get(1..);
        let Some(column) = columns.get(found) else {
            let found = found + 1 + rest.map_or(0, |rest| count(rest, stream.delimiter));
            return Err(CopyError::Columns { found, expected });
        };
        if found > 0 {
            out.push(stream.delimiter);
        }
        mask_field(field, stream, column, scratch, out)?;
        found += 1;
    }
    if found == expected { Ok(()) } else { Err(CopyError::Columns { found, expected }) }
}

fn count(mut rest: &[u8], delimiter: u8) -> usize {
    let mut count = 1;
    while let Some(tail) = rest.get(field_length(rest, delimiter) + 1..) {
        count += 1;
        rest = tail;
    }
    count
}

fn field_length(text: &[u8], delimiter: u8) -> usize {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|t| memchr::memchr2(delimiter, b'\\', t)) {
        let at = from + found;
        if text.get(at) == Some(&delimiter) {
            return at;
        }
        from = at + 2;
    }
    text.len()
}

fn mask_field(
    field: &[u8],
    stream: &CopyStream,
    column: &ColumnMask,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), CopyError> {
    if column.passes() || field == stream.null {
        out.extend_from_slice(field);
        return Ok(());
    }
    let escaped = memchr::memchr(b'\\', field).is_some();
    if escaped {
        unescape(field, &mut scratch.plain)?;
    }
    let plain = if escaped { scratch.plain.as_slice() } else { field };
    match apply(column, plain, &mut scratch.masked) {
        Applied::Raw => out.extend_from_slice(field),
        Applied::Null => out.extend_from_slice(&stream.null),
        Applied::Masked => escape(&scratch.masked, stream.delimiter, out),
    }
    Ok(())
}

const ESCAPES: [(u8, u8); 6] =
    [(b'b', 8), (b'f', 12), (b'n', b'\n'), (b'r', b'\r'), (b't', b'\t'), (b'v', 11)];

fn unescape(field: &[u8], plain: &mut Vec<u8>) -> Result<(), CopyError> {
    plain.clear();
    let mut bytes = field.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'\\' {
            plain.push(*byte);
            continue;
        }
        let next = *bytes.next().ok_or(CopyError::Malformed)?;
        let known = ESCAPES.iter().find(|(letter, _)| *letter == next);
        plain.push(known.map_or(next, |(_, byte)| *byte));
    }
    Ok(())
}

fn escape(plain: &[u8], delimiter: u8, out: &mut Vec<u8>) {
    for byte in plain {
        match ESCAPES.iter().find(|(_, control)| control == byte) {
            // A control character that is the delimiter is escaped as itself.
            Some((letter, _)) if *byte != delimiter => out.extend_from_slice(&[b'\\', *letter]),
            _ if *byte == b'\\' || *byte == delimiter => out.extend_from_slice(&[b'\\', *byte]),
            _ => out.push(*byte),
        }
    }
}
