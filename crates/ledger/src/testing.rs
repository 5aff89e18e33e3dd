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
        turned_back: [].as_slice().into(),
        kept: None,
        risk: [].as_slice().into(),
        approval: None,
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
    }
    .into()
}
