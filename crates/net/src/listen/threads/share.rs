//! Who works on which thread. Connections come together on as few threads as have the time for
//! them: a thread that several keep busy finds more to do each time it wakes, so each of them costs
//! fewer waits, wake-ups and writes. Where they become too many, some go to a thread that has less
//! to do. Knows no connection.
//!
//! A connection is moved where it has nothing to do, by itself: whoever waits for a client takes a
//! look at what its thread was told at the end of its last window.

use rustix::time::{ClockId, clock_gettime};
use std::{
    cell::{Cell, OnceCell},
    future::poll_fn,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// What a thread's load is measured over.
const WINDOW: Duration = Duration::from_millis(100);
/// With less than this to do for each, fewer threads will do: thousandths of a processor.
const EASY: u32 = 600;
/// From this on a thread gives some of its connections away: thousandths of a processor.
const BUSY: u32 = 850;
/// Loads that differ by less are even: thousandths of a processor.
const EVEN: u32 = 200;
/// A thread with less to do than this has nothing to do: thousandths of a processor.
const QUIET: u32 = 5;
/// So often a connection waited for more before it goes elsewhere: one that is soon over stays.
const SETTLED: u32 = 32;

thread_local! {
    /// Set on threads that connections are given to.
    static HERE: OnceCell<Rc<Here>> = const { OnceCell::new() };
    /// The thread on which what is polled right now asked to be polled from now on.
    static DEPARTS: Cell<Option<usize>> = const { Cell::new(None) };
}

/// What each thread has to do: thousandths of a processor, by number.
pub(super) type Loads = Arc<[AtomicU32]>;

/// One thread's side of it.
#[derive(Debug)]
struct Here {
    /// Counts from one.
    window: Cell<u32>,
    /// Connections that had something to do in this window, and are done with it.
    active: Cell<u32>,
    /// How many should leave, and for where.
    leave: Cell<Leave>,
    /// Nothing is measured until somebody does something.
    still: Cell<bool>,
    stirred: Notify,
}

/// So many should go to a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Leave {
    to: usize,
    count: u32,
}

/// A connection's seat on the thread that it is on.
#[derive(Debug, Default)]
pub struct Seat {
    /// The last window that it was counted in.
    window: u32,
    /// How often it waited for more there.
    rests: u32,
}

/// Another thread, for a connection that should go there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elsewhere(usize);

impl Seat {
    /// To be called by a connection with nothing left to do, before it waits for more: tells where
    /// it should go first. Never anything on a thread that is none of [`super::Threads`].
    pub fn rests(&mut self) -> Option<Elsewhere> {
        HERE.with(|here| self.rests_at(here.get()?))
    }

    fn rests_at(&mut self, here: &Here) -> Option<Elsewhere> {
        if self.window != here.window.get() {
            self.window = here.window.get();
            here.active.set(here.active.get() + 1);
            if here.still.take() {
                here.stirred.notify_one();
            }
        }
        self.rests = self.rests.saturating_add(1);
        let Leave { to, count } = here.leave.get();
        if count == 0 || self.rests < SETTLED {
            return None;
        }
        here.leave.set(Leave { to, count: count - 1 });
        *self = Self::default();
        Some(Elsewhere(to))
    }
}

impl Elsewhere {
    /// Goes there: what follows this happens on that thread. Sockets, and whatever else waits by
    /// means of a runtime, are to be settled there ([`crate::Stream::settle`]); until then they
    /// wake that thread by way of the one before.
    pub async fn go(self) {
        let mut gone = false;
        poll_fn(|_| {
            if std::mem::replace(&mut gone, true) {
                return Poll::Ready(());
            }
            DEPARTS.set(Some(self.0));
            Poll::Pending
        })
        .await;
    }
}

/// The thread for which what was polled just now set out.
pub(super) fn departs() -> Option<usize> {
    DEPARTS.take()
}

/// Measures this thread, one of as many as there are loads, and tells connections on it where to
/// go; never ends.
pub(super) async fn measure(own: usize, loads: Loads) {
    let here = HERE.with(|here| {
        Rc::clone(here.get_or_init(|| {
            let (window, still) = (Cell::new(1), Cell::new(true));
            let (active, leave, stirred) = Default::default();
            Rc::new(Here { window, active, leave, still, stirred })
        }))
    });
    let Some(load) = loads.get(own) else { return };
    loop {
        here.stirred.notified().await;
        let mut measured = (Instant::now(), worked());
        let mut lately = 0;
        while !here.still.get() {
            tokio::time::sleep(WINDOW).await;
            let now = (Instant::now(), worked());
            lately = (lately + share(now.1 - measured.1, now.0 - measured.0)).div_ceil(2);
            measured = now;
            let active = here.active.take();
            here.window.set(here.window.get().wrapping_add(1).max(1));
            here.still.set(active == 0 && lately < QUIET);
            load.store(if here.still.get() { 0 } else { lately }, Ordering::Relaxed);
            let all: Vec<u32> = loads.iter().map(|one| one.load(Ordering::Relaxed)).collect();
            here.leave.set(advice(&all, own, active));
        }
    }
}

/// Processor time of this thread so far.
fn worked() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// A part of a time in thousandths.
fn share(part: Duration, whole: Duration) -> u32 {
    let share = part.as_micros() * 1000 / whole.as_micros().max(1);
    u32::try_from(share).unwrap_or(u32::MAX).min(1000)
}

/// How many of its active connections a thread gives away, and where to.
fn advice(loads: &[u32], own: usize, active: u32) -> Leave {
    let all: u32 = loads.iter().sum();
    let needed = usize::try_from(all.div_ceil(EASY).max(1)).unwrap_or(usize::MAX);
    let least = |among: usize| {
        let others = loads.iter().copied().enumerate().take(among).filter(|(at, _)| *at != own);
        others.min_by_key(|(_, load)| *load)
    };
    if own >= needed {
        // Those before it have the time for all.
        return least(needed).map_or(Leave::default(), |(to, _)| Leave { to, count: u32::MAX });
    }
    let mine = loads.get(own).copied().unwrap_or_default();
    match least(loads.len()) {
        Some((to, load)) if mine >= BUSY && mine - load >= EVEN && active > 1 => {
            // As many as make them even.
            let half = u64::from(active) * u64::from(mine - load) / u64::from(2 * mine);
            Leave { to, count: u32::try_from(half).unwrap_or(u32::MAX).max(1) }
        }
        _ => Leave::default(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Tells the connections of this thread where to go, until its window is over.
    pub(in super::super) fn tell(to: usize, count: u32) {
        HERE.with(|here| here.get().unwrap().leave.set(Leave { to, count }));
    }

    fn to(to: usize, count: u32) -> Leave {
        Leave { to, count }
    }

    #[test]
    fn as_few_threads_as_have_the_time_serve_all() {
        assert_eq!(advice(&[100, 150], 0, 3), Leave::default());
        assert_eq!(advice(&[100, 150], 1, 3), to(0, u32::MAX));
        assert_eq!(advice(&[0, 150, 0], 1, 3), to(0, u32::MAX));
        // Together it is more than one should do.
        assert_eq!(advice(&[400, 400], 1, 3), Leave::default());
        assert_eq!(advice(&[500, 0, 500], 2, 3), to(1, u32::MAX));
        assert_eq!(advice(&[700, 100, 200], 2, 3), to(1, u32::MAX));
        assert_eq!(advice(&[300], 0, 3), Leave::default());
    }

    #[test]
    fn a_busy_thread_gives_away_what_makes_it_even() {
        assert_eq!(advice(&[1000, 0], 0, 8), to(1, 4));
        assert_eq!(advice(&[1000, 500], 0, 8), to(1, 2));
        assert_eq!(advice(&[900, 500, 100], 0, 9), to(2, 4));
        assert_eq!(advice(&[1000, 0], 0, 2), to(1, 1));
        // One alone would only be as busy elsewhere.
        assert_eq!(advice(&[1000, 0], 0, 1), Leave::default());
        assert_eq!(advice(&[800, 0], 0, 8), Leave::default());
        assert_eq!(advice(&[950, 900], 0, 8), Leave::default());
        assert_eq!(advice(&[1000], 0, 8), Leave::default());
    }

    #[test]
    fn what_was_given_away_is_taken_back_only_when_less_is_left() {
        // What made a thread busy does not come back to it at once.
        assert_eq!(advice(&[425, 425], 1, 4), Leave::default());
        assert_eq!(advice(&[290, 290], 1, 4), to(0, u32::MAX));
    }

    #[test]
    fn a_connection_that_is_soon_over_stays_where_it_is() {
        let here = Here {
            window: Cell::new(1),
            active: Cell::default(),
            leave: Cell::new(to(1, 1)),
            still: Cell::new(true),
            stirred: Notify::new(),
        };
        let (mut one, mut other) = (Seat::default(), Seat::default());
        for _ in 1..SETTLED {
            assert_eq!((one.rests_at(&here), other.rests_at(&here)), (None, None));
        }
        assert_eq!((here.active.get(), here.still.get()), (2, false));
        assert_eq!(one.rests_at(&here), Some(Elsewhere(1)));
        assert_eq!(other.rests_at(&here), None, "no more were asked to go");
    }
}
