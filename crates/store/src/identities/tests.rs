//! Identities and the events they leave.

use super::{NewIdentity, Verifier, check_foreign_name, check_name};
use crate::{Event, Happened, Store, StoreError};
use model::{Blame, IdentityKind};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn new(name: &str, kind: IdentityKind, acts_for: Option<&str>) -> NewIdentity {
    NewIdentity {
        name: name.into(),
        kind,
        groups: vec!["b".into(), "a".into()],
        acts_for: acts_for.map(Into::into),
        verifier: Verifier("v1".into()),
    }
}

async fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    (dir, store)
}

fn what(event: Event) -> String {
    match event.what {
        Happened::Identity { what, .. } | Happened::Administered { what } => what,
        other => panic!("{other:?}"),
    }
}

async fn whats(store: &Store) -> Vec<String> {
    store.events("ledger", 100).await.unwrap().into_iter().map(what).collect()
}

#[tokio::test]
async fn an_identity_comes_back_as_it_was_added() {
    let (_dir, store) = store().await;
    store.add_identity(new("alice", IdentityKind::Person, None), "root", at(5)).await.unwrap();
    let bot = new("bot", IdentityKind::Agent, Some("alice"));
    store.add_identity(bot, "alice", at(6)).await.unwrap();
    let all = store.identities().await.unwrap();
    let names: Vec<_> = all.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["alice", "bot"]);
    assert_eq!(all[0].groups, ["a", "b"]);
    assert_eq!(all[1].acts_for, Some("alice".into()));
    assert!(all[1].enabled);
    assert_eq!((all[1].created, all[1].changed), (at(6), at(6)));
    assert_eq!(all[1].verifier.expose(), "v1");
    assert_eq!(format!("{:?}", all[1].verifier), "***");
    assert_eq!(whats(&store).await, ["added: person in b, a", "added: agent for alice in b, a"]);
}

#[tokio::test]
async fn changes_are_noted_and_repeats_are_not() {
    let (_dir, store) = store().await;
    store.add_identity(new("alice", IdentityKind::Person, None), "root", at(1)).await.unwrap();
    assert!(store.set_enabled("alice", false, "root", at(2)).await.unwrap());
    assert!(!store.set_enabled("alice", false, "root", at(3)).await.unwrap());
    assert_eq!(store.identity("alice").await.unwrap().unwrap().changed, at(2));
    assert!(store.add_group("alice", "c", "root", at(4)).await.unwrap());
    assert!(!store.add_group("alice", "c", "root", at(4)).await.unwrap());
    assert!(store.remove_group("alice", "a", "root", at(5)).await.unwrap());
    assert!(!store.remove_group("alice", "a", "root", at(5)).await.unwrap());
    store.set_verifier("alice", &Verifier("v2".into()), "bob", at(6)).await.unwrap();
    let alice = store.identity("alice").await.unwrap().unwrap();
    assert_eq!(alice.groups, ["b", "c"]);
    assert_eq!((alice.verifier.expose(), alice.enabled, alice.changed), ("v2", false, at(6)));
    assert_eq!(alice.passwords, 1);
    let expected =
        ["added: person in b, a", "disabled", "groups: +c", "groups: -a", "password changed"];
    assert_eq!(whats(&store).await, expected);
    let last = store.events("ledger", 100).await.unwrap().pop().unwrap();
    assert_eq!((last.by.as_str(), last.at), ("bob", at(6)));
    assert!(matches!(&last.what, Happened::Identity { identity, .. } if identity == "alice"));
    store.set_verifier("alice", &Verifier("v2".into()), "bob", at(7)).await.unwrap();
    let alice = store.identity("alice").await.unwrap().unwrap();
    assert_eq!((alice.verifier.expose(), alice.passwords), ("v2", 2), "the same one is another");
    assert_eq!(store.identities().await.unwrap()[0].passwords, 2);
}

#[tokio::test]
async fn events_wait_until_they_are_recorded() {
    let (_dir, store) = store().await;
    store.add_identity(new("alice", IdentityKind::Person, None), "root", at(1)).await.unwrap();
    store.set_enabled("alice", false, "root", at(2)).await.unwrap();
    let first = store.events("ledger", 1).await.unwrap();
    assert_eq!(first.len(), 1);
    store.followed("ledger", first[0].id).await.unwrap();
    assert_eq!(whats(&store).await, ["disabled"]);
    let last = store.events("ledger", 9).await.unwrap().pop().unwrap();
    store.followed("ledger", last.id).await.unwrap();
    assert!(whats(&store).await.is_empty());
    store.set_enabled("alice", true, "root", at(3)).await.unwrap();
    assert_eq!(whats(&store).await, ["enabled"]);
}

/// Whoever met a canary again is told of again, and one who is gone is nothing to try again for.
#[tokio::test]
async fn a_suspension_is_noted_in_any_case() {
    let (_dir, store) = store().await;
    store.add_identity(new("alice", IdentityKind::Person, None), "root", at(1)).await.unwrap();
    for name in ["alice", "alice", "gone"] {
        store.suspend(name, "canary \"x\"", at(2)).await.unwrap();
    }
    assert!(!store.identity("alice").await.unwrap().unwrap().enabled);
    let noted = ["added: person in b, a", "disabled", "disabled already", "removed already"];
    assert_eq!(whats(&store).await, noted);
}

#[tokio::test]
async fn an_agent_may_have_nobody_to_act_for() {
    let (_dir, store) = store().await;
    store.add_identity(new("bot", IdentityKind::Agent, None), "root", at(1)).await.unwrap();
    assert_eq!(store.identity("bot").await.unwrap().unwrap().acts_for, None);
    let noted = whats(&store).await;
    assert!(noted[0].starts_with("added: agent") && !noted[0].contains(" for "), "{noted:?}");
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_leaves_nothing() {
    let (_dir, store) = store().await;
    let add = |new| store.add_identity(new, "root", at(1));
    let proxy = add(new("eve", IdentityKind::Person, Some("eve"))).await.unwrap_err();
    assert!(matches!(proxy, StoreError::ActsFor(_)));
    let orphan = add(new("bot", IdentityKind::Agent, Some("nobody"))).await.unwrap_err();
    assert!(matches!(&orphan, StoreError::NoIdentity(name) if name == "nobody"));
    let own = add(new("bot", IdentityKind::Agent, Some("bot"))).await.unwrap_err();
    assert!(matches!(own, StoreError::NoIdentity(_)), "nobody acts for itself");
    add(new("alice", IdentityKind::Person, None)).await.unwrap();
    let twice = add(new("alice", IdentityKind::Service, None)).await.unwrap_err();
    assert!(matches!(twice, StoreError::IdentityExists(_)));
    assert_eq!(twice.blame(), Blame::Client);
    for result in [
        store.set_enabled("bob", true, "root", at(1)).await.map(|_| ()),
        store.set_verifier("bob", &Verifier("v".into()), "root", at(1)).await,
        store.add_group("bob", "g", "root", at(1)).await.map(|_| ()),
        store.remove_group("bob", "g", "root", at(1)).await.map(|_| ()),
    ] {
        assert!(matches!(result, Err(StoreError::NoIdentity(_))));
    }
    assert_eq!(whats(&store).await.len(), 1);
}

#[test]
fn names() {
    for good in ["alice", "alice@example.org", "svc-1", "agent:copilot", "Zoë", "7of9", "a+b_c.d"]
    {
        assert!(check_name(good).is_ok(), "{good}");
    }
    let long = "x".repeat(64);
    for bad in ["", "a/b", "a b", "a,b", "-a", ".a", "a\n", "a\"", "a'b", long.as_str()] {
        assert!(matches!(check_name(bad), Err(StoreError::BadName(..))), "{bad:?}");
        assert!(check_foreign_name(bad).is_err(), "{bad:?}");
    }
    for good in ["alice", "alice@example.org", "svc-1", "7of9", "a+b_c.d", "weirdo"] {
        assert!(check_foreign_name(good).is_ok(), "{good}");
    }
    // The second one's first letter is Cyrillic.
    for bad in ["os:root", "\u{430}lice", "Zoë", "provider:corp", "weir", "Weir"] {
        assert!(matches!(check_foreign_name(bad), Err(StoreError::BadName(..))), "{bad:?}");
    }
}
