//! Keeps the index of the ledger up to date, on a thread that yields to every other until it is
//! late, and takes its share then. Takes in what is on stable storage, so nothing that could still
//! be withdrawn. Statements never wait for it: it only reads files, and where it fails, only
//! answers are late.

use super::Shared;
use crate::layout;
use anyhow::Context;
use index::{Caught, Index, IndexError};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How long it sleeps when it has taken in everything.
const PAUSE: Duration = Duration::from_millis(500);
/// How long it sleeps where something is there that it cannot take in.
const REST: Duration = Duration::from_secs(2);
/// How long it sleeps after a failure.
const RETRY: Duration = Duration::from_secs(5);
/// It is late when it lacks what was there so long ago.
const LATE: Duration = Duration::from_secs(5);
/// How many records it takes in at most before it looks whether it is late, at first.
const PORTION: u64 = 1_000;
/// The same where it gets on: each transaction writes every page that it touched once, and values
/// come in no order, so one large one writes far less than many small ones.
const MOST: u64 = 16_000;
/// It gets on where a portion takes no longer than this; a larger one would keep it too long from
/// looking whether it is late otherwise.
const QUICK: Duration = Duration::from_millis(250);

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
    late: Duration,
}

/// A moment, and up to where the ledger's records were on stable storage then.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Instant,
    synced: u64,
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
        late: LATE,
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
        let failing = Cell::new(false);
        while !self.stopping() {
            let why = match catch_unwind(AssertUnwindSafe(|| self.follow(&failing))) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                // Told by where it is; the next attempt begins with a new `Index`.
                Err(_) => "a defect of the program".to_owned(),
            };
            if self.stopping() {
                return;
            }
            // Once for a row of failures: a full disk would fill the log too.
            if !failing.replace(true) {
                tracing::warn!("the index is not kept up to date: {why}");
            }
            self.rest(RETRY);
        }
    }

    /// Takes in what comes, until told to stop.
    fn follow(&self, failing: &Cell<bool>) -> Result<(), IndexError> {
        let mut index = Index::open(&self.file)?;
        index.stop_when(Arc::clone(&self.stop))?;
        let mut failures = self.ledger.stats().failures;
        let mut mark = Mark { at: Instant::now(), synced: self.ledger.stats().synced };
        let (mut opened, mut portion) = (false, PORTION);
        while !self.stopping() {
            let (stats, before) = (self.ledger.stats(), index.next());
            if stats.failures != std::mem::replace(&mut failures, stats.failures) {
                // A failed write takes back what a look ahead may have seen.
                index.look_again();
                opened = false;
            }
            if before < stats.synced || self.indexed.load(Ordering::Relaxed) == 0 {
                if before >= mark.synced {
                    mark = Mark { at: Instant::now(), synced: stats.synced };
                }
                let caught = if !std::mem::replace(&mut opened, true) {
                    // Finding the place in a segment does not look whether it is late.
                    let caught = index.catch_up(&self.dir, stats.synced.min(before + 1))?;
                    mark = Mark { at: Instant::now(), synced: stats.synced };
                    caught
                } else if mark.at.elapsed() < self.late {
                    let begun = Instant::now();
                    let upto = stats.synced.min(before + portion);
                    let caught = self.yielding(&mut index, upto)?;
                    portion = after(portion, caught.records, begun.elapsed());
                    caught
                } else {
                    index.catch_up(&self.dir, stats.synced)?
                };
                if caught.anew {
                    tracing::warn!("the index did not fit the ledger: it is made anew");
                }
                self.indexed.store(caught.next, Ordering::Relaxed);
                if failing.take() {
                    tracing::info!("the index is kept up to date again");
                }
            }
            if index.next() >= self.ledger.stats().synced {
                self.rest(PAUSE);
            } else if index.next() == before {
                // Where damage hides what is behind it, no look finds anything for long.
                self.rest(REST);
            }
        }
        Ok(())
    }

    /// Takes records in at the lowest priority. On a thread of its own, as whoever has stepped back
    /// may not step forward again.
    fn yielding(&self, index: &mut Index, upto: u64) -> Result<Caught, IndexError> {
        thread::scope(|scope| {
            let name = thread::current().name().unwrap_or("index").to_owned();
            let yielding = thread::Builder::new().name(name).spawn_scoped(scope, || {
                // Where it is not allowed to, it takes its share.
                let _ = index::step_back();
                index.catch_up(&self.dir, upto)
            })?;
            yielding.join().unwrap_or_else(|defect| resume_unwind(defect))
        })
    }

    /// Sleeps so long, or until told to stop. The end of a scope wakes its thread too, perhaps
    /// before it sleeps.
    fn rest(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.stopping() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::park_timeout(left);
        }
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// How large the portion is that comes after one of which so many records took so long.
fn after(portion: u64, records: u64, took: Duration) -> u64 {
    match took < QUICK {
        false => (portion / 2).max(PORTION),
        // One that was not full tells nothing of how long a full one takes.
        true if records < portion => portion,
        true => (portion * 2).min(MOST),
    }
}

#[cfg(test)]
mod tests;
