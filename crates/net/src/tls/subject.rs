//! What a certificate says of itself beside its alternative names: its common name, and until when
//! it is good. Checks nothing: what is read here was checked before.

use super::certificate::element;
use std::time::{Duration, SystemTime};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `id-at-commonName`, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// The types of text that are as wide as their letters: UTF8String, PrintableString, IA5String.
const TEXTS: [u8; 3] = [0x0c, 0x13, 0x16];

/// The validity and the subject of a certificate (RFC 5280 section 4.1).
fn fields(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if let Some((_version, behind)) = element(rest, 0xa0) {
        rest = behind;
    }
    let (_serial, rest) = element(rest, 0x02)?;
    let (_algorithm, rest) = element(rest, SEQUENCE)?;
    let (_issuer, rest) = element(rest, SEQUENCE)?;
    let (validity, rest) = element(rest, SEQUENCE)?;
    let (subject, _) = element(rest, SEQUENCE)?;
    Some((validity, subject))
}

/// From when on a certificate is good.
pub(crate) fn begins(der: &[u8]) -> Option<SystemTime> {
    let (validity, _) = fields(der)?;
    time(validity)
}

/// When a certificate is good no longer.
pub(crate) fn ends(der: &[u8]) -> Option<SystemTime> {
    let (validity, _) = fields(der)?;
    let any = |der| element(der, UTC_TIME).or_else(|| element(der, GENERALIZED_TIME));
    let (_, rest) = any(validity)?;
    // The last second is still part of it (RFC 5280 section 4.1.2.5).
    time(rest)?.checked_add(Duration::from_secs(1))
}

/// The time that stands first.
fn time(der: &[u8]) -> Option<SystemTime> {
    let (text, _) = element(der, UTC_TIME).or_else(|| element(der, GENERALIZED_TIME))?;
    let short = der.first() == Some(&UTC_TIME);
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = text.split_at_checked(if short { 2 } else { 4 })?;
    let year: i64 = digits(year)?;
    let year = match short {
        true if year < 50 => year + 2000,
        true => year + 1900,
        false => year,
    };
    if rest.len() != 10 {
        return None;
    }
    let part = |at: usize| digits(rest.get(at..at + 2)?);
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day);
    if !fits || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let seconds = u64::try_from(seconds).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Days from 1970-01-01 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that a leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The subject's common name; nothing if it has none, or several: nobody could say which counts.
pub(crate) fn common_name(der: &[u8]) -> Option<String> {
    let (_, mut subject) = fields(der)?;
    let mut found = None;
    while !subject.is_empty() {
        let (mut set, rest) = element(subject, SET)?;
        subject = rest;
        while !set.is_empty() {
            let (pair, others) = element(set, SEQUENCE)?;
            set = others;
            let (kind, value) = element(pair, 0x06)?;
            if kind != COMMON_NAME {
                continue;
            }
            let text = TEXTS.iter().find_map(|tag| element(value, *tag))?.0;
            let text = std::str::from_utf8(text).ok()?;
            if text.is_empty() || found.replace(text.to_owned()).is_some() {
                return None;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_everywhere() {
        for ((year, month, day), expected) in [
            ((1970, 1, 1), 0),
            ((1970, 3, 1), 59),
            ((1999, 12, 31), 10_956),
            ((2000, 2, 29), 11_016),
            ((2000, 3, 1), 11_017),
            ((2026, 11, 26), 20_783),
            ((2100, 3, 1), 47_541),
        ] {
            assert_eq!(days(year, month, day), expected, "{year}-{month}-{day}");
        }
    }
}
