//! A token is good for its time and for the identity as it was.

use crate::{NewIdentity, Store};
use model::IdentityKind;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

async fn store(folder: &tempfile::TempDir) -> Store {
    let store = Store::open(folder.path()).await.unwrap();
    for (name, kind) in [("carol", IdentityKind::Person), ("robot", IdentityKind::Service)] {
        let new = NewIdentity {
            name: name.into(),
            kind,
            groups: vec!["dba".to_owned()],
            acts_for: None,
            verifier: String::from("v").into(),
        };
        store.add_identity(new, "root", at(0)).await.unwrap();
    }
    store
}

async fn sign_in(store: &Store, name: &str, number: u8, seconds: u64) -> bool {
    let times = (at(seconds), at(seconds + 100));
    store.add_token(&[number; 32], name, times, "signed in").await.unwrap().is_some()
}

async fn good(store: &Store, number: u8, seconds: u64) -> bool {
    store.token(&[number; 32], at(seconds)).await.unwrap().is_some()
}

#[tokio::test]
async fn a_token_is_good_from_when_it_was_given_until_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    assert!(sign_in(&store, "carol", 1, 10).await);
    assert!(!good(&store, 1, 9).await && good(&store, 1, 10).await);
    assert!(good(&store, 1, 109).await && !good(&store, 1, 110).await);
    assert!(!good(&store, 2, 50).await);
    let who = store.token(&[1; 32], at(50)).await.unwrap().unwrap();
    assert_eq!((who.name.as_str(), who.groups.as_slice()), ("carol", &["dba".to_owned()][..]));
    store.end_token(&[1; 32], (at(60), "carol"), "signed out").await.unwrap();
    assert!(!good(&store, 1, 61).await);
    assert!(!sign_in(&store, "robot", 3, 10).await, "only persons");
    assert!(!sign_in(&store, "nobody", 3, 10).await);
}

#[tokio::test]
async fn every_change_of_an_identity_ends_its_sign_ins() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    for change in 0..5_u8 {
        assert!(sign_in(&store, "carol", change, 10).await);
        assert!(good(&store, change, 11).await);
        match change {
            0 => drop(store.add_group("carol", "x", "root", at(11)).await.unwrap()),
            1 => drop(store.remove_group("carol", "x", "root", at(11)).await.unwrap()),
            2 => {
                let verifier = String::from("w").into();
                store.set_verifier("carol", &verifier, "root", at(11)).await.unwrap();
            }
            3 => {
                store.set_enabled("carol", false, "root", at(11)).await.unwrap();
                assert!(!good(&store, change, 12).await);
                store.set_enabled("carol", true, "root", at(11)).await.unwrap();
            }
            _ => {
                // What changes nothing ends nothing.
                assert!(!store.add_group("carol", "dba", "root", at(11)).await.unwrap());
                assert!(good(&store, change, 12).await);
                continue;
            }
        }
        assert!(!good(&store, change, 12).await, "{change}");
    }
}

#[tokio::test]
async fn the_oldest_of_too_many_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    for number in 0..17_u8 {
        assert!(sign_in(&store, "carol", number, u64::from(number)).await);
    }
    assert!(!good(&store, 0, 20).await && good(&store, 1, 20).await && good(&store, 16, 20).await);
}

#[tokio::test]
async fn what_follows_from_a_sign_in_ends_however_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let agent = NewIdentity {
        name: "helper".into(),
        kind: IdentityKind::Agent,
        groups: Vec::new(),
        acts_for: None,
        verifier: String::from("v").into(),
    };
    store.add_identity(agent, "root", at(0)).await.unwrap();
    for (number, ends) in [(1_u8, "a change of groups"), (2, "one sign-in too many")] {
        assert!(sign_in(&store, "carol", number, 10).await);
        let token = crate::NewCredential {
            id: format!("follows-{number}"),
            identity: "helper".into(),
            kind: model::CredentialKind::Token,
            verifier: String::from("v").into(),
            hash: [100 + number; 32],
            databases: Vec::new(),
            source: "test".to_owned(),
            not_before: at(11),
            expires: Some(at(90)),
            replaces: None,
            follows: None,
            delegated: Some(crate::Delegated {
                acts_for: "carol".into(),
                task: None,
                subject: Some(crate::sign_in_id(&[number; 32])),
                actor: None,
            }),
        };
        store.add_credential(&token, "carol", at(11)).await.unwrap();
        if number == 1 {
            assert!(store.add_group("carol", "x", "root", at(12)).await.unwrap());
        } else {
            for more in 10..26_u8 {
                assert!(sign_in(&store, "carol", more, 12).await);
            }
        }
        assert!(!good(&store, number, 13).await, "{ends}");
        let all = store.credentials(Some("helper")).await.unwrap();
        let follows = all.iter().find(|one| one.new.id == token.id).unwrap();
        assert!(!follows.is_live(at(13)), "{ends}");
    }
}
