//! A legal hold: while it is set nothing of the record is removed. Knows neither who set it nor
//! what would be removed.

use crate::ledger::{Ledger, lock};
use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

/// Whether a hold is set, and the lock of whoever removes.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    set: AtomicBool,
    removing: Mutex<()>,
    /// The log is about to be closed.
    over: AtomicBool,
}

impl Hold {
    /// True when nothing is begun any more that folds or prunes.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }
}

impl Ledger {
    /// Sets the legal hold or lifts it. When this returns and it is set, nothing is removed any
    /// more: what was being removed in that moment, a few hundred bundles at most, is waited for.
    pub fn hold(&self, set: bool) {
        let hold = &self.inner().hold;
        // Before the lock, which whoever removes could take again and again.
        hold.set.store(set, Ordering::SeqCst);
        drop(lock(&hold.removing));
    }

    /// Ends folding and pruning for good, and returns when neither is under way any more: a segment
    /// or a round of bundles is finished first. What is appended then is the log's end.
    pub fn end_keeping(&self) {
        let inner = self.inner();
        inner.hold.over.store(true, Ordering::SeqCst);
        drop(lock(&inner.keeping));
    }

    /// True while nothing may be removed.
    pub fn is_held(&self) -> bool {
        self.inner().hold.set.load(Ordering::SeqCst)
    }

    /// Does what removes something, unless the hold is set, which cannot come in between.
    pub fn unless_held<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let _removing = lock(&self.inner().hold.removing);
        (!self.is_held()).then(work)
    }
}
