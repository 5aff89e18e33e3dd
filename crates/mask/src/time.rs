//! Masks of dates, times and timestamps, in text (ISO style) and binary. Knows no session: text
//! in another `DateStyle` than ISO is not read but replaced by the constant, which every style
//! accepts as input.

use crate::{
    column::{Format, Rule},
    cursor::Cursor,
    ff1::Way,
    key::Secret,
};
use model::MaskMethod;

/// Days from 1970-01-01 to PostgreSQL's epoch, 2000-01-01.
const POSTGRES_EPOCH_DAYS: i64 = 10_957;
const MICROS_PER_DAY: i64 = 86_400_000_000;

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
    let masked = read_day(format, value).map_or(0, |days| match rule.method {
        MaskMethod::Generalise | MaskMethod::Partial => first_of_year(days),
        MaskMethod::Pseudonym => permute_day(&rule.secret, Way::There, days).unwrap_or(0),
        MaskMethod::Full | MaskMethod::Null => 0,
    });
    write_day(format, masked, out);
}

fn read_day(format: Format, value: &[u8]) -> Option<i64> {
    match format {
        Format::Text => std::str::from_utf8(value).ok().and_then(parse_date),
        Format::Binary => Cursor::new(value)
            .int32()
            .filter(|days| !matches!(*days, i32::MIN | i32::MAX))
            .map(|days| i64::from(days) + POSTGRES_EPOCH_DAYS),
    }
}

fn write_day(format: Format, days: i64, out: &mut Vec<u8>) {
    match format {
        Format::Text => date_into(days, out),
        Format::Binary => {
            let days = i32::try_from(days - POSTGRES_EPOCH_DAYS).unwrap_or_default();
            out.extend_from_slice(&days.to_be_bytes());
        }
    }
}

/// What a date, timestamp or time of this kind stands for, if it can be a pseudonym. Its form never
/// tells.
pub(crate) fn back(kind: Kind, secret: &Secret, format: Format, value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match kind {
        Kind::Date => {
            write_day(format, permute_day(secret, Way::Back, read_day(format, value)?)?, &mut out);
        }
        Kind::Timestamp | Kind::TimestampTz => {
            let moment = permute_moment(secret, Way::Back, read_moment(format, value)?)?;
            write_moment(kind, format, moment, "+00", &mut out);
        }
        Kind::Time | Kind::TimeTz => {
            let of_day = read_clock(kind, format, value)?;
            let of_day = permute_clock(secret, Way::Back, b"clock", of_day)?;
            write_clock(kind, format, of_day, &mut out);
        }
        Kind::Interval => return None,
    }
    Some(out)
}

/// A day of the years 1900 to 2099 among all of them; `None` for any other.
pub(crate) fn permute_day(secret: &Secret, way: Way, days: i64) -> Option<i64> {
    let first = days_from_civil(1900, 1, 1);
    let count = days_from_civil(2100, 1, 1) - first;
    let place = days - first;
    if !(0..count).contains(&place) {
        return None;
    }
    Some(first + walked(secret, way, b"date", 6, place, count)?)
}

/// The day as a date's, so that dates and timestamps meet; the time of day among all of them, but
/// for midnight, which is no time but the absence of one.
fn permute_moment(secret: &Secret, way: Way, (days, of_day): (i64, i64)) -> Option<(i64, i64)> {
    let permuted = permute_day(secret, way, days)?;
    let shown = if way == Way::There { permuted } else { days };
    let tweak = [b"time".as_slice(), &shown.to_be_bytes()].concat();
    Some((permuted, permute_clock(secret, way, &tweak, of_day)?))
}

fn permute_clock(secret: &Secret, way: Way, tweak: &[u8], of_day: i64) -> Option<i64> {
    match of_day {
        0 => Some(0),
        1..MICROS_PER_DAY => {
            Some(1 + walked(secret, way, tweak, 11, of_day - 1, MICROS_PER_DAY - 1)?)
        }
        _ => None,
    }
}

/// A number among those below `count`, which has at most so many digits.
fn walked(
    secret: &Secret,
    way: Way,
    tweak: &[u8],
    places: u32,
    number: i64,
    count: i64,
) -> Option<i64> {
    let digit = |place| u16::try_from(number / 10i64.pow(place) % 10).unwrap_or_default();
    let mut digits: Vec<u16> = (0..places).rev().map(digit).collect();
    let read = |digits: &[u16]| digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(*digit));
    let done = secret.walk(way, 10, tweak, &mut digits, |digits| read(digits) < count);
    done.then(|| read(&digits))
}

fn timestamp(kind: Kind, rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) {
    match rule.method {
        MaskMethod::Generalise | MaskMethod::Partial => {
            let (days, zone) = match format {
                Format::Text => std::str::from_utf8(value).ok().and_then(parse_local),
                Format::Binary => read_moment(format, value).map(|(days, _)| (days, "+00")),
            }
            .unwrap_or((0, "+00"));
            write_moment(kind, format, (first_of_year(days), 0), zone, out);
        }
        MaskMethod::Pseudonym => {
            let moment = read_moment(format, value)
                .and_then(|moment| permute_moment(&rule.secret, Way::There, moment));
            write_moment(kind, format, moment.unwrap_or_default(), "+00", out);
        }
        MaskMethod::Full | MaskMethod::Null => write_moment(kind, format, (0, 0), "+00", out),
    }
}

/// The day of `YYYY-MM-DD HH:MM:SS[.f][±zone]` where it was written, and the zone.
fn parse_local(text: &str) -> Option<(i64, &str)> {
    let (date, clock) = text.split_once(' ')?;
    parse_clock(clock)?;
    let zone = clock.find(['+', '-']).and_then(|at| clock.get(at..)).unwrap_or("+00");
    Some((parse_date(date)?, zone))
}

/// Day and microseconds, of what bears a zone in UTC.
fn read_moment(format: Format, value: &[u8]) -> Option<(i64, i64)> {
    let split =
        |micros: i64| (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
    match format {
        Format::Text => {
            let (date, clock) = std::str::from_utf8(value).ok()?.split_once(' ')?;
            // Moments before Christ end in BC and are nobody's birthday: they cannot be read.
            let (of_day, zone) = parse_clock(clock)?;
            let (more, of_day) = split(of_day - zone);
            Some((parse_date(date)? + more, of_day))
        }
        Format::Binary => {
            let micros = Cursor::new(value).array().map(i64::from_be_bytes)?;
            let (days, of_day) = split(micros);
            let finite = !matches!(micros, i64::MIN | i64::MAX);
            finite.then_some((days + POSTGRES_EPOCH_DAYS, of_day))
        }
    }
}

/// A date in binary form as ISO text; `None` if it is infinite.
pub(crate) fn plain_date(value: &[u8]) -> Option<String> {
    let days = Cursor::new(value).int32()?;
    let finite = !matches!(days, i32::MIN | i32::MAX);
    finite.then(|| format_date(i64::from(days) + POSTGRES_EPOCH_DAYS))
}

/// A moment in binary form as ISO text with a zone behind it; `None` if it is infinite.
pub(crate) fn plain_moment(value: &[u8], zone: &str) -> Option<String> {
    let moment = read_moment(Format::Binary, value)?;
    let mut out = Vec::with_capacity(32);
    write_moment(Kind::TimestampTz, Format::Text, moment, zone, &mut out);
    String::from_utf8(out).ok()
}

fn write_moment(
    kind: Kind,
    format: Format,
    (days, of_day): (i64, i64),
    zone: &str,
    out: &mut Vec<u8>,
) {
    match format {
        Format::Text => {
            let zone = if kind == Kind::TimestampTz { zone } else { "" };
            date_into(days, out);
            out.push(b' ');
            clock_into(of_day, out);
            out.extend_from_slice(zone.as_bytes());
        }
        Format::Binary => {
            let micros = (days - POSTGRES_EPOCH_DAYS) * MICROS_PER_DAY + of_day;
            out.extend_from_slice(&micros.to_be_bytes());
        }
    }
}

fn time(kind: Kind, rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) {
    let of_day = match rule.method {
        MaskMethod::Pseudonym => read_clock(kind, format, value)
            .and_then(|of_day| permute_clock(&rule.secret, Way::There, b"clock", of_day))
            .unwrap_or(0),
        MaskMethod::Generalise | MaskMethod::Partial | MaskMethod::Full | MaskMethod::Null => 0,
    };
    write_clock(kind, format, of_day, out);
}

/// Microseconds of the day, of what bears a zone in UTC.
fn read_clock(kind: Kind, format: Format, value: &[u8]) -> Option<i64> {
    let (of_day, zone) = match format {
        Format::Text => parse_clock(std::str::from_utf8(value).ok()?)?,
        Format::Binary => {
            let mut cursor = Cursor::new(value);
            let of_day = cursor.array().map(i64::from_be_bytes)?;
            // `timetz_send` counts its zone in seconds west of Greenwich.
            let west = if kind == Kind::TimeTz { cursor.int32()? } else { 0 };
            (of_day, -i64::from(west) * 1_000_000)
        }
    };
    // 24:00 is a time of its own to PostgreSQL and midnight to everybody else.
    Some((of_day - zone).rem_euclid(MICROS_PER_DAY))
}

fn write_clock(kind: Kind, format: Format, of_day: i64, out: &mut Vec<u8>) {
    let zoned = kind == Kind::TimeTz;
    match format {
        Format::Text => {
            clock_into(of_day, out);
            out.extend_from_slice(if zoned { b"+00" } else { b"" });
        }
        Format::Binary => {
            out.extend_from_slice(&of_day.to_be_bytes());
            out.extend_from_slice(if zoned { &[0; 4] } else { &[] });
        }
    }
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

/// Reads `HH:MM:SS[.f][±zone]`: microseconds, and by how many the zone is ahead.
fn parse_clock(text: &str) -> Option<(i64, i64)> {
    let (clock, zone) = match text.find(['+', '-']).and_then(|at| text.split_at_checked(at)) {
        Some((clock, zone)) => (clock, zone),
        None => (text, ""),
    };
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let number = |text: &str| text.parse::<i64>().ok();
    let sexagesimal = |text: &str| {
        let shaped = text.len() <= 8 && text.bytes().all(|b| b.is_ascii_digit() || b == b':');
        let parts: Option<Vec<i64>> = text.split(':').map(number).collect();
        parts.filter(|parts| shaped && parts.len() <= 3).map(|parts| {
            parts.iter().zip([3_600, 60, 1]).map(|(part, unit)| part * unit).sum::<i64>()
        })
    };
    let seconds = sexagesimal(whole).filter(|seconds| *seconds <= 86_400)?;
    let plain = fraction.len() <= 6 && fraction.bytes().all(|b| b.is_ascii_digit());
    let micros = number(&format!("{fraction:0<6}")).filter(|_| plain)?;
    let ahead = match zone.split_at_checked(1) {
        Some((sign, zone)) => sexagesimal(zone)? * if sign == "-" { -1 } else { 1 },
        None => 0,
    };
    Some((seconds * 1_000_000 + micros, ahead * 1_000_000))
}

pub(crate) fn format_date(days: i64) -> String {
    let mut out = Vec::with_capacity(10);
    date_into(days, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Appends a date as PostgreSQL's ISO style has it.
fn date_into(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(days);
    let (shown, before_christ) = if year > 0 { (year, false) } else { (1 - year, true) };
    // Years of four digits are all but all of them.
    let digits = (5..).find(|digits| shown < 10i64.pow(*digits)).filter(|_| shown > 9_999);
    digits_into(shown, digits.unwrap_or(4), out);
    for part in [month, day] {
        out.push(b'-');
        digits_into(part, 2, out);
    }
    out.extend_from_slice(if before_christ { b" BC" } else { b"" });
}

/// Appends a time of day as PostgreSQL has it.
fn clock_into(of_day: i64, out: &mut Vec<u8>) {
    let (seconds, micros) = (of_day / 1_000_000, of_day % 1_000_000);
    for (place, part) in [seconds / 3_600, seconds / 60 % 60, seconds % 60].into_iter().enumerate()
    {
        if place > 0 {
            out.push(b':');
        }
        digits_into(part, 2, out);
    }
    if micros > 0 {
        out.push(b'.');
        digits_into(micros, 6, out);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

/// Appends so many digits of a number that has no more of them.
fn digits_into(number: i64, count: u32, out: &mut Vec<u8>) {
    let digit = |place| number / 10i64.pow(place) % 10;
    out.extend((0..count).rev().map(|place| b'0' + u8::try_from(digit(place)).unwrap_or(0)));
}

#[cfg(test)]
mod tests {
    //! Dates and times as they were always written.

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn dates_and_times_are_as_formatted(
            days in prop_oneof![-2_000_000i64..3_000_000, -20_000i64..30_000],
            of_day in prop_oneof![0..MICROS_PER_DAY, (0i64..86_400).prop_map(|s| s * 1_000_000)],
        ) {
            let (year, month, day) = civil(days);
            let date = if year > 0 {
                format!("{year:04}-{month:02}-{day:02}")
            } else {
                format!("{:04}-{month:02}-{day:02} BC", 1 - year)
            };
            prop_assert_eq!(format_date(days), date);
            let seconds = of_day / 1_000_000;
            let mut clock =
                format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
            if of_day % 1_000_000 > 0 {
                clock.push_str(format!(".{:06}", of_day % 1_000_000).trim_end_matches('0'));
            }
            let mut out = Vec::new();
            clock_into(of_day, &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), clock);
        }
    }
}
