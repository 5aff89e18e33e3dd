//! Masks of dates, times and timestamps, in text (ISO style) and binary. Knows no session: text
//! in another `DateStyle` than ISO is not read but replaced by the constant, which every style
//! accepts as input.

use crate::{
    column::{Format, Rule},
    cursor::Cursor,
};
use model::MaskMethod;

/// Days from 1970-01-01 to PostgreSQL's epoch, 2000-01-01.
const POSTGRES_EPOCH_DAYS: i64 = 10_957;
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Pseudonyms of dates lie at most this far from the truth.
const MAX_SHIFT_DAYS: u64 = 3_650;

/// The date and time types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Interval,
}

/// Appends the masked value. Total: what cannot be read becomes the constant.
pub(crate) fn mask(kind: Kind, rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) {
    match kind {
        Kind::Date => date(rule, format, value, out),
        Kind::Timestamp | Kind::TimestampTz => timestamp(kind, rule, format, value, out),
        Kind::Time | Kind::TimeTz => time(kind, rule, format, value, out),
        Kind::Interval => match format {
            Format::Text => out.extend_from_slice(b"00:00:00"),
            Format::Binary => out.extend_from_slice(&[0; 16]),
        },
    }
}

fn date(rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) {
    let days = match format {
        Format::Text => std::str::from_utf8(value).ok().and_then(parse_date),
        Format::Binary => Cursor::new(value)
            .int32()
            .filter(|days| !matches!(*days, i32::MIN | i32::MAX))
            .map(|days| i64::from(days) + POSTGRES_EPOCH_DAYS),
    };
    let masked = days.map_or(0, |days| match rule.method {
        MaskMethod::Generalise | MaskMethod::Partial => first_of_year(days),
        MaskMethod::Pseudonym => days + shift(rule, days) / MICROS_PER_DAY,
        MaskMethod::Full | MaskMethod::Null => 0,
    });
    match format {
        Format::Text => out.extend_from_slice(format_date(masked).as_bytes()),
        Format::Binary => {
            let days = i32::try_from(masked - POSTGRES_EPOCH_DAYS).unwrap_or_default();
            out.extend_from_slice(&days.to_be_bytes());
        }
    }
}

fn timestamp(kind: Kind, rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) {
    let (days, zone) = match format {
        Format::Text => std::str::from_utf8(value).ok().and_then(parse_timestamp),
        Format::Binary => Cursor::new(value)
            .array()
            .map(i64::from_be_bytes)
            .filter(|micros| !matches!(*micros, i64::MIN | i64::MAX))
            .map(|micros| (micros.div_euclid(MICROS_PER_DAY) + POSTGRES_EPOCH_DAYS, "")),
    }
    .map_or((None, ""), |(days, zone)| (Some(days), zone));
    let (masked, of_day) = days.map_or((0, 0), |days| match rule.method {
        MaskMethod::Generalise | MaskMethod::Partial => (first_of_year(days), 0),
        MaskMethod::Pseudonym => {
            // The time of day goes too: to the microsecond it would point at one row.
            let shift = keyed_shift(rule, value);
            (days + shift.div_euclid(MICROS_PER_DAY), shift.rem_euclid(MICROS_PER_DAY))
        }
        MaskMethod::Full | MaskMethod::Null => (0, 0),
    });
    match format {
        Format::Text => {
            let clock = format_clock(of_day);
            let zone = match kind {
                Kind::TimestampTz if zone.is_empty() => "+00",
                Kind::TimestampTz => zone,
                Kind::Date | Kind::Time | Kind::TimeTz | Kind::Timestamp | Kind::Interval => "",
            };
            out.extend_from_slice(format!("{} {clock}{zone}", format_date(masked)).as_bytes());
        }
        Format::Binary => {
            let micros = (masked - POSTGRES_EPOCH_DAYS) * MICROS_PER_DAY + of_day;
            out.extend_from_slice(&micros.to_be_bytes());
        }
    }
}

fn time(kind: Kind, rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) {
    let of_day = match rule.method {
        MaskMethod::Pseudonym => keyed_shift(rule, value).rem_euclid(MICROS_PER_DAY),
        MaskMethod::Generalise | MaskMethod::Partial | MaskMethod::Full | MaskMethod::Null => 0,
    };
    let zoned = kind == Kind::TimeTz;
    match format {
        Format::Text => {
            out.extend_from_slice(format_clock(of_day).as_bytes());
            out.extend_from_slice(if zoned { b"+00" } else { b"" });
        }
        Format::Binary => {
            out.extend_from_slice(&of_day.to_be_bytes());
            out.extend_from_slice(if zoned { &[0; 4] } else { &[] });
        }
    }
}

/// Whole days, in microseconds, never zero days.
fn shift(rule: &Rule, days: i64) -> i64 {
    let drawn = rule.secret.below("date", &days.to_be_bytes(), 2 * MAX_SHIFT_DAYS);
    let centred = i64::try_from(drawn).unwrap_or_default() - MAX_SHIFT_DAYS as i64;
    (if centred >= 0 { centred + 1 } else { centred }) * MICROS_PER_DAY
}

/// A shift with whole seconds in it.
fn keyed_shift(rule: &Rule, value: &[u8]) -> i64 {
    let seconds = 2 * MAX_SHIFT_DAYS * 86_400;
    let drawn = rule.secret.below("time", value, seconds);
    (i64::try_from(drawn).unwrap_or_default() - (seconds / 2) as i64) * 1_000_000
}

fn first_of_year(days: i64) -> i64 {
    let (year, _, _) = civil(days);
    days_from_civil(year, 1, 1)
}

/// The date of a day number counted from 1970-01-01 (proleptic Gregorian).
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = year - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// Reads `YYYY-MM-DD` with or without ` BC`, the whole text.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let (text, before_christ) = match text.strip_suffix(" BC") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let shaped = parts.next().is_none()
        && (4..=7).contains(&year.len())
        && month.len() == 2
        && day.len() == 2
        && [year, month, day].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if !shaped {
        return None;
    }
    let (year, month, day) = (year.parse::<i64>().ok()?, month.parse().ok()?, day.parse().ok()?);
    let sound = (1..=12).contains(&month) && (1..=31).contains(&day) && year > 0;
    let year = if before_christ { 1 - year } else { year };
    let days = days_from_civil(year, month, day);
    (sound && civil(days) == (year, month, day)).then_some(days)
}

/// Reads `YYYY-MM-DD HH:MM:SS[.f][±zone]`; answers the day and the zone.
fn parse_timestamp(text: &str) -> Option<(i64, &str)> {
    let (date, clock) = text.split_once(' ')?;
    if clock.ends_with(" BC") {
        // Moments before Christ are nobody's birthday: they become the constant.
        return None;
    }
    let zone = clock.find(['+', '-']).and_then(|at| clock.get(at..)).unwrap_or_default();
    let plain = zone.len() <= 9 && zone.bytes().all(|b| b.is_ascii_digit() || b"+-:".contains(&b));
    Some((parse_date(date)?, if plain { zone } else { "" }))
}

pub(crate) fn format_date(days: i64) -> String {
    let (year, month, day) = civil(days);
    if year > 0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{:04}-{month:02}-{day:02} BC", 1 - year)
    }
}

fn format_clock(of_day: i64) -> String {
    let seconds = of_day / 1_000_000;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
