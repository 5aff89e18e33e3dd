//! The number of a house. Knows no streets.

use crate::scan::word::is_wordy;

/// Digits of a number, and of the second part of one.
const MAX_DIGITS: usize = 5;
/// Digits from which on a number may be a year.
const YEAR: usize = 4;

/// `12`, `12a`, `12-14`, `58/61`.
#[derive(Clone, Copy, Debug)]
pub(super) struct House {
    pub(super) start: usize,
    pub(super) end: usize,
    digits: usize,
    /// From 1900 to 2099.
    year: bool,
}

impl House {
    /// The number whose first digit is here, if it stands by itself.
    pub(super) fn read(value: &[u8], start: usize) -> Option<Self> {
        let opens = match start.checked_sub(1).and_then(|at| value.get(at)) {
            None => true,
            // `1,234` is one number.
            Some(b',') => !start.checked_sub(2).is_some_and(|at| is_digit(value, at)),
            Some(byte) => b" \n\t(\"';>".contains(byte),
        };
        let digits = count(value, start);
        if !opens || !(1..=MAX_DIGITS).contains(&digits) {
            return None;
        }
        let mut end = lettered(value, start + digits);
        if matches!(value.get(end), Some(b'-' | b'/')) {
            let more = count(value, end + 1);
            if !(1..=MAX_DIGITS).contains(&more) {
                return None;
            }
            end = lettered(value, end + 1 + more);
        }
        let goes_on = value.get(end + 1).is_some_and(u8::is_ascii_digit);
        let closes = match value.get(end) {
            None => true,
            Some(b'-' | b'/' | b':' | b'.' | b',') => !goes_on,
            Some(b'%' | b'*' | b'=' | b'+' | b'@' | b'_') => false,
            Some(byte) => !is_wordy(byte),
        };
        let year = digits == YEAR && matches!(value.get(start..start + 2), Some(b"19" | b"20"));
        closes.then_some(Self { start, end, digits, year })
    }

    /// True if it may be a year of late.
    pub(super) fn is_year(&self) -> bool {
        self.year
    }

    /// True if the number is too short for a year, or no plain number.
    pub(super) fn is_short(&self) -> bool {
        self.digits < YEAR || self.end - self.start > self.digits
    }
}

fn is_digit(value: &[u8], at: usize) -> bool {
    value.get(at).is_some_and(u8::is_ascii_digit)
}

/// How many digits stand here, or more than a house has: a text of digits alone is looked at from
/// many of its places, and nowhere to its end.
fn count(value: &[u8], at: usize) -> usize {
    let near = value.get(at..).unwrap_or_default().iter().take(MAX_DIGITS + 1);
    near.take_while(|byte| byte.is_ascii_digit()).count()
}

/// Behind the letter that may follow a number.
fn lettered(value: &[u8], at: usize) -> usize {
    let letter = value.get(at).is_some_and(|byte| matches!(byte, b'a'..=b'h' | b'A'..=b'H'));
    let alone = !value.get(at + 1).is_some_and(|byte| is_wordy(byte) && *byte != b'-');
    at + usize::from(letter && alone)
}
