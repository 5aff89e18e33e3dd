//! Who may be used, and with which groups.

use super::*;
use crate::Secret;
use std::time::Duration;

fn verifier() -> ScramVerifier {
    let iterations = std::num::NonZeroU32::MIN;
    ScramVerifier::from_password(&Secret::from("x".to_owned()), b"salt", iterations)
}

fn entry(name: &str, kind: IdentityKind, groups: &[&str], acts_for: Option<&str>) -> Entry {
    let bare = |name: &str| Identity {
        name: name.into(),
        kind: IdentityKind::Person,
        groups: vec!["stale".to_owned()],
        acts_for: None,
    };
    let identity = Identity {
        name: name.into(),
        kind,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        acts_for: acts_for.map(|name| Box::new(bare(name))),
    };
    Entry::new(identity, verifier(), Vec::new())
}

/// A secret by which somebody acts for a person.
fn token(directory: &Directory, person: &str, agent: &str, secret: &str) -> crate::Credential {
    let secret = Secret::from(secret.to_owned());
    let lead = directory.verifier_for(&format!("{person}/{agent}"), &secret);
    crate::Credential {
        id: format!("t-{person}"),
        hash: Some(token_hash(&secret)),
        acts_for: Some(person.to_owned()),
        expires: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(100)),
        ..crate::Credential::password(lead)
    }
}

#[test]
fn an_agent_acts_for_whoever_gave_it_a_token_and_for_nobody_else() {
    let directory = Directory::new([0; 32]);
    let people = |alice: bool, agent: bool| {
        let mut copilot = entry("copilot", Agent, &["agents"], None);
        copilot.enabled = agent;
        copilot.credentials = vec![
            token(&directory, "alice", "copilot", "one"),
            token(&directory, "job", "copilot", "two"),
            token(&directory, "nobody", "copilot", "three"),
        ];
        let mut job = entry("job", Service, &[], None);
        job.credentials = vec![token(&directory, "alice", "job", "four")];
        let alice = Entry { enabled: alice, ..entry("alice", Person, &["support"], None) };
        vec![copilot, job, alice]
    };
    let secret = |text: &str| Secret::from(text.to_owned());
    let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
    directory.publish(people(true, true));
    let admitted = directory.bearer(&secret("one"), at(1)).unwrap();
    assert_eq!(admitted.identity.chain(), "alice/copilot");
    assert_eq!(admitted.identity.acts_for.as_ref().unwrap().groups, ["support"]);
    assert!(directory.stands(&admitted.identity));
    assert!(directory.still("copilot", &admitted.credential).is_some());
    assert!(directory.resolve("copilot").is_none(), "by itself it is nobody");
    assert!(directory.bearer(&secret("one"), at(100)).is_err(), "it has an end");
    for other in ["two", "three", "four"] {
        assert!(directory.bearer(&secret(other), at(1)).is_err(), "{other}: only for persons");
    }
    assert!(directory.holder(&secret("one"), at(1)).is_none(), "it is no secret of its own");
    // Whoever asks under that name is asked the same whether there is such a token or not.
    let asked = |directory: &Directory| {
        directory.claim("alice/copilot").verifier().rsplit_once('$').unwrap().0.to_owned()
    };
    let with = asked(&directory);
    directory.publish(Vec::new());
    assert_eq!(asked(&directory), with);
    for (alice, agent) in [(false, true), (true, false)] {
        directory.publish(people(alice, agent));
        assert!(directory.bearer(&secret("one"), at(1)).is_err(), "{alice} {agent}");
        assert!(!directory.stands(&admitted.identity));
    }
}

fn disabled(entry: Entry) -> Entry {
    Entry { enabled: false, ..entry }
}

fn published(entries: Vec<Entry>) -> Directory {
    let directory = Directory::new([0; 32]);
    directory.publish(entries);
    directory
}

use IdentityKind::{Agent, Person, Service};

#[test]
fn a_delegator_comes_with_the_groups_it_has_now() {
    let alice = |groups: &[&str]| entry("alice", Person, groups, None);
    let agent = || entry("copilot", Agent, &["agents"], Some("alice"));
    let directory = published(vec![agent(), alice(&["support", "admins", "support"])]);
    let of_agent = |directory: &Directory| {
        let agent = directory.resolve("copilot").unwrap();
        assert_eq!(agent.chain(), "alice/copilot");
        assert_eq!(agent.groups, ["agents"]);
        agent.acts_for.clone().unwrap().groups
    };
    assert_eq!(of_agent(&directory), ["admins", "support"]);
    let before = directory.generation();
    directory.publish(vec![agent(), alice(&["support"])]);
    assert_eq!(of_agent(&directory), ["support"]);
    assert_eq!(directory.generation(), before + 1);
}

#[test]
fn disabling_a_delegator_disables_all_its_agents() {
    let alice = || entry("alice", Person, &[], None);
    let agents = || {
        vec![
            entry("copilot", Agent, &[], Some("alice")),
            entry("helper", Agent, &[], Some("copilot")),
        ]
    };
    let with = |alice| published(agents().into_iter().chain([alice]).collect());
    assert_eq!(with(alice()).resolve("helper").unwrap().chain(), "alice/copilot/helper");
    let without = with(disabled(alice()));
    for name in ["alice", "copilot", "helper"] {
        assert!(without.resolve(name).is_none(), "{name}");
    }
}

#[test]
fn what_contradicts_itself_is_not_let_in() {
    let directory = published(vec![
        entry("orphan", Agent, &[], Some("nobody")),
        entry("bare", Agent, &[], None),
        entry("mask", Person, &[], Some("job")),
        entry("job", Service, &[], None),
        entry("twin", Person, &["admins"], None),
        entry("twin", Person, &[], None),
        entry("ouroboros", Agent, &[], Some("ouroboros")),
        entry("chicken", Agent, &[], Some("egg")),
        entry("egg", Agent, &[], Some("chicken")),
    ]);
    for name in ["orphan", "bare", "mask", "twin", "ouroboros", "chicken", "egg", "nobody", ""] {
        assert!(directory.resolve(name).is_none(), "{name}");
    }
    assert!(directory.resolve("job").is_some());
}

#[test]
fn chains_have_an_end() {
    let mut entries = vec![entry("a0", Person, &[], None)];
    for step in 1..=MAX_CHAIN + 1 {
        let delegator = format!("a{}", step - 1);
        entries.push(entry(&format!("a{step}"), Agent, &[], Some(&delegator)));
    }
    let directory = published(entries);
    assert!(directory.resolve(&format!("a{MAX_CHAIN}")).is_some());
    assert!(directory.resolve(&format!("a{}", MAX_CHAIN + 1)).is_none());
}

#[test]
fn whoever_was_removed_is_gone() {
    let directory = published(vec![entry("alice", Person, &[], None)]);
    assert_eq!(directory.len(), 1);
    directory.publish(Vec::new());
    assert!(directory.resolve("alice").is_none() && directory.is_empty());
    assert!(matches!(directory.claim("alice").standing, Standing::Unknown));
}

#[test]
fn derived_keys_differ_by_purpose_and_installation() {
    let one = Directory::new([1; 32]);
    assert_eq!(one.derived_key("a"), one.derived_key("a"));
    assert_ne!(one.derived_key("a"), one.derived_key("b"));
    assert_ne!(one.derived_key("a"), Directory::new([2; 32]).derived_key("a"));
}

#[test]
fn a_password_proves_who_is_known_and_nobody_else() {
    let people = published(vec![
        entry("alice", Person, &["support"], None),
        disabled(entry("bob", Person, &[], None)),
    ]);
    let prove =
        |name: &str, password: &str| people.claim(name).prove(&Secret::from(password.to_owned()));
    assert_eq!(prove("alice", "x").unwrap().groups, ["support"]);
    assert_eq!(prove("alice", "y").unwrap_err(), IdentityError::WrongProof);
    assert_eq!(prove("bob", "y").unwrap_err(), IdentityError::WrongProof);
    assert_eq!(prove("bob", "x").unwrap_err(), IdentityError::Barred(Bar::Disabled));
    assert_eq!(prove("nobody", "x").unwrap_err(), IdentityError::WrongProof);
}

#[test]
fn a_grant_counts_for_one_identity_on_its_databases_until_its_end() {
    let (began, until) = (Instant::now(), SystemTime::now());
    let grant = |grant: &str, identity: &str, databases: &[&str], seconds| Grant {
        granted: Granted { grant: grant.to_owned(), group: "stewards".to_owned() },
        identity: identity.to_owned(),
        databases: databases.iter().map(|name| (*name).to_owned()).collect(),
        deadline: began + Duration::from_secs(seconds),
        until,
    };
    let people =
        || vec![entry("alice", Person, &["a"], None), entry("bot", Agent, &["b"], Some("alice"))];
    let directory = published(people());
    let all = vec![grant("g", "alice", &["shop"], 10), grant("h", "alice", &["shop", "bank"], 5)];
    assert!(directory.publish_grants(all.clone()) && !directory.publish_grants(all));
    let names = |name: &str, database: &str, seconds: u64| -> Vec<String> {
        let granted = directory.granted(name, database, began + Duration::from_secs(seconds));
        granted.into_iter().map(|granted| granted.grant).collect()
    };
    assert_eq!(names("alice", "shop", 0), ["g", "h"]);
    assert_eq!(names("alice", "bank", 0), ["h"]);
    assert_eq!(names("alice", "shop", 5), ["g"], "at its end it is over");
    assert!(names("alice", "shop", 10).is_empty());
    assert!(names("bot", "shop", 0).is_empty(), "an agent has no grant of whom it acts for");
    assert!(names("alice", "Shop", 0).is_empty() && names("Alice", "shop", 0).is_empty());
    let alice = directory.resolve("alice").unwrap();
    assert_eq!(alice.groups, ["a"], "lasting groups stay apart");
    let granted = directory.granted("alice", "shop", began);
    assert_eq!(alice.granted(&granted).groups, ["a", "stewards"]);
    let before = directory.generation();
    directory.publish(people());
    assert_eq!(names("alice", "shop", 0), ["g", "h"]);
    assert!(directory.withdraw_grants(|grant| grant.granted.grant != "h"));
    assert!(!directory.withdraw_grants(|grant| grant.granted.grant != "h"));
    assert_eq!(names("alice", "shop", 0), ["g"]);
    assert_eq!(directory.generation(), before + 2);
}
