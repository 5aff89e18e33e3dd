//! The binary form of `numeric` (PostgreSQL: src/backend/utils/adt/numeric.c, `numeric_send`).
//! Knows no masks.

use crate::cursor::Cursor;

const NEGATIVE: i16 = 0x4000;
/// Digits before or after the point that are read; more than PostgreSQL's own 131,072 + 16,383
/// cannot occur.
const MAX_PLACES: usize = 200_000;

/// Decimal text of the value; `None` for NaN, infinities and what is malformed.
pub(super) fn decode(value: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(value);
    let count = usize::try_from(cursor.int16()?).ok()?;
    let weight = i32::from(cursor.int16()?);
    let sign = cursor.int16()?;
    let scale = usize::try_from(cursor.int16()?).ok()?;
    if sign != 0 && sign != NEGATIVE {
        return None;
    }
    let mut groups = Vec::with_capacity(count);
    for _ in 0..count {
        groups.push(cursor.int16().filter(|group| (0..10_000).contains(group))?);
    }
    let whole_groups = usize::try_from(weight + 1).unwrap_or(0);
    let mut text = String::new();
    if sign == NEGATIVE {
        text.push('-');
    }
    let group = |at: i32| usize::try_from(at).ok().and_then(|at| groups.get(at)).unwrap_or(&0);
    let mut whole = String::new();
    for at in 0..whole_groups {
        whole.push_str(&format!("{:04}", group(i32::try_from(at).ok()?)));
    }
    let whole = whole.trim_start_matches('0');
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        let mut fraction = String::new();
        let mut at = weight + 1;
        while fraction.len() < scale && fraction.len() < MAX_PLACES {
            fraction.push_str(&format!("{:04}", group(at)));
            at += 1;
        }
        text.push('.');
        text.push_str(fraction.get(..scale)?);
    }
    Some(text)
}

/// Appends the binary form of decimal text; of what is not decimal text, zero.
pub(super) fn encode(text: &str, out: &mut Vec<u8>) {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let lead = (4 - whole.len() % 4) % 4;
    let trail = (4 - fraction.len() % 4) % 4;
    let mut padded = "0".repeat(lead);
    padded.push_str(whole);
    padded.push_str(fraction);
    padded.push_str(&"0".repeat(trail));
    let mut groups: Vec<i16> = padded
        .as_bytes()
        .chunks(4)
        .map(|chunk| {
            chunk.iter().fold(0, |sum, byte| sum * 10 + i16::from(byte.wrapping_sub(b'0') % 10))
        })
        .collect();
    let mut weight = i16::try_from((lead + whole.len()) / 4).unwrap_or(i16::MAX) - 1;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..zeros);
    weight -= i16::try_from(zeros).unwrap_or_default();
    if groups.is_empty() {
        weight = 0;
    }
    let sign = if negative && !groups.is_empty() { NEGATIVE } else { 0 };
    let head = [
        i16::try_from(groups.len()).unwrap_or(i16::MAX),
        weight,
        sign,
        i16::try_from(fraction.len()).unwrap_or(i16::MAX),
    ];
    out.extend(head.iter().chain(&groups).flat_map(|number| number.to_be_bytes()));
}
