//! Logs whose oldest entries went: what is left verifies, proofs of what went do too, whenever the
//! process dies, and whoever removes more than the record says is found.

use super::*;
use crate::{
    Known, Options, Reader, Sequence, Tiles,
    ids::ShapeId,
    keys::Keys,
    open_checkpoint,
    pruned::PRUNED_FILE,
    reader::Flaw,
    record::{SessionClosed, SessionOpened, Shape},
    testing::{Folder, NOW, Random, checkpointed, copy, everything, intent, outcome},
    verify::verify,
};
use model::IdentityKind;
use std::fs;

fn minute(number: u64) -> Time {
    Time::from_micros(NOW.micros() + number as i64 * 60_000_000)
}

fn open(dir: &Path, now: Time) -> Ledger {
    let options = Options { segment_bytes: 40_000, ..Options::new("n", "v", now) };
    Ledger::open(dir, options).unwrap().0
}

fn opened(number: u32, time: Time) -> Record<'static> {
    SessionOpened {
        session: SessionId::new(NOW, number),
        time,
        identity: "alice".into(),
        kind: IdentityKind::Person,
        groups: Vec::new().into(),
        grants: Vec::new().into(),
        acts_for: None,
        principals: Vec::new().into(),
        method: "scram-sha-256".into(),
        credential: "password".into(),
        address: None,
        port: None,
        tls: None,
        application: "".into(),
        database: "shop".into(),
        environment: "production".into(),
        upstream_role: "".into(),
        upstream_pid: None,
        work: None,
    }
    .into()
}

fn closed(number: u32, time: Time) -> Record<'static> {
    let (session, reason) = (SessionId::new(NOW, number), "client left".into());
    SessionClosed { session, time, reason, statements: 0, rows: 0, bytes: 0 }.into()
}

fn shape(time: Time, text: &str) -> Record<'static> {
    Shape {
        shape: ShapeId::of(&[text.as_bytes()]),
        time,
        database: "shop".into(),
        text: text.to_owned().into(),
        operation: model::Operation::Select,
        effects: Vec::new().into(),
        columns: Vec::new().into(),
        moves: Vec::new().into(),
        functions: Vec::new().into(),
        outputs: Vec::new().into(),
        unknowns: Vec::new().into(),
        risk: Vec::new().into(),
        verdict: model::Outcome::Allow,
        policies: Vec::new().into(),
        reasons: Vec::new().into(),
        disclosures: Vec::new().into(),
        fallback: model::Disclosure::Scan,
        read_only: false,
        row_limit: None,
        durability: model::Durability::Soon,
        shadow: None,
        basis: None,
        policy_version: 1,
        catalog_version: 1,
        label_version: 1,
    }
    .into()
}

fn dated(record: Record<'static>, time: Time) -> Record<'static> {
    match record {
        Record::Intent(mut intent) => {
            intent.time = time;
            intent.into()
        }
        Record::Outcome(mut outcome) => {
            outcome.time = time;
            outcome.into()
        }
        other => other,
    }
}

/// Two runs of 300 and 500 statements, one a minute. In the second a session stays open, another
/// ends, and one statement ends when all others have.
fn written(dir: &Path) -> Ledger {
    let ledger = open(dir, minute(0));
    ledger.append(&shape(minute(0), &"select of the first run ".repeat(4_000))).unwrap();
    for n in 0..300 {
        ledger.append(&dated(intent(n), minute(n))).unwrap();
        ledger.append(&dated(outcome(n), minute(n))).unwrap();
    }
    drop(ledger);
    let ledger = open(dir, minute(300));
    ledger.append(&opened(1, minute(300))).unwrap();
    ledger.append(&opened(2, minute(300))).unwrap();
    ledger.append(&shape(minute(300), &"select long ".repeat(7_000))).unwrap();
    ledger.append(&dated(intent(9_999), minute(300))).unwrap();
    for n in 300..800 {
        ledger.append(&dated(intent(n), minute(n))).unwrap();
        let place = ledger.append(&dated(outcome(n), minute(n))).unwrap();
        if n % 50 == 0 {
            ledger.synced(place).wait().unwrap();
        }
        if n == 350 {
            ledger.append(&closed(2, minute(n))).unwrap();
        }
    }
    ledger.append(&dated(outcome(9_999), minute(800))).unwrap();
    checkpointed(&ledger);
    ledger.fold().unwrap();
    ledger
}

fn rule(older: u64) -> Rule<'static> {
    let words = "ledger.retention = \"7m\"";
    Rule { older: minute(older), before: u64::MAX, words, now: minute(900) }
}

fn keys(dir: &Path) -> Known {
    Known { keys: Some(Keys::read(dir).unwrap()), ..Known::default() }
}

#[test]
fn what_is_left_and_the_proofs_of_what_went_verify() {
    let dir = Folder::new("prune");
    let ledger = written(dir.path());
    let all = everything(dir.path());
    let sound = verify(dir.path(), &keys(dir.path())).unwrap();
    // Nothing is old enough, or somebody has not read it yet.
    assert_eq!(ledger.prune(&rule(0)).unwrap(), None);
    assert_eq!(ledger.prune(&Rule { before: 255, ..rule(800) }).unwrap(), None);
    let range = ledger.prune(&rule(500)).unwrap().unwrap();
    // Up to minute 500 there are about 1,000 records.
    assert_eq!(range, 0..768);
    checkpointed(&ledger);
    let left = everything(dir.path());
    let behind: Vec<_> = all.iter().filter(|(sequence, _)| *sequence >= 768).cloned().collect();
    let kept: Vec<_> = left.iter().filter(|(sequence, _)| *sequence < 768).cloned().collect();
    assert_eq!(left[kept.len()..left.len() - 1], behind);
    let types: Vec<_> = kept.iter().map(|(_, payload)| Record::decode(payload).unwrap()).collect();
    let types: Vec<_> = types.iter().map(Record::type_word).collect();
    assert_eq!(types, ["started", "session_opened", "shape", "intent"]);
    for one in &kept {
        assert!(all.contains(one));
    }
    let told = Record::decode(&left.last().unwrap().1).unwrap();
    let Record::Pruned(told) = told else { panic!("{told:?}") };
    assert_eq!((told.from, told.before, told.kept), (0, 768, 4));
    assert_eq!(
        (told.oldest, told.newest.map(|time| time < minute(500))),
        (Some(minute(0)), Some(true))
    );
    assert!(told.rule.contains("7m"));
    // All hashes and seals are verified, and the proof of a record that went holds.
    let found = verify(dir.path(), &keys(dir.path())).unwrap();
    assert_eq!((found.damage.as_slice(), found.pruned, found.removed), ([].as_slice(), 768, 764));
    assert!(found.sealed > sound.sealed && found.seals > sound.seals);
    let known = keys(dir.path());
    let note = crate::checkpoint(dir.path()).unwrap().unwrap();
    let head = open_checkpoint(&note, &known.keys.unwrap().log).unwrap();
    let mut tiles = Tiles::new(dir.path(), head.size);
    for (sequence, payload) in &all[..20] {
        let proof = tiles.proof(*sequence, &note).unwrap();
        let leaf = tlog::leaf(&entry::of(payload));
        assert!(tlog::verify_inclusion(&leaf, *sequence, head.size, &proof.hashes, &head.root));
    }
    assert!(matches!(tiles.entry(3), Err(LedgerError::Pruned { before: 768, .. })));
    let (place, _) = kept[0];
    assert_eq!(tiles.entry(place).unwrap(), kept[0].1);
    // The log goes on, and makes tiles anew from leaves alone.
    drop(ledger);
    fs::remove_dir_all(dir.path().join("tile/1")).unwrap();
    let (ledger, found) = Ledger::open(dir.path(), Options::new("n", "v", minute(901))).unwrap();
    assert_eq!((found.damage(), found.unknown.len(), found.open_sessions.len()), (None, 0, 1));
    checkpointed(&ledger);
    assert_eq!(verify(dir.path(), &keys(dir.path())).unwrap().damage, []);
    // Later more goes, and what was kept for it.
    assert_eq!((payloads(dir.path()), orphans(dir.path())), (1, 0));
    ledger.roll(minute(2_000)).unwrap();
    for n in 2_000..2_300 {
        ledger.append(&dated(intent(n), minute(1_000))).unwrap();
    }
    checkpointed(&ledger);
    ledger.fold().unwrap();
    let range = ledger.prune(&rule(999)).unwrap().unwrap();
    assert_eq!(range.start, 768);
    checkpointed(&ledger);
    let found = verify(dir.path(), &keys(dir.path())).unwrap();
    assert_eq!((found.damage.as_slice(), found.pruned), ([].as_slice(), range.end));
    assert_eq!(
        Reader::open(dir.path()).unwrap().next().unwrap().unwrap().sequence,
        Sequence(place)
    );
    assert_eq!(orphans(dir.path()), 0);
}

/// How many long records lie beside the log.
fn payloads(dir: &Path) -> usize {
    let folders = fs::read_dir(dir.join("payload")).unwrap().flatten();
    folders.flat_map(|entry| fs::read_dir(entry.path()).unwrap()).count()
}

/// How many of them no record stands for.
fn orphans(dir: &Path) -> usize {
    let all = everything(dir);
    let long = all.iter().filter(|(_, payload)| payload.len() > tlog::ENTRY_BYTES);
    let long: BTreeSet<_> = long.collect();
    let there =
        long.iter().filter(|(_, payload)| tiles::payload_path(dir, &entry::name(payload)).exists());
    payloads(dir) - there.count()
}

#[test]
fn whenever_the_process_dies_the_log_is_sound() {
    dies_everywhere(ROUND);
}

#[test]
fn whenever_the_process_dies_between_rounds_the_log_is_sound() {
    dies_everywhere(1);
}

fn dies_everywhere(rounds: u64) {
    let dir = Folder::new("prune-dies");
    drop(written(dir.path()));
    let whole = everything(dir.path());
    let bundles = |dir: &Path| fs::read_dir(dir.join("tile/entries")).unwrap().count();
    let mut died = 0;
    for steps in 0.. {
        let copied = Folder::new("prune-dies");
        copy(dir.path(), copied.path());
        let ledger = open(copied.path(), minute(900));
        checkpointed(&ledger);
        let result = ledger.prune_by(&rule(500), rounds, &mut Steps::until(steps));
        assert_eq!(verify(copied.path(), &keys(copied.path())).unwrap().damage, []);
        let left = everything(copied.path());
        let behind = |(sequence, _): &&(u64, Vec<u8>)| *sequence >= 768;
        assert!(whole.iter().filter(behind).all(|one| left.contains(one)));
        drop(ledger);
        let ledger = open(copied.path(), minute(900));
        assert_eq!(verify(copied.path(), &keys(copied.path())).unwrap().damage, []);
        let before = bundles(copied.path());
        ledger.prune(&rule(500)).unwrap();
        checkpointed(&ledger);
        let found = verify(copied.path(), &keys(copied.path())).unwrap();
        assert_eq!((found.damage.as_slice(), found.pruned), ([].as_slice(), 768));
        assert!(bundles(copied.path()) <= before && !files(copied.path(), 2)[0].exists());
        assert!(!files(copied.path(), 0)[0].exists() && files(copied.path(), 3)[0].exists());
        assert_eq!((payloads(copied.path()), orphans(copied.path())), (1, 0), "step {steps}");
        if result.is_ok() {
            break;
        }
        died += 1;
    }
    assert!(died >= 5, "{died}");
}

#[test]
fn whoever_removes_more_than_the_record_says_is_found() {
    let dir = Folder::new("prune-tamper");
    let ledger = written(dir.path());
    ledger.prune(&rule(500)).unwrap();
    drop(ledger);
    let known = keys(dir.path());
    assert_eq!(verify(dir.path(), &known).unwrap().damage, []);
    let changed = |change: &dyn Fn(&Path, &mut Pruned)| {
        let copied = Folder::new("prune-tamper");
        copy(dir.path(), copied.path());
        let mut pruned = Pruned::read(copied.path()).unwrap();
        let old = pruned.clone();
        change(copied.path(), &mut pruned);
        if pruned != old {
            pruned.write(copied.path()).unwrap();
        }
        verify(copied.path(), &known).unwrap().damage
    };
    assert_eq!(changed(&|_, _| {}), []);
    // A further bundle, with and without the file that says so.
    let gone = changed(&|dir, _| fs::remove_file(&files(dir, 3)[0]).unwrap());
    assert_eq!(gone[0].sequence, Sequence(768));
    let gone = changed(&|dir, pruned| {
        fs::remove_file(&files(dir, 3)[0]).unwrap();
        pruned.before += TILE_WIDTH;
    });
    assert_eq!((gone[0].sequence, gone[0].what), (Sequence(768), Flaw::Pruned));
    // The file itself.
    assert_ne!(changed(&|dir, _| fs::remove_file(dir.join(PRUNED_FILE)).unwrap()), []);
    // What was kept: another text, or one that is not there.
    let place = *Pruned::read(dir.path()).unwrap().kept.keys().next().unwrap();
    let found = changed(&|_, pruned| _ = pruned.kept.insert(place, b"{}".to_vec()));
    let unlike = |damage: &crate::Damage| (damage.sequence, damage.what);
    assert!(found.iter().any(|d| unlike(d) == (Sequence(place), Flaw::Tile)), "{found:?}");
    assert_ne!(changed(&|_, pruned| _ = pruned.kept.insert(7, b"{}".to_vec())), []);
    // Any bit of the file, and of a leaf whose entry went.
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for number in 0..200 {
        let copied = Folder::new("prune-tamper");
        copy(dir.path(), copied.path());
        let path = match number % 2 {
            0 => copied.path().join(PRUNED_FILE),
            _ => files(copied.path(), random.below(3) as u64)[1].clone(),
        };
        let mut bytes = fs::read(&path).unwrap();
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
        fs::write(&path, bytes).unwrap();
        assert_ne!(verify(copied.path(), &known).unwrap().damage, [], "attempt {number}");
    }
}

#[test]
fn a_hold_that_is_set_meanwhile_ends_it() {
    let dir = Folder::new("prune-hold");
    let ledger = written(dir.path());
    let (ready, asked) = std::sync::mpsc::channel();
    let setting = std::thread::spawn({
        let ledger = ledger.clone();
        move || {
            asked.recv().unwrap();
            ledger.hold(true);
            // From here on nothing goes.
            let left = pruned(ledger.dir()).unwrap();
            (left, fs::read_dir(ledger.dir().join("tile/entries")).unwrap().count())
        }
    });
    // In the middle of the first of three rounds: its record is written, its bundle is there.
    let mut steps = Steps::each(|step| {
        if step == 2 {
            ready.send(()).unwrap();
            while !ledger.is_held() {
                std::thread::yield_now();
            }
        }
        true
    });
    let range = ledger.prune_by(&rule(500), 1, &mut steps).unwrap();
    drop(steps);
    let (left, bundles) = setting.join().unwrap();
    assert_eq!((range, left), (Some(0..256), 256));
    assert!(!files(dir.path(), 0)[0].exists() && files(dir.path(), 1)[0].exists());
    // Not by another round either, nor what a round that died has left.
    fs::write(&files(dir.path(), 0)[0], b"left").unwrap();
    assert_eq!(ledger.prune(&rule(500)).unwrap(), None);
    assert!(files(dir.path(), 0)[0].exists());
    fs::remove_file(&files(dir.path(), 0)[0]).unwrap();
    assert_eq!(fs::read_dir(dir.path().join("tile/entries")).unwrap().count(), bundles);
    // The record says no more than what was removed.
    checkpointed(&ledger);
    let told = everything(dir.path()).into_iter().filter_map(|(_, payload)| {
        match Record::decode(&payload) {
            Ok(Record::Pruned(told)) => Some((told.from, told.before)),
            _ => None,
        }
    });
    assert_eq!(told.collect::<Vec<_>>(), [(0, 256)]);
    assert_eq!(verify(dir.path(), &keys(dir.path())).unwrap().damage, []);
    // When it is lifted the rest goes.
    ledger.hold(false);
    assert_eq!(ledger.prune(&rule(500)).unwrap(), Some(256..768));
    checkpointed(&ledger);
    assert_eq!(verify(dir.path(), &keys(dir.path())).unwrap().damage, []);
}

#[test]
fn whoever_reads_meanwhile_finds_no_damage() {
    let dir = Folder::new("prune-reads");
    let ledger = written(dir.path());
    // Readers that stand in the middle when everything around them goes.
    let mut readers: Vec<(usize, Reader)> = [0, 1, 3, 255, 256, 300, 600, 700]
        .into_iter()
        .map(|taken| {
            let mut reader = Reader::open(dir.path()).unwrap();
            assert_eq!(reader.by_ref().take(taken).filter(Result::is_ok).count(), taken);
            (taken, reader)
        })
        .collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3 {
                assert_eq!(verify(dir.path(), &keys(dir.path())).unwrap().damage, []);
            }
        });
        // Whoever removes waits for whoever reads, so that they meet at every step.
        let mut steps = Steps::each(|_| {
            assert_eq!(verify(dir.path(), &keys(dir.path())).unwrap().damage, []);
            true
        });
        let range = ledger.prune_by(&rule(790), 2, &mut steps).unwrap().unwrap();
        assert!(range.end >= 1_280, "{range:?}");
    });
    for (taken, reader) in &mut readers {
        for entry in reader {
            assert!(entry.is_ok(), "after {taken}: {entry:?}");
        }
    }
}

#[test]
fn one_record_that_was_changed_is_all_that_is_named() {
    let dir = Folder::new("prune-unlike");
    let ledger = written(dir.path());
    ledger.prune(&rule(500)).unwrap();
    checkpointed(&ledger);
    drop(ledger);
    let path = &files(dir.path(), 3)[0];
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(6).position(|bytes| bytes == b"intent").unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
    // Its leaf is known, so what comes after is judged as before: tree, seals and checkpoint hold.
    let found = verify(dir.path(), &keys(dir.path())).unwrap();
    let named: Vec<_> = found.damage.iter().map(|damage| damage.what).collect();
    assert_eq!(named, [Flaw::Tile], "{:?}", found.damage);
    assert!((768..771).contains(&found.damage[0].sequence.0));
}
