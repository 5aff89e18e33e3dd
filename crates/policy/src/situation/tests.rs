//! Hours and weekdays.

use super::*;

#[test]
fn the_calendar_is_right() {
    // 1970-01-01 00:00 was a Thursday; 2026-11-22 03:15:10 is a Sunday.
    assert_eq!((weekday(0), hour(0)), (4, 0));
    assert_eq!((weekday(1_795_317_310), hour(1_795_317_310)), (7, 3));
    assert_eq!((weekday(1_795_317_310 + SECONDS_PER_DAY), hour(-1)), (1, 23));
}
