//! Times against known dates and against themselves.

use super::*;

#[test]
fn known_dates() {
    for (micros, text) in [
        (0, "1970-01-01T00:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
        (1_795_317_311_000_123, "2026-11-22T03:15:11.000123Z"),
        (MIN, "0000-01-01T00:00:00.000000Z"),
        (MAX, "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(Time::from_micros(micros).to_string(), text);
        assert_eq!(text.parse::<Time>().unwrap().micros(), micros);
    }
    assert_eq!(Time::from_micros(i64::MAX).micros(), MAX);
    assert_eq!(Time::from_micros(i64::MIN).micros(), MIN);
}

#[test]
fn every_day_of_four_centuries_returns() {
    for day in days(1900, 1, 1)..days(2300, 1, 1) {
        let (year, month, date) = civil(day);
        assert_eq!(days(year, month, date), day);
        let time = Time::from_micros(day * DAY + 12_345_678_901);
        assert_eq!(time.to_string().parse(), Ok(time));
    }
}

#[test]
fn what_is_not_a_time_is_refused() {
    for text in [
        "",
        "2026-02-29T00:00:00.000000Z",
        "2026-13-01T00:00:00.000000Z",
        "2026-01-01 00:00:00.000000Z",
        "2026-00-01T00:00:00.000000Z",
        "2026-04-31T00:00:00.000000Z",
        "2026-01-00T00:00:00.000000Z",
        "2026-01-01T24:00:00.000000Z",
        "2026-01-01T23:60:00.000000Z",
        "2026-01-01T23:59:60.000000Z",
        "2026-01-01T00:00:00,000000Z",
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T00:00:00.000000+00:00",
        "+026-01-01T00:00:00.000000Z",
        "２026-01-01T00:00:00.000000Z",
    ] {
        assert_eq!(text.parse::<Time>(), Err(NotATime), "{text}");
    }
}
