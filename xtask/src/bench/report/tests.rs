//! Medians and ratios of known figures.

use super::{Report, Unit, median};

#[test]
fn medians() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
}

#[test]
fn the_table_shows_ratios_to_the_first_place() {
    let mut report = Report::default();
    report.add("a", Unit::PerSecond, "direct", 100.0);
    report.add("a", Unit::PerSecond, "weir", 40.0);
    report.add("a", Unit::PerSecond, "weir", 60.0);
    report.add("b", Unit::Milliseconds, "weir", 2.0);
    let table = report.table(&["direct", "weir"]);
    assert!(table.contains("100 (1.00)"), "{table}");
    assert!(table.contains("50.0 (0.50)"), "{table}");
    assert!(table.lines().last().unwrap().contains('-'), "{table}");
}
