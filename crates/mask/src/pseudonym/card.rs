//! Payment cards. A pseudonym has three digits more than the card, passes Luhn, and begins with 9
//! and the number of a country that does not exist, where ISO/IEC 7812-1 lets no issuer be. So it
//! is nobody's card, and still 16 digits have a pseudonym that fits a `bigint`. With as many
//! digits as the card there are not enough numbers without an issuer to stand for all that have
//! one. Knows no labels.

use super::shaped::{digits_of, replaced};
use crate::{checksum, ff1::Way, key::Secret};

/// Numbers that ISO 3166-1 gives to no country and never gave, ten for each mark of a key: the
/// digit that is not spelt out is told by which of the ten it is.
const NOWHERE: [[u16; 10]; 3] = [
    [0, 1, 2, 3, 5, 6, 7, 9, 11, 13],
    [14, 15, 17, 18, 19, 21, 22, 23, 25, 26],
    [27, 29, 30, 33, 34, 35, 37, 38, 39, 41],
];
const TWEAK: &[u8] = b"card";
/// Digits that a pseudonym has more.
const MORE: usize = 3;

/// The pseudonym of a card in text; its separators stay, and the digits that it has more follow
/// behind one of the same kind.
pub(super) fn there(secret: &Secret, value: &str) -> Option<String> {
    let digits = number(secret, Way::There, &digits_of(value, super::shaped::is_separator)?)?;
    let (own, more) = digits.split_at_checked(digits.len() - MORE)?;
    let mut out = replaced(value, own);
    out.extend(value.chars().rfind(|c| super::shaped::is_separator(*c)));
    out.extend(more.iter().map(|digit| char::from_digit(u32::from(*digit), 10).unwrap_or('?')));
    Some(out)
}

pub(super) fn back(secret: &Secret, value: &str) -> Option<String> {
    let digits = number(secret, Way::Back, &digits_of(value, super::shaped::is_separator)?)?;
    let own = value.get(..value.len().checked_sub(MORE)?)?;
    let own = own.strip_suffix(super::shaped::is_separator).unwrap_or(own);
    Some(replaced(own, &digits))
}

/// The same for digits alone; `None` for what is no card, or no pseudonym of one by this key.
pub(crate) fn number(secret: &Secret, way: Way, digits: &[u16]) -> Option<Vec<u16>> {
    let (_, body) = digits.split_last()?;
    let countries = NOWHERE.get(usize::try_from(secret.number % 3).ok()?)?;
    let luhn = |digits: &[u16]| checksum::luhn(&narrow(digits));
    let mut out = match way {
        Way::There => {
            if !(13..=19).contains(&digits.len()) || !luhn(digits) {
                return None;
            }
            let mut body = body.to_vec();
            secret.permute(way, 10, TWEAK, &mut body);
            let (first, rest) = body.split_first()?;
            let country = countries.get(usize::from(*first))?;
            let head = [9, country / 100, country / 10 % 10, country % 10];
            [&head, rest].concat()
        }
        Way::Back => {
            let [9, a, b, c, rest @ ..] = body else { return None };
            if !(16..=22).contains(&digits.len()) || !luhn(digits) {
                return None;
            }
            let country = a * 100 + b * 10 + c;
            let first = countries.iter().position(|known| *known == country)?;
            let mut body = [&[u16::try_from(first).ok()?], rest].concat();
            secret.permute(way, 10, TWEAK, &mut body);
            body
        }
    };
    out.push(0);
    let check = (0..10).find(|check| {
        if let Some(last) = out.last_mut() {
            *last = *check;
        }
        luhn(&out)
    });
    check.map(|_| out)
}

fn narrow(digits: &[u16]) -> Vec<u8> {
    digits.iter().map(|digit| u8::try_from(*digit).unwrap_or_default()).collect()
}
