//! Everybody who follows sees everything once, in order, and what was there before is not lost.

use super::*;
use crate::FILE_NAME;
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use std::time::{Duration, UNIX_EPOCH};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

async fn words(store: &Store, follower: &str) -> Vec<String> {
    let events = store.events(follower, 100).await.unwrap();
    let word = |event: Event| match event.what {
        Happened::Administered { what } => what,
        Happened::Identity { identity, what } => format!("{identity}: {what}"),
        Happened::Label(label) => format!("{} {:?}", label.column, label.evidence),
        Happened::Hold(hold) => format!("{} {}", hold.hold, hold.what),
        Happened::Task(task) => format!("{} {}", task.task, task.what),
        Happened::Grant(grant) => format!("{} {} {:?}", grant.grant, grant.what, grant.ends()),
    };
    events.into_iter().map(word).collect()
}

#[tokio::test]
async fn each_follower_has_a_place_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let done = |n: u64| store.administered(at(n), "root", if n == 1 { "one" } else { "more" });
    done(1).await.unwrap();
    store.follow_from_now("slack").await.unwrap();
    let before = words(&store, "ledger").await;
    assert_eq!(before.last().map(String::as_str), Some("one"));
    assert!(words(&store, "slack").await.is_empty());
    done(2).await.unwrap();
    assert_eq!(words(&store, "slack").await, ["more"]);
    let last = store.events("ledger", 100).await.unwrap().pop().unwrap();
    store.followed("ledger", last.id).await.unwrap();
    store.followed("ledger", last.id - 1).await.unwrap();
    assert!(words(&store, "ledger").await.is_empty(), "a place never goes back");
    assert_eq!(words(&store, "slack").await, ["more"]);
    store.follow_from_now("slack").await.unwrap();
    assert_eq!(words(&store, "slack").await, ["more"], "whoever has a place keeps it");
}

#[tokio::test]
async fn what_all_who_follow_are_done_with_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let kept = || async {
        let count = sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(&store.pool);
        let count: i64 = count.await.unwrap();
        count
    };
    store.follow_from_now("slack").await.unwrap();
    sqlx::query("INSERT INTO outbox (at, actor, topic, what) VALUES (1, 'root', 'label', '{}')")
        .execute(&store.pool)
        .await
        .unwrap();
    let version = store.labels_version().await.unwrap();
    for n in 0..3 {
        store.administered(at(n), "root", "read the record").await.unwrap();
    }
    let (before, last) = (kept().await, version + 3);
    store.followed("slack", last).await.unwrap();
    assert_eq!(kept().await, before, "the ledger has none of it");
    store.followed("ledger", last - 1).await.unwrap();
    assert_eq!(kept().await, 2, "the last, and the label");
    store.followed("ledger", last).await.unwrap();
    assert_eq!((kept().await, store.labels_version().await.unwrap()), (1, version));
    store.follow_from_now("mail").await.unwrap();
    store.administered(at(9), "root", "later").await.unwrap();
    assert_eq!(words(&store, "mail").await, ["later"]);
}

#[tokio::test]
async fn a_signed_request_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    assert!(store.take_once(&[1; 32], at(10), at(20)).await.unwrap());
    assert!(!store.take_once(&[1; 32], at(19), at(30)).await.unwrap());
    assert!(store.take_once(&[2; 32], at(19), at(30)).await.unwrap());
    assert!(store.take_once(&[1; 32], at(20), at(30)).await.unwrap(), "forgotten after its time");
}

/// A file of the version before, with events that the ledger has and some that it has not.
#[tokio::test]
async fn what_the_ledger_had_not_seen_before_the_change_it_sees_after() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        SqliteConnectOptions::new().filename(folder.path().join(FILE_NAME)).create_if_missing(true);
    let mut old = options.connect().await.unwrap();
    for step in [
        include_str!("../migrations/001_start.sql"),
        include_str!("../migrations/002_carried.sql"),
        include_str!("../migrations/003_found.sql"),
        include_str!("../migrations/004_holds.sql"),
        "PRAGMA user_version = 4",
        "INSERT INTO identity_events (at, actor, identity, what, recorded) VALUES
             (1, 'root', 'old', 'seen', 1), (5, 'root', '', 'read', 0), (2, 'root', 'al', 'added', 0)",
        "INSERT INTO label_events (id, at, actor, database, column, before, after, evidence) VALUES
             (41, 3, 'weir', 'shop', 's.t.c', NULL, 'email', 'one \"x\"' || char(10) || 'two')",
        "INSERT INTO hold_events (at, actor, hold, database, identity, what, reason) VALUES
             (4, 'carol', 'h', 'shop', 'al', 'approved', 'it''s fine')",
    ] {
        sqlx::raw_sql(step).execute(&mut old).await.unwrap();
    }
    drop(old);
    let store = Store::open(folder.path()).await.unwrap();
    let all = words(&store, "ledger").await;
    assert_eq!(all, ["al: added", "s.t.c [\"one \\\"x\\\"; two\"]", "h approved", "read"]);
    let first = store.events("ledger", 1).await.unwrap().remove(0);
    assert!(first.id > 41, "versions of labels go on");
    let label = store.events("ledger", 2).await.unwrap().remove(1);
    let Happened::Label(label) = label.what else { panic!("{label:?}") };
    assert_eq!((label.before, label.after), (None, Some(Label::EMAIL)));
}
