//! Threads that sync for those who wait on them. A session that waits for the disk would wake the
//! keeper, and the keeper it: two ways between processors for one fdatasync(2), each as long as
//! a quick disk takes. A thread that says when it is about to rest syncs instead, once for all who
//! wait on it, since nothing else is left for it to do. Knows no runtime.
//!
//! Only while the disk is quick: meanwhile the thread serves nobody. A slow one is the keeper's,
//! and seals always are.

use crate::{ids::Sequence, ledger::Inner};
use std::{
    cell::Cell,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// What a sync takes at most, as far as the disk goes, for threads to sync themselves.
pub const QUICK: Duration = Duration::from_micros(300);

thread_local! {
    /// The log that this thread syncs, as a number: one that says when it is about to rest.
    static LEADS: Cell<usize> = const { Cell::new(0) };
    /// Up to which record somebody waits on this thread, whom nobody else was told of.
    static WANTED: Cell<Option<Sequence>> = const { Cell::new(None) };
}

/// How long syncs take where nothing is in their way: microseconds. One that is quicker than those
/// before it counts by half, a slower one by an eighth: on busy processors a thread whose sync is
/// over waits until it may go on, which tells nothing of the disk.
#[derive(Debug)]
pub(crate) struct Pace(AtomicU64);

impl Default for Pace {
    /// Nothing is known before the first.
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

impl Pace {
    /// A sync took so long.
    pub(crate) fn took(&self, time: Duration) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let lately = match self.0.load(Ordering::Relaxed) {
            u64::MAX => time,
            before if time < before => before / 2 + time / 2,
            before => before + (time - before) / 8,
        };
        self.0.store(lately, Ordering::Relaxed);
    }

    fn is_quick(&self) -> bool {
        u128::from(self.0.load(Ordering::Relaxed)) <= QUICK.as_micros()
    }
}

fn number(inner: &Inner) -> usize {
    std::ptr::from_ref(inner).addr()
}

impl Inner {
    /// True if this thread will see to it, before it rests, that the record is on stable storage.
    pub(crate) fn is_led_here(&self, upto: Sequence) -> bool {
        if LEADS.get() != number(self) || !self.pace.is_quick() {
            return false;
        }
        WANTED.set(WANTED.get().max(Some(upto)));
        true
    }
}

impl Inner {
    /// The keeper sees to whoever waits on this thread, which does not come to rest.
    pub(crate) fn hand_on(&self) {
        if LEADS.get() == number(self) && WANTED.take().is_some() {
            self.urge(&mut self.keeper.state());
        }
    }
}

/// Syncs for those who wait on a thread; see [`crate::Ledger::leader`].
#[derive(Clone, Debug)]
pub struct Leader(Weak<Inner>);

impl Leader {
    pub(crate) fn new(inner: &Arc<Inner>) -> Self {
        Self(Arc::downgrade(inner))
    }

    /// To be called by a thread each time before it rests, with nothing left to do: from the first
    /// call on, what waits on it for the disk counts on the next. Costs nothing where nobody waits.
    pub fn before_rest(&self) {
        match WANTED.take() {
            Some(upto) => self.sync(upto),
            None => LEADS.set(self.0.as_ptr().addr()),
        }
    }

    fn sync(&self, upto: Sequence) {
        // Without a log nobody is left who waits for it.
        let Some(inner) = self.0.upgrade() else { return };
        let is_synced = || inner.synced.load(Ordering::Acquire) > upto.0;
        // Who syncs already may do so for long: a disk that stalls must not stop every thread.
        if let Ok(turn) = inner.turn.try_lock()
            && !is_synced()
            && !inner.failing.load(Ordering::Acquire)
        {
            inner.sync(&turn, false);
        }
        // What another syncs, what fails and what could not be written now is the keeper's.
        if !is_synced() {
            inner.urge(&mut inner.keeper.state());
        }
    }
}

#[cfg(test)]
mod tests;
