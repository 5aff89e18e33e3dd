//! Tokens make room for newer ones, keys do not, and none outlives what it depends on.

use super::*;
use crate::NewIdentity;
use model::IdentityKind;
use std::time::UNIX_EPOCH;

const SALT: &str = "SCRAM-SHA-256$4096:c2FsdA==$AA==:AA==";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn new(id: &str, kind: CredentialKind, expires: Option<SystemTime>) -> NewCredential {
    let mut hash = [0; 32];
    hash.iter_mut().zip(id.bytes()).for_each(|(to, from)| *to = from);
    NewCredential {
        id: id.to_owned(),
        identity: "alice".into(),
        kind,
        verifier: SALT.to_owned().into(),
        hash,
        databases: vec!["shop".to_owned()],
        source: "test".to_owned(),
        not_before: at(1),
        expires,
        replaces: None,
        follows: None,
        delegated: None,
    }
}

async fn store(dir: &std::path::Path) -> Store {
    let store = Store::open(dir).await.unwrap();
    let alice = NewIdentity {
        name: "alice".into(),
        kind: IdentityKind::Person,
        groups: Vec::new(),
        acts_for: None,
        verifier: SALT.to_owned().into(),
    };
    store.add_identity(alice, "root", at(0)).await.unwrap();
    store
}

async fn live(store: &Store, now: SystemTime) -> Vec<String> {
    let all = store.credentials(Some("alice")).await.unwrap();
    all.into_iter().filter(|one| one.is_live(now)).map(|one| one.new.id).collect()
}

#[tokio::test]
async fn a_token_more_than_there_may_be_ends_the_oldest() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    for number in 0..25 {
        let token = new(&format!("t-{number:02}"), CredentialKind::Token, Some(at(1_000)));
        store.add_credential(&token, "alice", at(10 + number)).await.unwrap();
    }
    let live = live(&store, at(100)).await;
    assert_eq!(live.len(), MAX_TOKENS as usize);
    assert_eq!((live[0].as_str(), live[19].as_str()), ("t-24", "t-05"));
}

#[tokio::test]
async fn a_key_more_than_there_may_be_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    for number in 0..MAX_KEYS {
        let key = new(&format!("k-{number:02}"), CredentialKind::Key, None);
        store.add_credential(&key, "root", at(10)).await.unwrap();
    }
    let more = new("k-more", CredentialKind::Key, None);
    let refused = store.add_credential(&more, "root", at(10)).await;
    assert!(matches!(refused, Err(StoreError::Credential(_))));
    assert!(store.revoke_credential("k-00", "root", at(11)).await.unwrap());
    assert!(!store.revoke_credential("k-00", "root", at(12)).await.unwrap());
    store.add_credential(&more, "root", at(13)).await.unwrap();
}

#[tokio::test]
async fn what_is_over_cannot_be_prolonged() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let token = new("t-1", CredentialKind::Token, Some(at(100)));
    store.add_credential(&token, "alice", at(10)).await.unwrap();
    assert!(store.prolong_credential("t-1", at(200), at(99)).await.unwrap());
    assert!(!store.prolong_credential("t-1", at(300), at(200)).await.unwrap());
    assert!(live(&store, at(200)).await.is_empty());
}

#[tokio::test]
async fn tokens_end_with_the_password_and_the_right_to_sign_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let other = "SCRAM-SHA-256$4096:b3RoZXI=$AA==:AA==".to_owned();
    let foreign = NewCredential {
        verifier: other.clone().into(),
        ..new("k-foreign", CredentialKind::Key, None)
    };
    let refused = store.add_credential(&foreign, "root", at(10)).await;
    assert!(matches!(refused, Err(StoreError::Credential(_))), "another salt");
    let key = new("k-1", CredentialKind::Key, None);
    store.add_credential(&key, "root", at(10)).await.unwrap();
    let token = |id| new(id, CredentialKind::Token, Some(at(1_000)));
    store.add_credential(&token("t-1"), "alice", at(10)).await.unwrap();
    store.set_verifier("alice", &SALT.to_owned().into(), "root", at(11)).await.unwrap();
    assert_eq!(live(&store, at(12)).await, ["k-1"], "the same salt: the key goes on");
    store.add_credential(&token("t-2"), "alice", at(12)).await.unwrap();
    store.set_enabled("alice", false, "root", at(13)).await.unwrap();
    assert_eq!(live(&store, at(13)).await, ["k-1"]);
    let refused = store.add_credential(&token("t-3"), "alice", at(14)).await;
    assert!(matches!(refused, Err(StoreError::NoIdentity(_))), "disabled");
    store.set_verifier("alice", &other.into(), "root", at(15)).await.unwrap();
    assert!(live(&store, at(16)).await.is_empty(), "another salt: nobody could prove it");
}

#[tokio::test]
async fn the_last_use_is_kept_about() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    store.add_credential(&new("k-1", CredentialKind::Key, None), "root", at(10)).await.unwrap();
    let used = async |at_second, from: &str| {
        let from = from.parse().ok();
        store.credentials_used(&[("k-1".to_owned(), at(at_second), from)]).await.unwrap();
        let kept = store.credentials(None).await.unwrap().remove(0);
        (kept.used, kept.used_from.map(|from| from.to_string()))
    };
    let kept = |second, from: &str| (Some(at(second)), Some(from.to_owned()));
    assert_eq!(used(5_000, "192.0.2.1").await, kept(5_000, "192.0.2.1"));
    assert_eq!(used(5_100, "192.0.2.1").await, kept(5_000, "192.0.2.1"));
    assert_eq!(used(5_050, "192.0.2.9").await, kept(5_000, "192.0.2.1"));
    assert_eq!(used(5_200, "192.0.2.9").await, kept(5_200, "192.0.2.9"), "from elsewhere");
    assert_eq!(used(6_000, "192.0.2.9").await, kept(6_000, "192.0.2.9"));
}
