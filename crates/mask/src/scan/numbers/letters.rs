//! Numbers with letters in them: IBANs and national ids. Knows where letters stand around digits.

use crate::{checksum, scan::Kind};

/// Room for the longest (34 characters of an IBAN).
const MAX_CHARS: usize = 34;

/// False if neither letters stand before the digits nor so many digits that one may follow.
#[inline(always)]
pub(super) fn may_stand(value: &[u8], start: usize, end: usize) -> bool {
    let before = |back: usize| start.checked_sub(back).and_then(|at| value.get(at));
    match before(1) {
        Some(byte) if byte.is_ascii_uppercase() => true,
        Some(b' ') if before(2).is_some_and(u8::is_ascii_uppercase) => true,
        _ => matches!(end - start, 8 | 17),
    }
}

/// What stands around the first digits of a group: start, end, kind.
pub(super) fn around(value: &[u8], start: usize, end: usize) -> Option<(usize, usize, Kind)> {
    let before = value.get(..start)?;
    let letters =
        before.iter().rev().take(MAX_CHARS).take_while(|byte| byte.is_ascii_uppercase()).count();
    // `AB 12 34 56 C` has a space behind its letters.
    let spaced = letters == 0 && start >= 3 && value.get(start - 1) == Some(&b' ');
    match letters {
        2 => iban(value, start - 2).or_else(|| nino(value, start - 2)),
        6 => fixed(value, start - 6, 16, checksum::codice_fiscale),
        4 => fixed(value, start - 4, 18, checksum::curp),
        0 if spaced && is_pair(value, start - 3) => {
            nino(value, start - 3).or_else(|| trailing(value, start, end))
        }
        0 => trailing(value, start, end),
        1 => nie(value, start, end),
        _ => None,
    }
}

fn is_pair(value: &[u8], at: usize) -> bool {
    value.get(at..at + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_uppercase))
}

/// Letters and digits from `at` with single spaces or hyphens between, and where each ends.
fn gather(value: &[u8], at: usize, limit: usize) -> ([u8; MAX_CHARS], usize, usize) {
    let mut chars = [0; MAX_CHARS];
    let (mut count, mut end, mut gap) = (0, at, 0);
    for (place, byte) in value.iter().enumerate().skip(at) {
        if count == limit {
            break;
        }
        match *byte {
            byte if byte.is_ascii_alphanumeric() => {
                if let Some(slot) = chars.get_mut(count) {
                    *slot = byte;
                }
                (count, end, gap) = (count + 1, place + 1, 0);
            }
            b' ' | b'-' if gap == 0 => gap = 1,
            _ => break,
        }
    }
    (chars, count, end)
}

/// True if nothing wordy touches the span.
fn stands_alone(value: &[u8], start: usize, end: usize) -> bool {
    let wordy =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    !wordy(start.checked_sub(1).and_then(|at| value.get(at))) && !wordy(value.get(end))
}

fn iban(value: &[u8], start: usize) -> Option<(usize, usize, Kind)> {
    let length = checksum::iban_length(value.get(start..start + 2)?)?;
    let (chars, count, end) = gather(value, start, length);
    let text = chars.get(..count)?;
    (count == length && checksum::iban(text) && stands_alone(value, start, end)).then_some((
        start,
        end,
        Kind::BankAccount,
    ))
}

fn nino(value: &[u8], start: usize) -> Option<(usize, usize, Kind)> {
    let (chars, count, end) = gather(value, start, 9);
    let [first, second, digits @ .., suffix] = chars.get(..count)? else { return None };
    let sound = count == 9
        && digits.iter().all(u8::is_ascii_digit)
        && checksum::nino([*first, *second], *suffix)
        && stands_alone(value, start, end);
    sound.then_some((start, end, Kind::NationalId))
}

fn fixed(
    value: &[u8],
    start: usize,
    length: usize,
    sound: fn(&[u8]) -> bool,
) -> Option<(usize, usize, Kind)> {
    let text = value.get(start..start + length)?;
    (sound(text) && stands_alone(value, start, start + length)).then_some((
        start,
        start + length,
        Kind::NationalId,
    ))
}

/// What digits mean; `None` where there is no room.
fn digits<'a>(text: &[u8], room: &'a mut [u8]) -> Option<&'a [u8]> {
    let digits = room.get_mut(..text.len())?;
    for (digit, byte) in digits.iter_mut().zip(text) {
        *digit = byte - b'0';
    }
    Some(digits)
}

/// Spain's `12345678Z`, also with a hyphen; China's 17 digits and an X.
fn trailing(value: &[u8], start: usize, end: usize) -> Option<(usize, usize, Kind)> {
    if !matches!(end - start, 8 | 17) {
        return None;
    }
    let hyphen = usize::from(value.get(end) == Some(&b'-'));
    let letter = *value.get(end + hyphen).filter(|byte| byte.is_ascii_uppercase())?;
    let after = end + hyphen + 1;
    let mut room = [0; 17];
    let digits = digits(value.get(start..end)?, &mut room)?;
    let sound = checksum::dni(digits, letter)
        || (letter == b'X' && hyphen == 0 && checksum::resident(digits, letter));
    (sound && stands_alone(value, start, after)).then_some((start, after, Kind::NationalId))
}

/// Spain's number of foreigners: X, Y or Z in front stand for a first digit.
fn nie(value: &[u8], start: usize, end: usize) -> Option<(usize, usize, Kind)> {
    let lead = match value.get(start - 1)? {
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        _ => return None,
    };
    let letter = *value.get(end)?;
    let mut number = [lead; 8];
    let (_, rest) = number.split_first_mut()?;
    let rest_length = rest.len();
    digits(value.get(start..end).filter(|text| text.len() == rest_length)?, rest)?;
    (checksum::dni(&number, letter) && stands_alone(value, start - 1, end + 1)).then_some((
        start - 1,
        end + 1,
        Kind::NationalId,
    ))
}
