//! Two keys for a while, then one; and never one more than there was.

use super::*;
use crate::NewIdentity;
use model::{CredentialKind, IdentityKind};
use std::time::{Duration, UNIX_EPOCH};

const SALT: &str = "SCRAM-SHA-256$4096:c2FsdA==$AA==:AA==";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn key(id: &str, of: &str, replaces: Option<&str>) -> NewCredential {
    let mut hash = [0; 32];
    hash.iter_mut().zip(id.bytes()).for_each(|(to, from)| *to = from);
    NewCredential {
        id: id.to_owned(),
        identity: of.into(),
        kind: CredentialKind::Key,
        verifier: SALT.to_owned().into(),
        hash,
        databases: Vec::new(),
        source: "test".to_owned(),
        not_before: at(1),
        expires: Some(at(1_000)),
        replaces: replaces.map(str::to_owned),
        follows: None,
        delegated: None,
    }
}

async fn store(dir: &std::path::Path) -> Store {
    let store = Store::open(dir).await.unwrap();
    for name in ["job", "other"] {
        let new = NewIdentity {
            name: name.into(),
            kind: IdentityKind::Service,
            groups: Vec::new(),
            acts_for: None,
            verifier: SALT.to_owned().into(),
        };
        store.add_identity(new, "root", at(0)).await.unwrap();
    }
    store.add_credential(&key("k-1", "job", None), "root", at(10)).await.unwrap();
    store
}

#[tokio::test]
async fn the_old_key_is_good_until_it_is_said_and_never_longer_than_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let second = key("k-2", "job", Some("k-1"));
    assert_eq!(store.rotate_key(&second, at(60), "root", at(20)).await.unwrap(), at(60));
    let old = store.credential("k-1").await.unwrap().unwrap();
    assert!(old.is_live(at(59)) && !old.is_live(at(60)));
    assert!(store.credential("k-2").await.unwrap().unwrap().is_live(at(999)));
    let third = key("k-3", "job", Some("k-2"));
    assert_eq!(store.rotate_key(&third, at(9_000), "root", at(30)).await.unwrap(), at(1_000));
    let noted = format!("{:?}", store.events("ledger", 100).await.unwrap());
    assert!(noted.contains("key k-1 replaced by k-2; it is good for 40 s more"), "{noted}");
}

#[tokio::test]
async fn only_a_key_in_force_of_the_same_identity_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let foreign = key("k-2", "other", Some("k-1"));
    assert!(store.rotate_key(&foreign, at(60), "root", at(20)).await.is_err());
    assert!(store.rotate_key(&key("k-3", "job", None), at(60), "root", at(20)).await.is_err());
    let late = key("k-4", "job", Some("k-1"));
    assert!(store.rotate_key(&late, at(2_000), "root", at(1_000)).await.is_err(), "it is over");
    store.revoke_credential("k-1", "root", at(30)).await.unwrap();
    assert!(store.rotate_key(&late, at(60), "root", at(31)).await.is_err(), "it was revoked");
    assert_eq!(store.credentials(None).await.unwrap().len(), 1, "nothing was added");
}

/// A token by which an agent acts for alice, that follows from a key until then.
fn delegated(id: &str, actor: &str, until: u64) -> NewCredential {
    let delegated = crate::Delegated {
        acts_for: "alice".into(),
        task: None,
        subject: None,
        actor: Some(actor.to_owned()),
    };
    NewCredential {
        kind: CredentialKind::Token,
        expires: Some(at(until)),
        delegated: Some(delegated),
        ..key(id, "job", None)
    }
}

#[tokio::test]
async fn no_token_outlives_the_key_that_it_follows_from() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let alice = NewIdentity {
        name: "alice".into(),
        kind: IdentityKind::Person,
        groups: Vec::new(),
        acts_for: None,
        verifier: SALT.to_owned().into(),
    };
    store.add_identity(alice, "root", at(0)).await.unwrap();
    let add = async |id: &str, actor: &str, until, now| {
        store.add_credential(&delegated(id, actor, until), "alice", at(now)).await.is_ok()
    };
    let until = async |id: &str| store.credential(id).await.unwrap().unwrap().new.expires;
    assert!(add("t-1", "k-1", 900, 15).await);
    assert!(!add("t-2", "k-1", 1_001, 15).await, "longer than the key");
    // Rotation brings the end of the old one forward, and of what follows from it.
    store.rotate_key(&key("k-2", "job", Some("k-1")), at(60), "root", at(20)).await.unwrap();
    assert_eq!(until("t-1").await, Some(at(60)));
    assert!(!add("t-3", "k-1", 61, 21).await, "made while it was rotated");
    assert!(add("t-4", "k-1", 60, 21).await);
    // Revoked while the token was made, and before.
    assert!(add("t-5", "k-2", 900, 22).await);
    store.revoke_credential("k-2", "root", at(23)).await.unwrap();
    assert!(!store.credential("t-5").await.unwrap().unwrap().is_live(at(24)));
    assert!(!add("t-6", "k-2", 900, 24).await, "made while it was revoked");
    assert!(!add("t-7", "k-nobody", 900, 24).await);
}
