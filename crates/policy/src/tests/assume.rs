//! Who may have the rights of a group for a while, and on which terms.

use super::shop::{identity, with};
use crate::{Assumption, Context, PolicySet, Risk, Terms};
use std::time::UNIX_EPOCH;

fn ask(
    policies: &PolicySet,
    who: &str,
    group: &str,
    database: &str,
    emergency: bool,
) -> Result<Terms, String> {
    let context = Context {
        now: UNIX_EPOCH,
        address: None,
        tls: true,
        application: "test",
        risk: Risk::default(),
        work: crate::Work::default(),
    };
    let wanted = Assumption {
        identity: &identity(who),
        group,
        database: &database.into(),
        environment: "production",
        emergency,
        context: &context,
    };
    policies.may_assume(&wanted).map_err(|verdict| verdict.reasons.join("; "))
}

fn needs(terms: &Terms) -> Vec<String> {
    terms.needs.iter().map(ToString::to_string).collect()
}

#[test]
fn nobody_becomes_somebody_else_by_a_permit_that_does_not_say_so() {
    let policies = with(
        "permit (principal == Person::\"mallory\", action, resource);
         permit (principal == Person::\"alice\", action == Action::\"assume\", \
         resource == Group::\"stewards\");",
    );
    for (who, group) in [
        ("Person mallory", "stewards"),
        ("Person root in admins", "stewards"),
        ("Service root in admins", "admins"),
        ("Person alice", "admins"),
        ("Person alice in stewards", "Stewards"),
    ] {
        let refused = ask(&policies, who, group, "shop", false).unwrap_err();
        assert!(refused.contains("no policy permits it"), "{who}: {refused}");
        assert!(ask(&policies, who, group, "shop", true).is_err(), "{who}");
    }
    let terms = ask(&policies, "Person alice", "stewards", "shop", false).unwrap();
    assert_eq!((terms.longest_seconds, terms.needs.len(), terms.reviewers.len()), (3_600, 0, 0));
    let refused = ask(&policies, "Person alice", "stewards", "shop", true).unwrap_err();
    assert!(refused.contains("group stewards on database shop by break-glass"), "{refused}");
}

#[test]
fn a_forbid_counts_whatever_it_names() {
    let policies = with(
        "permit (principal, action == Action::\"assume\", resource);
         @id(\"no-bob\") forbid (principal == Person::\"bob\", action, resource);
         @id(\"two-of-us\") @approval(\"dba,2\")
         forbid (principal == Person::\"carol\", action == Action::\"assume\", resource);",
    );
    let refused = ask(&policies, "Person bob", "x", "shop", false).unwrap_err();
    assert!(refused.contains("no-bob"), "{refused}");
    let terms = ask(&policies, "Person carol", "x", "shop", false).unwrap();
    assert_eq!(needs(&terms), ["2 persons in group dba"]);
    assert!(ask(&policies, "Person alice", "x", "shop", false).unwrap().needs.is_empty());
}

#[test]
fn all_that_is_demanded_holds_and_the_shortest_time() {
    let policies = with(
        "@id(\"one\") @approval(\"dba\") @longest(\"2h\")
         permit (principal is Person, action == Action::\"assume\", resource == Group::\"x\");
         @id(\"two\") @approval(\"security\") @longest(\"10m\") @review(\"audit,2\")
         permit (principal, action == Action::\"assume\", resource)
         when { context has database && context.database == \"bank\" };",
    );
    let shop = ask(&policies, "Person alice", "x", "shop", false).unwrap();
    assert_eq!(
        (needs(&shop), shop.longest_seconds),
        (vec!["one person in group dba".into()], 7200)
    );
    let bank = ask(&policies, "Person alice", "x", "bank", false).unwrap();
    assert_eq!(needs(&bank), ["one person in group dba", "one person in group security"]);
    assert_eq!(bank.longest_seconds, 600);
    assert_eq!(bank.reviewers[0].to_string(), "2 persons in group audit");
    assert!(ask(&policies, "Service jobs", "x", "shop", false).is_err());
    let both = shop.clone().and(bank.clone());
    assert_eq!((both.needs, both.longest_seconds), (bank.needs, 600));
    assert_eq!(both.reviewers, bank.reviewers);
}

#[test]
fn what_breaks_the_glass_is_reviewed() {
    let policies = with(
        "@id(\"plain\") permit (principal is Person, action == Action::\"break_glass\", \
         resource == Group::\"x\");
         @id(\"named\") @review(\"security\") permit (principal is Service, \
         action == Action::\"break_glass\", resource == Group::\"x\");",
    );
    let terms = ask(&policies, "Person alice", "x", "shop", true).unwrap();
    assert_eq!(terms.reviewers[0].to_string(), "one person in group approvers");
    let terms = ask(&policies, "Service jobs", "x", "shop", true).unwrap();
    assert_eq!(terms.reviewers[0].to_string(), "one person in group security");
    assert!(ask(&policies, "Person alice", "x", "shop", false).is_err());
}

#[test]
fn an_agent_asks_with_the_right_of_both() {
    let policies = with(
        "@approval(\"dba\") permit (principal is Person in Group::\"support\", \
         action == Action::\"assume\", resource);
         @approval(\"security\")
         permit (principal is Agent, action == Action::\"assume\", resource);",
    );
    let terms =
        ask(&policies, "Agent copilot for Person alice in support", "x", "shop", false).unwrap();
    assert_eq!(needs(&terms), ["one person in group security", "one person in group dba"]);
    let refused = ask(&policies, "Agent copilot for Person bob", "x", "shop", false).unwrap_err();
    assert!(refused.contains("(the right of bob, for whom copilot acts)"), "{refused}");
    assert!(ask(&policies, "Agent stray", "x", "shop", false).is_err());
}
