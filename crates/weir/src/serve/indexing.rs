//! Keeps the index of the ledger up to date, on a thread of its own that yields to every other.
//! Takes in what is on stable storage, so nothing that could still be withdrawn. Statements never
//! wait for it: it only reads files, and where it fails, only answers are late.

use super::Shared;
use crate::layout;
use anyhow::Context;
use index::{Index, IndexError};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How long it sleeps when it has taken in everything.
const PAUSE: Duration = Duration::from_millis(500);
/// How long it sleeps after a failure.
const RETRY: Duration = Duration::from_secs(5);

/// The thread. It ends when told to, or with the process.
pub(super) struct Indexing {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

struct Work {
    ledger: ledger::Ledger,
    dir: PathBuf,
    file: PathBuf,
    indexed: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

/// Starts the thread.
pub(super) fn start(shared: &Shared) -> anyhow::Result<Indexing> {
    let config = shared.config.load();
    let stop = Arc::new(AtomicBool::new(false));
    let work = Work {
        ledger: shared.ledger.clone(),
        dir: layout::ledger(&config),
        file: layout::index(&config),
        indexed: Arc::clone(&shared.metrics.indexed),
        stop: Arc::clone(&stop),
    };
    let thread = thread::Builder::new()
        .name("index".to_owned())
        .spawn(move || work.run())
        .context("the index's thread")?;
    Ok(Indexing { stop, thread })
}

impl Indexing {
    /// Ends it; what it has not taken in it takes in after the next start.
    pub(super) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        if self.thread.join().is_err() {
            tracing::error!("the index's thread failed");
        }
    }
}

impl Work {
    fn run(self) {
        if let Err(error) = index::step_back() {
            tracing::warn!("the index's thread keeps its priority: {error}");
        }
        let failing = Cell::new(false);
        while !self.stopping() {
            let why = match catch_unwind(AssertUnwindSafe(|| self.follow(&failing))) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                // Told by where it is; the next attempt begins with a new `Index`.
                Err(_) => "a defect of the program".to_owned(),
            };
            // Once for a row of failures: a full disk would fill the log too.
            if !failing.replace(true) {
                tracing::warn!("the index is not kept up to date: {why}");
            }
            thread::park_timeout(RETRY);
        }
    }

    /// Takes in what comes, until told to stop.
    fn follow(&self, failing: &Cell<bool>) -> Result<(), IndexError> {
        let mut index = Index::open(&self.file)?;
        let mut failures = self.ledger.stats().failures;
        while !self.stopping() {
            let (stats, before) = (self.ledger.stats(), index.next());
            if stats.failures != std::mem::replace(&mut failures, stats.failures) {
                // A failed write takes back what a look ahead may have seen.
                index.look_again();
            }
            if before < stats.synced || self.indexed.load(Ordering::Relaxed) == 0 {
                let caught = index.catch_up(&self.dir, stats.synced, &|| self.stopping())?;
                if caught.anew {
                    tracing::warn!("the index did not fit the ledger: it is made anew");
                }
                self.indexed.store(caught.next, Ordering::Relaxed);
                if failing.take() {
                    tracing::info!("the index is kept up to date again");
                }
            }
            // Where damage hides what is behind it, no look finds anything for long.
            if index.next() >= self.ledger.stats().synced || index.next() == before {
                thread::park_timeout(PAUSE);
            }
        }
        Ok(())
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
