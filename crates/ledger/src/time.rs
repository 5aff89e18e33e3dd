//! A moment as records write it. Knows no clock: callers say what time it is.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

/// Microseconds since 1970-01-01T00:00:00Z, written `2026-11-22T03:15:11.000123Z`. Such texts sort
/// like the moments they name. Years run from 0000 to 9999; what is outside is clamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(i64);

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// 0000-01-01T00:00:00Z.
const MIN: i64 = -719_528 * DAY;
/// 9999-12-31T23:59:59.999999Z.
const MAX: i64 = 2_932_897 * DAY - 1;
/// Length of the text.
const WIDTH: usize = 27;
/// Its form: digits stand where it has noughts.
const FORM: &[u8; WIDTH] = b"0000-00-00T00:00:00.000000Z";

impl Time {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        // `clamp` is not const.
        Self(if micros < MIN {
            MIN
        } else if micros > MAX {
            MAX
        } else {
            micros
        })
    }

    /// Microseconds since the epoch.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Microseconds from `earlier` to this moment; zero if the clock went back.
    pub fn since(self, earlier: Time) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// The text, on the stack.
    pub(crate) fn text(self) -> [u8; WIDTH] {
        let (days, rest) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        let (seconds, micros) = ((rest / SECOND) as u32, (rest % SECOND) as u32);
        let mut out = *b"0000-00-00T00:00:00.000000Z";
        // Two digits, and where they stand.
        let pairs = [
            (year as u32 / 100, 0),
            (year as u32 % 100, 2),
            (month as u32, 5),
            (day as u32, 8),
            (seconds / 3600, 11),
            (seconds / 60 % 60, 14),
            (seconds % 60, 17),
            (micros / 10_000, 20),
            (micros / 100 % 100, 22),
            (micros % 100, 24),
        ];
        for (pair, at) in pairs {
            if let Some([tens, ones]) = out.get_mut(at..at + 2) {
                *tens += (pair / 10) as u8;
                *ones += (pair % 10) as u8;
            }
        }
        out
    }
}

impl Time {
    /// Reads exactly what [`Self::text`] writes: UTC, six decimals.
    pub(crate) fn read(text: &[u8; WIDTH]) -> Option<Self> {
        let stands = |(byte, form): (&u8, &u8)| match form {
            b'0' => byte.is_ascii_digit(),
            mark => byte == mark,
        };
        if !text.iter().zip(FORM).fold(true, |all, one| all & stands(one)) {
            return None;
        }
        let number = |at: usize, width: usize| {
            let digits = text.iter().skip(at).take(width);
            digits.fold(0, |number, byte| number * 10 + i64::from(byte & 15))
        };
        let (date, clock) = ((number(0, 4), number(5, 2), number(8, 2)), number(11, 2));
        let (minutes, seconds) = (number(14, 2), number(17, 2));
        let day = days(date.0, date.1, date.2);
        // Dates that do not exist are others' days.
        if civil(day) != date || clock > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        let seconds = clock * 3600 + minutes * 60 + seconds;
        Some(Self(day * DAY + seconds * SECOND + number(20, 6)))
    }
}

/// Year, month and day of a count of days since 1970-01-01, in the proleptic Gregorian calendar.
/// Counts in years that begin on 1 March, so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self::from_micros(micros(after)),
            Err(before) => Self::from_micros(micros(before.duration()).saturating_neg()),
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

/// A text that is not a moment as records write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotATime;

impl fmt::Display for NotATime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a time such as 2026-11-22T03:15:11.000123Z")
    }
}

impl std::error::Error for NotATime {}

impl FromStr for Time {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        text.as_bytes().try_into().ok().and_then(Self::read).ok_or(NotATime)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::parsed(deserializer)
    }
}

#[cfg(test)]
mod tests;
