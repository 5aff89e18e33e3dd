//! Folders and records for tests.

use crate::{
    ids::{Hash, SessionId, ShapeId},
    ledger::{Ledger, Options},
    record::{Intent, Outcome, Record, Via},
    recovery::Recovery,
    redact::Redactor,
    time::Time,
};
use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// A directory that goes when the test ends.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let path = std::env::temp_dir().join(format!("ledger-{name}-{process}-{count}"));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) const NOW: Time = Time::from_micros(1_795_317_311_000_123);

pub(crate) fn open(dir: &Path) -> (Ledger, Recovery) {
    Ledger::open(dir, Options::new("node-1", "0.0.0", NOW)).unwrap()
}

pub(crate) fn session() -> SessionId {
    SessionId::new(NOW, 1)
}

pub(crate) fn hash(text: &[u8]) -> Hash {
    Redactor::new(&[7; 32]).hash(text)
}

pub(crate) fn intent(number: u64) -> Record<'static> {
    Intent {
        statement: session().statement(number),
        time: NOW,
        shape: ShapeId::of(&[b"select ?"]),
        text: hash(b"select 1"),
        via: Via::Extended,
        parameters: vec![hash(b"ada"), hash(b"bob")].into(),
        parameter_count: 2,
        literals: Vec::new().into(),
        literal_count: 0,
        turned_back: [].as_slice().into(),
        kept: None,
        risk: [].as_slice().into(),
        trace: None,
        approval: None,
        work: None,
    }
    .into()
}

pub(crate) fn outcome(number: u64) -> Record<'static> {
    Outcome {
        statement: session().statement(number),
        time: NOW,
        duration_us: 17,
        tag: "SELECT".into(),
        sqlstate: None,
        ended: None,
        rows: 1,
        affected: 0,
        bytes: 30,
        disclosed: Vec::new().into(),
        approval: None,
    }
    .into()
}

/// Waits until everything that was appended is under a checkpoint.
pub(crate) fn checkpointed(ledger: &Ledger) {
    let all = ledger.stats().records;
    if let Some(last) = all.checked_sub(1) {
        ledger.synced(crate::Sequence(last)).wait().unwrap();
    }
    while ledger.stats().checkpointed < all {
        std::thread::yield_now();
    }
}

/// Waits until a record is under a seal.
pub(crate) fn sealed(ledger: &Ledger, place: crate::Sequence) {
    while ledger.stats().sealed <= place.0 {
        std::thread::yield_now();
    }
}

/// Everything that a reader gives.
pub(crate) fn everything(dir: &Path) -> Vec<(u64, Vec<u8>)> {
    let entries = crate::Reader::open(dir).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.sequence.0, entry.payload)).collect()
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Numbers that look random and are the same each time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }
}
