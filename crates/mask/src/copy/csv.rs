//! The CSV format of COPY: quoted fields, line ends within quotes. Knows no masks.

use super::{CopyError, CopyStream, Scratch};
use crate::{
    column::{Applied, ColumnMask},
    recent::Recent,
};

/// The length of the first row with its line end.
pub(super) fn row_length(input: &[u8], stream: &CopyStream) -> Option<usize> {
    let mut at = 0;
    loop {
        let found = input.get(at..).and_then(|t| memchr::memchr2(b'\n', stream.quote, t))?;
        at += found + 1;
        if input.get(at - 1) == Some(&b'\n') {
            return Some(at);
        }
        at += quoted_length(input.get(at..)?, stream, false)?;
    }
}

/// The length of the rest of a quoted field, its closing quote included. A quote at the very end
/// may be the first half of a doubled one, unless the text is known to be complete.
fn quoted_length(text: &[u8], stream: &CopyStream, complete: bool) -> Option<usize> {
    let mut at = 0;
    loop {
        let found = text.get(at..).and_then(|t| memchr::memchr2(stream.quote, stream.escape, t))?;
        at += found;
        let byte = *text.get(at)?;
        let next = text.get(at + 1).copied();
        let escapes = byte == stream.escape
            && next.is_some_and(|next| next == stream.quote || next == stream.escape);
        if byte == stream.escape && next.is_none() && !complete {
            return None;
        }
        match (escapes, byte == stream.quote) {
            (true, _) => at += 2,
            (false, true) => return Some(at + 1),
            (false, false) => at += 1,
        }
    }
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
        let length = field_length(text, stream)?;
        let (field, tail) = text.split_at_checked(length).ok_or(CopyError::Malformed)?;
        rest = tail.get(1..);
        let Some((column, recent)) = columns.get(found).zip(scratch.recent.get_mut(found)) else {
            return Err(CopyError::Columns { found: found + 1, expected });
        };
        if found > 0 {
            out.push(stream.delimiter);
        }
        let buffers = [&mut scratch.plain, &mut scratch.masked];
        let place = Place {
            alone: expected == 1,
            forced: stream.force_quote.get(found).copied().unwrap_or(false),
        };
        let made = mask_field(field, stream, (column, recent), buffers, out, place)?;
        if let Some(tally) = scratch.tallies.get_mut(found) {
            tally.note(made);
        }
        found += 1;
    }
    if found == expected { Ok(()) } else { Err(CopyError::Columns { found, expected }) }
}

fn field_length(text: &[u8], stream: &CopyStream) -> Result<usize, CopyError> {
    if text.first() != Some(&stream.quote) {
        let end = memchr::memchr(stream.delimiter, text).unwrap_or(text.len());
        let plain = text.get(..end).is_some_and(|field| !field.contains(&stream.quote));
        return if plain { Ok(end) } else { Err(CopyError::Malformed) };
    }
    let body = text.get(1..).unwrap_or_default();
    let length = quoted_length(body, stream, true).ok_or(CopyError::Malformed)? + 1;
    match text.get(length) {
        None => Ok(length),
        Some(byte) if *byte == stream.delimiter => Ok(length),
        Some(_) => Err(CopyError::Malformed),
    }
}

/// What is known of a field but its value.
#[derive(Clone, Copy)]
struct Place {
    /// It is the only one of its row.
    alone: bool,
    /// It is quoted whatever it holds.
    forced: bool,
}

/// Appends what becomes of a field, and answers what did; `None` of NULL.
fn mask_field(
    field: &[u8],
    stream: &CopyStream,
    (column, recent): (&ColumnMask, &mut Recent),
    [unescaped, masked]: [&mut Vec<u8>; 2],
    out: &mut Vec<u8>,
    place: Place,
) -> Result<Option<Applied>, CopyError> {
    let quoted = field.first() == Some(&stream.quote);
    let null = !quoted && field == stream.null;
    if column.passes() || null {
        out.extend_from_slice(field);
        return Ok((!null).then_some(Applied::Raw));
    }
    let inner = match (quoted, field) {
        (true, [_, inner @ .., _]) => inner,
        (true, _) => return Err(CopyError::Malformed),
        (false, field) => field,
    };
    let plain = if quoted && inner.contains(&stream.escape) {
        unescape(inner, stream, unescaped);
        unescaped.as_slice()
    } else {
        inner
    };
    masked.clear();
    let made = column.apply_lately(recent, plain, masked);
    match made {
        Applied::Raw => out.extend_from_slice(field),
        Applied::Null => out.extend_from_slice(&stream.null),
        Applied::Masked => {
            // Whether the value needed quotes is its own affair: the client chooses which
            // characters do, and would see which of them it holds.
            let quotes = place.forced || needs_quotes(masked, stream, place.alone);
            write(masked, stream, quotes, out);
        }
    }
    Ok(Some(made))
}

fn unescape(inner: &[u8], stream: &CopyStream, plain: &mut Vec<u8>) {
    plain.clear();
    let mut bytes = inner.iter().peekable();
    while let Some(byte) = bytes.next() {
        let pair =
            bytes.peek().is_some_and(|next| **next == stream.quote || **next == stream.escape);
        if *byte == stream.escape && pair {
            plain.extend(bytes.next());
        } else {
            plain.push(*byte);
        }
    }
}

fn needs_quotes(value: &[u8], stream: &CopyStream, alone: bool) -> bool {
    let special = |byte: &u8| {
        *byte == stream.delimiter || *byte == stream.quote || matches!(*byte, b'\n' | b'\r')
    };
    value == stream.null || (alone && value == b"\\.") || value.iter().any(special)
}

fn write(value: &[u8], stream: &CopyStream, quotes: bool, out: &mut Vec<u8>) {
    if !quotes {
        out.extend_from_slice(value);
        return;
    }
    out.push(stream.quote);
    for byte in value {
        if *byte == stream.quote || *byte == stream.escape {
            out.push(stream.escape);
        }
        out.push(*byte);
    }
    out.push(stream.quote);
}
