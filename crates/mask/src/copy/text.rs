//! The text format of COPY: one line a row, backslash escapes. Knows no masks.

use super::{CopyError, CopyStream, Scratch};
use crate::{
    column::{Applied, ColumnMask},
    recent::Recent,
};

/// The length of the first row with its line end. A line end inside a value is always escaped.
pub(super) fn row_length(input: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', input).map(|at| at + 1)
}

/// True if no value is written as what stands for NULL is: if it is empty, or holds a backslash
/// before what needs none. Any other may be a value as well, and is masked like one: who chooses
/// it would see by it which values it hits.
pub(super) fn is_no_value(null: &[u8], delimiter: u8) -> bool {
    let mut bytes = null.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'\\' {
            continue;
        }
        let escapes = |next: &u8| {
            *next == b'\\' || *next == delimiter || ESCAPES.iter().any(|(it, _)| it == next)
        };
        if !bytes.next().is_some_and(escapes) {
            return true;
        }
    }
    null.is_empty()
}

/// Appends the row (without line end) with its fields masked. `null`: what certainly is NULL.
pub(super) fn mask_row(
    line: &[u8],
    (stream, null): (&CopyStream, Option<&[u8]>),
    columns: &[ColumnMask],
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), CopyError> {
    let expected = columns.len();
    let mut rest = Some(line).filter(|line| expected > 0 || !line.is_empty());
    let mut found = 0;
    while let Some(text) = rest {
        let (length, escaped) = field_length(text, stream.delimiter);
        let (field, tail) = text.split_at_checked(length).ok_or(CopyError::Malformed)?;
        rest = tail.get(1..);
        let Some((column, recent)) = columns.get(found).zip(scratch.recent.get_mut(found)) else {
            let found = found + 1 + rest.map_or(0, |rest| count(rest, stream.delimiter));
            return Err(CopyError::Columns { found, expected });
        };
        if found > 0 {
            out.push(stream.delimiter);
        }
        let made = if Some(field) == null {
            None
        } else if column.passes() {
            Some(Applied::Raw)
        } else if escaped {
            unescape(field, &mut scratch.plain)?;
            Some(mask(&scratch.plain, (column, recent), stream, &mut scratch.masked, out))
        } else {
            Some(mask(field, (column, recent), stream, &mut scratch.masked, out))
        };
        unless_made(made.unwrap_or(Applied::Raw), field, stream, out);
        if let Some(tally) = scratch.tallies.get_mut(found) {
            tally.note(made);
        }
        found += 1;
    }
    if found == expected { Ok(()) } else { Err(CopyError::Columns { found, expected }) }
}

fn count(mut rest: &[u8], delimiter: u8) -> usize {
    let mut count = 1;
    while let Some(tail) = rest.get(field_length(rest, delimiter).0 + 1..) {
        count += 1;
        rest = tail;
    }
    count
}

/// How long the first field is, and whether a backslash stands in it.
fn field_length(text: &[u8], delimiter: u8) -> (usize, bool) {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|t| memchr::memchr2(delimiter, b'\\', t)) {
        let at = from + found;
        if text.get(at) == Some(&delimiter) {
            return (at, from > 0);
        }
        from = at + 2;
    }
    (text.len(), from > 0)
}

/// Appends what becomes of a plain field, as the format writes it, if anything does.
fn mask(
    plain: &[u8],
    (column, recent): (&ColumnMask, &mut Recent),
    stream: &CopyStream,
    masked: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Applied {
    let start = out.len();
    let applied = column.apply_lately(recent, plain, out);
    let made = out.get(start..).unwrap_or_default();
    // Nearly nothing has to be escaped; what must is written again. All bytes are looked at, which
    // takes less than to stop at the first.
    if made.iter().fold(false, |found, byte| found | is_special(*byte, stream.delimiter)) {
        masked.clear();
        masked.extend_from_slice(made);
        out.truncate(start);
        escape(masked, stream.delimiter, out);
    }
    applied
}

fn unless_made(made: Applied, field: &[u8], stream: &CopyStream, out: &mut Vec<u8>) {
    match made {
        Applied::Raw => out.extend_from_slice(field),
        Applied::Null => out.extend_from_slice(&stream.null),
        Applied::Masked => {}
    }
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

fn is_special(byte: u8, delimiter: u8) -> bool {
    (8..=13).contains(&byte) | (byte == b'\\') | (byte == delimiter)
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
