//! Upstream connections of sessions that have ended, from then until they are kept or gone: each
//! has a place at its server meanwhile. Knows how many there are and where, and nothing of what is
//! done with them.

use super::{Host, UpstreamConfig};
use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::Notify;

/// A server, as it is reached.
pub(crate) type Place = (Host, u16);

/// Where a database is.
pub(crate) fn place(at: &UpstreamConfig) -> Place {
    (at.host.clone(), at.port)
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Going {
    at: Mutex<HashMap<Place, usize>>,
    /// Those that are not closed yet, and may come to be kept.
    reset: AtomicUsize,
    moved: Notify,
}

impl Going {
    /// One more, until what comes back is dropped.
    pub(crate) fn one(self: &Arc<Self>, at: Place, counters: &Arc<gate::Counters>) -> Goes {
        *self.lock().entry(at.clone()).or_default() += 1;
        counters.parting.fetch_add(1, Ordering::Relaxed);
        Goes { all: Arc::clone(self), at, counters: Arc::clone(counters), reset: false }
    }

    /// How many are being reset.
    pub(crate) fn being_reset(&self) -> usize {
        self.reset.load(Ordering::Relaxed)
    }

    /// Waits until there is none at a server.
    pub(crate) async fn none(&self, at: &Place) {
        self.until(|| self.count(at) == 0).await;
    }

    /// Waits until there are fewer at a server than now. False if there is none.
    pub(crate) async fn fewer(&self, at: &Place) -> bool {
        let before = self.count(at);
        if before > 0 {
            self.until(|| self.count(at) < before).await;
        }
        before > 0
    }

    async fn until(&self, reached: impl Fn() -> bool) {
        loop {
            let mut moved = pin!(self.moved.notified());
            moved.as_mut().enable();
            if reached() {
                return;
            }
            moved.await;
        }
    }

    fn count(&self, at: &Place) -> usize {
        self.lock().get(at).copied().unwrap_or_default()
    }

    /// Every change is of one number, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, HashMap<Place, usize>> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them, until this is dropped.
pub(crate) struct Goes {
    all: Arc<Going>,
    at: Place,
    counters: Arc<gate::Counters>,
    reset: bool,
}

impl Goes {
    /// The same, and it may come to be kept.
    pub(crate) fn resets(mut self) -> Self {
        if !std::mem::replace(&mut self.reset, true) {
            self.all.reset.fetch_add(1, Ordering::Relaxed);
        }
        self
    }

    /// The same, and it is closed.
    pub(crate) fn closes(mut self) -> Self {
        self.no_reset();
        self
    }

    fn no_reset(&mut self) {
        if std::mem::take(&mut self.reset) {
            self.all.reset.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Goes {
    fn drop(&mut self) {
        self.no_reset();
        self.counters.parting.fetch_sub(1, Ordering::Relaxed);
        let mut at = self.all.lock();
        if let Some(count) = at.get_mut(&self.at) {
            *count -= 1;
            if *count == 0 {
                at.remove(&self.at);
            }
        }
        drop(at);
        self.all.moved.notify_waiters();
    }
}
