//! Time and names are found wherever they hide.

use super::*;

fn of(condition: &str) -> Look {
    let text = format!("permit (principal, action, resource) when {{ {condition} }};");
    look(&Policy::parse(None, text).unwrap())
}

#[test]
fn time_is_found() {
    assert!(of("context.hour >= 8").time);
    assert!(of("context has weekday").time);
    assert!(of("if context.now > 1 then true else false").time);
    assert!(of("[context].contains(context)").time);
    assert!(of("{a: context}.a.hour == 3").time);
    assert!(!of("context.unbounded").time);
    assert!(!of("context.environment == \"hour\"").time);
}

#[test]
fn risk_is_found() {
    assert!(of("context.risk > 50").risk);
    assert!(of("{a: context}.a.share == 3").risk);
    assert!(of("[context].contains(context)").risk);
    assert!(!of("context.hour > 8").risk);
}

#[test]
fn names_are_found() {
    assert!(of("resource.name == \"ssn\"").name);
    assert!(of("{a: resource}.a.name like \"x*\"").name);
    assert!(!of("resource.table == \"name\"").name);
}
