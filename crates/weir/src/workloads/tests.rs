//! Which claims a rule is for.

use super::*;
use serde_json::json;

#[test]
fn a_star_stays_within_its_part() {
    for (pattern, text) in [
        ("repo:acme/shop:ref:refs/heads/main", "repo:acme/shop:ref:refs/heads/main"),
        ("system:serviceaccount:shop:*", "system:serviceaccount:shop:deploy"),
        ("repo:acme/*:environment:prod*", "repo:acme/shop:environment:production"),
        ("*a*b", "xaab"),
        ("a*a", "aaa"),
    ] {
        assert!(fits(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [
        ("system:serviceaccount:shop:*", "system:serviceaccount:shop:"),
        ("system:serviceaccount:shop:*", "system:serviceaccount:shop:a:b"),
        ("repo:acme/*", "repo:acme/shop/evil"),
        ("repo:acme/*", "repo:acme:shop"),
        ("repo:acme/*", "repo:acme2/shop"),
        ("acme/shop", "acme/shop2"),
        ("acme/shop", "Acme/shop"),
        ("a*a", "aa"),
        ("*", ""),
        ("", "a"),
    ] {
        assert!(!fits(pattern, text), "{pattern} {text}");
    }
    let (many, long) = ("*a".repeat(200), "a".repeat(4_000));
    assert!(!fits(&format!("{many}b"), &long), "and takes no time");
}

#[test]
fn what_is_not_said_is_not_there() {
    let rule = |claims: &[(&str, &str)]| WorkloadRule {
        identity: "deploy".to_owned(),
        claims: claims.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
        databases: Vec::new(),
    };
    let all = json!({
        "repository": "acme/shop", "protected": true, "run": 7, "groups": ["a", "b/c"],
        "nothing": null, "deep": { "repository": "acme/shop" },
    });
    let all = all.as_object().unwrap();
    for claims in
        [[("repository", "acme/*"), ("protected", "true")], [("run", "7"), ("groups", "b/*")]]
    {
        assert!(is_for(&rule(&claims), all), "{claims:?}");
    }
    for (name, value) in [
        ("environment", "*"),
        ("repository", "acme/other"),
        ("protected", "false"),
        ("protected", "*"),
        ("run", "*"),
        ("groups", "c"),
        ("nothing", "*"),
        ("deep", "*"),
    ] {
        assert!(!is_for(&rule(&[("repository", "acme/shop"), (name, value)]), all), "{name}");
    }
}
