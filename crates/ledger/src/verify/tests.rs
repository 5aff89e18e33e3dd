//! Attempts to change a log without being found, by somebody who knows the format and, in half of
//! them, has taken every key that the machine had when the log ended.

use super::*;
use crate::{
    Ledger, Options,
    frame::{self, GENESIS},
    keys,
    publish::Publisher,
    seal::Ratchet,
    segment,
    testing::{Folder, NOW, Random, copy, intent, outcome, sealed},
    time::Time,
};

mod restored;

/// How often each attempt is made.
const ATTEMPTS: usize = 200;
const RECORDS: u64 = 300;

/// A log, and what an auditor kept of it on the way.
struct Case {
    dir: Folder,
    known: Known,
}

fn write(dir: &Path, numbers: std::ops::Range<u64>) {
    let options = Options { segment_bytes: 40_000, ..Options::new("n", "v", NOW) };
    let (ledger, _) = Ledger::open(dir, options).unwrap();
    for n in numbers {
        ledger.append(&intent(n)).unwrap();
        let place = ledger.append(&outcome(n)).unwrap();
        if n % 20 == 0 {
            // So that seals are many.
            sealed(&ledger, place);
        }
    }
}

impl Case {
    fn new(name: &str) -> Self {
        let dir = Folder::new(name);
        write(dir.path(), 0..RECORDS / 4);
        let kept = tiles::checkpoint(dir.path()).unwrap().unwrap();
        write(dir.path(), RECORDS / 4..RECORDS / 2);
        let keys = Some(Keys::read(dir.path()).unwrap());
        let known = Known { keys, checkpoints: vec![kept], ..Known::default() };
        let case = Self { dir, known };
        let found = verify(case.dir.path(), &case.known).unwrap();
        assert_eq!(found.damage, []);
        assert!(found.seals > 6 && found.sealed == found.records, "{found:?}");
        assert_eq!(found.checkpoint.map(|head| head.size), Some(found.records));
        case
    }

    fn frames(&self) -> Vec<(bool, Vec<u8>)> {
        frames(self.dir.path())
    }

    /// Makes attempts, each on a copy of the log, and demands that every one is found.
    fn attempts(&self, name: &str, mut attempt: impl FnMut(&Path, &mut Random)) {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for number in 0..ATTEMPTS {
            let copied = Folder::new(name);
            copy(self.dir.path(), copied.path());
            attempt(copied.path(), &mut random);
            let found = verify(copied.path(), &self.known).unwrap();
            assert!(!found.damage.is_empty(), "{name}: attempt {number} was not found");
            if number % SHOWN < 2 {
                let (code, said) = independent::judged(copied.path(), &self.known);
                assert_eq!(code, 3, "{name}: attempt {number} was not found: {said}");
            }
        }
    }
}

/// All frames of all segments: whether each is a seal, and its payload.
fn frames(dir: &Path) -> Vec<(bool, Vec<u8>)> {
    let mut all = Vec::new();
    for first in segment::list(dir).unwrap() {
        let bytes = fs::read(segment::path(dir, first)).unwrap();
        let mut at = segment::HEADER;
        while let Ok(frame) = frame::parse(&bytes[at..]) {
            all.push((frame.seal, frame.payload.to_vec()));
            at += frame.size();
        }
    }
    all
}

/// Writes these frames as a log, with every checksum and chain as it must be.
fn rebuild(dir: &Path, frames: &[(bool, Vec<u8>)]) {
    for first in segment::list(dir).unwrap() {
        fs::remove_file(segment::path(dir, first)).unwrap();
    }
    let (mut bytes, mut chain, mut records) = (segment::FIRST.encode(), GENESIS, 0);
    for (seal, payload) in frames {
        if *seal {
            bytes.extend(frame::sealed(&Seal::parse(payload, records, chain).unwrap()));
            continue;
        }
        let mut one = Vec::new();
        frame::stage(&mut one, payload, &frame::leaf(payload));
        frame::close(&mut one, &mut chain);
        bytes.extend(one);
        records += 1;
    }
    fs::write(segment::path(dir, 0), bytes).unwrap();
}

/// Makes tiles and a checkpoint anew, with the log's own key.
fn republish(dir: &Path) {
    republish_upto(dir, u64::MAX);
}

fn republish_upto(dir: &Path, size: u64) {
    fs::remove_file(dir.join(CHECKPOINT_FILE)).unwrap();
    fs::remove_dir_all(dir.join("tile")).unwrap();
    let (key, _) = keys::open(dir, "unused").unwrap();
    let (mut publisher, _) = Publisher::open(dir, key).unwrap();
    publisher.publish(size).unwrap();
}

fn records(frames: &[(bool, Vec<u8>)]) -> Vec<usize> {
    (0..frames.len()).filter(|at| !frames[*at].0).collect()
}

/// A change to the list of frames, tried as an outsider and as one with the keys.
fn changed(name: &str, change: impl Fn(&mut Vec<(bool, Vec<u8>)>, &mut Random)) {
    let case = Case::new(name);
    let frames = case.frames();
    let mut with_keys = false;
    case.attempts(name, |dir, random| {
        let mut mine = frames.clone();
        while mine == frames {
            change(&mut mine, random);
        }
        rebuild(dir, &mine);
        with_keys = !with_keys;
        if with_keys {
            republish(dir);
        }
    });
}

#[test]
fn a_flipped_bit_is_found() {
    let case = Case::new("flip");
    let mut files: Vec<PathBuf> = Vec::new();
    for first in segment::list(case.dir.path()).unwrap() {
        files.push(segment::path(Path::new(""), first));
    }
    files.push(CHECKPOINT_FILE.into());
    let head = verify(case.dir.path(), &case.known).unwrap().checkpoint.unwrap();
    for entry in 0..head.size {
        files.extend(Tile::bundle(entry, head.size).map(|tile| tile.path().into()));
        files.extend(Tile::holding(0, entry, head.size).map(|tile| tile.path().into()));
    }
    files.extend(Tile::holding(1, 0, head.size).map(|tile| tile.path().into()));
    files.dedup();
    case.attempts("flip", |dir, random| {
        let path = dir.join(&files[random.below(files.len())]);
        let mut bytes = fs::read(&path).unwrap();
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
        fs::write(&path, bytes).unwrap();
    });
}

#[test]
fn a_dropped_record_is_found() {
    changed("drop", |frames, random| {
        let records = records(frames);
        frames.remove(records[random.below(records.len())]);
    });
}

#[test]
fn records_in_another_order_are_found() {
    changed("reorder", |frames, random| {
        let records = records(frames);
        let (a, b) = (random.below(records.len()), random.below(records.len()));
        frames.swap(records[a], records[b]);
    });
}

#[test]
fn a_changed_record_is_found() {
    changed("change", |frames, random| {
        let records = records(frames);
        let payload = &mut frames[records[random.below(records.len())]].1;
        let digits: Vec<usize> =
            (0..payload.len()).filter(|at| payload[*at].is_ascii_digit()).collect();
        let at = digits[random.below(digits.len())];
        payload[at] = b'0' + random.below(10) as u8;
    });
}

#[test]
fn a_record_of_another_log_or_place_is_found() {
    let other = Case::new("splice-other").frames();
    changed("splice", |frames, random| {
        let records = records(&other);
        let record = other[records[random.below(records.len())]].clone();
        let at = random.below(frames.len());
        frames.insert(at, record);
    });
}

#[test]
fn records_that_are_played_again_are_found() {
    changed("replay", |frames, random| {
        let from = random.below(frames.len() - 1);
        let to = from + 1 + random.below(frames.len() - from - 1);
        let again: Vec<_> = frames[from..=to].to_vec();
        let at = random.below(frames.len());
        frames.splice(at..at, again);
    });
}

#[test]
fn a_log_that_was_cut_off_is_found() {
    let case = Case::new("truncate");
    let frames = case.frames();
    let mut with_keys = false;
    let kept = Checkpoint::parse(
        case.known.keys.as_ref().unwrap().log.open(&case.known.checkpoints[0]).unwrap(),
    )
    .unwrap()
    .size as usize;
    case.attempts("truncate", |dir, random| {
        with_keys = !with_keys;
        // Who has the keys can pretend that the log is what it was at some time, but not before
        // the last time that somebody else noted a checkpoint.
        let records = records(&frames);
        let last = if with_keys { kept } else { records.len() };
        rebuild(dir, &frames[..records[random.below(last)]]);
        if with_keys {
            republish(dir);
        }
    });
}

#[test]
fn a_tail_that_is_rewritten_with_the_stolen_keys_is_found() {
    let case = Case::new("stolen");
    let frames = case.frames();
    case.attempts("stolen", |dir, random| {
        let records = records(&frames);
        let from = records[random.below(records.len())];
        // Everything from there on is replaced, and sealed with the key that comes next: the only
        // one that is still there.
        let mut mine: Vec<_> = frames[..from].to_vec();
        let kept = records.iter().filter(|at| **at < from).count();
        for at in records.iter().filter(|at| **at >= from) {
            let text = String::from_utf8(frames[*at].1.clone()).unwrap();
            mine.push((false, text.replace("node-1", "node-2").replace("T0", "T1").into()));
        }
        mine.push((false, br#"{"type":"stopped","time":"x"}"#.to_vec()));
        rebuild(dir, &mine);
        let (mut walk, mut count) = (Walk::new(dir, Sequence(0), true), 0);
        while let Some(item) = walk.step().unwrap() {
            count += u64::from(matches!(item, Item::Record(_)));
        }
        assert!(count as usize > kept);
        let (mut ratchet, _) = Ratchet::open(dir, None).unwrap();
        let seal = ratchet.seal(count, walk.chain()).unwrap();
        mine.push((true, seal.payload()));
        rebuild(dir, &mine);
        republish(dir);
    });
}

/// The log up to its last seal but `back`, and behind it what somebody invents, without a seal and
/// outside of the checkpoint: they have no key for either.
fn invented(case: &Case, dir: &Path, back: usize, times: impl Iterator<Item = Time>) {
    let frames = case.frames();
    let seals: Vec<usize> = (0..frames.len()).filter(|at| frames[*at].0).collect();
    let mut mine = frames[..=seals[seals.len() - 1 - back]].to_vec();
    let sealed = records(&mine).len() as u64;
    let reason = "x".repeat(1_000);
    for time in times {
        let mut payload = Vec::new();
        let stopped = crate::record::Stopped { time, reason: reason.as_str().into() };
        Record::from(stopped).encode(&mut payload).unwrap();
        mine.push((false, payload));
    }
    rebuild(dir, &mine);
    republish_upto(dir, sealed);
}

#[test]
fn records_that_are_invented_behind_the_last_seal_are_found() {
    let case = Case::new("invented");
    case.attempts("invented", |dir, random| {
        // Over two minutes and up to some days, in any number.
        let (count, step) = (2 + random.below(50) as i64, 1 + random.below(9_000) as i64);
        let times = (0..count).map(|n| NOW.micros() + (120 + n * step) * 1_000_000 * (n.min(1)));
        invented(&case, dir, random.below(3), times.map(Time::from_micros));
    });
    // All at once, but more than may ever wait for a sync.
    let copied = Folder::new("invented-many");
    copy(case.dir.path(), copied.path());
    invented(&case, copied.path(), 0, std::iter::repeat_n(NOW, BACKLOG_BYTES / 1_000));
    let found = verify(copied.path(), &case.known).unwrap();
    assert!(matches!(found.damage[..], [Damage { what: Flaw::Seal(_), .. }]), "{found:?}");
}

#[test]
fn what_a_crash_leaves_behind_the_last_seal_is_sound() {
    let case = Case::new("unsealed");
    let copied = Folder::new("unsealed");
    copy(case.dir.path(), copied.path());
    let times = (0..50).map(|n| Time::from_micros(NOW.micros() + n * 1_000_000));
    invented(&case, copied.path(), 0, times);
    let found = verify(copied.path(), &case.known).unwrap();
    assert_eq!((found.damage.len(), found.records - found.sealed), (0, 50), "{found:?}");
}

#[test]
fn a_witness_that_is_away_takes_nothing_from_another() {
    let case = Case::new("witnesses");
    let dir = case.dir.path();
    let (one, two) = ([1; 32], [2; 32]);
    let witness = |seed, name| tlog::CosignatureKey::from_seed(name, seed).unwrap();
    let all = [witness(&one, "gw-2/witness"), witness(&two, "gw-3/witness")];
    let cosigned = |by: &tlog::CosignatureKey, time| {
        let note = tiles::checkpoint(dir).unwrap().unwrap();
        let text = note.split_once("\n\n").unwrap().0.to_owned() + "\n";
        let line = by.cosign(&text, time);
        tiles::write_cosigned(dir, by.verifier().name(), &format!("{note}{line}")).unwrap();
        format!("{note}{line}")
    };
    all.iter().for_each(|by| _ = cosigned(by, 100));
    write(dir, 500..510);
    // The second does not answer any more.
    tiles::write_witnessed(dir, &cosigned(&all[0], 200)).unwrap();
    let witnesses = all.iter().map(tlog::CosignatureKey::verifier).collect();
    let known = Known { witnesses, ..case.known.clone() };
    let found = verify(dir, &known).unwrap();
    assert_eq!(found.damage, []);
    let times: Vec<u64> = found.cosigned.iter().map(|(_, time)| *time).collect();
    assert_eq!(times, [200, 100]);
    // What either cosigned is compared with the log, whoever is asked for.
    let other = Case::new("witnesses-other");
    let note = tiles::checkpoint(other.dir.path()).unwrap().unwrap();
    tiles::write_cosigned(dir, "gw-3/witness", &note).unwrap();
    assert_ne!(verify(dir, &case.known).unwrap().damage, []);
}

#[test]
fn a_log_whose_keys_and_seals_were_taken_away_is_not_sound() {
    let case = Case::new("no-seals");
    let frames: Vec<_> = case.frames().into_iter().filter(|(seal, _)| !seal).collect();
    rebuild(case.dir.path(), &frames);
    fs::remove_file(case.dir.path().join(PUBLIC_FILE)).unwrap();
    let mut known = Known { keys: None, ..case.known.clone() };
    let found = verify(case.dir.path(), &known).unwrap();
    assert!(matches!(found.damage[..], [Damage { what: Flaw::Seal(_), .. }]), "{found:?}");
    known.checkpoints.clear();
    assert_ne!(verify(case.dir.path(), &known).unwrap().damage, []);
    // With the keys from elsewhere it is seen that the seals are gone.
    let known = Known { checkpoints: Vec::new(), ..case.known };
    assert_ne!(verify(case.dir.path(), &known).unwrap().damage, []);
}

#[test]
fn a_log_whose_keys_were_taken_away_is_not_sound() {
    let case = Case::new("no-keys");
    for file in ["ledger.pub", CHECKPOINT_FILE] {
        fs::remove_file(case.dir.path().join(file)).unwrap();
    }
    let found = verify(case.dir.path(), &Known::default()).unwrap();
    assert!(matches!(found.damage[0].what, Flaw::Seal(_)), "{found:?}");
}

#[test]
fn a_long_record_lies_beside_the_tiles() {
    let dir = Folder::new("long");
    let (ledger, _) = Ledger::open(dir.path(), Options::new("n", "v", NOW)).unwrap();
    let reason = "x".repeat(100_000);
    ledger
        .append(&crate::record::Stopped { time: NOW, reason: reason.clone().into() }.into())
        .unwrap();
    drop(ledger);
    let keys = Some(Keys::read(dir.path()).unwrap());
    let known = Known { keys, ..Known::default() };
    let found = verify(dir.path(), &known).unwrap();
    assert_eq!((found.damage.len(), found.records), (0, 2));
    let entry = Tiles::new(dir.path(), 2).entry(1).unwrap();
    let entry = String::from_utf8(entry).unwrap();
    assert!(entry.starts_with(r#"{"type":"stopped","sha256":""#) && entry.len() < 200, "{entry}");
    let beside = fs::read_dir(dir.path().join("payload")).unwrap().next().unwrap().unwrap();
    let file = fs::read_dir(beside.path()).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(&file).unwrap().contains(&reason));
    fs::write(file, "other").unwrap();
    assert_eq!(verify(dir.path(), &known).unwrap().damage[0].what, Flaw::Tile);
}

mod independent;

/// Of so many attempts on a log another program judges the first two as well: by an outsider, and
/// by somebody with the keys.
const SHOWN: usize = 100;
