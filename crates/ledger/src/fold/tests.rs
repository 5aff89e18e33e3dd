//! Logs whose segments went: they read, verify and go on as before, whenever the process dies, and
//! whoever changes what is left is found.

use super::*;
use crate::{
    Known, Options, Tiles, keys,
    keys::Keys,
    open_checkpoint,
    publish::Publisher,
    record::{Record, Stopped},
    testing::{Folder, NOW, Random, checkpointed, copy, everything, intent, outcome, sealed},
    tiles::CHECKPOINT_FILE,
    verify::verify,
};
use std::fs;

const ATTEMPTS: usize = 200;

fn open(dir: &Path) -> Ledger {
    let options = Options { segment_bytes: 40_000, ..Options::new("n", "v", NOW) };
    Ledger::open(dir, options).unwrap().0
}

/// A log with some segments, and a long record in one of the first.
fn written(dir: &Path) -> Ledger {
    let ledger = open(dir);
    let reason = "x".repeat(70_000).into();
    ledger.append(&Record::from(Stopped { time: NOW, reason })).unwrap();
    for n in 0..500 {
        ledger.append(&intent(n)).unwrap();
        let place = ledger.append(&outcome(n)).unwrap();
        if n % 20 == 0 {
            sealed(&ledger, place);
        }
    }
    checkpointed(&ledger);
    ledger
}

fn keys(dir: &Path) -> Known {
    Known { keys: Some(Keys::read(dir).unwrap()), ..Known::default() }
}

#[test]
fn a_folded_log_is_what_it_was() {
    let dir = Folder::new("fold");
    let ledger = written(dir.path());
    let (before, sound) = (everything(dir.path()), verify(dir.path(), &keys(dir.path())).unwrap());
    assert_eq!((sound.damage.as_slice(), sound.records), ([].as_slice(), before.len() as u64));
    let segments = segment::list(dir.path()).unwrap();
    let folding = ledger.fold().unwrap();
    assert!(folding.folded > 3 && folding.refused.is_empty(), "{folding:?}");
    assert!(segment::list(dir.path()).unwrap().len() + 3 < segments.len());
    assert_eq!(ledger.fold().unwrap(), Folding::default());
    assert_eq!(everything(dir.path()), before);
    // Every record, seal, hash and checkpoint is verified as it was.
    assert_eq!(verify(dir.path(), &keys(dir.path())).unwrap(), sound);
    // From any record on, and from the end.
    for from in [0, 1, 2, 255, 256, 257, 700, before.len() as u64 - 1] {
        let entries = Reader::open_at(dir.path(), Sequence(from)).unwrap().map(Result::unwrap);
        let found: Vec<_> = entries.map(|entry| (entry.sequence.0, entry.payload)).collect();
        assert_eq!(found, before[from as usize..], "from {from}");
    }
    assert_eq!(Reader::open_last(dir.path(), 3).unwrap().count(), 3);
    // It goes on, and finds its run behind what was folded.
    ledger.append(&intent(1_000)).unwrap();
    drop(ledger);
    let (ledger, found) = Ledger::open(dir.path(), Options::new("n", "v", NOW)).unwrap();
    assert_eq!((found.unknown.len(), found.damage()), (1, None));
    drop(ledger);
    assert_eq!(verify(dir.path(), &keys(dir.path())).unwrap().damage, []);
}

#[test]
fn tiles_are_made_again_from_bundles() {
    let dir = Folder::new("fold-tiles");
    let ledger = written(dir.path());
    ledger.fold().unwrap();
    drop(ledger);
    for gone in ["tile/1", "tile/0/001"] {
        let path = dir.path().join(gone);
        let _ = fs::remove_file(&path);
        let _ = fs::remove_dir_all(&path);
    }
    assert_ne!(verify(dir.path(), &keys(dir.path())).unwrap().damage, []);
    drop(open(dir.path()));
    assert_eq!(verify(dir.path(), &keys(dir.path())).unwrap().damage, []);
}

#[test]
fn whenever_the_process_dies_nothing_is_lost() {
    let dir = Folder::new("fold-dies");
    drop(written(dir.path()));
    let whole = everything(dir.path());
    let mut died = 0;
    for steps in 0.. {
        let copied = Folder::new("fold-dies");
        copy(dir.path(), copied.path());
        let ledger = open(copied.path());
        checkpointed(&ledger);
        let result = ledger.fold_until(&mut Steps::until(steps));
        assert!(everything(copied.path()).starts_with(&whole), "died before step {steps}");
        assert_eq!(verify(copied.path(), &keys(copied.path())).unwrap().damage, []);
        drop(ledger);
        let ledger = open(copied.path());
        checkpointed(&ledger);
        assert_eq!(ledger.fold().unwrap().refused, []);
        assert!(everything(copied.path()).starts_with(&whole), "died before step {steps}");
        assert_eq!(verify(copied.path(), &keys(copied.path())).unwrap().damage, []);
        if result.is_ok() {
            break;
        }
        died += 1;
    }
    assert!(died > 9, "{died}");
}

#[test]
fn a_segment_that_is_not_what_its_bundles_are_stays() {
    for (file, what) in [("segment", Flaw::Checksum), ("bundle", Flaw::Tile), ("leaf", Flaw::Tile)]
    {
        let dir = Folder::new("fold-unlike");
        let ledger = written(dir.path());
        let [bundle, leaves] = files(dir.path(), 0);
        let first = segment::path(dir.path(), 0);
        let path = match file {
            "segment" => first.clone(),
            "bundle" => bundle,
            _ => leaves,
        };
        let mut bytes = fs::read(&path).unwrap();
        bytes[60] ^= 1;
        fs::write(&path, bytes).unwrap();
        let folding = ledger.fold().unwrap();
        assert_eq!(folding.refused[0].what, what, "{file}");
        assert!(first.exists() && folding.folded > 0, "{file}: {folding:?}");
        assert_eq!(ledger.fold().unwrap(), Folding::default());
    }
}

#[test]
fn what_a_failed_disk_left_behind_a_segment_keeps_nothing_from_folding() {
    for cut in [0, 100] {
        let dir = Folder::new("fold-superseded");
        let ledger = written(dir.path());
        let firsts = segment::list(dir.path()).unwrap();
        // What a segment has that was written anew into the next, or the ruins of it.
        let next = fs::read(segment::path(dir.path(), firsts[1])).unwrap();
        let mut bytes = fs::read(segment::path(dir.path(), firsts[0])).unwrap();
        bytes.extend_from_slice(&next[segment::HEADER..next.len() / 2 - cut]);
        fs::write(segment::path(dir.path(), firsts[0]), &bytes).unwrap();
        let (before, known) = (everything(dir.path()), keys(dir.path()));
        assert!(verify(dir.path(), &known).unwrap().superseded_bytes > 0);
        let folding = ledger.fold().unwrap();
        assert_eq!(folding.refused, []);
        assert!(segment::list(dir.path()).unwrap().first() > Some(&firsts[1]), "{folding:?}");
        assert_eq!(everything(dir.path()), before);
        assert_eq!(verify(dir.path(), &known).unwrap().damage, []);
        // It stays for whoever wants to look, until its records go.
        let ruins = segment::ruins(dir.path(), firsts[1]);
        assert_eq!(fs::read(&ruins).unwrap(), bytes);
        let older = Time::from_micros(NOW.micros() + 1);
        let rule = crate::Rule { older, before: u64::MAX, words: "all", now: NOW };
        assert_eq!(ledger.prune(&rule).unwrap().unwrap().start, 0);
        ledger.prune(&rule).unwrap();
        assert!(!ruins.exists());
        drop(ledger);
        assert_eq!(verify(dir.path(), &known).unwrap().damage, []);
    }
}

#[test]
fn full_tiles_that_the_disk_lost_are_made_again_before_they_are_all_there_is() {
    let dir = Folder::new("fold-lost");
    let ledger = written(dir.path());
    let (before, known) = (everything(dir.path()), keys(dir.path()));
    let sound = verify(dir.path(), &known).unwrap();
    let ([bundle, _], [_, leaves]) = (files(dir.path(), 0), files(dir.path(), 1));
    fs::remove_file(&leaves).unwrap();
    fs::write(&bundle, "").unwrap();
    assert_ne!(verify(dir.path(), &known).unwrap().damage, []);
    let folding = ledger.fold().unwrap();
    assert!(folding.folded > 3 && folding.refused.is_empty(), "{folding:?}");
    assert_eq!(everything(dir.path()), before);
    assert_eq!(verify(dir.path(), &known).unwrap(), sound);
}

#[test]
fn nothing_is_folded_or_removed_once_the_log_is_to_end() {
    let dir = Folder::new("fold-over");
    let ledger = written(dir.path());
    ledger.fold().unwrap();
    ledger.end_keeping();
    let older = Time::from_micros(NOW.micros() + 1);
    let rule = crate::Rule { older, before: u64::MAX, words: "all", now: NOW };
    let records = ledger.stats().records;
    assert_eq!(ledger.prune(&rule).unwrap(), None);
    assert_eq!(ledger.stats().records, records);
    let dir = Folder::new("fold-over");
    let ledger = written(dir.path());
    ledger.end_keeping();
    assert_eq!(ledger.fold().unwrap(), Folding::default());
}

#[test]
fn whoever_changes_what_is_left_is_found() {
    let dir = Folder::new("fold-tamper");
    let ledger = written(dir.path());
    ledger.fold().unwrap();
    drop(ledger);
    let known = keys(dir.path());
    assert_eq!(verify(dir.path(), &known).unwrap().damage, []);
    let note = tiles::checkpoint(dir.path()).unwrap().unwrap();
    let head = open_checkpoint(&note, &known.keys.as_ref().unwrap().log).unwrap();
    let rests = segment::named(dir.path(), folded::EXTENSION).unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for number in 0..ATTEMPTS {
        let copied = Folder::new("fold-tamper");
        copy(dir.path(), copied.path());
        let first = rests[random.below(rests.len())];
        let path = folded::path(copied.path(), first);
        let mut rest = Rest::read(copied.path(), first).unwrap().unwrap();
        let index = random.below(2) as u64;
        let [bundle, leaves] = files(copied.path(), index);
        let mut republish = false;
        match number % 6 {
            // Bits of any file.
            0 => {
                let path = [&path, &bundle, &leaves][random.below(3)];
                let mut bytes = fs::read(path).unwrap();
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
                fs::write(path, bytes).unwrap();
            }
            // A seal that is taken out, or another one.
            1 if rest.seals.len() > 1 => {
                rest.seals.remove(random.below(rest.seals.len()));
                fs::write(&path, rest.encode()).unwrap();
            }
            1 | 2 => {
                let at = random.below(SEAL_BYTES_CHANGED);
                let count = rest.seals.len();
                let seal = &mut rest.seals[random.below(count)];
                seal.1[at] ^= 1 << random.below(8);
                fs::write(&path, rest.encode()).unwrap();
            }
            // The file as a whole.
            3 => fs::remove_file(&path).unwrap(),
            // A record that is changed in its bundle and its leaf, by one who has the keys too.
            _ => {
                republish = number % 2 == 0;
                let bytes = fs::read(&bundle).unwrap();
                let mut entries: Vec<_> =
                    split_entries(&bytes).unwrap().iter().map(|e| e.to_vec()).collect();
                let at = random.below(entries.len());
                let text = String::from_utf8(entries[at].clone()).unwrap();
                entries[at] = text.replacen("\"time\":\"2", "\"time\":\"3", 1).into_bytes();
                if entries[at] == text.as_bytes() {
                    entries[at] = b"{}".to_vec();
                }
                let mut out = Vec::new();
                entries.iter().for_each(|entry| _ = tlog::put_entry(&mut out, entry));
                fs::write(&bundle, out).unwrap();
                let hashes: Vec<_> = entries.iter().map(|entry| tlog::leaf(entry)).collect();
                fs::write(&leaves, hashes.concat()).unwrap();
            }
        }
        if republish {
            fs::remove_file(copied.path().join(CHECKPOINT_FILE)).unwrap();
            let (key, _) = keys::open(copied.path(), "unused").unwrap();
            let (mut publisher, _) = Publisher::open(copied.path(), key).unwrap();
            publisher.publish(u64::MAX).unwrap();
        }
        let found = verify(copied.path(), &known).unwrap();
        assert!(!found.damage.is_empty(), "attempt {number} was not found");
    }
    assert_eq!(Tiles::new(dir.path(), head.size).entry(0).unwrap(), everything(dir.path())[0].1);
}

/// A seal's payload: number, next key, signature.
const SEAL_BYTES_CHANGED: usize = crate::seal::SEAL_BYTES;
