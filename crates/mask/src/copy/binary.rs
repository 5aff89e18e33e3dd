//! The binary format of COPY: header, counted fields, trailer. Knows no masks.

use super::{CopyError, Scratch};
use crate::{
    column::{Applied, ColumnMask},
    cursor::Cursor,
};

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xFF\r\n\0";
/// Flag bits 16 to 31 are critical: a reader must refuse those it does not know, among them the
/// one for rows with oids, gone since PostgreSQL 12.
const CRITICAL: i32 = -0x1_0000;
/// A header's extension area has been empty since the format exists; a long one is an attack.
const MAX_EXTENSION: usize = 1 << 20;

/// The length of the header, once all of it is there.
pub(super) fn header_length(input: &[u8]) -> Result<Option<usize>, CopyError> {
    let common = input.len().min(SIGNATURE.len());
    if input.get(..common) != SIGNATURE.get(..common) {
        return Err(CopyError::Malformed);
    }
    let mut cursor = Cursor::new(input);
    let (Some(_), Some(flags), Some(extension)) =
        (cursor.take(SIGNATURE.len()), cursor.int32(), cursor.int32())
    else {
        return Ok(None);
    };
    let extension = usize::try_from(extension).map_err(|_| CopyError::Malformed)?;
    if flags & CRITICAL != 0 || extension > MAX_EXTENSION {
        return Err(CopyError::Malformed);
    }
    Ok(cursor.take(extension).map(|_| SIGNATURE.len() + 8 + extension))
}

/// The length of the next row and whether it is the trailer, once all of it is there.
pub(super) fn row_length(
    input: &[u8],
    expected: usize,
) -> Result<Option<(usize, bool)>, CopyError> {
    let mut cursor = Cursor::new(input);
    let Some(count) = cursor.int16() else { return Ok(None) };
    if count == -1 {
        return Ok(Some((2, true)));
    }
    let found = usize::try_from(count).map_err(|_| CopyError::Malformed)?;
    if found != expected {
        return Err(CopyError::Columns { found, expected });
    }
    let mut length = 2;
    for _ in 0..found {
        let Some(field) = cursor.int32() else { return Ok(None) };
        length += 4;
        if field == -1 {
            continue;
        }
        let field = usize::try_from(field).map_err(|_| CopyError::Malformed)?;
        if cursor.take(field).is_none() {
            return Ok(None);
        }
        length += field;
    }
    Ok(Some((length, false)))
}

/// Appends a whole row with its fields masked.
pub(super) fn mask_row(
    row: &[u8],
    columns: &[ColumnMask],
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), CopyError> {
    let mut cursor = Cursor::new(row);
    out.extend_from_slice(cursor.take(2).ok_or(CopyError::Malformed)?);
    let Scratch { recent, tallies, .. } = scratch;
    for ((column, recent), tally) in columns.iter().zip(recent).zip(tallies) {
        let field = cursor.counted().ok_or(CopyError::Malformed)?;
        let Some(field) = field else {
            tally.note(None);
            out.extend_from_slice(&(-1i32).to_be_bytes());
            continue;
        };
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        let made = column.apply_lately(recent, field, out);
        tally.note(Some(made));
        match made {
            Applied::Raw => out.extend_from_slice(field),
            Applied::Masked => {}
            Applied::Null => {
                out.truncate(start);
                out.extend_from_slice(&(-1i32).to_be_bytes());
                continue;
            }
        }
        let length = i32::try_from(out.len() - start - 4).map_err(|_| CopyError::TooLong)?;
        if let Some(slot) = out.get_mut(start..start + 4) {
            slot.copy_from_slice(&length.to_be_bytes());
        }
    }
    Ok(())
}
