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
    arrive_of(store, subject, name, groups, 5).await
}

/// With an answer of this moment.
async fn arrive_of(
    store: &Store,
    subject: &str,
    name: &str,
    groups: &[&str],
    issued: u64,
) -> Result<Account, NoArrival> {
    let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
    let arrival = Arrival {
        provider: "corp",
        subject,
        name,
        kind: IdentityKind::Person,
        groups: Some(&groups),
        issued: at(issued),
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
    for bad in ["os:root", "provider:corp", "weir", "\u{430}lice"] {
        let groups = Vec::new();
        let arrival = Arrival {
            provider: "corp",
            subject: "s8",
            name: bad,
            kind: IdentityKind::Person,
            groups: Some(&groups),
            issued: at(5),
            known_only: false,
            prefix: "corp:",
            verifier: &VERIFIER.to_owned().into(),
        };
        let refused = store.arrive(&arrival, at(5)).await;
        assert!(matches!(refused, Err(StoreError::BadName(..))), "{bad}");
    }
    let renamed = arrive(&store, "s1", "root", &[]).await.unwrap();
    assert_eq!(renamed.name.as_str(), "alice", "who is known keeps the name");
}

#[tokio::test]
async fn whoever_is_expected_by_name_is_bound_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    assert!(store.link("carol", ("corp", None), "os:root", at(1)).await.unwrap());
    assert!(!store.link("carol", ("other", None), "os:root", at(1)).await.unwrap());
    let carol = arrive(&store, "s3", "carol", &["corp:dev"]).await.unwrap();
    assert_eq!(carol.groups, ["admins", "corp:dev"]);
    assert_eq!(arrive(&store, "s4", "carol", &[]).await, Err(NoArrival::Taken));
    assert!(noted(&store).await.contains(&"is \"s3\" of corp from now on".to_owned()));
}

/// What the record is told of.
async fn noted(store: &Store) -> Vec<String> {
    let events = store.events("ledger", 100).await.unwrap().into_iter();
    let what = |event: crate::Event| match event.what {
        crate::Happened::Identity { what, .. } => Some(what),
        _ => None,
    };
    events.filter_map(what).collect()
}

#[tokio::test]
async fn whoever_is_expected_by_subject_is_nobody_who_shows_the_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let link = |name: &'static str, subject| {
        let store = store.clone();
        async move { store.link(name, ("corp", subject), "os:root", at(1)).await.unwrap() }
    };
    assert!(link("carol", None).await);
    assert!(link("carol", Some("s3")).await, "who is linked by name can still be bound");
    assert!(!link("carol", Some("s4")).await, "but once");
    assert!(!link("root", Some("s3")).await, "and nobody else to the same");
    assert_eq!(arrive(&store, "s4", "carol", &[]).await, Err(NoArrival::Taken));
    let carol = arrive(&store, "s3", "whoever", &[]).await.unwrap();
    assert_eq!(carol.name.as_str(), "carol");
    assert!(noted(&store).await.contains(&"comes from corp as \"s3\"".to_owned()));
    let who = ("dora", None);
    let verifier = VERIFIER.to_owned().into();
    store.provision("corp", who, IdentityKind::Person, &verifier, at(1)).await.unwrap();
    assert!(link("dora", Some("s5")).await);
    assert_eq!(arrive(&store, "s6", "dora", &[]).await, Err(NoArrival::Taken));
}

#[tokio::test]
async fn an_older_answer_changes_no_groups() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    arrive_of(&store, "s1", "alice", &["corp:dev", "corp:dba"], 10).await.unwrap();
    let alice = arrive_of(&store, "s1", "alice", &["corp:dev"], 20).await.unwrap();
    assert_eq!(alice.groups, ["corp:dev"]);
    let alice = arrive_of(&store, "s1", "alice", &["corp:dev", "corp:dba"], 19).await.unwrap();
    assert_eq!(alice.groups, ["corp:dev"], "what was taken away does not come back");
    let alice = arrive_of(&store, "s1", "alice", &["corp:dba"], 20).await.unwrap();
    assert_eq!(alice.groups, ["corp:dba"], "a moment has several answers");
}

#[tokio::test]
async fn a_provider_switches_on_whom_it_switched_off() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let verifier: Verifier = VERIFIER.to_owned().into();
    let add = || store.provision("corp", ("dora", None), IdentityKind::Person, &verifier, at(1));
    let active = |on: bool| store.set_active("corp", "dora", on, at(2));
    let enabled = || async { store.identity("dora").await.unwrap().unwrap().enabled };
    add().await.unwrap();
    assert!(active(false).await.unwrap() && !enabled().await);
    assert!(active(true).await.unwrap() && enabled().await);
    // An operator's word stands, whether the provider spoke before or speaks after.
    for before in [true, false] {
        if before {
            assert!(active(false).await.unwrap());
        }
        assert!(store.set_enabled("dora", false, "os:root", at(3)).await.unwrap());
        active(true).await.unwrap();
        assert!(!enabled().await, "switched off before: {before}");
        active(false).await.unwrap();
        active(true).await.unwrap();
        assert!(!enabled().await, "switched off before: {before}");
        assert!(store.deprovision("corp", "dora", "corp:", at(4)).await.unwrap());
        add().await.unwrap();
        assert!(!enabled().await, "switched off before: {before}");
        assert!(store.set_enabled("dora", true, "os:root", at(5)).await.unwrap());
    }
    assert!(store.deprovision("corp", "dora", "corp:", at(6)).await.unwrap());
    add().await.unwrap();
    assert!(enabled().await, "whom it removed it may add again");
    assert!(!store.set_active("other", "dora", false, at(7)).await.unwrap());
    assert!(enabled().await, "of its own alone");
    assert!(
        store
            .provision("corp", ("os:root", None), IdentityKind::Person, &verifier, at(1))
            .await
            .is_err()
    );
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

#[tokio::test]
async fn what_was_issued_before_an_event_ended_all_lets_nobody_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    arrive_of(&store, "s1", "alice", &[], 5).await.unwrap();
    let event = crate::Heard {
        identity: "alice",
        told: crate::Told::Sessions,
        what: "session-revoked",
        by: "provider:corp",
        id: ([1; 32], at(1_000)),
    };
    assert!(store.hear(&event, at(20)).await.unwrap());
    let stale = arrive_of(&store, "s1", "alice", &[], 19).await;
    assert_eq!(stale.unwrap_err(), NoArrival::Ended);
    // Tokens say whole seconds.
    arrive_of(&store, "s1", "alice", &[], 20).await.unwrap();
}
