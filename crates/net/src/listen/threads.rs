//! Threads for sessions, each with a runtime of its own: what a session does happens on one thread,
//! so that nothing of it is handed from thread to thread. Knows no session.

use super::Accepted;
use std::{
    fmt,
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tokio::{net::TcpStream, runtime, sync::oneshot, task::JoinHandle};

/// Threads that connections are given to, each to the one that has fewest. When this is dropped,
/// what still runs on them is ended.
pub struct Threads {
    lanes: Vec<Lane>,
}

struct Lane {
    runtime: runtime::Handle,
    /// Connections that it has.
    there: Arc<AtomicUsize>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Threads({})", self.lanes.len())
    }
}

impl Threads {
    /// So many of them, one at least. Each does `before_rest` when it has nothing left to do,
    /// before it waits for more; what that wakes goes on at once.
    ///
    /// # Errors
    /// The system gives no thread, or no descriptors for its runtime.
    pub fn start(
        count: usize,
        before_rest: impl Fn() + Clone + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let lanes = (0..count.max(1)).map(|number| Lane::start(number, before_rest.clone()));
        Ok(Self { lanes: lanes.collect::<io::Result<_>>()? })
    }

    /// Runs `handle` on one of the threads for a connection that was accepted elsewhere, to its
    /// end; it is ended where what comes back is dropped before.
    pub async fn run<F, T>(&self, accepted: Accepted, handle: F)
    where
        F: FnOnce(Accepted) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let fewest = self.lanes.iter().min_by_key(|lane| lane.there.load(Ordering::Relaxed));
        let Some(lane) = fewest else { return };
        let Accepted { stream, peer, pending } = accepted;
        // A socket belongs to the runtime that waits for it.
        let moved = stream.into_std();
        let place = Place::take(&lane.there);
        let task = lane.runtime.spawn(async move {
            match moved.and_then(TcpStream::from_std) {
                Ok(stream) => handle(Accepted { stream, peer, pending }).await,
                Err(error) => tracing::warn!(%error, %peer, "a connection could not be taken up"),
            }
            drop(place);
        });
        let mut task = Ends(task);
        if let Err(error) = (&mut task.0).await
            && !error.is_cancelled()
        {
            tracing::error!(%error, "a connection's task ended abnormally");
        }
    }
}

impl Lane {
    fn start(number: usize, before_rest: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let mut builder = runtime::Builder::new_current_thread();
        let own = builder.enable_all().on_thread_park(before_rest).build()?;
        let runtime = own.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let builder = thread::Builder::new().name(format!("sessions-{number}"));
        let thread = builder.spawn(move || {
            // Either way it is over.
            let _ = own.block_on(stopped);
            // What it runs besides may take as long as it likes: nobody waits for it any more.
            own.shutdown_background();
        })?;
        Ok(Self { runtime, there: Arc::default(), stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        for lane in &mut self.lanes {
            drop(lane.stop.take());
        }
        let own = thread::current().id();
        for thread in self.lanes.iter_mut().filter_map(|lane| lane.thread.take()) {
            // The last who holds this may be a session.
            if thread.thread().id() != own {
                // One that panicked has nothing left to be waited for.
                let _ = thread.join();
            }
        }
    }
}

/// One connection's place on a thread.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(there: &Arc<AtomicUsize>) -> Self {
        there.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(there))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A task that ends with whoever waits for it.
struct Ends(JoinHandle<()>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
