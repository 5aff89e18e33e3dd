//! Time and names are found wherever they hide.

use super::*;

fn of(condition: &str) -> Looks {
    let text = format!("permit (principal, action, resource) when {{ {condition} }};");
    look(&Policy::parse(None, text).unwrap())
}

#[test]
fn time_is_found() {
    assert!(of("context.hour >= 8").clock);
    assert!(of("context has weekday").clock);
    assert!(of("if context.now > 1 then true else false").now);
    assert!(of("[context].contains(context)").now);
    assert!(of("{a: context}.a.hour == 3").clock);
    assert_eq!(of("context.unbounded"), Looks::default());
    assert_eq!(of("context.environment == \"hour\""), Looks::default());
}

#[test]
fn circumstances_are_found() {
    assert!(of("context has address && context.address.isLoopback()").address);
    assert!(of("context.tls").tls && !of("context.tls").address);
    assert!(of("context.application like \"psql*\"").application);
    let whole = of("[context].contains(context)");
    assert!(whole.address && whole.tls && whole.application && whole.clock);
}

#[test]
fn risk_is_found() {
    assert!(of("context.risk > 50").risk);
    assert!(of("{a: context}.a.share == 3").share);
    assert!(of("[context].contains(context)").risk);
    assert!(!of("context.hour > 8").risk);
}

#[test]
fn names_are_found() {
    assert!(of("resource.name == \"ssn\"").name);
    assert!(of("{a: resource}.a.name like \"x*\"").name);
    assert!(!of("resource.table == \"name\"").name);
}
