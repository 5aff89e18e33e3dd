//! Disks that fill up and disks that fail to sync.

use super::*;
use crate::{
    Ledger, Options, Reader,
    testing::{Folder, NOW, intent, open, outcome, sealed},
    verify::{Known, verify},
};
use std::{fs, path::Path, process::Command};

/// A filesystem of three MiB that goes when the test ends.
struct Small(Folder);

impl Small {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(folder.path());
        assert!(mount.status().unwrap().success(), "this test mounts a tmpfs and needs root");
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no room at all.
    fn fill(&self) {
        let mut file = fs::File::create(self.path().join("ballast")).unwrap();
        let block = [1u8; 4096];
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
    }

    fn clear(&self) {
        fs::remove_file(self.path().join("ballast")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

/// Asks until the answer is yes, for at most ten seconds.
fn eventually(what: &str, mut answer: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !answer() {
        assert!(begun.elapsed().as_secs() < 10, "never: {what}");
        thread::yield_now();
    }
}

fn types(dir: &Path) -> Vec<&'static str> {
    let entries = Reader::open(dir).unwrap();
    entries.map(|entry| entry.unwrap().record().unwrap().type_word()).collect()
}

/// Intents until one is refused; those that were accepted.
fn write_until_full(ledger: &Ledger) -> Vec<u64> {
    let mut accepted = Vec::new();
    for n in 0..100_000 {
        let placed = ledger.append(&intent(n));
        match placed.and_then(|place| ledger.hand_over(place)) {
            Ok(()) => accepted.push(n),
            Err(error) => {
                assert!(error.to_string().contains("record"), "{error}");
                return accepted;
            }
        }
    }
    panic!("never full");
}

#[test]
fn a_full_disk_refuses_intents_keeps_outcomes_and_resumes() {
    let small = Small::new("full");
    let dir = small.path().join("ledger");
    let (ledger, _) = open(&dir);
    small.fill();
    let accepted = write_until_full(&ledger);
    assert!(!ledger.healthy());
    assert!(matches!(ledger.append(&intent(1)), Err(LedgerError::Unhealthy(_))));
    assert!(ledger.cause().unwrap().is_no_space());
    // The reserve holds what came of the statements that ran.
    for n in &accepted {
        let place = ledger.append(&outcome(*n)).unwrap();
        ledger.hand_over(place).unwrap();
    }
    assert!(!ledger.healthy(), "without its reserve the ledger takes no statement");
    small.clear();
    eventually("healthy again", || ledger.healthy());
    let place = ledger.append(&intent(200_000)).unwrap();
    ledger.hand_over(place).unwrap();
    ledger.synced(place).wait().unwrap();
    let withdrawn = ledger.stats().withdrawn;
    assert_eq!(withdrawn, 1);
    drop(ledger);
    let types = types(&dir);
    let count = |word: &str| types.iter().filter(|found| **found == word).count();
    assert_eq!(count("intent"), accepted.len() + 1);
    assert_eq!(count("outcome"), accepted.len());
    assert_eq!(count("withdrawn"), 1);
    let verified = verify(&dir, &Known::default()).unwrap();
    assert_eq!((verified.damage.len(), verified.torn_bytes, verified.unknown.len()), (0, 0, 0));
}

#[test]
fn outcomes_wait_in_memory_when_even_the_reserve_is_gone() {
    let small = Small::new("reserve");
    let dir = small.path().join("ledger");
    let (ledger, _) = open(&dir);
    small.fill();
    write_until_full(&ledger);
    fs::remove_file(small.path().join("ballast")).unwrap();
    small.fill();
    let mut waiting = Vec::new();
    let place = loop {
        let n = waiting.len() as u64;
        let place = ledger.append(&outcome(n)).unwrap();
        waiting.push(place);
        if ledger.hand_over(place).is_err() {
            break place;
        }
    };
    assert!(matches!(ledger.synced(place).wait(), Err(LedgerError::Unhealthy(_))));
    small.clear();
    eventually("healthy again", || ledger.healthy());
    ledger.hand_over(place).unwrap();
    ledger.synced(place).wait().unwrap();
    drop(ledger);
    let outcomes = types(&dir).iter().filter(|word| **word == "outcome").count();
    assert_eq!(outcomes, waiting.len());
    assert_eq!(verify(&dir, &Known::default()).unwrap().damage, []);
}

#[test]
fn a_log_that_cannot_begin_a_segment_refuses_until_it_can() {
    let dir = Folder::new("rotate");
    let options = Options { segment_bytes: 1, ..Options::new("n", "v", NOW) };
    let (ledger, _) = Ledger::open(dir.path(), options).unwrap();
    let next = ledger.stats().records;
    // Root is not stopped by permissions; a directory in the place of the next segment stops all.
    let obstacle = segment::path(dir.path(), next);
    fs::create_dir(&obstacle).unwrap();
    let place = ledger.append(&intent(1)).unwrap();
    assert!(matches!(ledger.hand_over(place), Err(LedgerError::Withdrawn(_))));
    assert!(!ledger.healthy());
    fs::remove_dir(&obstacle).unwrap();
    eventually("healthy again", || ledger.healthy());
    drop(ledger);
    assert_eq!(types(dir.path()), ["started", "withdrawn"]);
}

/// What the keeper does when fdatasync(2) answers with an error; only the error is made up.
fn fail_to_sync(ledger: &Inner) {
    let error = std::io::Error::from_raw_os_error(5);
    ledger.sync_failed(&LedgerError::io("sync", &ledger.dir, error));
}

#[test]
fn after_a_failed_sync_everything_unsynced_is_written_anew() {
    let dir = Folder::new("sync");
    let (ledger, _) = open(dir.path());
    let inner = ledger.inner();
    let place = ledger.append(&intent(1)).unwrap();
    {
        // The keeper needs this lock to sync, so the record cannot be synced before it fails.
        let mut writer = lock(&inner.writer);
        writer.flush(inner).unwrap();
        inner.distrust(&mut writer);
    }
    fail_to_sync(inner);
    assert!(matches!(ledger.append(&intent(2)), Err(LedgerError::Unhealthy(_))));
    ledger.hand_over(place).unwrap();
    eventually("healthy again", || ledger.healthy());
    assert!(ledger.is_synced(place));
    // Also under a seal, and nobody waits for the next record with that.
    eventually("sealed", || ledger.stats().sealed == 2);
    let place = ledger.append(&outcome(1)).unwrap();
    ledger.hand_over(place).unwrap();
    ledger.synced(place).wait().unwrap();
    drop(ledger);
    assert_eq!(types(dir.path()), ["started", "intent", "outcome"]);
    assert_eq!(verify(dir.path(), &Known::default()).unwrap().damage, []);
    assert_eq!(segment::list(dir.path()).unwrap(), [0, 1]);
    // The first segment may hold the record as well, or its ruins: neither counts.
    let first = segment::path(dir.path(), 0);
    let mut bytes = fs::read(&first).unwrap();
    bytes.truncate(bytes.len() - 3);
    fs::write(&first, bytes).unwrap();
    assert_eq!(verify(dir.path(), &Known::default()).unwrap().damage, []);
    assert_eq!(types(dir.path()), ["started", "intent", "outcome"]);
}

#[test]
fn a_folder_that_was_removed_takes_nothing_any_more() {
    let folder = Folder::new("removed");
    let ledger = open(folder.path()).0;
    let first = ledger.append(&intent(1)).unwrap();
    // The keeper has nothing left to do that would find it out before.
    sealed(&ledger, first);
    fs::remove_dir_all(folder.path()).unwrap();
    let lost = ledger.append(&intent(2)).unwrap();
    assert!(ledger.synced(lost).wait().is_err(), "it is in a file that nobody finds");
    assert!(!ledger.healthy() && ledger.append(&intent(3)).is_err());
    // Another folder of the name is not the ledger.
    fs::create_dir_all(folder.path()).unwrap();
    assert!(ledger.inner().is_in_place().is_err() && ledger.append(&intent(4)).is_err());
    let cause = ledger.cause().unwrap().to_string();
    assert!(cause.contains("it was removed"), "{cause}");
}

#[test]
fn those_who_wait_are_told_that_a_sync_failed() {
    let dir = Folder::new("told");
    let (ledger, _) = open(dir.path());
    let place = ledger.append(&intent(1)).unwrap();
    let writer = lock(&ledger.inner().writer);
    let waiting = {
        let ledger = ledger.clone();
        thread::spawn(move || ledger.synced(place).wait())
    };
    eventually("a waiter", || !ledger.inner().keeper.state().waiters.is_empty());
    drop(writer);
    // Which comes first is open: the sync, the failure, or the record's withdrawal, because it was
    // not handed over. What must not happen is an answer that is not so, or none.
    fail_to_sync(ledger.inner());
    match waiting.join().unwrap() {
        Ok(()) => assert!(ledger.is_synced(place)),
        Err(LedgerError::Unhealthy(_) | LedgerError::Withdrawn(_)) => {}
        Err(error) => panic!("{error}"),
    }
    eventually("healthy again", || ledger.healthy());
}

#[test]
fn a_dropped_future_leaves_nothing_behind() {
    let dir = Folder::new("future");
    let (ledger, _) = open(dir.path());
    let place = ledger.append(&intent(1)).unwrap();
    let writer = lock(&ledger.inner().writer);
    let mut future = ledger.synced(place);
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut future).poll(&mut context).is_pending());
    assert!(Pin::new(&mut future).poll(&mut context).is_pending());
    assert_eq!(ledger.inner().keeper.state().waiters.len(), 1);
    drop(future);
    assert!(ledger.inner().keeper.state().waiters.is_empty());
    drop(writer);
}
