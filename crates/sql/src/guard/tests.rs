//! Where calls stand in a text, and what is put in their place.

use super::*;

/// The guarded text of one whose only aggregate stands at the first `avg`.
fn rewritten(text: &str) -> Option<String> {
    let location = i32::try_from(text.find("avg").unwrap()).unwrap();
    let guard = place(text, location, "avg", Vec::new())?;
    Some(guarded(text, &[(guard, 5)]))
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
        "SELECT (SELECT CASE WHEN pg_catalog.count(DISTINCT pay ) FILTER (WHERE a IN (1, 2) AND b \
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
fn several_calls_and_one_inside_another() {
    let text = "SELECT avg(a), avg(b)";
    let at = |location| place(text, location, "avg", Vec::new()).unwrap();
    let both = guarded(text, &[(at(15), 3), (at(7), 3)]);
    assert_eq!(both.matches(">=) 3 THEN").count(), 2, "{both}");
    assert!(both.contains("THEN avg(a) END") && both.contains("THEN avg(b) END"), "{both}");
}

#[test]
fn a_literal_that_does_not_end_for_certain_is_not_guarded() {
    assert_eq!(rewritten(r"SELECT avg(pay) FILTER (WHERE a = 'x\' || ')') FROM e"), None);
}
