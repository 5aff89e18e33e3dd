//! Whoever a provider vouches for is who they were, and nobody else.

use super::*;
use crate::NewIdentity;
use std::time::{Duration, UNIX_EPOCH};

const VERIFIER: &str = "SCRAM-SHA-256$4096:c2FsdA==$AA==:AA==";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

async fn arrive(
    store: &Store,
    subject: &str,
    name: &str,
    groups: &[&str],
) -> Result<Account, NoArrival> {
    let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
    let arrival = Arrival {
        provider: "corp",
        subject,
        name,
        kind: IdentityKind::Person,
        groups: Some(&groups),
        known_only: false,
        prefix: "corp:",
        verifier: &VERIFIER.to_owned().into(),
    };
    store.arrive(&arrival, at(5)).await.unwrap()
}

async fn store(dir: &std::path::Path) -> Store {
    let store = Store::open(dir).await.unwrap();
    for name in ["root", "carol"] {
        let local = NewIdentity {
            name: name.into(),
            kind: IdentityKind::Person,
            groups: vec!["admins".to_owned()],
            acts_for: None,
            verifier: VERIFIER.to_owned().into(),
        };
        store.add_identity(local, "os:root", at(0)).await.unwrap();
    }
    store
}

#[tokio::test]
async fn somebody_new_is_made_and_follows_their_groups() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let alice = arrive(&store, "s1", "alice", &["corp:support", "corp:dev"]).await.unwrap();
    assert_eq!(alice.groups, ["corp:dev", "corp:support"]);
    store.add_group("alice", "oncall", "os:root", at(6)).await.unwrap();
    let before = store.events("ledger", 100).await.unwrap().len();
    let alice = arrive(&store, "s1", "alice", &["corp:support", "corp:dev"]).await.unwrap();
    assert_eq!(store.events("ledger", 100).await.unwrap().len(), before, "nothing changed");
    assert_eq!(alice.groups, ["corp:dev", "corp:support", "oncall"]);
    let alice = arrive(&store, "s1", "alice", &["corp:dev"]).await.unwrap();
    assert_eq!(alice.groups, ["corp:dev", "oncall"], "what an operator gave stays");
}

#[tokio::test]
async fn a_name_is_never_anothers() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    assert_eq!(arrive(&store, "s9", "root", &[]).await, Err(NoArrival::Taken));
    arrive(&store, "s1", "alice", &[]).await.unwrap();
    assert_eq!(arrive(&store, "s2", "alice", &[]).await, Err(NoArrival::Taken));
    let renamed = arrive(&store, "s1", "root", &[]).await.unwrap();
    assert_eq!(renamed.name.as_str(), "alice", "who is known keeps the name");
}

#[tokio::test]
async fn whoever_is_expected_by_name_is_bound_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    assert!(store.link("carol", "corp", "os:root", at(1)).await.unwrap());
    assert!(!store.link("carol", "other", "os:root", at(1)).await.unwrap());
    let carol = arrive(&store, "s3", "carol", &["corp:dev"]).await.unwrap();
    assert_eq!(carol.groups, ["admins", "corp:dev"]);
    assert_eq!(arrive(&store, "s4", "carol", &[]).await, Err(NoArrival::Taken));
}

#[tokio::test]
async fn who_is_disabled_here_stays_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    arrive(&store, "s1", "alice", &[]).await.unwrap();
    store.set_enabled("alice", false, "os:root", at(6)).await.unwrap();
    assert_eq!(arrive(&store, "s1", "alice", &["corp:dev"]).await, Err(NoArrival::Disabled));
    assert!(store.identity("alice").await.unwrap().unwrap().groups.is_empty());
}

#[tokio::test]
async fn a_token_is_spent_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    assert!(store.spend(&[1; 32], at(10), at(5)).await.unwrap());
    assert!(!store.spend(&[1; 32], at(10), at(9)).await.unwrap());
    assert!(store.spend(&[2; 32], at(10), at(9)).await.unwrap());
}
