//! Who sees everything, by policies of one kind at a time.

use super::*;
use crate::entity::{Object, Types};
use cedar_policy::PolicySet;
use model::{Identity, IdentityKind, PolicyId};

fn sees(policies: &str, groups: &[&str]) -> bool {
    told(policies, groups, sees_everything)
}

fn told(policies: &str, groups: &[&str], what: fn(&[Reach], Whom<'_>) -> bool) -> bool {
    let types = Types::new().unwrap();
    let set: PolicySet = policies.parse().unwrap();
    let reaches: Vec<Reach> = set
        .policies()
        .map(|policy| {
            let rule = Rule::read(PolicyId::new("p"), policy.annotations()).unwrap();
            Reach::of(policy, &rule)
        })
        .collect();
    let who = Identity {
        name: "ann".into(),
        kind: IdentityKind::Person,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        acts_for: None,
    };
    let database = types.object("shop", Object::Database).unwrap().uid();
    let principal = &types.principal(&who);
    what(&reaches, Whom { principal, database: &database, environment: "staging" })
}

const ALL: &str = "permit (principal in Group::\"admins\", action, resource);";

fn with(more: &str) -> bool {
    sees(&format!("{ALL} {more}"), &["admins"])
}

#[test]
fn a_permit_for_everything_is_needed() {
    assert!(with(""));
    assert!(!sees(ALL, &["others"]));
    assert!(!sees("", &["admins"]));
    let part = |scope: &str| sees(&format!("permit (principal, action, {scope});"), &[]);
    assert!(part("resource in Database::\"shop\""));
    assert!(!part("resource == Database::\"shop\"") && !part("resource is Column"));
    assert!(!part("resource in Database::\"other\"") && !part("resource in Class::\"pii\""));
    let when =
        |words: &str| sees(&format!("permit (principal, action, resource) {words};"), &["a"]);
    assert!(when("when { principal in Group::\"a\" }") && when("when { true }"));
    assert!(when("unless { principal in Group::\"b\" }"));
    assert!(!when("when { context.tls }") && !when("when { principal in Group::\"b\" }"));
    assert!(!when("when { principal in Group::\"a\" && resource in Label::\"email\" }"));
    assert!(!sees(&format!("@mask(\"partial\") {ALL}"), &["admins"]));
}

#[test]
fn what_may_hide_hides() {
    let forbid = |words: &str| with(&format!("forbid (principal, action, resource) {words};"));
    assert!(!forbid("") && !forbid("when { resource in Label::\"email\" }"));
    assert!(!forbid("when { context.hour < 6 }") && !forbid("when { principal in [principal] }"));
    assert!(!with("@mask(\"pseudonym\") permit (principal, action, resource in Class::\"pii\");"));
    assert!(!with("forbid (principal == Person::\"ann\", action, resource is Column);"));
}

#[test]
fn what_spares_a_principal_does_not() {
    let forbid = |words: &str| with(&format!("forbid (principal, action, resource) {words};"));
    assert!(forbid("unless { principal in Group::\"admins\" }"));
    assert!(forbid(
        "when { resource in Label::\"email\" } unless { principal in Group::\"admins\" }"
    ));
    assert!(forbid("unless { context.tls || principal in Group::\"admins\" }"));
    assert!(forbid("when { !(principal in Group::\"admins\") && context.tls }"));
    assert!(
        forbid("when { principal is Agent }") && forbid("when { principal == Person::\"bo\" }")
    );
    assert!(with("forbid (principal is Agent, action, resource);"));
    assert!(with("forbid (principal in Group::\"others\", action, resource);"));
    assert!(!forbid("unless { principal in Group::\"others\" || context.tls }"));
}

#[test]
fn what_may_stop_stops() {
    let stops = |policy: &str| told(policy, &["admins"], may_stop);
    let forbid = |words: &str| stops(&format!("forbid (principal, action, resource) {words};"));
    assert!(!stops(ALL) && !stops("@keep(\"text\") permit (principal, action, resource);"));
    assert!(forbid("") && forbid("when { context.risk >= 80 }"));
    assert!(stops("forbid (principal in Group::\"admins\", action == Action::\"x\", resource);"));
    for limit in ["approval(\"dba\")", "row_limit(\"9\")", "change_limit(\"9\")"] {
        assert!(stops(&format!("@{limit} permit (principal, action, resource);")), "{limit}");
    }
    assert!(!forbid("unless { principal in Group::\"admins\" }"));
    assert!(!stops("forbid (principal in Group::\"others\", action, resource);"));
}

#[test]
fn what_concerns_another_place_does_not() {
    let stops = |policy: &str| told(policy, &["admins"], may_stop);
    let forbid = |words: &str| stops(&format!("forbid (principal, action, resource) {words};"));
    assert!(!forbid("when { context.environment == \"production\" }"));
    assert!(!forbid("unless { context.environment != \"production\" }"));
    assert!(forbid("when { context.environment == \"staging\" }"));
    assert!(forbid("when { context.environment == context.purpose }"));
    assert!(forbid("when { context.environment != \"production\" && context.tls }"));
    let within = |what: &str| stops(&format!("forbid (principal, action, resource in {what});"));
    assert!(!within("Database::\"other\"") && within("Database::\"shop\""));
    assert!(within("Class::\"pii\""));
}
