//! The thread that sees to durability: one fdatasync(2) for all who wait, one within milliseconds
//! for all others, and attempts to recover while the disk refuses. Sleeps without a timer when
//! there is nothing to do. Knows no records.

use crate::{
    batch::Batch,
    error::LedgerError,
    ids::Sequence,
    ledger::{Inner, Turn, lock},
    segment,
    writer::Writer,
};
use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io,
    os::unix::fs::MetadataExt,
    pin::{Pin, pin},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};

/// A record that nobody waits for is on its way to stable storage after this time.
pub const SOON: Duration = Duration::from_millis(5);
/// How often a failing log tries to recover.
pub const RETRY: Duration = Duration::from_millis(50);

/// What the thread and those who wait share.
#[derive(Debug)]
pub(crate) struct Keeper {
    state: Mutex<State>,
    changed: Condvar,
    /// The thread is awake or will wake by itself; whoever sets it wakes the thread.
    armed: AtomicBool,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// What is in the kernel and not known to be on stable storage, in order.
    pub(crate) unsynced: VecDeque<Batch>,
    /// Buffers that the writer may have back.
    pub(crate) emptied: Vec<Batch>,
    /// The files that hold unsynced records; the last one is being written.
    pub(crate) files: Vec<Arc<File>>,
    waiters: HashMap<u64, (Sequence, Waker)>,
    /// One of them waits for this thread, and not for its own.
    urgent: bool,
    next_waiter: u64,
    /// A sync failed; what is unsynced stays so until it has been written anew.
    sync_failed: bool,
    stop: bool,
}

impl Keeper {
    pub(crate) fn new(file: Arc<File>) -> Self {
        let state = State { files: vec![file], ..State::default() };
        Self { state: Mutex::new(state), changed: Condvar::new(), armed: AtomicBool::new(false) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn stop(&self) {
        self.state().stop = true;
        self.changed.notify_one();
    }
}

impl State {
    /// Everything unsynced is now in this file, on stable storage.
    pub(crate) fn rewritten(&mut self, inner: &Inner, file: Arc<File>) {
        let end = self.unsynced.back().map(Batch::end);
        self.files = vec![file];
        self.sync_failed = false;
        if let Some(end) = end {
            self.mark_synced(inner, end);
        }
    }

    fn mark_synced(&mut self, inner: &Inner, end: u64) {
        while self.unsynced.front().is_some_and(|batch| batch.end() <= end) {
            if let Some(batch) = self.unsynced.pop_front() {
                inner.backlog.fetch_sub(batch.bytes.len(), Ordering::Relaxed);
                self.emptied.push(batch);
            }
        }
        inner.synced.store(end, Ordering::Release);
    }

    /// Wakes those whom this answer concerns.
    fn wake(&mut self, concerns: impl Fn(Sequence) -> bool) {
        self.waiters.retain(|_, (sequence, waker)| {
            let answered = concerns(*sequence);
            if answered {
                waker.wake_by_ref();
            }
            !answered
        });
    }
}

impl Inner {
    /// Makes the thread look after what was staged or written, if it sleeps.
    pub(crate) fn arm(&self) {
        if !self.keeper.armed.swap(true, Ordering::AcqRel) {
            // With the lock held the thread is either before its last look or asleep.
            let _state = self.keeper.state();
            self.keeper.changed.notify_one();
        }
    }

    /// Makes the thread sync at once.
    pub(crate) fn urge(&self, state: &mut State) {
        state.urgent = true;
        self.keeper.armed.store(true, Ordering::SeqCst);
        self.keeper.changed.notify_one();
    }

    /// One round: writes what is staged, syncs what is written, and has it `sealed` if that is
    /// wanted too: making a seal takes a third of the time of a quick sync, and can wait.
    pub(crate) fn sync(&self, _turn: &MutexGuard<'_, Turn>, sealed: bool) {
        if let Err(error) = self.is_in_place() {
            return self.sync_failed(&error);
        }
        if sealed {
            self.prepare_seal();
        }
        let mut writer = lock(&self.writer);
        if self.failing.load(Ordering::Acquire) {
            // The next attempt comes after `RETRY`. The answer is in the state that it leaves.
            let _ = writer.revive(self).inspect_err(|error| self.fail(error));
        } else {
            let _ = writer.flush(self);
        }
        // While the disk refuses too: what the reserve still takes can wait for hours.
        let seal =
            |writer: &mut Writer| writer.seal(self).inspect_err(|error| self.fail(error)).ok();
        let sealed = sealed.then(|| seal(&mut writer)).flatten();
        drop(writer);
        let mut state = self.keeper.state();
        let written = self.written.load(Ordering::Acquire);
        let sync_failed = state.sync_failed;
        state.wake(|sequence| sync_failed || sequence.0 >= written);
        if sync_failed {
            return;
        }
        let Some(end) = state.unsynced.back().map(Batch::end) else {
            // Also what was written anew after a failure, seals included.
            drop(state);
            return self.sealed_upto(sealed);
        };
        let files = state.files.clone();
        drop(state);
        let begun = Instant::now();
        let result = self.sync_files(&files);
        self.pace.took(begun.elapsed());
        self.counters.syncs.fetch_add(1, Ordering::Relaxed);
        match result {
            Ok(()) => {
                let mut state = self.keeper.state();
                state.files.drain(..files.len() - 1);
                state.mark_synced(self, end);
                state.wake(|sequence| sequence.0 < end);
                drop(state);
                self.sealed_upto(sealed);
            }
            Err(error) => self.sync_failed(&error),
        }
    }

    /// Makes the key pair that the coming seal names, while others write.
    fn prepare_seal(&self) {
        let coming = lock(&self.writer).ratchet.coming();
        // One that cannot be made is told of when it is needed.
        if let Some(coming) = coming
            && let Ok(pair) = coming.pair()
        {
            lock(&self.writer).ratchet.expect(&coming, pair);
        }
    }

    /// The seals up to here are durable.
    fn sealed_upto(&self, sealed: Option<u64>) {
        let Some(sealed) = sealed else { return };
        if self.sealed.swap(sealed, Ordering::AcqRel) != sealed
            && lock(&self.writer).save_ratchet().is_err()
        {
            // The next round writes a newer secret over the same place.
            self.counters.failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The kernel may have dropped what it could not write, and a second sync would not say so:
    /// whatever was not synced before is not synced, until it has been written anew.
    fn sync_failed(&self, error: &LedgerError) {
        self.distrust(&mut lock(&self.writer));
        self.fail(error);
        self.keeper.state().wake(|_| true);
    }

    fn distrust(&self, writer: &mut Writer) {
        writer.distrust();
        self.keeper.state().sync_failed = true;
    }

    /// The folder is still the one that was opened: what is written to files that nobody finds any
    /// more is not recorded, though no write fails.
    fn is_in_place(&self) -> Result<(), LedgerError> {
        let links = self.lock.metadata().map(|meta| meta.nlink());
        let gone = || Err(io::Error::other("it was removed, or another is in its place"));
        let there = links.and_then(|links| if links == 0 { gone() } else { Ok(()) });
        there.map_err(|error| LedgerError::io("find", &self.dir, error))
    }

    fn sync_files(&self, files: &[Arc<File>]) -> Result<(), LedgerError> {
        for file in files {
            file.sync_data().map_err(|error| LedgerError::io("sync", &self.dir, error))?;
        }
        // More than one file means that a new name is in the directory.
        if files.len() > 1 { segment::sync_dir(&self.dir) } else { Ok(()) }
    }

    /// Sleeps until there is something to do, and says whether a seal is due, which `due` tells if
    /// there is something to seal already; `None` when the log is being closed.
    fn rest(&self, due: &mut Option<Instant>) -> Option<bool> {
        let mut state = self.keeper.state();
        self.keeper.armed.store(false, Ordering::SeqCst);
        // What came before the flag was cleared did not wake this thread: look once more.
        let unsealed = self.sealed() < self.written.load(Ordering::Acquire);
        let left = unsealed
            || !state.unsynced.is_empty()
            || !lock(&self.stage).is_empty()
            || !state.waiters.is_empty()
            || self.failing.load(Ordering::Acquire);
        if left {
            self.keeper.armed.store(true, Ordering::SeqCst);
        }
        let wait = |state| self.keeper.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        while !state.stop && !self.keeper.armed.load(Ordering::Acquire) {
            state = wait(state);
        }
        let failing = self.failing.load(Ordering::Acquire);
        let now = Instant::now();
        let deadline = if failing { now + RETRY } else { due.unwrap_or(now + SOON) };
        while !state.stop && (failing || !state.urgent) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.keeper.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.urgent = false;
        let seals = Instant::now() >= deadline;
        *due = (!seals).then_some(deadline);
        (!state.stop).then_some(seals)
    }
}

/// Starts the thread.
pub(crate) fn start(inner: Arc<Inner>) -> Result<JoinHandle<()>, LedgerError> {
    let dir = inner.dir.clone();
    let builder = thread::Builder::new().name("ledger".into());
    let run = move || {
        // Whoever waits waits for no seal; one comes within `SOON` all the same.
        let mut due = None;
        while let Some(seals) = inner.rest(&mut due) {
            inner.sync(&lock(&inner.turn), seals);
        }
        // What is staged now was appended before the last handle went.
        inner.sync(&lock(&inner.turn), true);
        inner.keeper.state().wake(|_| true);
    };
    builder.spawn(run).map_err(|error| LedgerError::io("start a thread for", dir, error))
}

/// Resolves when a record is on stable storage, or when it is certain that it will not be soon.
#[derive(Debug)]
#[must_use = "nothing waits unless this is polled"]
pub struct Synced {
    inner: Arc<Inner>,
    upto: Sequence,
    ticket: Option<u64>,
}

impl Synced {
    pub(crate) fn new(inner: Arc<Inner>, upto: Sequence) -> Self {
        Self { inner, upto, ticket: None }
    }

    /// Blocks the thread until it resolves.
    pub fn wait(self) -> Result<(), LedgerError> {
        struct Unpark(Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut future = pin!(self);
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(result) => return result,
                Poll::Pending => thread::park(),
            }
        }
    }

    fn answer(&self, state: &State) -> Option<Result<(), LedgerError>> {
        let inner = &self.inner;
        if inner.withdrawn.contains(self.upto) {
            return Some(Err(LedgerError::Withdrawn(self.upto)));
        }
        if inner.synced.load(Ordering::Acquire) > self.upto.0 {
            return Some(Ok(()));
        }
        let unwritten = inner.written.load(Ordering::Acquire) <= self.upto.0;
        let failing = inner.failing.load(Ordering::Acquire);
        if state.sync_failed || (failing && unwritten) {
            return Some(Err(inner.unhealthy()));
        }
        // Nobody will ever write a record that was not appended.
        let unknown = unwritten && lock(&inner.stage).end() <= self.upto.0;
        (state.stop || unknown).then_some(Err(LedgerError::Closed))
    }
}

impl Future for Synced {
    type Output = Result<(), LedgerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.inner.clone();
        if inner.synced.load(Ordering::Acquire) > self.upto.0
            && !inner.withdrawn.contains(self.upto)
        {
            return Poll::Ready(Ok(()));
        }
        let mut state = inner.keeper.state();
        if let Some(answer) = self.answer(&state) {
            return Poll::Ready(answer);
        }
        let known = self.ticket.is_some();
        let ticket = match self.ticket {
            Some(ticket) => ticket,
            None => {
                state.next_waiter += 1;
                self.ticket = Some(state.next_waiter);
                state.next_waiter
            }
        };
        state.waiters.insert(ticket, (self.upto, context.waker().clone()));
        // Whoever asks again has asked the keeper before, who answers everybody.
        if !inner.is_led_here(self.upto) && !known {
            inner.urge(&mut state);
        }
        Poll::Pending
    }
}

impl Drop for Synced {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.inner.keeper.state().waiters.remove(&ticket);
        }
    }
}

#[cfg(test)]
mod tests;
