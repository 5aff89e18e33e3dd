//! Reading from any place, from the end, and while the log grows.

use super::*;
use crate::{
    Ledger, Options, frame,
    testing::{Folder, NOW, checkpointed, copy, everything, intent},
    verify::{Known, verify},
};

fn log(dir: &Path, count: u64) -> Ledger {
    let options = Options { segment_bytes: 2000, ..Options::new("n", "v", NOW) };
    let (ledger, _) = Ledger::open(dir, options).unwrap();
    for n in 0..count {
        let place = ledger.append(&intent(n)).unwrap();
        ledger.hand_over(place).unwrap();
    }
    ledger
}

#[test]
fn any_record_can_be_the_first() {
    let dir = Folder::new("from");
    drop(log(dir.path(), 50));
    for from in [0, 1, 7, 25, 50] {
        let read = Reader::open_at(dir.path(), Sequence(from)).unwrap();
        assert!(read.map(|entry| entry.unwrap().sequence.0).eq(from..51), "from {from}");
    }
    for count in [0, 1, 7, 50, 51, 99] {
        let read = Reader::open_last(dir.path(), count).unwrap();
        let first = 51u64.saturating_sub(count);
        assert!(read.map(|entry| entry.unwrap().sequence.0).eq(first..51), "last {count}");
    }
    assert_eq!(Reader::open_at(dir.path(), Sequence(1000)).unwrap().count(), 0);
    assert!(Reader::open(&dir.path().join("absent")).is_err());
}

#[test]
fn a_reader_follows_a_log_that_grows() {
    let dir = Folder::new("follow");
    let ledger = log(dir.path(), 3);
    let mut reader = Reader::open_last(dir.path(), 1).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().sequence, Sequence(3));
    for n in 4..60 {
        assert!(reader.next().is_none());
        let place = ledger.append(&intent(n)).unwrap();
        ledger.hand_over(place).unwrap();
        assert_eq!(reader.next().unwrap().unwrap().sequence, place);
    }
}

#[test]
fn the_chain_tells_one_log_from_another() {
    let (one, two) = (Folder::new("one"), Folder::new("two"));
    drop(log(one.path(), 3));
    drop(log(two.path(), 4));
    assert_ne!(
        verify(one.path(), &Known::default()).unwrap().chain,
        verify(two.path(), &Known::default()).unwrap().chain
    );
}

#[test]
fn a_segment_that_is_being_begun_is_no_damage() {
    let dir = Folder::new("begun");
    drop(log(dir.path(), 0));
    let mut reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.by_ref().map(Result::unwrap).count(), 1);
    // The writer has made the file and not written its header, and then half of it.
    let before = verify(dir.path(), &Known::default()).unwrap().chain;
    let header = crate::segment::Header { first: 1, before }.encode();
    let path = crate::segment::path(dir.path(), 1);
    for written in [0, header.len() / 2, header.len()] {
        std::fs::write(&path, &header[..written]).unwrap();
        assert!(reader.next().is_none(), "{written} bytes");
        assert_eq!(Reader::open(dir.path()).unwrap().filter(Result::is_err).count(), 0);
    }
}

/// What a reader gives from there on, and where it came upon damage.
fn read(dir: &Path, from: u64) -> (Vec<(u64, Vec<u8>)>, Vec<u64>) {
    let (mut found, mut damage) = (Vec::new(), Vec::new());
    for entry in Reader::open_at(dir, Sequence(from)).unwrap() {
        match entry {
            Ok(entry) => found.push((entry.sequence.0, entry.payload)),
            Err(LedgerError::Damaged(what)) => damage.push(what.sequence.0),
            Err(error) => panic!("{error}"),
        }
    }
    (found, damage)
}

#[test]
fn what_a_damaged_segment_no_longer_has_is_read_from_its_bundles() {
    let sound = Folder::new("beside");
    let options = Options { segment_bytes: 80_000, ..Options::new("n", "v", NOW) };
    let (ledger, _) = Ledger::open(sound.path(), options.clone()).unwrap();
    for n in 0..1_000 {
        // What is written at once lies in one segment.
        let place = ledger.append(&intent(n)).unwrap();
        ledger.hand_over(place).unwrap();
    }
    checkpointed(&ledger);
    drop(ledger);
    let before = everything(sound.path());
    let second = segment::list(sound.path()).unwrap()[1];
    // The text, and the length: behind that one nothing of the segment can be read.
    for flipped in [frame::OVERHEAD + 9, 2] {
        let dir = Folder::new("beside-damaged");
        copy(sound.path(), dir.path());
        let path = segment::path(dir.path(), second);
        let mut bytes = std::fs::read(&path).unwrap();
        let marks: Vec<_> = bytes.windows(16).enumerate().collect();
        let of =
            |(at, part): &(usize, &[u8])| part.starts_with(b"{\"type\":\"intent\"").then_some(*at);
        let third = marks.iter().filter_map(of).nth(2).unwrap() - frame::OVERHEAD;
        bytes[third + flipped] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
        let damaged = second + 2;
        for from in [0, second, damaged, damaged + 1, damaged + 300] {
            let (found, damage) = read(dir.path(), from);
            assert!(found == before[from as usize..], "from {from}, byte {flipped}");
            assert!(damage.iter().eq((from <= damaged).then_some(&damaged)), "{damage:?}");
        }
        assert_eq!(Reader::open_last(dir.path(), 3).unwrap().count(), 3);
        let verified = verify(dir.path(), &Known::default()).unwrap();
        let told = verified.damage.iter().any(|flaw| flaw.sequence.0 == damaged);
        assert!(told, "it is damage all the same");
        // Where the tree was made when the record could not be read, there is nothing beside it.
        std::fs::remove_dir_all(dir.path().join("tile")).unwrap();
        std::fs::remove_file(dir.path().join(crate::CHECKPOINT_FILE)).unwrap();
        drop(Ledger::open(dir.path(), options.clone()).unwrap());
        let (found, damage) = read(dir.path(), 0);
        assert_eq!(damage[0], damaged);
        assert!(found.iter().all(|(sequence, _)| *sequence != damaged));
    }
}
