//! Sessions that could give their upstream connection up, for whoever needs its place at a server
//! that is full. Knows no connection.

use crate::{relay::Idler, upstream::UpstreamConfig};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::timeout;

/// How long a session may take to give its place up: the server is asked whether it can, and has to
/// end a process.
const ANSWER: Duration = Duration::from_secs(3);

/// All of them, whether they could now or not.
#[derive(Debug, Default)]
pub(crate) struct Idlers(Mutex<Vec<Arc<Idler>>>);

/// A session's place among them, until it is dropped.
pub(super) struct Entered {
    idlers: Arc<Idlers>,
    pub(super) idler: Arc<Idler>,
}

impl Idlers {
    pub(super) fn enter(self: &Arc<Self>, at: &UpstreamConfig) -> Entered {
        let idler = Arc::new(Idler::new((at.host.clone(), at.port)));
        self.lock().push(Arc::clone(&idler));
        Entered { idlers: Arc::clone(self), idler }
    }

    /// Lets the session that is idle for longest at a server give its place up, and waits for it.
    /// False if there is none.
    pub(super) async fn give_way(&self, at: &UpstreamConfig) -> bool {
        let longest = {
            let all = self.lock();
            let there = all.iter().filter(|one| one.at.0 == at.host && one.at.1 == at.port);
            let could = there.filter_map(|one| Some((one.since()?, one)));
            could.min_by_key(|(since, _)| *since).map(|(_, one)| Arc::clone(one))
        };
        let Some(idler) = longest else { return false };
        let _ = timeout(ANSWER, idler.gives_way()).await;
        true
    }

    /// Every change is a single insertion or removal, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Idler>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut all = self.idlers.lock();
        // Its connection goes with it.
        self.idler.answered.notify_one();
        if let Some(at) = all.iter().position(|one| Arc::ptr_eq(one, &self.idler)) {
            all.swap_remove(at);
        }
    }
}
