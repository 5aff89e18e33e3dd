//! The handle: order, durability, failure, many threads.

use super::*;
use crate::{
    reader::Reader,
    testing::{Folder, intent, open, outcome},
    verify::{Known, verify},
};
use std::{collections::BTreeSet, thread};

#[test]
fn records_come_back_in_order_across_runs() {
    let dir = Folder::new("order");
    let (ledger, found) = open(dir.path());
    assert!(found.clean && found.last_sequence.is_none());
    let last = (0..10).map(|n| ledger.append(&intent(n)).unwrap()).max().unwrap();
    ledger.hand_over(last).unwrap();
    assert_eq!(last, Sequence(10));
    drop(ledger);
    let (ledger, found) = open(dir.path());
    assert_eq!((found.records, found.last_sequence), (11, Some(last)));
    assert_eq!(found.unknown.len(), 10);
    assert!(!found.clean);
    drop(ledger);
    let entries: Vec<_> = Reader::open(dir.path()).unwrap().map(Result::unwrap).collect();
    let types: Vec<_> = entries.iter().map(|e| e.record().unwrap().type_word()).collect();
    assert_eq!(types, [&["started"][..], &["intent"; 10], &["started"]].concat());
    assert!(entries.iter().map(|entry| entry.sequence.0).eq(0..12));
    let verified = verify(dir.path(), &Known::default()).unwrap();
    assert_eq!((verified.records, verified.unknown.len()), (12, 10));
    assert_eq!(verified.damage, []);
}

#[test]
fn only_one_process_writes() {
    let dir = Folder::new("lock");
    let (ledger, _) = open(dir.path());
    let second = Ledger::open(dir.path(), Options::new("n", "v", crate::testing::NOW));
    assert!(matches!(second, Err(LedgerError::Locked(_))));
    drop(ledger);
    open(dir.path());
}

#[test]
fn many_threads_append_and_nothing_is_lost_or_doubled() {
    let dir = Folder::new("threads");
    let options =
        Options { segment_bytes: 64 << 10, ..Options::new("n", "v", crate::testing::NOW) };
    let (ledger, _) = Ledger::open(dir.path(), options).unwrap();
    let mut places = BTreeSet::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                let ledger = ledger.clone();
                scope.spawn(move || {
                    (0..500)
                        .map(|n| {
                            let place = ledger.append(&intent(worker * 1000 + n)).unwrap();
                            ledger.hand_over(place).unwrap();
                            ledger.append(&outcome(worker * 1000 + n)).unwrap();
                            if n % 100 == 0 {
                                ledger.synced(place).wait().unwrap();
                                assert!(ledger.is_synced(place));
                            }
                            place
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for worker in workers {
            places.extend(worker.join().unwrap());
        }
    });
    assert_eq!(places.len(), 4000);
    assert!(ledger.healthy());
    drop(ledger);
    let verified = verify(dir.path(), &Known::default()).unwrap();
    assert_eq!((verified.records, verified.damage.len(), verified.unknown.len()), (8001, 0, 0));
    assert!(crate::segment::list(dir.path()).unwrap().len() > 10);
}

#[test]
fn one_sync_serves_many() {
    let dir = Folder::new("batch");
    let (ledger, _) = open(dir.path());
    let before = ledger.stats().syncs;
    thread::scope(|scope| {
        for worker in 0..32 {
            let ledger = &ledger;
            scope.spawn(move || {
                for n in 0..10 {
                    let place = ledger.append(&intent(worker * 1000 + n)).unwrap();
                    ledger.hand_over(place).unwrap();
                    ledger.synced(place).wait().unwrap();
                }
            });
        }
    });
    let syncs = ledger.stats().syncs - before;
    assert!((1..160).contains(&syncs), "{syncs} syncs for 320 waits");
}

#[test]
fn nobody_need_wait_for_a_record_to_be_synced_soon() {
    let dir = Folder::new("soon");
    let (ledger, _) = open(dir.path());
    let place = ledger.append(&outcome(1)).unwrap();
    let begun = std::time::Instant::now();
    while !ledger.is_synced(place) {
        assert!(begun.elapsed().as_secs() < 10, "never synced");
        thread::yield_now();
    }
    let syncs = ledger.stats().syncs;
    thread::sleep(std::time::Duration::from_millis(30));
    assert_eq!(ledger.stats().syncs, syncs, "an idle log must not sync");
}

#[test]
fn a_record_that_was_never_appended_is_refused() {
    let dir = Folder::new("never");
    let (ledger, _) = open(dir.path());
    assert!(ledger.hand_over(Sequence(99)).is_err());
    assert!(matches!(ledger.synced(Sequence(99)).wait(), Err(LedgerError::Closed)));
    assert!(!ledger.is_synced(Sequence(99)));
}

#[test]
fn that_values_of_before_are_found_no_more_is_told() {
    let dir = Folder::new("hashes");
    let (ledger, found) = open(dir.path());
    assert!(!found.new_hashes, "there is nothing before");
    drop(ledger);
    let (ledger, found) = open(dir.path());
    assert!(!found.new_hashes);
    drop(ledger);
    std::fs::remove_file(dir.path().join(crate::KEY_FILE)).unwrap();
    assert!(open(dir.path()).1.new_hashes);
}

#[test]
fn without_its_keys_a_log_does_not_go_on_and_says_what_to_do() {
    for file in ["ledger.key", "ratchet.key"] {
        let dir = Folder::new("keys");
        drop(open(dir.path()));
        std::fs::remove_file(dir.path().join(file)).unwrap();
        let error = Ledger::open(dir.path(), Options::new("n", "v", crate::testing::NOW))
            .unwrap_err()
            .to_string();
        assert!(error.contains(file) && error.contains("restore it"), "{error}");
        // It is read and verified all the same.
        assert_eq!(verify(dir.path(), &Known::default()).unwrap().damage, []);
    }
}
