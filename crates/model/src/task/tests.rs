//! What a table's name covers, and what is left of budgets.

use super::*;

#[test]
fn a_name_covers_what_it_says_and_no_more() {
    let covers = |table: &str, schema: &str, name: &str| {
        TaskTable { table: table.to_owned(), actions: vec![] }.covers(schema, name)
    };
    assert!(covers("public.orders", "public", "orders"));
    assert!(covers("public.*", "public", "orders"));
    assert!(covers("*", "hr", "salaries"));
    assert!(!covers("public.orders", "public", "orders2"));
    assert!(!covers("public.*", "hr", "orders"));
    assert!(!covers("orders", "public", "orders"), "a schema has to be named");
    assert!(!covers("*.orders", "public", "orders"));
}

#[test]
fn the_scarcest_limit_counts() {
    let budget = Budget { rows: Some(200), seconds: Some(10), ..Budget::default() };
    let spent = Spent { rows: 50, micros: 9_500_000, bytes: 9, ..Spent::default() };
    assert_eq!(budget.percent_left(&spent), 5);
    assert_eq!(budget.left(&spent).rows, Some(150));
    assert_eq!(budget.left(&spent).seconds, Some(0));
    assert_eq!(budget.left(&spent).bytes, None);
    assert_eq!(Budget::default().percent_left(&spent), 100);
    assert_eq!(Budget { rows: Some(0), ..Budget::default() }.percent_left(&spent), 0);
}
