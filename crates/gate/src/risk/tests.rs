//! Scores of facts as they come, by what earns them.

use super::*;
use model::{
    Disclosure,
    facts::{Effect, Unknown},
};

fn verdict(disclosures: Vec<Disclosure>) -> Verdict {
    let fallback = Disclosure::Scan;
    Verdict { disclosures, fallback, ..crate::tests::verdict() }
}

fn facts(operation: Operation, unbounded: bool) -> Facts {
    let effect = Effect { operation, relation: None, object: None, unbounded };
    let unknown = Facts::unknown("x", "y");
    Facts {
        operation,
        effects: vec![effect],
        unknowns: vec![],
        outputs_unknown: false,
        dynamic: false,
        ..unknown
    }
}

fn named(kind: IdentityKind) -> Identity {
    Identity { name: "x".into(), kind, groups: vec![], acts_for: None }
}

fn points(facts: &Facts, verdict: &Verdict, kind: IdentityKind, environment: &str) -> String {
    let parts = of_statement(facts, &LabelMap::default(), verdict, (&named(kind), environment));
    words(parts.iter())
}

#[test]
fn what_is_ordinary_is_not_risky() {
    let read = facts(Operation::Select, false);
    let nothing = verdict(Vec::new());
    assert_eq!(points(&read, &nothing, IdentityKind::Person, "production"), "0 ()");
    let write = facts(Operation::Insert, false);
    let words = points(&write, &nothing, IdentityKind::Service, "production");
    assert_eq!(words, "15 (operation 5, production 10)");
}

#[test]
fn parts_add_up_and_end_at_a_hundred() {
    let raw = |labels: Vec<Label>| verdict(vec![Disclosure::Raw { labels }]);
    let read = facts(Operation::Select, false);
    let one = points(&read, &raw(vec![Label::EMAIL]), IdentityKind::Person, "staging");
    assert_eq!(one, "10 (raw 10)");
    let many = raw(vec![Label::EMAIL, Label::PAYMENT_CARD, Label::PHONE]);
    let many = points(&read, &many, IdentityKind::Agent, "production");
    assert_eq!(many, "55 (raw 35, production 10, agent 10)");
    let mut worst = facts(Operation::Role, true);
    worst.dynamic = true;
    worst.unknowns = vec![Unknown { what: "x".into(), why: "y".into() }];
    let secret = raw(vec![Label::CREDENTIAL]);
    let worst = points(&worst, &secret, IdentityKind::Agent, "production");
    assert!(worst.starts_with("100 ("), "{worst}");
}
