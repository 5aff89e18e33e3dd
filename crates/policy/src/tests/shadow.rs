//! Policies in shadow mode decide nothing, and tell what they would have decided.

use super::shop::{Shop, with};
use crate::PolicySet;
use model::{Disclosure, MaskMethod, Outcome, PolicyId};

const READ: &str = "effects: select customers\noutputs: customers.id; customers.email";

#[test]
fn nothing_changes_and_the_difference_is_told() {
    let shop = Shop::new();
    let ask = shop.ask(READ);
    let plain = shop.decide(&PolicySet::baseline().unwrap(), &ask);
    assert_eq!(plain.shadow, None);
    let policies = with(
        "@id(\"none\") @shadow(\"on\") @reason(\"nobody reads\")\n\
         forbid (principal, action == Action::\"select\", resource);",
    );
    let mut verdict = shop.decide(&policies, &ask);
    let shadow = verdict.shadow.take().unwrap();
    assert_eq!(verdict, plain);
    assert_eq!(shadow.outcome, Outcome::Deny);
    assert_eq!(shadow.policies, [PolicyId::from("none")]);
    assert!(shadow.reasons[0].contains("nobody reads"), "{shadow:?}");
}

#[test]
fn masks_limits_and_approvals_are_told() {
    let shop = Shop::new();
    let ask = shop.ask(READ);
    let plain = shop.decide(&PolicySet::baseline().unwrap(), &ask);
    let policies = with(
        "@id(\"p\") @shadow(\"on\") @mask(\"pseudonym\") @row_limit(\"7\") @approval(\"dba\")\n\
         permit (principal, action == Action::\"disclose\", resource in Label::\"email\");",
    );
    let mut verdict = shop.decide(&policies, &ask);
    let shadow = verdict.shadow.take().unwrap();
    assert_eq!(verdict, plain);
    assert_eq!((shadow.outcome, shadow.row_limit), (Outcome::Hold, Some(7)));
    assert_eq!(shadow.needs[0].groups, ["dba"]);
    let Disclosure::Masked { method, .. } = shadow.disclosures[1] else { panic!("{shadow:?}") };
    assert_eq!(method, MaskMethod::Pseudonym);
}

#[test]
fn where_nothing_would_differ_there_is_nothing_to_tell() {
    let shop = Shop::new();
    let policies = with(
        "@shadow(\"on\") forbid (principal, action == Action::\"drop\", resource);\n\
         @id(\"k\") @shadow(\"on\") permit (principal is Person, action == Action::\"select\", \
         resource);",
    );
    assert_eq!(shop.decide(&policies, &shop.ask(READ)).shadow, None);
    let drop = shop.ask("effects: drop customers");
    assert_eq!(shop.decide(&policies, &drop).shadow, None);
}

#[test]
fn an_agent_is_judged_twice_in_the_shadow_too() {
    let shop = Shop::new();
    let policies = with(
        "@id(\"people\") @shadow(\"on\")\n\
         forbid (principal is Person, action == Action::\"select\", resource);",
    );
    let ask = shop.ask(&format!("who: Agent copilot for Person alice\n{READ}"));
    let shadow = shop.decide(&policies, &ask).shadow.unwrap();
    assert_eq!(shadow.policies, [PolicyId::from("people")]);
}

#[test]
fn an_explanation_gives_the_same_verdict() {
    let shop = Shop::new();
    let policies = with(
        "@id(\"none\") @shadow(\"on\") forbid (principal, action == Action::\"select\", resource);",
    );
    for who in ["Person alice", "Service jobs", "Agent copilot for Person root in admins"] {
        for what in [READ, "effects: drop customers", "effects: begin"] {
            let ask = shop.ask(&format!("who: {who}\n{what}"));
            let explained = shop.explain(&policies, &ask);
            assert_eq!(explained.verdict, shop.decide(&policies, &ask), "{who}: {what}");
            assert!(!explained.questions.is_empty());
            let refused = explained.questions.iter().any(|question| !question.allowed);
            assert!(refused || explained.verdict.outcome != Outcome::Deny, "{who}: {what}");
        }
    }
}
