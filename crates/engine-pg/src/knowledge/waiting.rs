//! A session's view of what is known: it waits for it here. Knows no reader.

use gate::Database;
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// The generation that anything which was read has reached.
const FIRST: u64 = 1;

/// Lets a session wait until what is known is fresh.
pub(crate) struct KnowledgeWatch {
    pub(super) database: Arc<Database>,
    pub(super) asked: Arc<Notify>,
    pub(super) known: watch::Receiver<u64>,
    /// The generation that was waited for in vain, once.
    pub(super) gave_up: Arc<AtomicU64>,
}

impl KnowledgeWatch {
    /// Resolves when what is known is fresh (or, with `reached`, when it is as of that generation)
    /// and comes from this look or a later one, or the limit is reached. `None` if this was waited
    /// for just now, in vain.
    pub(crate) fn wait(
        &mut self,
        limit: Duration,
        reached: Option<u64>,
        look: Option<u64>,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let wanted = reached.unwrap_or_else(|| self.database.wanted());
        if self.gave_up.swap(0, Ordering::Relaxed) == wanted {
            return None;
        }
        let mut known = self.known.clone();
        let gave_up = Arc::clone(&self.gave_up);
        let (database, asked) = (Arc::clone(&self.database), Arc::clone(&self.asked));
        Some(Box::pin(async move {
            let fresh = async {
                loop {
                    known.mark_unchanged();
                    let looked = look.is_none_or(|look| database.has_looked(look));
                    if looked && database.has_reached(reached) {
                        return true;
                    }
                    // What was read meanwhile may have been too old: a reading under way did not
                    // see what came behind its beginning.
                    asked.notify_one();
                    if known.changed().await.is_err() {
                        return false;
                    }
                }
            };
            if !matches!(tokio::time::timeout(limit, fresh).await, Ok(true)) {
                gave_up.store(reached.unwrap_or_else(|| database.wanted()), Ordering::Relaxed);
            }
        }))
    }

    /// Resolves when this look at the catalog, or a later one, is over, or the limit is reached.
    pub(crate) fn looks(&mut self, limit: Duration, look: u64) -> gate::hold::Doing<()> {
        // Whatever came behind it is another question.
        let wait = self.wait(limit, Some(FIRST), Some(look));
        Box::pin(async move {
            if let Some(wait) = wait {
                wait.await;
            }
            Ok(())
        })
    }
}
