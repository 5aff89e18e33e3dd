//! The thread beside a ledger that cannot be read on, and how much of the processor it asks for.

use super::*;
use ledger::{Ledger, Options, Time, record::Administered};
use std::{fs, os::unix::fs::FileExt, time::Instant};

/// What this thread of the process has used of the processor, in hundredths of a second.
fn used(name: &str) -> u64 {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let stats = threads.filter_map(|t| fs::read_to_string(t.unwrap().path().join("stat")).ok());
    let of_name = stats.filter_map(|stat| {
        let (before, after) = stat.rsplit_once(") ")?;
        // The 14th and 15th field of all: user and system.
        let times = after.split(' ').skip(11).take(2).map(|n| n.parse::<u64>().unwrap());
        before.ends_with(&format!("({name}")).then(|| times.sum::<u64>())
    });
    of_name.sum()
}

#[test]
fn it_rests_where_nothing_can_be_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("ledger");
    let time = Time::from_micros(0);
    let (ledger, _) = Ledger::open(&dir, Options::new("node", "0", time)).unwrap();
    let mut place = None;
    for what in ["first", "second", "damaged"] {
        let record = Administered { time, by: "os:eve".into(), what: what.into() };
        place = Some(ledger.append(&record.into()).unwrap());
    }
    ledger.synced(place.unwrap()).wait().unwrap();
    let segment = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
    let segment = segment.filter(|path| path.extension().is_some_and(|end| end == "segment"));
    let segment = segment.max().unwrap();
    let bytes = fs::read(&segment).unwrap();
    let at = bytes.windows(7).position(|part| part == b"damaged").unwrap();
    let file = fs::OpenOptions::new().write(true).open(&segment).unwrap();
    file.write_all_at(b"D", at as u64).unwrap();
    let work = Work {
        ledger: ledger.clone(),
        dir,
        file: folder.path().join("index.sqlite"),
        indexed: Arc::default(),
        stop: Arc::default(),
        late: LATE,
    };
    let (stop, indexed) = (Arc::clone(&work.stop), Arc::clone(&work.indexed));
    let thread = thread::Builder::new().name("index-rests".to_owned());
    let thread = thread.spawn(move || work.run()).unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while indexed.load(Ordering::Relaxed) == 0 {
        assert!(Instant::now() < end, "nothing is taken in");
        thread::sleep(Duration::from_millis(10));
    }
    assert!(indexed.load(Ordering::Relaxed) < ledger.stats().synced);
    let before = used("index-rests");
    thread::sleep(Duration::from_secs(1));
    let used = used("index-rests") - before;
    assert!(used < 20, "{used} hundredths of a second in one");
    stop.store(true, Ordering::Relaxed);
    thread.thread().unpark();
    thread.join().unwrap();
}

#[test]
fn portions_grow_where_it_gets_on_and_shrink_where_it_does_not() {
    let quick = Duration::from_millis(10);
    let mut portion = PORTION;
    for _ in 0..10 {
        let next = after(portion, portion, quick);
        assert!(next == MOST || next == portion * 2, "{portion} {next}");
        portion = next;
    }
    assert_eq!(portion, MOST);
    assert_eq!(after(portion, 10, quick), MOST);
    assert_eq!(after(PORTION, 10, quick), PORTION, "a few tell nothing");
    for _ in 0..10 {
        portion = after(portion, portion, QUICK);
    }
    assert_eq!(portion, PORTION);
}

/// The priorities of the threads of this name: 19 is the lowest.
fn priorities(name: &str) -> Vec<i32> {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let stats = threads.filter_map(|t| fs::read_to_string(t.unwrap().path().join("stat")).ok());
    let of_name = stats.filter_map(|stat| {
        let (before, after) = stat.rsplit_once(") ")?;
        // The 19th field of all.
        let nice = after.split(' ').nth(16).unwrap().parse().unwrap();
        before.ends_with(&format!("({name}")).then_some(nice)
    });
    of_name.collect()
}

#[test]
fn it_yields_until_it_is_late_and_stops_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("ledger");
    let time = Time::from_micros(0);
    let (ledger, _) = Ledger::open(&dir, Options::new("node", "0", time)).unwrap();
    let mut last = None;
    for _ in 0..60 * PORTION {
        let record = Administered { time, by: "os:eve".into(), what: "nothing".into() };
        let place = ledger.append(&record.into()).unwrap();
        ledger.hand_over(place).unwrap();
        last = Some(place);
    }
    ledger.synced(last.unwrap()).wait().unwrap();
    let file = folder.path().join("index.sqlite");
    let (stop, indexed) = (Arc::new(AtomicBool::new(false)), Arc::<AtomicU64>::default());
    let work = Work {
        ledger: ledger.clone(),
        dir: dir.clone(),
        file: file.clone(),
        indexed: Arc::clone(&indexed),
        stop: Arc::clone(&stop),
        // The first portion takes longer.
        late: Duration::from_millis(1),
    };
    let thread = thread::Builder::new().name("index-late".to_owned());
    let thread = thread.spawn(move || work.run()).unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    let wait_for = |what: &str, there: &dyn Fn(&[i32]) -> bool| {
        while !there(&priorities("index-late")) {
            assert!(Instant::now() < end, "{what}");
            thread::sleep(Duration::from_millis(1));
        }
    };
    wait_for("it does not yield", &|found| found.contains(&19));
    let taken = || indexed.load(Ordering::Relaxed);
    wait_for("it takes nothing in", &|_| taken() > 1);
    assert!(taken() <= 1 + PORTION, "{}", taken());
    wait_for("it yields for ever", &|found| !found.contains(&19));
    for _ in 0..100 {
        assert!(!priorities("index-late").contains(&19), "it yields again");
        thread::sleep(Duration::from_millis(1));
    }
    stop.store(true, Ordering::Relaxed);
    thread.thread().unpark();
    let begun = Instant::now();
    thread.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let (mut index, synced) = (Index::open(&file).unwrap(), ledger.stats().synced);
    assert!(index.next() < synced, "it went on to the end");
    assert_eq!(index.next(), taken());
    assert_eq!(index.catch_up(&dir, u64::MAX).unwrap().next, synced);
}
