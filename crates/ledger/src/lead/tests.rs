//! Who syncs: the thread that is about to rest, for all who wait on it; the keeper where it does
//! not come to rest, where the disk is slow, and for all others.

use super::*;
use crate::{
    Ledger, Synced,
    ledger::lock,
    testing::{Folder, intent, open},
};
use std::{
    future::Future,
    pin::Pin,
    sync::atomic::AtomicUsize,
    task::{Context, Poll, Wake, Waker},
    time::Instant,
};

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Somebody who waits for a record. Where the keeper was there before them, for another.
fn wait_for(ledger: &Ledger, number: u64) -> (Synced, Arc<Woken>) {
    loop {
        let place = ledger.append(&intent(number)).unwrap();
        ledger.hand_over(place).unwrap();
        let (mut synced, woken) = (ledger.synced(place), Arc::new(Woken::default()));
        if poll(&mut synced, &woken).is_pending() {
            return (synced, woken);
        }
    }
}

fn poll(synced: &mut Synced, woken: &Arc<Woken>) -> Poll<Result<(), crate::LedgerError>> {
    let waker = Waker::from(Arc::clone(woken));
    Pin::new(synced).poll(&mut Context::from_waker(&waker))
}

fn is_woken(woken: &Woken) -> bool {
    woken.0.load(Ordering::SeqCst) > 0
}

/// Until somebody has synced, the keeper at the latest.
fn until_woken(woken: &Woken) {
    let begun = Instant::now();
    while !is_woken(woken) {
        assert!(begun.elapsed() < Duration::from_secs(10), "nobody synced");
        std::thread::yield_now();
    }
}

/// A log whose disk is as quick as the test says, whatever it is.
fn quick(name: &str) -> (Folder, Ledger) {
    let folder = Folder::new(name);
    let (ledger, _) = open(folder.path());
    ledger.inner().pace.0.store(1, Ordering::Relaxed);
    (folder, ledger)
}

#[test]
fn one_sync_before_a_rest_is_for_all_who_wait_on_the_thread() {
    let (_folder, ledger) = quick("lead-all");
    let leader = ledger.leader();
    leader.before_rest();
    // The keeper looks after everything within milliseconds, so one try may meet it, even in the
    // middle of a sync: whom the thread finds waiting then are the keeper's.
    let alone = (0..50).any(|round| {
        ledger.inner().pace.0.store(1, Ordering::Relaxed);
        let before = ledger.stats();
        let mut all: Vec<_> = (0..4).map(|n| wait_for(&ledger, 4 * round + n)).collect();
        let nobody_yet = all.iter().all(|(_, woken)| !is_woken(woken));
        leader.before_rest();
        let before_the_rest = all.iter().all(|(_, woken)| is_woken(woken));
        let syncs = ledger.stats().syncs;
        for (synced, woken) in &mut all {
            until_woken(woken);
            assert!(matches!(poll(synced, woken), Poll::Ready(Ok(()))));
        }
        nobody_yet && before_the_rest && syncs == before.syncs + 1
    });
    assert!(alone, "the thread's own sync was never the only one");
}

#[test]
fn a_thread_that_does_not_come_to_rest_is_served_by_the_keeper() {
    let (_folder, ledger) = quick("lead-busy");
    ledger.leader().before_rest();
    let (_synced, woken) = wait_for(&ledger, 1);
    until_woken(&woken);
}

#[test]
fn who_goes_on_without_a_rest_and_who_meets_a_stall_has_the_keeper() {
    let (_folder, ledger) = quick("lead-more");
    let leader = ledger.leader();
    leader.before_rest();
    let woken_by = |go_on: &dyn Fn()| {
        let (_synced, woken) = wait_for(&ledger, 1);
        go_on();
        assert_eq!(WANTED.get(), None, "nobody counts on a rest any more");
        until_woken(&woken);
    };
    woken_by(&|| ledger.before_more());
    // Another has the turn for longer than this thread would like to stand still.
    let (taken, told) = std::sync::mpsc::channel();
    let (done, wait) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let inner = ledger.inner();
        scope.spawn(move || {
            let turn = lock(&inner.turn);
            taken.send(()).unwrap();
            wait.recv().unwrap();
            drop(turn);
        });
        told.recv().unwrap();
        let (_synced, woken) = wait_for(&ledger, 2);
        leader.before_rest();
        assert!(!is_woken(&woken), "nobody can sync meanwhile, and the thread is free");
        done.send(()).unwrap();
    });
}

#[test]
fn others_and_slow_disks_have_the_keeper_at_once() {
    let (_folder, ledger) = quick("lead-others");
    // A thread that says nothing of its rests.
    let inner = ledger.inner();
    assert!(!inner.is_led_here(Sequence(0)));
    ledger.leader().before_rest();
    assert!(inner.is_led_here(Sequence(0)));
    // One that speaks of another log.
    let (_other, another) = quick("lead-another");
    assert!(!another.inner().is_led_here(Sequence(0)));
    // What was slow once is given some rounds by the keeper.
    inner.pace.took(QUICK * 10);
    assert!(!inner.is_led_here(Sequence(0)));
    (0..5).for_each(|_| inner.pace.took(QUICK / 4));
    assert!(inner.is_led_here(Sequence(0)));
    // Nothing is known of a disk before its first sync.
    assert!(!Pace::default().is_quick());
}

#[test]
fn where_the_log_fails_the_thread_goes_on_and_whoever_waits_is_told() {
    let (folder, ledger) = quick("lead-fails");
    let leader = ledger.leader();
    leader.before_rest();
    let (mut synced, woken) = wait_for(&ledger, 1);
    std::fs::remove_dir_all(folder.path()).unwrap();
    leader.before_rest();
    assert!(is_woken(&woken));
    match poll(&mut synced, &woken) {
        Poll::Ready(Err(error)) => assert!(error.to_string().contains("removed"), "{error}"),
        // The keeper was there before the folder went.
        Poll::Ready(Ok(())) => assert!(ledger.stats().syncs > 1),
        Poll::Pending => panic!("nobody is told"),
    }
    // And the leader of a log that is gone does nothing.
    drop((synced, ledger));
    WANTED.set(Some(Sequence(7)));
    leader.before_rest();
}

#[test]
fn a_wait_for_a_processor_makes_no_disk_slow() {
    let busy = Pace::default();
    for _ in 0..50 {
        busy.took(QUICK / 3);
        busy.took(QUICK * 3);
    }
    assert!(busy.is_quick(), "every other sync is quick");
    let slow = Pace::default();
    for _ in 0..50 {
        slow.took(QUICK * 3);
        slow.took(QUICK * 4);
    }
    assert!(!slow.is_quick(), "none is");
    let broken = Pace::default();
    broken.took(QUICK / 3);
    broken.took(QUICK * 30);
    assert!(!broken.is_quick(), "one that stalls tells of the disk at once");
}
