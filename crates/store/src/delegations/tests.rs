//! Who can hand a voice on, to whom, for how long, and what ends it.

use super::*;
use crate::{Happened, NewIdentity};
use model::IdentityKind;
use std::time::UNIX_EPOCH;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

async fn store(folder: &tempfile::TempDir) -> Store {
    let store = Store::open(folder.path()).await.unwrap();
    for (name, kind, groups) in [
        ("alice", IdentityKind::Person, vec!["dba", "security"]),
        ("bob", IdentityKind::Person, vec![]),
        ("carol", IdentityKind::Person, vec!["dba"]),
        ("dave", IdentityKind::Person, vec!["dba"]),
        ("robot", IdentityKind::Service, vec!["dba"]),
    ] {
        let new = NewIdentity {
            name: name.into(),
            kind,
            groups: groups.into_iter().map(str::to_owned).collect(),
            acts_for: None,
            verifier: String::from("v").into(),
        };
        store.add_identity(new, "root", at(0)).await.unwrap();
    }
    store
}

fn new(from: &str, to: &str, groups: &[&str], until: u64) -> NewDelegation {
    NewDelegation {
        delegator: from.into(),
        delegate: to.into(),
        groups: groups.iter().map(ToString::to_string).collect(),
        since: at(10),
        until: at(until),
        reason: "holiday".into(),
    }
}

async fn try_it(store: &Store, new: NewDelegation) -> Result<Delegation, NoDelegation> {
    store.delegate(&new, "then").await.unwrap()
}

#[tokio::test]
async fn not_everybody_hands_on_to_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let long = 10 + LONGEST_DELEGATION.as_secs();
    for (one, why) in [
        (new("alice", "alice", &[], 90), NoDelegation::Oneself),
        (new("alice", "robot", &[], 90), NoDelegation::NoPerson("robot".into())),
        (new("robot", "alice", &[], 90), NoDelegation::NoPerson("robot".into())),
        (new("alice", "nobody", &[], 90), NoDelegation::NoPerson("nobody".into())),
        (new("carol", "bob", &["security"], 90), NoDelegation::NotIn("security".into())),
        (new("bob", "carol", &[], 90), NoDelegation::NotIn(String::new())),
        (new("alice", "bob", &[], 10), NoDelegation::Time),
        (new("alice", "bob", &[], long + 1), NoDelegation::Time),
    ] {
        assert_eq!(try_it(&store, one).await, Err(why));
    }
    let given = try_it(&store, new("alice", "bob", &[], long)).await.unwrap();
    assert_eq!(given.groups, ["dba", "security"]);
    // No chains, in neither direction, and one voice is with one.
    for (one, why) in [
        (new("alice", "dave", &[], 90), NoDelegation::Already("bob".into())),
        (new("carol", "alice", &[], 90), NoDelegation::Chain("alice".into())),
    ] {
        assert_eq!(try_it(&store, one).await, Err(why));
    }
    store.add_group("bob", "dba", "root", at(11)).await.unwrap();
    let chain = try_it(&store, new("bob", "dave", &[], 90)).await;
    assert_eq!(chain, Err(NoDelegation::Chain("bob".into())));
    assert!(try_it(&store, new("carol", "bob", &[], 90)).await.is_ok(), "bob has two now");
}

#[tokio::test]
async fn it_ends_by_either_of_them_by_its_time_and_with_what_it_rests_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let left = async |seconds| {
        let left = store.delegations(false, at(seconds), 10).await.unwrap();
        left.into_iter().map(|one| one.groups.join(",")).collect::<Vec<_>>()
    };
    let given = try_it(&store, new("alice", "bob", &[], 90)).await.unwrap();
    let others = store.end_delegation(given.id, "carol", at(11)).await.unwrap();
    assert_eq!(others, Err(NoDelegation::Nothing));
    assert_eq!(left(12).await, ["dba,security"]);
    store.remove_group("alice", "security", "root", at(13)).await.unwrap();
    assert_eq!(left(14).await, ["dba"]);
    store.add_group("alice", "security", "root", at(14)).await.unwrap();
    assert_eq!(left(14).await, ["dba"], "it does not come back");
    store.end_delegation(given.id, "bob", at(15)).await.unwrap().unwrap();
    assert!(left(16).await.is_empty());
    try_it(&store, new("alice", "bob", &[], 20)).await.unwrap();
    assert_eq!(left(19).await.len(), 1);
    assert!(left(20).await.is_empty());
    assert!(left(12).await.is_empty(), "no clock brings it back");
    // Whoever it was handed to leaves the group, too.
    try_it(&store, new("carol", "dave", &[], 90)).await.unwrap();
    store.remove_group("dave", "dba", "root", at(21)).await.unwrap();
    assert!(left(22).await.is_empty());
    try_it(&store, new("carol", "dave", &[], 90)).await.unwrap();
    store.set_enabled("dave", false, "root", at(23)).await.unwrap();
    store.set_enabled("dave", true, "root", at(23)).await.unwrap();
    assert!(left(24).await.is_empty());
    assert_eq!(store.delegations(true, at(25), 10).await.unwrap().len(), 4);
    let told = store.events("ledger", 100).await.unwrap();
    let told: Vec<String> = told
        .into_iter()
        .filter_map(|event| match event.what {
            Happened::Identity { identity, what } if what.starts_with("voice") => {
                Some(format!("{identity} by {}: {what}", event.by))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            "alice by alice: voice in dba, security handed on to bob until then: holiday",
            "alice by root: voice in security is back from bob: alice left it",
            "alice by bob: voice is back from bob: taken back",
            "alice by alice: voice in dba, security handed on to bob until then: holiday",
            "alice by weir: voice is back from bob: its time is over",
            "carol by carol: voice in dba handed on to dave until then: holiday",
            "carol by root: voice is back from dave: dave left dba",
            "carol by carol: voice in dba handed on to dave until then: holiday",
            "carol by root: voice is back from dave: dave was disabled",
        ]
    );
}
