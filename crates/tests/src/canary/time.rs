//! Days as PostgreSQL counts them. Knows the Gregorian calendar.

/// Days between 1970-01-01 and 2000-01-01.
pub(super) const DAYS_1970_TO_2000: i32 = 10_957;
/// The Julian day of 2000-01-01, as `to_char(…, 'J')` writes it.
pub(super) const JULIAN_2000: i32 = 2_451_545;
/// The names of months, in lower case.
pub(super) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Days from 2000-01-01 on: what a binary date holds.
pub(super) fn days(year: i32, month: u32, day: u32) -> i32 {
    // Years that begin in March: leap days stand at their end.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let month = i32::try_from((month + 9) % 12).unwrap_or(0);
    let of_year = (153 * month + 2) / 5 + i32::try_from(day).unwrap_or(0) - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    days - 719_468 - DAYS_1970_TO_2000
}
