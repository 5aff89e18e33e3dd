//! Codes are taken once, and what was had by less is over.

use super::*;
use crate::NewIdentity;
use model::IdentityKind;
use std::time::{Duration, UNIX_EPOCH};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

async fn store(dir: &std::path::Path) -> Store {
    let store = Store::open(dir).await.unwrap();
    for name in ["alice", "bob"] {
        let new = NewIdentity {
            name: name.into(),
            kind: IdentityKind::Person,
            groups: Vec::new(),
            acts_for: None,
            verifier: String::from("v").into(),
        };
        store.add_identity(new, "root", at(0)).await.unwrap();
    }
    store
}

#[tokio::test]
async fn a_code_is_taken_once_and_none_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    assert!(!store.take_step("alice", 7).await.unwrap(), "she has none yet");
    let codes = [[1; 32], [2; 32]];
    store.set_second_factor("alice", (b"sealed", &codes), "root", at(1)).await.unwrap();
    let take = async |step| store.take_step("alice", step).await.unwrap();
    assert!(take(7).await && !take(7).await && !take(6).await && take(8).await);
    let recovery = async |name: &str, code: u8| {
        store.take_recovery_code(name, &[code; 32], at(2)).await.unwrap()
    };
    assert!(!recovery("bob", 1).await, "hers");
    assert!(recovery("alice", 1).await && !recovery("alice", 1).await);
    assert_eq!(store.second_factor("alice").await.unwrap().unwrap().recovery_codes, 1);
    // Another device begins anew, with other codes.
    store.set_second_factor("alice", (b"other", &[[3; 32]]), "root", at(3)).await.unwrap();
    assert!(!recovery("alice", 2).await && recovery("alice", 3).await && take(1).await);
    assert!(store.set_recovery_codes("alice", &[[4; 32]], "root", at(4)).await.unwrap());
    assert!(!store.set_recovery_codes("bob", &[[4; 32]], "root", at(4)).await.unwrap());
    assert!(store.remove_second_factor("alice", "root", at(5)).await.unwrap());
    assert!(!store.remove_second_factor("alice", "root", at(5)).await.unwrap());
    assert!(!recovery("alice", 4).await && !take(99).await);
    assert!(store.second_factors().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_had_by_the_password_alone_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let times = (at(1), at(1_000));
    store.add_token(&[9; 32], "alice", times, "signed in").await.unwrap().unwrap();
    store.set_second_factor("alice", (b"sealed", &[]), "root", at(2)).await.unwrap();
    assert!(store.token(&[9; 32], at(3)).await.unwrap().is_none());
    assert_eq!(store.second_factors().await.unwrap(), ["alice".to_owned()].into());
    assert!(store.set_second_factor("nobody", (b"x", &[]), "root", at(2)).await.is_err());
}
