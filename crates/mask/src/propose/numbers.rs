//! National numbers whose check is too weak for a single value (one in ten or eleven passes), but
//! not for a column in which nearly all pass. Knows no columns.

use crate::checksum;

/// A check of a number that has been cleared of what people put between its digits.
type Check = fn(&[u8]) -> bool;

/// Numbers of digits alone.
const DIGITS: &[Check] = &[
    canada,
    australian_tax,
    australian_medicare,
    south_africa,
    japan,
    checksum::personnummer,
    checksum::rrn,
    turkey,
    romania,
    norway,
    russia,
    mexican_social,
];

/// Numbers with letters in them.
const MIXED: &[Check] = &[india_pan, finland];

/// How many kinds of numbers are told apart.
pub(super) const KINDS: usize = 14;

/// Adds one to the count of each kind that a value may be.
pub(super) fn count(value: &str, counts: &mut [usize; KINDS]) {
    let bytes: Vec<u8> =
        value.bytes().filter(|b| !b" -./".contains(b) || value.len() == 11 && *b == b'-').collect();
    if bytes.len() > 16 || bytes.len() < 9 {
        return;
    }
    let plain: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    let only_digits = value.bytes().all(|b| b.is_ascii_digit() || b" -./".contains(&b));
    let checks = DIGITS.iter().map(|check| only_digits && check(&plain));
    let checks = checks.chain(MIXED.iter().map(|check| check(&bytes)));
    for (count, holds) in counts.iter_mut().zip(checks) {
        *count += usize::from(holds);
    }
}

/// The number of a patient in Britain: ten digits, the last by eleven.
pub(super) fn british_health(value: &str) -> bool {
    let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    let spelt = value.bytes().all(|b| b.is_ascii_digit() || b" -".contains(&b));
    digits.len() == 10
        && spelt
        && value.len() <= 12
        && sum(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// The number of a bank in the United States (ABA): nine digits, a district of the Federal Reserve
/// in front, weights 3, 7 and 1.
pub(super) fn american_bank(value: &str) -> bool {
    let digits: Vec<u8> = value.bytes().map(|b| b.wrapping_sub(b'0')).collect();
    let district = at(&digits, 0) * 10 + at(&digits, 1);
    digits.len() == 9
        && digits.iter().all(|digit| *digit < 10)
        && matches!(district, 1..=12 | 21..=32 | 61..=72 | 80)
        && sum(&digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

fn sum(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

fn at(digits: &[u8], place: usize) -> u32 {
    digits.get(place).copied().map_or(0, u32::from)
}

/// Month and day at this place are such.
fn is_day(digits: &[u8], month: usize) -> bool {
    let two = |place| at(digits, place) * 10 + at(digits, place + 1);
    (1..=12).contains(&two(month)) && (1..=31).contains(&two(month + 2))
}

fn canada(digits: &[u8]) -> bool {
    digits.len() == 9 && !matches!(at(digits, 0), 0 | 8) && checksum::luhn(digits)
}

fn australian_tax(digits: &[u8]) -> bool {
    digits.len() == 9 && sum(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
}

fn australian_medicare(digits: &[u8]) -> bool {
    (10..=11).contains(&digits.len())
        && (2..=6).contains(&at(digits, 0))
        && sum(digits, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == at(digits, 8)
}

fn south_africa(digits: &[u8]) -> bool {
    digits.len() == 13 && is_day(digits, 2) && at(digits, 10) < 3 && checksum::luhn(digits)
}

fn japan(digits: &[u8]) -> bool {
    let rest = sum(digits, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    digits.len() == 12 && at(digits, 11) == if rest <= 1 { 0 } else { 11 - rest }
}

fn turkey(digits: &[u8]) -> bool {
    let odd = sum(digits, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = sum(digits, &[0, 1, 0, 1, 0, 1, 0, 1]);
    digits.len() == 11
        && at(digits, 0) > 0
        && (odd * 7 + 100 - even) % 10 == at(digits, 9)
        && sum(digits, &[1; 10]) % 10 == at(digits, 10)
}

fn romania(digits: &[u8]) -> bool {
    let rest = sum(digits, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    digits.len() == 13
        && at(digits, 0) > 0
        && is_day(digits, 3)
        && at(digits, 12) == if rest == 10 { 1 } else { rest }
}

fn norway(digits: &[u8]) -> bool {
    digits.len() == 11
        && sum(digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && sum(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

fn russia(digits: &[u8]) -> bool {
    digits.len() == 12
        && sum(digits, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == at(digits, 10)
        && sum(digits, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == at(digits, 11)
}

fn mexican_social(digits: &[u8]) -> bool {
    digits.len() == 11 && checksum::luhn(digits)
}

/// Five letters, of which the fourth says what the holder is, four digits, a letter.
fn india_pan(bytes: &[u8]) -> bool {
    let letters = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_uppercase))
    };
    bytes.len() == 10
        && letters(0..5)
        && bytes.get(3).is_some_and(|kind| b"ABCFGHJLPT".contains(kind))
        && bytes.get(5..9).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
        && letters(9..10)
}

/// `131052-308T`: the day of birth, a sign for the century, a number and its rest by 31.
fn finland(bytes: &[u8]) -> bool {
    const SIGNS: &[u8] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let (Some(day), Some(number)) = (bytes.get(..6), bytes.get(7..10)) else { return false };
    let digits = day.iter().chain(number);
    if bytes.len() != 11 || !digits.clone().all(u8::is_ascii_digit) {
        return false;
    }
    let value = digits.fold(0_usize, |value, digit| value * 10 + usize::from(digit - b'0'));
    bytes.get(6).is_some_and(|sign| b"+-ABCDEFUVWXY".contains(sign))
        && SIGNS.get(value % 31) == bytes.last()
}
