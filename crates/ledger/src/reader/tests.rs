//! Reading from any place, from the end, and while the log grows.

use super::*;
use crate::{
    Ledger, Options,
    testing::{Folder, NOW, intent},
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
