//! From the store to the directory and the ledger.

use super::publish;
use crate::serve::outbox::{Copied, copy};
use identity::{Directory, ScramVerifier, Secret};
use ledger::{Ledger, Options, Reader, Record, Time};
use model::IdentityKind;
use std::time::{Duration, UNIX_EPOCH};
use store::{NewIdentity, Store};

async fn store(dir: &std::path::Path) -> Store {
    let store = Store::open(dir).await.unwrap();
    let verifier = ScramVerifier::for_password(&Secret::from("pw".to_owned())).unwrap().to_text();
    let now = UNIX_EPOCH + Duration::from_secs(5);
    for (name, kind, acts_for) in
        [("alice", IdentityKind::Person, None), ("bot", IdentityKind::Agent, Some("alice".into()))]
    {
        let name = name.into();
        let groups = vec!["g".to_owned()];
        let new = NewIdentity { name, kind, groups, acts_for, verifier: verifier.clone().into() };
        store.add_identity(new, "os:root", now).await.unwrap();
    }
    store
}

#[tokio::test]
async fn the_directory_knows_whom_an_agent_acts_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let directory = Directory::new([0; 32]);
    assert_eq!(publish(&store, &directory).await.unwrap(), 2);
    let bot = directory.resolve("bot").unwrap();
    assert_eq!(bot.chain(), "alice/bot");
    assert_eq!(bot.acts_for.as_ref().unwrap().groups, ["g"]);
    store.set_enabled("alice", false, "os:root", UNIX_EPOCH).await.unwrap();
    publish(&store, &directory).await.unwrap();
    assert!(directory.resolve("alice").is_none());
    assert!(directory.resolve("bot").is_none(), "an agent's right ends with its principal's");
}

#[tokio::test]
async fn a_verifier_that_cannot_be_read_lets_nobody_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let broken = "md5abc".to_owned().into();
    store.set_verifier("alice", &broken, "os:root", UNIX_EPOCH).await.unwrap();
    let directory = Directory::new([0; 32]);
    assert_eq!(publish(&store, &directory).await.unwrap(), 1);
    assert!(directory.resolve("alice").is_none());
}

#[tokio::test]
async fn an_event_is_recorded_once_however_often_the_disk_refuses() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let log = dir.path().join("ledger");
    let options = Options::new("node", "0", Time::from_micros(0));
    let options = Options { segment_bytes: 1, ..options };
    let (ledger, _) = Ledger::open(&log, options).unwrap();
    let mut copied = Copied::default();
    assert_eq!(copy(&store, &ledger, &mut copied).await.unwrap(), 2);
    // In the place of the next segment.
    let obstacle = log.join(format!("{:020}.segment", ledger.stats().records));
    std::fs::create_dir(&obstacle).unwrap();
    for enabled in [false, true] {
        store.set_enabled("bot", enabled, "os:eve", UNIX_EPOCH).await.unwrap();
        for _ in 0..3 {
            copy(&store, &ledger, &mut copied).await.unwrap_err();
        }
    }
    std::fs::remove_dir(&obstacle).unwrap();
    while copy(&store, &ledger, &mut copied).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(copy(&store, &ledger, &mut copied).await.unwrap(), 0);
    let said = |what: &str| {
        let entries = Reader::open(&log).unwrap().map(Result::unwrap);
        entries.filter(|entry| String::from_utf8_lossy(&entry.payload).contains(what)).count()
    };
    assert_eq!((said("\"what\":\"disabled"), said("\"what\":\"enabled")), (1, 1));
}

#[tokio::test]
async fn events_are_recorded_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let log = dir.path().join("ledger");
    let options = Options::new("node", "0", Time::from_micros(0));
    let (ledger, _) = Ledger::open(&log, options).unwrap();
    let mut copied = Copied::default();
    assert_eq!(copy(&store, &ledger, &mut copied).await.unwrap(), 2);
    assert_eq!(copy(&store, &ledger, &mut copied).await.unwrap(), 0);
    store.set_enabled("bot", false, "os:eve", UNIX_EPOCH).await.unwrap();
    assert_eq!(copy(&store, &ledger, &mut copied).await.unwrap(), 1);
    let said: Vec<String> = Reader::open(&log)
        .unwrap()
        .filter_map(|entry| match entry.unwrap().record().unwrap() {
            Record::IdentityChanged(r) => Some(format!("{} {} by {}", r.identity, r.what, r.by)),
            _ => None,
        })
        .collect();
    let expected = [
        "alice added: person in g by os:root",
        "bot added: agent for alice in g by os:root",
        "bot disabled by os:eve",
    ];
    assert_eq!(said, expected);
}
