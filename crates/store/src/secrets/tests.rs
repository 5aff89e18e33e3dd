//! Keys stay and differ.

use super::SecretName;
use crate::Store;
use std::time::UNIX_EPOCH;

#[tokio::test]
async fn a_key_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let other = Store::open(dir.path()).await.unwrap();
    let (one, two) =
        tokio::join!(store.secret(SecretName::MockSignIn), other.secret(SecretName::MockSignIn));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one, two);
    assert_ne!(one.expose(), [0; 32]);
    let (keys, same) = tokio::join!(store.pseudonym_keys(), other.pseudonym_keys());
    let keys = keys.unwrap();
    assert_eq!(keys, same.unwrap());
    assert_ne!(keys[0].1, one);
    assert_eq!(format!("{keys:?}"), "[(1, ***)]");
}

#[tokio::test]
async fn keys_of_pseudonyms_follow_one_another() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let first = store.pseudonym_keys().await.unwrap();
    for number in 2..=4 {
        assert_eq!(store.rotate_pseudonyms(3, "root", UNIX_EPOCH).await.unwrap(), number);
    }
    let keys = store.pseudonym_keys().await.unwrap();
    let numbers: Vec<u32> = keys.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [2, 3, 4]);
    assert!(keys.iter().all(|(_, key)| *key != first[0].1));
    assert_eq!(store.forget_pseudonyms("root", UNIX_EPOCH).await.unwrap(), 2);
    // The last one stays, and its number goes on.
    assert_eq!(store.pseudonym_keys().await.unwrap(), keys[2..]);
    assert_eq!(store.rotate_pseudonyms(3, "root", UNIX_EPOCH).await.unwrap(), 5);
    let told = store.events("ledger", 20).await.unwrap();
    for what in ["key 4 of pseudonyms made", "key 1 of pseudonyms forgotten"] {
        let what = crate::Happened::Administered { what: what.to_owned() };
        assert!(told.iter().any(|event| event.what == what), "{what:?}");
    }
}
