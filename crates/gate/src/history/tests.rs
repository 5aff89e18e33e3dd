//! Time is given, so that hours pass at once.

use super::*;
use foldhash::quality::FixedState;
use std::{hash::BuildHasher, time::Duration};

const START: u64 = 1_795_000_000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(START + seconds)
}

fn client(application: &str, address: u8) -> Client {
    Client {
        address: Some(IpAddr::from([10, 0, 0, address])),
        port: None,
        method: "scram-sha-256",
        via: None,
        credential: "password".to_owned(),
        tls: true,
        application: application.to_owned(),
        grants: Vec::new(),
        work: Default::default(),
        preview: None,
        role: Default::default(),
    }
}

fn table(name: &str, rows: u64) -> Watched {
    Watched { name: name.into(), rows }
}

fn names(parts: Vec<RiskPart<'_>>) -> Vec<String> {
    parts.into_iter().map(|part| part.part.into_owned()).collect()
}

fn grown() -> History {
    let history = History::default();
    let psql = client("psql", 1);
    for minute in 0..20 {
        history.count((10, 0), &psql, at(minute * 60));
    }
    history.learn([table("shop/a", 100)].iter(), at(0));
    history
}

#[test]
fn a_newcomer_has_nothing_new() {
    let history = History::default();
    let (psql, new) = (client("psql", 1), table("shop/a", 100));
    history.count((50, 0), &psql, at(0));
    assert!(history.parts(std::slice::from_ref(&new), &psql, at(1)).is_empty());
    history.learn([&new].into_iter(), at(1));
    history.count((60, 0), &psql, at(2));
    // What it met while all was new is not new afterwards.
    assert!(history.parts(&[new], &psql, at(3)).is_empty());
}

#[test]
fn what_is_new_is_new_for_an_hour() {
    let history = grown();
    let (psql, other) = (client("psql", 1), client("tool", 2));
    // Everything in `grown` was learned late enough to be new a while.
    let later = 10_000;
    assert!(history.parts(&[table("shop/a", 100)], &psql, at(later)).is_empty());
    let seen = names(history.parts(&[table("shop/b", 100)], &other, at(later)));
    assert_eq!(seen, ["new table", "new client", "new address"]);
    let before = history.revision();
    history.count((1, 0), &other, at(later));
    history.learn([table("shop/b", 100)].iter(), at(later));
    assert_ne!(history.revision(), before);
    let seen = names(history.parts(&[table("shop/b", 100)], &other, at(later + 3_599)));
    assert_eq!(seen, ["new table", "new client", "new address"]);
    assert!(history.parts(&[table("shop/b", 100)], &other, at(later + 3_601)).is_empty());
}

#[test]
fn unusual_hours_and_rates_show() {
    let history = History::default();
    let psql = client("psql", 1);
    for day in 0..5 {
        for minute in 0..60 {
            history.count((5, 0), &psql, at(day * 86_400 + minute * 60));
        }
    }
    let day = 5 * 86_400;
    assert!(history.parts(&[], &psql, at(day)).is_empty());
    assert_eq!(names(history.parts(&[], &psql, at(day + 6 * 3_600))), ["unusual hour"]);
    history.count((299, 0), &psql, at(day));
    assert!(history.parts(&[], &psql, at(day)).is_empty());
    history.count((1, 0), &psql, at(day + 1));
    assert_eq!(names(history.parts(&[], &psql, at(day + 1))), ["rate"]);
}

#[test]
fn small_reads_add_up_to_a_table_and_a_day_forgets_them() {
    let history = grown();
    let psql = client("psql", 1);
    let big = table("shop/a", 2_000);
    let hash = |n: u64| FixedState::default().hash_one(n);
    let rows: Vec<u64> = (0..2_000_u64).map(hash).collect();
    let later = 20_000;
    for page in rows.chunks(20).take(20) {
        history.saw([&big].into_iter(), page, at(later));
        // The same page again is the same rows.
        history.saw([&big].into_iter(), page, at(later + 1));
    }
    let share = history.share(std::slice::from_ref(&big), at(later));
    assert!((17..=23).contains(&share), "{share}");
    assert!(history.parts(std::slice::from_ref(&big), &psql, at(later)).is_empty());
    assert!(history.is_calm(at(later)));
    for page in rows.chunks(20).skip(20) {
        history.saw([&big].into_iter(), page, at(later + 2));
    }
    let parts = history.parts(std::slice::from_ref(&big), &psql, at(later));
    assert!(parts.iter().any(|part| part.part == "streak" && part.points >= 30), "{parts:?}");
    assert!(!history.is_calm(at(later)));
    assert_eq!(history.share(std::slice::from_ref(&big), at(later + 86_400)), 0);
}

#[test]
fn what_is_kept_comes_back() {
    let all = Histories::default();
    let psql = client("psql", 1);
    all.of("alice").count((500, 0), &psql, at(0));
    all.of("alice").learn([table("shop/a", 1)].iter(), at(0));
    let kept = all.changed();
    assert_eq!(kept.len(), 1);
    assert!(all.changed().is_empty());
    let restored = Histories::default();
    restored.restore(kept.into_iter().chain([("bob".to_owned(), "no json".to_owned())]));
    let later = at(100_000);
    let parts = restored.of("alice").parts(&[table("shop/b", 1)], &psql, later);
    assert_eq!(names(parts), ["new table"]);
}

#[test]
fn an_hour_of_far_more_rows_than_ever_is_a_part_until_it_is_over() {
    let (history, psql) = (grown(), client("psql", 1));
    let hour = |hours: u64| 3_600 * hours - START % 3_600;
    let here = |now| names(history.parts(&[], &psql, at(now)));
    history.count((1, 2_000), &psql, at(hour(1)));
    // Not ten times as much as ever.
    history.count((1, 9_999), &psql, at(hour(2)));
    assert!(here(hour(2)).is_empty());
    history.count((1, 10_001), &psql, at(hour(2) + 60));
    let before = history.revision();
    assert_eq!(here(hour(2) + 60), ["volume"]);
    // An hour later it has seen as much before.
    history.count((1, 20_000), &psql, at(hour(3)));
    assert!(here(hour(3)).is_empty());
    assert_ne!(history.revision(), before);
    history.count((1, 180_000), &psql, at(hour(3) + 1));
    assert_eq!(here(hour(3) + 1), ["volume"]);
    assert!(here(hour(4)).is_empty(), "what was heavy is over with its hour");
}

#[test]
fn what_could_not_be_kept_is_told_again() {
    let histories = Histories::default();
    histories.of("alice").count((1, 1), &client("psql", 1), at(0));
    let changed = histories.changed();
    assert_eq!(changed.len(), 1);
    assert!(histories.changed().is_empty());
    histories.not_kept(&changed);
    assert_eq!(histories.changed(), changed);
}
