//! Torn ends, damage in the middle, unknown outcomes, and a process killed while it writes.

use super::*;
use crate::{
    Ledger, Options,
    ids::Sequence,
    reader::{Flaw, Reader},
    record::{Record, SessionClosed, Stopped},
    segment,
    testing::{Folder, NOW, intent, open, outcome, session},
    tiles,
    verify::{Known, verify},
};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

/// A log of one segment with `started` and `count` intents, as a machine that lost power before
/// the first seal leaves it: records and nothing else. Its bytes.
fn written(dir: &Path, count: u64) -> Vec<u8> {
    let (ledger, _) = open(dir);
    for n in 0..count {
        let place = ledger.append(&intent(n)).unwrap();
        ledger.hand_over(place).unwrap();
    }
    drop(ledger);
    let bytes = fs::read(segment::path(dir, 0)).unwrap();
    let (mut records, mut at) = (bytes[..segment::HEADER].to_vec(), segment::HEADER);
    while let Ok(frame) = crate::frame::parse(&bytes[at..]) {
        let end = at + frame.size();
        if !frame.seal {
            records.extend_from_slice(&bytes[at..end]);
        }
        at = end;
    }
    for file in ["ledger.pub", "ledger.key", "ratchet.key", "checkpoint"] {
        fs::remove_file(dir.join(file)).unwrap();
    }
    fs::remove_dir_all(dir.join("tile")).unwrap();
    fs::write(segment::path(dir, 0), &records).unwrap();
    records
}

/// Where each frame of a segment begins, and its end.
fn bounds(bytes: &[u8]) -> Vec<usize> {
    let mut at = segment::HEADER;
    let mut bounds = vec![at];
    while let Ok(frame) = crate::frame::parse(&bytes[at..]) {
        at += frame.size();
        bounds.push(at);
    }
    bounds
}

#[test]
fn a_last_segment_of_which_nothing_can_be_read_stays_aside() {
    let dir = Folder::new("aside");
    let options = Options { segment_bytes: 1_000, ..Options::new("n", "v", NOW) };
    let (ledger, _) = Ledger::open(dir.path(), options).unwrap();
    let head = tiles::checkpoint(dir.path()).unwrap().unwrap();
    for n in 0..20 {
        let place = ledger.append(&intent(n)).unwrap();
        ledger.hand_over(place).unwrap();
    }
    drop(ledger);
    // As a machine that loses power leaves it before the next checkpoint.
    fs::write(dir.path().join(tiles::CHECKPOINT_FILE), head).unwrap();
    let last = *segment::list(dir.path()).unwrap().last().unwrap();
    let path = segment::path(dir.path(), last);
    let mut bytes = fs::read(&path).unwrap();
    bytes[segment::HEADER + 2] = 0x7f;
    fs::write(&path, &bytes).unwrap();
    let (ledger, found) = open(dir.path());
    assert_eq!((found.records, found.clean), (last, false));
    assert!(found.damage().unwrap().contains("checksum"), "{found:?}");
    drop(ledger);
    assert_eq!(fs::read(segment::ruins(dir.path(), last)).unwrap(), bytes);
    assert_eq!(Reader::open(dir.path()).unwrap().filter(Result::is_err).count(), 0);
    let (ledger, found) = open(dir.path());
    assert_eq!((found.records, found.first_bad), (last + 1, None));
    drop(ledger);
}

#[test]
fn a_log_that_lost_its_public_keys_keeps_its_secret_ones() {
    let dir = Folder::new("pub");
    let (ledger, _) = open(dir.path());
    ledger.append(&intent(1)).unwrap();
    drop(ledger);
    let secrets =
        || ["ledger.key", "ratchet.key"].map(|name| fs::read(dir.path().join(name)).unwrap());
    let (before, public) = (secrets(), fs::read(dir.path().join("ledger.pub")).unwrap());
    fs::remove_file(dir.path().join("ledger.pub")).unwrap();
    let refused = Ledger::open(dir.path(), Options::new("n", "v", NOW)).unwrap_err();
    assert!(refused.to_string().contains("weir audit key"), "{refused}");
    assert_eq!(secrets(), before);
    // What was kept elsewhere is put back, and the log goes on.
    fs::write(dir.path().join("ledger.pub"), public).unwrap();
    let (ledger, found) = open(dir.path());
    assert_eq!(found.damage(), None);
    drop(ledger);
    assert_eq!(verify(dir.path(), &Known::default()).unwrap().damage, []);
}

#[test]
fn a_record_torn_at_any_byte_is_cut_off_and_said() {
    let dir = Folder::new("torn");
    let bytes = written(dir.path(), 3);
    let bounds = bounds(&bytes);
    let last = bounds[bounds.len() - 2];
    for cut in last + 1..bytes.len() {
        fs::write(segment::path(dir.path(), 0), &bytes[..cut]).unwrap();
        let (found, tail) = recover(dir.path()).unwrap();
        assert_eq!((found.records, found.torn_bytes), (3, (cut - last) as u64), "cut at {cut}");
        assert_eq!((found.first_bad, tail.segment, tail.size), (None, Some(0), last as u64));
        assert_eq!(fs::read(segment::path(dir.path(), 0)).unwrap(), &bytes[..last]);
    }
    let (ledger, found) = open(dir.path());
    assert_eq!((found.records, found.torn_bytes), (3, 0));
    drop(ledger);
    assert_eq!(verify(dir.path(), &Known::default()).unwrap().damage, []);
}

#[test]
fn zeros_and_garbage_behind_the_end_are_torn_too() {
    let dir = Folder::new("garbage");
    let bytes = written(dir.path(), 3);
    for garbage in [vec![0u8; 4096], vec![0xff; 10], b"{\"type\":\"intent\"}".repeat(9)] {
        fs::write(segment::path(dir.path(), 0), [&bytes[..], &garbage].concat()).unwrap();
        let (found, _) = recover(dir.path()).unwrap();
        assert_eq!((found.records, found.torn_bytes), (4, garbage.len() as u64));
        assert_eq!(found.first_bad, None);
    }
}

#[test]
fn a_flip_in_the_middle_is_reported_and_costs_no_other_record() {
    let dir = Folder::new("flip");
    let bytes = written(dir.path(), 6);
    let bounds = bounds(&bytes);
    let payload = bounds[3] + 60;
    let mut flipped = bytes.clone();
    flipped[payload] ^= 4;
    fs::write(segment::path(dir.path(), 0), &flipped).unwrap();
    let (ledger, found) = open(dir.path());
    let bad = found.first_bad.unwrap();
    assert_eq!(
        (bad.sequence, bad.what, bad.offset),
        (Sequence(3), Flaw::Checksum, bounds[3] as u64)
    );
    assert_eq!((found.records, found.torn_bytes), (7, 0));
    drop(ledger);
    let mut read = Reader::open(dir.path()).unwrap();
    let sequences: Vec<_> = read.by_ref().flatten().map(|entry| entry.sequence.0).collect();
    assert_eq!(sequences, [0, 1, 2, 4, 5, 6, 7]);
    let started = Reader::open_last(dir.path(), 1).unwrap().next().unwrap().unwrap();
    let Record::Started(started) = started.record().unwrap() else { panic!("{started:?}") };
    assert!(started.damage.unwrap().contains("record 3: the checksum is wrong"));
}

#[test]
fn a_broken_length_in_the_middle_keeps_what_lies_behind_as_evidence() {
    let dir = Folder::new("length");
    let bytes = written(dir.path(), 6);
    let bounds = bounds(&bytes);
    let mut flipped = bytes.clone();
    flipped[bounds[3] + 3] ^= 0x80;
    fs::write(segment::path(dir.path(), 0), &flipped).unwrap();
    let (ledger, found) = open(dir.path());
    assert_eq!((found.records, found.torn_bytes), (3, 0));
    assert_eq!(found.first_bad.unwrap().sequence, Sequence(3));
    let place = ledger.append(&outcome(0)).unwrap();
    ledger.hand_over(place).unwrap();
    drop(ledger);
    assert_eq!(segment::list(dir.path()).unwrap(), [0, 3]);
    assert_eq!(fs::read(segment::path(dir.path(), 0)).unwrap(), flipped);
    let (again, found) = open(dir.path());
    assert_eq!((found.records, found.first_bad), (5, None));
    drop(again);
    let verified = verify(dir.path(), &Known::default()).unwrap();
    assert_eq!((verified.records, verified.damage.len()), (6, 0));
    assert_eq!(verified.superseded_bytes, (bytes.len() - bounds[3]) as u64);
}

#[test]
fn a_dropped_and_a_swapped_record_break_the_chain() {
    let dir = Folder::new("chain");
    let bytes = written(dir.path(), 6);
    let bounds = bounds(&bytes);
    let frame = |n: usize| &bytes[bounds[n]..bounds[n + 1]];
    let (head, tail) = (&bytes[..bounds[3]], &bytes[bounds[5]..]);
    let dropped = [head, frame(4), tail].concat();
    let swapped = [head, frame(4), frame(3), tail].concat();
    for tampered in [dropped, swapped] {
        fs::write(segment::path(dir.path(), 0), tampered).unwrap();
        let damage = verify(dir.path(), &Known::default()).unwrap().damage;
        // Such a log has no keys, and that is said first.
        assert!(matches!(damage[0].what, Flaw::Seal(_)), "{damage:?}");
        assert_eq!((damage[1].sequence, damage[1].what), (Sequence(3), Flaw::Chain));
    }
}

#[test]
fn a_missing_segment_is_named() {
    let dir = Folder::new("missing");
    let options = crate::Options { segment_bytes: 1000, ..crate::Options::new("n", "v", NOW) };
    let (ledger, _) = crate::Ledger::open(dir.path(), options).unwrap();
    for n in 0..20 {
        let place = ledger.append(&intent(n)).unwrap();
        ledger.hand_over(place).unwrap();
    }
    drop(ledger);
    let firsts = segment::list(dir.path()).unwrap();
    fs::remove_file(segment::path(dir.path(), firsts[2])).unwrap();
    let first = verify(dir.path(), &Known::default()).unwrap().damage.remove(0);
    assert_eq!(first.sequence, Sequence(firsts[2]));
    assert_eq!(first.what, Flaw::Missing(Sequence(firsts[3])));
    // The very first segment too: a log that does not begin at zero has lost its beginning.
    fs::remove_file(segment::path(dir.path(), 0)).unwrap();
    let first = verify(dir.path(), &Known::default()).unwrap().damage.remove(0);
    assert_eq!(first.what, Flaw::Missing(Sequence(firsts[1])));
}

#[test]
fn unknown_outcomes_and_open_sessions_are_those_of_the_last_run() {
    let dir = Folder::new("unknown");
    let (ledger, _) = open(dir.path());
    ledger.append(&intent(1)).unwrap();
    drop(ledger);
    let (ledger, found) = open(dir.path());
    assert_eq!(found.unknown, [session().statement(1)]);
    for record in [intent(2), intent(3), outcome(2)] {
        ledger.append(&record).unwrap();
    }
    drop(ledger);
    let (ledger, found) = open(dir.path());
    assert_eq!(found.unknown, [session().statement(3)]);
    let closed = SessionClosed {
        session: session(),
        time: NOW,
        reason: "client left".into(),
        statements: 3,
        rows: 0,
        bytes: 0,
    };
    ledger.append(&closed.into()).unwrap();
    ledger.append(&Stopped { time: NOW, reason: "signal".into() }.into()).unwrap();
    drop(ledger);
    let (_ledger, found) = open(dir.path());
    assert!(found.clean && found.unknown.is_empty());
}

/// A directory as a crash may leave it: everything but the segment is older than the segment, whose
/// last write got as far as any byte.
#[test]
fn a_crash_at_any_byte_of_a_write_loses_what_was_not_whole_and_nothing_else() {
    let dir = Folder::new("any-byte");
    drop(open(dir.path()));
    let files = ["ratchet.key", "checkpoint"].map(|name| dir.path().join(name));
    let older = files.each_ref().map(|path| fs::read(path).unwrap());
    let path = segment::path(dir.path(), 0);
    let before = fs::read(&path).unwrap();
    let (ledger, _) = open(dir.path());
    for n in 0..2 {
        let place = ledger.append(&intent(n)).unwrap();
        ledger.synced(place).wait().unwrap();
    }
    drop(ledger);
    let after = fs::read(&path).unwrap();
    let tiles = dir.path().join("tile");
    let whole = |upto: usize| {
        let (mut at, mut records) = (segment::HEADER, 0);
        while let Ok(frame) = crate::frame::parse(&after[at..upto]) {
            at += frame.size();
            records += u64::from(!frame.seal);
        }
        records
    };
    for cut in before.len()..=after.len() {
        fs::write(&path, &after[..cut]).unwrap();
        files.iter().zip(&older).for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
        let _ = fs::remove_dir_all(&tiles);
        let (ledger, found) = open(dir.path());
        assert_eq!((found.records, found.damage()), (whole(cut), None), "cut at {cut}");
        drop(ledger);
        let verified = verify(dir.path(), &Known::default()).unwrap();
        assert_eq!((verified.damage, verified.sealed), (vec![], whole(cut) + 1), "cut at {cut}");
    }
}

#[test]
fn a_segment_without_its_header_never_was() {
    let dir = Folder::new("stillborn");
    written(dir.path(), 3);
    for length in [0, 1, segment::HEADER - 1] {
        fs::write(segment::path(dir.path(), 4), vec![7; length]).unwrap();
        let (found, tail) = recover(dir.path()).unwrap();
        assert_eq!((found.records, found.torn_bytes), (4, length as u64));
        assert_eq!(tail.segment, Some(0));
    }
}

#[test]
fn random_bytes_never_panic() {
    let dir = Folder::new("random");
    let sound = written(dir.path(), 8);
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for _ in 0..400 {
        let mut bytes = sound.clone();
        for _ in 0..random() % 8 + 1 {
            let at = random() as usize % bytes.len();
            match random() % 3 {
                0 => bytes[at] = random() as u8,
                1 => bytes.truncate(at.max(1)),
                _ => _ = bytes.splice(at..at, random().to_le_bytes()),
            }
        }
        let changed = bytes != sound;
        fs::write(segment::path(dir.path(), 0), &bytes).unwrap();
        let verified = verify(dir.path(), &Known::default()).unwrap();
        let shows = !verified.damage.is_empty() || verified.torn_bytes > 0 || verified.records < 9;
        assert!(shows || !changed);
        let records = Reader::open(dir.path()).unwrap().flatten().count() as u64;
        assert!(records <= 9);
        recover(dir.path()).unwrap();
        for other in segment::list(dir.path()).unwrap() {
            let _ = fs::remove_file(segment::path(dir.path(), other));
        }
    }
}

const CHILD: &str = "LEDGER_TEST_CHILD";

/// Not a test by itself: what the next test runs in another process and kills.
#[test]
fn child_that_writes_until_killed() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let options = crate::Options { segment_bytes: 20_000, ..crate::Options::new("n", "v", NOW) };
    let (ledger, _) = crate::Ledger::open(Path::new(&dir), options).unwrap();
    std::thread::scope(|scope| {
        for worker in 0..3 {
            let ledger = &ledger;
            scope.spawn(move || {
                for n in 0.. {
                    let place = ledger.append(&intent(worker << 32 | n)).unwrap();
                    ledger.hand_over(place).unwrap();
                    println!("acknowledged {place}");
                }
            });
        }
    });
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = Folder::new("kill");
    let mut acknowledged = 0;
    for round in 0..12u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "recovery::tests::child_that_writes_until_killed", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed by the number of acknowledgements and not by a clock, at a different one each
        // round.
        for _ in 0..50 + round * 37 {
            lines.next().unwrap().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let highest = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<u64>().ok())
            .max();
        acknowledged = acknowledged.max(highest.unwrap_or(0));
        let (found, _) = recover(dir.path()).unwrap();
        assert!(found.records > acknowledged, "{found:?} but {acknowledged} was acknowledged");
        assert_eq!(found.first_bad, None);
        assert!(!found.clean);
    }
    assert!(acknowledged > 300, "{acknowledged}");
    let verified = verify(dir.path(), &Known::default()).unwrap();
    assert_eq!(verified.damage, []);
    assert!(verified.records > acknowledged);
}
