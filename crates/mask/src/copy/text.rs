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
    let Scratch { plain, masked, recent, tallies } = scratch;
    let mut all = columns.iter().zip(recent).zip(tallies);
    // Where the next field begins, and up to where the line is in `out`: what leaves as it came
    // goes together, with the delimiters between.
    let (mut from, mut out_to) = (0, 0);
    while let Some(rest) = line.get(from..).filter(|rest| expected > 0 || !rest.is_empty()) {
        let Some(((column, recent), tally)) = all.next() else {
            return Err(CopyError::Columns {
                found: expected + count(rest, stream.delimiter),
                expected,
            });
        };
        let (length, escaped) = field_length(rest, stream.delimiter);
        let field = rest.get(..length).ok_or(CopyError::Malformed)?;
        let made = if Some(field) == null {
            None
        } else if column.passes() {
            Some(Applied::Raw)
        } else {
            out.extend_from_slice(line.get(out_to..from).unwrap_or_default());
            out_to = from;
            let value = match escaped {
                true => unescape(field, plain)?,
                false => field,
            };
            Some(mask(value, (column, recent), stream.delimiter, masked, out))
        };
        match made {
            None | Some(Applied::Raw) => {}
            Some(Applied::Null) => {
                out.extend_from_slice(&stream.null);
                out_to = from + length;
            }
            Some(Applied::Masked) => out_to = from + length,
        }
        tally.note(made);
        from += length + 1;
    }
    out.extend_from_slice(line.get(out_to..).unwrap_or_default());
    let missing = all.len();
    match missing {
        0 => Ok(()),
        _ => Err(CopyError::Columns { found: expected - missing, expected }),
    }
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
    delimiter: u8,
    masked: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Applied {
    let start = out.len();
    let applied = column.apply_lately(recent, plain, out);
    let made = out.get(start..).unwrap_or_default();
    // Nearly nothing has to be escaped; what must is written again. All bytes are looked at, which
    // takes less than to stop at the first.
    if made.iter().fold(false, |found, byte| found | is_special(*byte, delimiter)) {
        masked.clear();
        masked.extend_from_slice(made);
        out.truncate(start);
        escape(masked, delimiter, out);
    }
    applied
}

const ESCAPES: [(u8, u8); 6] =
    [(b'b', 8), (b'f', 12), (b'n', b'\n'), (b'r', b'\r'), (b't', b'\t'), (b'v', 11)];

fn unescape<'a>(field: &[u8], plain: &'a mut Vec<u8>) -> Result<&'a [u8], CopyError> {
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
    Ok(plain)
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
