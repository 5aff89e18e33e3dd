//! Where calls stand in a text, and what is put in their place.

use super::*;

/// A guard over the first `avg`, of the column that is written so.
fn guard(text: &str, call: &str, column: &str) -> Option<Guard> {
    let at = |word: &str| i32::try_from(text.find(word).unwrap()).unwrap();
    place(text, at(call), "avg", Vec::new(), vec![name_at(text, at(column))?])
}

/// The text with its average guarded.
fn rewritten(text: &str) -> Option<String> {
    let column = if text.contains("e.pay") { "e.pay" } else { "pay" };
    Some(super::rewritten(text, &[(guard(text, "avg", column)?, 5)], &[]))
}

#[test]
fn the_call_alone_is_replaced() {
    assert_eq!(
        rewritten("SELECT round(avg(e.pay), 2)::text, 'avg(x)' FROM e").unwrap(),
        "SELECT round((SELECT CASE WHEN pg_catalog.count(DISTINCT e.pay)  OPERATOR(pg_catalog.>=) \
         5 THEN avg(e.pay) END AS \"avg\"), 2)::text, 'avg(x)' FROM e"
    );
}

#[test]
fn a_filter_counts_as_it_sums() {
    assert_eq!(
        rewritten("SELECT avg ( DISTINCT pay ) /* of */ FILTER (WHERE a IN (1, 2) AND b = ')')")
            .unwrap(),
        "SELECT (SELECT CASE WHEN pg_catalog.count(DISTINCT pay) FILTER (WHERE a IN (1, 2) AND b \
         = ')') OPERATOR(pg_catalog.>=) 5 THEN avg ( DISTINCT pay ) /* of */ FILTER (WHERE a IN \
         (1, 2) AND b = ')') END AS \"avg\")"
    );
}

#[test]
fn a_filter_that_may_answer_differently_each_time_is_not_guarded() {
    assert_eq!(rewritten("SELECT avg(pay) FILTER (WHERE random() < 0.1) FROM e"), None);
    assert_eq!(rewritten("SELECT avg(pay) FILTER (WHERE \"f\" (1)) FROM e"), None);
    assert_eq!(rewritten("SELECT avg(pay) FILTER (WHERE a = (SELECT 1)) FROM e"), None);
    assert!(rewritten("SELECT avg(pay) FILTER (WHERE (a = 1) AND (b = 2)) FROM e").is_some());
}

#[test]
fn several_calls_and_several_columns() {
    let text = "SELECT avg(a), avg(b)";
    let one = guard(text, "avg(a", "a)").unwrap();
    let both = [(guard(text, "avg(b", "b)").unwrap(), 3), (one.clone(), 3)];
    let both = super::rewritten(text, &both, &[]);
    assert_eq!(both.matches(">=) 3 THEN").count(), 2, "{both}");
    assert!(both.contains("THEN avg(a) END") && both.contains("THEN avg(b) END"), "{both}");
    let sum = Guard { counted: vec![11..12, 19..20], ..one };
    let sum = super::rewritten(text, &[(sum, 3)], &[]);
    assert!(sum.contains("count(DISTINCT a)  OPERATOR(pg_catalog.>=) 3 AND"), "{sum}");
    assert!(sum.contains("count(DISTINCT b)  OPERATOR(pg_catalog.>=) 3 THEN"), "{sum}");
}

#[test]
fn what_is_replaced_is_so_in_a_copied_filter_too() {
    let text = "SELECT avg(pay) FILTER (WHERE a = 'x') FROM e WHERE b = 'y'";
    let at = |word: &str| text.find(word).map(|at| at..at + word.len()).unwrap();
    let replaced = [(at("'y'"), "$2".to_owned()), (at("'x'"), "$1".to_owned())];
    let out = super::rewritten(text, &[(guard(text, "avg", "pay").unwrap(), 5)], &replaced);
    assert_eq!(out.matches("(WHERE a = $1)").count(), 2, "{out}");
    assert!(out.ends_with("WHERE b = $2") && !out.contains('\''), "{out}");
    let plain = super::rewritten(text, &[], &replaced);
    assert_eq!(plain, "SELECT avg(pay) FILTER (WHERE a = $1) FROM e WHERE b = $2");
}

#[test]
fn a_name_ends_where_it_ends() {
    let name = |text: &str| name_at(text, 0).map(|range| text[range].to_owned());
    assert_eq!(name("e . \"Odd.Name\" + 1").unwrap(), "e . \"Odd.Name\"");
    assert_eq!(name("pay)").unwrap(), "pay");
    assert_eq!(name("1"), None);
}

#[test]
fn a_literal_that_does_not_end_for_certain_is_not_guarded() {
    assert_eq!(rewritten(r"SELECT avg(pay) FILTER (WHERE a = 'x\' || ')') FROM e"), None);
}
