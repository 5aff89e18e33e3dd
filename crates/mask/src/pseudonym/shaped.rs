//! Values that keep their form: digits become digits, letters letters of the same case, and what
//! stands between them stays. Knows no labels.
//!
//! Six digits or five letters at least: FF1 wants a million possible values.

use crate::{checksum, ff1::Way, key::Secret};

/// Digits and letters that are permuted; longer text is no number of anybody's.
const MAX_LENGTH: usize = 64;
/// The fewest digits, and the fewest letters, that FF1 permutes.
const MIN_DIGITS: usize = 6;
const MIN_LETTERS: usize = 5;

/// What may stand between digits and letters.
pub(super) fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | ',')
}

/// The digits of a text that holds nothing but digits and what `between` allows.
pub(super) fn digits_of(value: &str, between: impl Fn(char) -> bool) -> Option<Vec<u16>> {
    let mut digits = Vec::with_capacity(value.len());
    for c in value.chars() {
        match c.to_digit(10) {
            Some(digit) => digits.push(u16::try_from(digit).ok()?),
            None if between(c) => {}
            None => return None,
        }
    }
    (digits.len() <= MAX_LENGTH).then_some(digits)
}

/// A text with these digits in the places of its own.
pub(super) fn replaced(value: &str, digits: &[u16]) -> String {
    let mut digits = digits.iter();
    let place = |c: char| match c.to_digit(10) {
        Some(_) => digits.next().and_then(|digit| char::from_digit(u32::from(*digit), 10)),
        None => Some(c),
    };
    value.chars().filter_map(place).collect()
}

/// Digits among those that begin as they do: a zero in front stays and no other digit becomes one,
/// so that a number in a numeric column and the same in text have the same pseudonym. False for
/// fewer than six.
pub(crate) fn walk_digits(
    secret: &Secret,
    way: Way,
    tweak: &[u8],
    digits: &mut [u16],
    fits: impl Fn(&[u16]) -> bool,
) -> bool {
    let zero = digits.first() == Some(&0);
    let free = if zero { digits.get_mut(1..).unwrap_or_default() } else { digits };
    if !(MIN_DIGITS..=MAX_LENGTH).contains(&free.len()) {
        return false;
    }
    secret.walk(way, 10, tweak, free, |digits| (zero || digits.first() != Some(&0)) && fits(digits))
}

/// Digits and ASCII letters with separators; `None` for anything else, and for what is too short.
pub(super) fn text(secret: &Secret, way: Way, value: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || is_separator(c) || c == '+';
    if !value.chars().all(plain) {
        return None;
    }
    let mut digits: Vec<u16> =
        value.bytes().filter(u8::is_ascii_digit).map(|byte| u16::from(byte - b'0')).collect();
    let mut letters: Vec<u16> = value
        .bytes()
        .filter(u8::is_ascii_alphabetic)
        .map(|byte| u16::from(byte.to_ascii_lowercase() - b'a'))
        .collect();
    both(secret, way, &mut digits, &mut letters).then_some(())?;
    let mut letters = letters.into_iter();
    let numbered = replaced(value, &digits);
    let lettered = numbered.chars().map(|c| match c {
        'a'..='z' => letter(b'a', letters.next()),
        'A'..='Z' => letter(b'A', letters.next()),
        _ => c,
    });
    Some(lettered.collect())
}

fn letter(first: u8, place: Option<u16>) -> char {
    char::from(first + u8::try_from(place.unwrap_or_default()).unwrap_or_default())
}

/// The kind of which there are enough is permuted under the other as the tweak, then the other
/// under what the first became: few letters among many digits depend on all of them.
fn both(secret: &Secret, way: Way, digits: &mut [u16], letters: &mut [u16]) -> bool {
    let free = digits.len() - usize::from(digits.first() == Some(&0));
    if digits.len() > MAX_LENGTH || letters.len() > MAX_LENGTH {
        return false;
    }
    let numbered = |secret: &Secret, digits: &mut [u16], tweak: &[u16]| {
        walk_digits(secret, way, &bytes(tweak), digits, |_| true)
    };
    if free >= MIN_DIGITS {
        return match way {
            Way::There => {
                let done = numbered(secret, digits, letters);
                secret.permute(way, 26, &bytes(digits), letters);
                done
            }
            Way::Back => {
                secret.permute(way, 26, &bytes(digits), letters);
                numbered(secret, digits, letters)
            }
        };
    }
    if letters.len() < MIN_LETTERS {
        return false;
    }
    // Six digits with a zero in front are too few because of it, so it has to stay.
    let kept = usize::from(digits.len() == MIN_DIGITS);
    let few = |digits: &mut [u16], letters: &[u16]| {
        let rest = digits.get_mut(kept..).unwrap_or_default();
        secret.permute(way, 10, &bytes(letters), rest);
    };
    match way {
        Way::There => {
            secret.permute(way, 26, &bytes(digits), letters);
            few(digits, letters);
        }
        Way::Back => {
            few(digits, letters);
            secret.permute(way, 26, &bytes(digits), letters);
        }
    }
    true
}

fn bytes(numerals: &[u16]) -> Vec<u8> {
    numerals.iter().map(|numeral| u8::try_from(*numeral).unwrap_or_default()).collect()
}

/// A telephone number: behind a plus sign the country's code stays and is the tweak.
pub(super) fn phone(secret: &Secret, way: Way, value: &str) -> Option<String> {
    let Some(international) = value.strip_prefix('+') else { return text(secret, way, value) };
    let digits = digits_of(international, is_separator)?;
    let code = country_code(&digits);
    let mut national = digits.get(code..)?.to_vec();
    let tweak = [b"+", bytes(digits.get(..code)?).as_slice()].concat();
    walk_digits(secret, way, &tweak, &mut national, |_| true).then_some(())?;
    let all = [digits.get(..code)?, &national].concat();
    Some(format!("+{}", replaced(international, &all)))
}

/// How many digits a country's code has (ITU-T E.164 annex).
fn country_code(digits: &[u16]) -> usize {
    match digits {
        [1 | 7, ..] => 1,
        [2, 0 | 7, ..]
        | [3, 0..=4 | 6 | 9, ..]
        | [4, 0 | 1 | 3..=9, ..]
        | [5, 1..=8, ..]
        | [6, 0..=6, ..]
        | [8, 1 | 2 | 4 | 6, ..]
        | [9, 0..=5 | 8, ..] => 2,
        _ => digits.len().min(3),
    }
}

/// An IBAN: the country stays, the account's own digits and letters are permuted, and the check
/// digits are wrong, by as much as the account and the key say. Every bank refuses it, so no money
/// goes to somebody else's account that happens to have this number.
pub(super) fn iban(secret: &Secret, way: Way, value: &str) -> Option<String> {
    let compact: String = value.chars().filter(|c| *c != ' ').collect();
    let (country, rest) = compact.split_at_checked(2)?;
    let (check, account) = rest.split_at_checked(2)?;
    let known = checksum::iban_length(country.as_bytes()) == Some(compact.len());
    if !known || !account.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
        return None;
    }
    let other = account_of(secret, way, account)?;
    let real = if way == Way::There { account } else { &other };
    // By 1 to 96, and by which third of them tells the key among those that are kept.
    let wrong = 1 + u64::from(secret.number % 3) + 3 * secret.below("iban", real.as_bytes(), 32);
    let wrong = u32::try_from(wrong).ok()?;
    let (right, others) = (check_digits(country, account)?, check_digits(country, &other)?);
    let (expected, check_of_other) = match way {
        Way::There => (right, shifted(others, wrong)),
        Way::Back => (shifted(right, wrong), others),
    };
    if check != format!("{expected:02}") {
        return None;
    }
    let whole = format!("{country}{check_of_other:02}{other}");
    let mut whole = whole.chars();
    value.chars().map(|c| if c == ' ' { Some(c) } else { whole.next() }).collect()
}

/// Digits and capitals permuted in their places.
fn account_of(secret: &Secret, way: Way, account: &str) -> Option<String> {
    let number = |byte: u8| u16::from(if byte > b'9' { byte - b'A' } else { byte - b'0' });
    let pick = |digit: bool| account.bytes().filter(move |b| b.is_ascii_digit() == digit);
    let mut digits: Vec<u16> = pick(true).map(number).collect();
    let mut letters: Vec<u16> = pick(false).map(number).collect();
    both(secret, way, &mut digits, &mut letters).then_some(())?;
    let mut letters = letters.into_iter();
    let lettered = replaced(account, &digits);
    let lettered = lettered.chars().map(|c| match c {
        'A'..='Z' => letter(b'A', letters.next()),
        _ => c,
    });
    Some(lettered.collect())
}

/// The check digits of a sound IBAN (ISO 13616: 98 less what is left of the number, 02 to 98).
fn check_digits(country: &str, account: &str) -> Option<u32> {
    let rest = account.bytes().chain(country.bytes()).try_fold(0, |rest, byte| match byte {
        b'0'..=b'9' => Some((rest * 10 + u32::from(byte - b'0')) % 97),
        b'A'..=b'Z' => Some((rest * 100 + u32::from(byte - b'A') + 10) % 97),
        _ => None,
    })?;
    Some(98 - rest * 100 % 97)
}

/// Others of the same range.
fn shifted(check: u32, by: u32) -> u32 {
    (check - 2 + by) % 97 + 2
}
