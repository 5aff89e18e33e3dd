//! Threads for sessions, each with a runtime of its own: what a session does happens on one thread,
//! so that nothing of it is handed from thread to thread, until it goes to another one as a whole.
//! Knows no session.

mod share;

pub use share::{Elsewhere, Seat};

use super::Accepted;
use share::Loads;
use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    thread,
};
use tokio::{net::TcpStream, runtime, sync::oneshot, task::JoinHandle};

/// Threads that connections are given to, each to the one that has fewest; those that have much to
/// do go on together ([`Seat`]). When this is dropped, what still runs on them is ended.
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
        let loads: Loads = (0..count.max(1)).map(|_| AtomicU32::default()).collect();
        let lane = |number| Lane::start(number, Arc::clone(&loads), before_rest.clone());
        let lanes = (0..count.max(1)).map(lane);
        Ok(Self { lanes: lanes.collect::<io::Result<_>>()? })
    }

    /// Runs `handle` on one of the threads for a connection that was accepted elsewhere, to its
    /// end; it is ended where what comes back is dropped before.
    pub async fn run<F, T>(&self, accepted: Accepted, handle: F)
    where
        F: FnOnce(Accepted) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let Accepted { stream, peer, pending } = accepted;
        // A socket belongs to the runtime that waits for it.
        let moved = stream.into_std();
        let mut course = Box::pin(async move {
            match moved.and_then(TcpStream::from_std) {
                Ok(stream) => handle(Accepted { stream, peer, pending }).await,
                Err(error) => tracing::warn!(%error, %peer, "a connection could not be taken up"),
            }
        });
        let lanes = self.lanes.iter();
        let mut next = lanes.min_by_key(|lane| lane.there.load(Ordering::Relaxed));
        while let Some(lane) = next {
            let stay = Stay { course: Some(course), _place: Place::take(&lane.there) };
            let mut task = Ends(lane.runtime.spawn(stay));
            match (&mut task.0).await {
                Ok(None) => return,
                Ok(Some((departs, to))) => (course, next) = (departs, self.lanes.get(to)),
                Err(error) if error.is_cancelled() => return,
                Err(error) => {
                    tracing::error!(%error, "a connection's task ended abnormally");
                    return;
                }
            }
        }
    }
}

/// What a connection does on one thread: to its end, or to where it goes on elsewhere.
struct Stay<T> {
    course: Option<Pin<Box<T>>>,
    _place: Place,
}

impl<T: Future<Output = ()>> Future for Stay<T> {
    type Output = Option<(Pin<Box<T>>, usize)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(course) = &mut self.course else { return Poll::Ready(None) };
        let polled = course.as_mut().poll(cx);
        let Some(to) = share::departs() else {
            ready!(polled);
            return Poll::Ready(None);
        };
        Poll::Ready(self.course.take().filter(|_| polled.is_pending()).map(|course| (course, to)))
    }
}

impl Lane {
    fn start(
        number: usize,
        loads: Loads,
        before_rest: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let mut builder = runtime::Builder::new_current_thread();
        let own = builder.enable_all().on_thread_park(before_rest).build()?;
        let runtime = own.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let builder = thread::Builder::new().name(format!("sessions-{number}"));
        let thread = builder.spawn(move || {
            // Either way it is over.
            let _ = own.block_on(async {
                tokio::select! {
                    stopped = stopped => stopped,
                    () = share::measure(number, loads) => Ok(()),
                }
            });
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
struct Ends<T>(JoinHandle<T>);

impl<T> Drop for Ends<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
