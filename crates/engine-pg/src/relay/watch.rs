//! What can end or hurry a session from outside: orders, deadlines, cancellation. Knows no
//! messages.

use super::{End, Idler, Left, Relay, Resting, expected::settled};
use gate::Sequence;
use net::listen::Elsewhere;
use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant, SystemTime},
};
use tokio::{
    sync::{Notify, oneshot, watch},
    time::Sleep,
};
use wire_pg::backend::Status;

/// Why a session ends that somebody ended, for its client and the record.
const ENDED: &str = "an administrator ended this session";

/// What a session is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// End when idle.
    Drain,
    /// The client wants what it runs to be cancelled.
    Cancel,
    /// Give the upstream connection up now, if it can be: others wait for its place.
    Release,
    /// End now, and why.
    End(&'static str),
}

/// Why a session is not relayed for a moment.
enum Pause {
    Ordered(Order),
    /// It goes on elsewhere.
    Goes(Elsewhere),
}

/// How far a session went on one upstream connection.
pub(crate) enum Course {
    /// To its end. The upstream connection comes back if it may serve another session.
    Ended(End, Option<Left>),
    /// To where it needs none for a while.
    Rests(Box<Resting>, Left),
}

/// Where a session's orders come from.
pub(crate) struct Orders {
    /// Turns true when the program drains.
    pub(crate) draining: watch::Receiver<bool>,
    /// Changes with each publication of the identities.
    pub(crate) identities: watch::Receiver<u64>,
    /// Notified with each cancel request for this session.
    pub(crate) cancelled: Arc<Notify>,
    /// Notified once somebody ends this session.
    pub(crate) ended: Arc<Notify>,
    /// Whether others may ask for its place.
    pub(crate) idler: Option<Arc<Idler>>,
    /// When it is to be looked at again whatever happens: what it signed in with may be over.
    pub(crate) until: Option<SystemTime>,
    /// Whether this session's identity is still what it was when it began, and until when; else
    /// what has changed.
    pub(crate) still_valid: Valid,
}

/// Until when a session may go on without another look, or why it may not.
type Valid = Box<dyn Fn() -> Result<Option<SystemTime>, &'static str> + Send>;

impl Orders {
    /// The next order; waits for ever if none comes.
    pub(crate) async fn next(&mut self) -> Order {
        loop {
            let Self { draining, identities, cancelled, ended, until, idler, .. } = self;
            tokio::select! {
                () = over(*until) => {}
                () = ended.notified() => return Order::End(ENDED),
                () = cancelled.notified() => return Order::Cancel,
                () = asked(idler.as_deref()) => return Order::Release,
                changed = draining.changed() => match changed {
                    Ok(()) if *draining.borrow_and_update() => return Order::Drain,
                    Ok(()) => {}
                    Err(_) => return Order::End("weir is shutting down"),
                },
                changed = identities.changed() => {
                    if changed.is_err() {
                        return Order::End("weir is shutting down");
                    }
                    identities.mark_unchanged();
                }
            }
            match (self.still_valid)() {
                Ok(until) => self.until = until,
                Err(why) => return Order::End(why),
            }
        }
    }
}

async fn asked(idler: Option<&Idler>) {
    match idler {
        Some(idler) => idler.asked.notified().await,
        None => std::future::pending().await,
    }
}

/// Waits for a moment, for ever if there is none. A clock that is set is noticed by the look that
/// each publication of the identities brings.
async fn over(until: Option<SystemTime>) {
    match until {
        Some(until) => {
            let left = until.duration_since(SystemTime::now()).unwrap_or_default();
            tokio::time::sleep(left).await;
        }
        None => std::future::pending().await,
    }
}

/// Tells orders from all else that wakes a session, so that a message does not cost a look at what
/// seldom comes.
#[derive(Default)]
pub(super) struct Bell(Option<Arc<Rung>>);

struct Rung {
    /// Somebody rang, or nobody has looked yet.
    rung: AtomicBool,
    session: Waker,
}

impl Wake for Rung {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.session.wake_by_ref();
    }
}

impl Bell {
    /// Polls what rings it, if it rang.
    pub(super) fn answer<T>(
        &mut self,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let same = self.0.as_ref().filter(|rung| rung.session.will_wake(cx.waker()));
        let rung = match same {
            Some(rung) => Arc::clone(rung),
            None => {
                let session = cx.waker().clone();
                let rung = Arc::new(Rung { rung: AtomicBool::new(true), session });
                self.0 = Some(Arc::clone(&rung));
                rung
            }
        };
        if !rung.rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let waker = Waker::from(rung);
        poll(&mut Context::from_waker(&waker))
    }
}

/// Asks the upstream, on a connection of its own, to cancel what this session runs. What comes back
/// ends once the server has dealt with that, or never will.
pub(crate) struct CancelOnce(pub(crate) Box<dyn Fn() -> oneshot::Receiver<()> + Send>);

/// For how long after a cancel request was dealt with it may still meet what runs then: the server
/// sends itself two signals for each.
const LATE: Duration = Duration::from_secs(1);

/// The next moment at which time itself matters.
#[derive(Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    quiet_since: Option<Instant>,
    /// The statement that the server is at, by its intent, and since when.
    running: Option<(Sequence, Instant)>,
    /// The last one that was cancelled, and why.
    cancelled: Option<(Sequence, Overdue)>,
    /// The cancel request for it is on its way.
    going: Option<oneshot::Receiver<()>>,
    /// When the last one was dealt with.
    gone: Option<Instant>,
}

/// Which time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// `statement_timeout`.
    Limit,
    /// That of the task.
    Task,
    /// That of the statement before, and the request to cancel that one may have come late.
    Before,
}

impl Overdue {
    /// For the record.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "statement_timeout",
            Self::Task => "the task's time was over",
            Self::Before => "a cancel request for the statement before",
        }
    }

    /// For the client.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Limit => "Weir cancelled this statement: it ran longer than statement_timeout",
            Self::Task => "Weir cancelled this statement: the time of its task is used up",
            Self::Before => {
                "this statement was cancelled: Weir's request to cancel the one before it, whose \
                 time was over, may have come late; run it again"
            }
        }
    }
}

impl Timer {
    /// Since when the server is at a statement: one that was sent behind others has its time from
    /// when these were answered, and is cancelled by itself.
    fn running_since(&mut self, intent: Sequence) -> Instant {
        match self.running {
            Some((same, since)) if same == intent => since,
            _ => {
                let now = Instant::now();
                self.running = Some((intent, now));
                now
            }
        }
    }

    /// Why this statement was cancelled, if Weir did so.
    pub(super) fn overdue(&self, intent: Option<Sequence>) -> Option<Overdue> {
        let (cancelled, why) = self.cancelled?;
        let late = self.cancels() || self.gone.is_some_and(|gone| gone.elapsed() < LATE);
        match intent == Some(cancelled) {
            true => Some(why),
            false => late.then_some(Overdue::Before),
        }
    }

    /// True while a cancel request of Weir's own is on its way.
    pub(super) fn cancels(&self) -> bool {
        self.going.is_some()
    }

    /// Notes when the cancel request was dealt with.
    pub(super) fn poll_cancel(&mut self, cx: &mut Context<'_>) {
        if let Some(going) = &mut self.going
            && Pin::new(going).poll(cx).is_ready()
        {
            (self.going, self.gone) = (None, Some(Instant::now()));
        }
    }

    /// The client sent something.
    pub(super) fn heard(&mut self) {
        self.quiet_since = None;
    }

    /// Since when nothing was heard.
    pub(super) fn is_quiet_since(&self) -> Instant {
        self.quiet_since.unwrap_or_else(Instant::now)
    }

    /// Nothing has been heard since then.
    pub(super) fn quiet_since(&mut self, since: Instant) {
        self.quiet_since = Some(since);
    }
}

impl Relay {
    /// Relays until the session ends, then tells both sides and the record; or until it needs no
    /// upstream connection for a while.
    pub(crate) async fn run(mut self: Box<Self>, orders: &mut Orders) -> Course {
        let end = loop {
            match self.until_ordered(orders).await {
                Ok(Pause::Goes(elsewhere)) => self.goes(elsewhere).await,
                Ok(Pause::Ordered(Order::Drain)) => self.draining = true,
                Ok(Pause::Ordered(Order::Cancel)) => self.cancel_hold(),
                Ok(Pause::Ordered(Order::Release)) if self.is_asked() => break End::Rests,
                Ok(Pause::Ordered(Order::Release)) => {}
                Ok(Pause::Ordered(Order::End(why))) => break End::Ordered(why),
                Err(end) => break end,
            }
        };
        if matches!(end, End::Rests) {
            let (resting, left) = self.rests();
            return Course::Rests(resting, left);
        }
        let left = Box::pin(self.part(&end)).await;
        Course::Ended(end, left)
    }

    /// Relays until an order comes, the session should go elsewhere, or the end.
    async fn until_ordered(&mut self, orders: &mut Orders) -> Result<Pause, End> {
        let mut order = pin!(orders.next());
        let mut bell = Bell::default();
        std::future::poll_fn(|cx| {
            if let Poll::Ready(end) = self.turn(cx) {
                return Poll::Ready(Err(end));
            }
            if let Some(elsewhere) = self.leaves() {
                return Poll::Ready(Ok(Pause::Goes(elsewhere)));
            }
            bell.answer(cx, |cx| order.as_mut().poll(cx)).map(|order| Ok(Pause::Ordered(order)))
        })
        .await
    }

    /// Where it should go, if it has nothing to do but to wait for its client.
    fn leaves(&mut self) -> Option<Elsewhere> {
        let waits = self.expected.is_empty()
            && self.block.is_none()
            && self.client.is_quiet()
            && self.upstream.is_quiet()
            && !self.timer.cancels();
        if waits { self.seat.rests() } else { None }
    }

    /// Goes on elsewhere. What could not be settled there is waited for by the thread before.
    async fn goes(&mut self, elsewhere: Elsewhere) {
        self.timer.sleep = None;
        elsewhere.go().await;
        for pipe in [&mut self.client, &mut self.upstream] {
            if let Err(error) = pipe.settle() {
                tracing::debug!(%error, "a connection could not be settled on another thread");
            }
        }
    }

    /// True between transactions, with nothing under way: not even what waits for a Sync.
    pub(super) fn is_idle(&self) -> bool {
        settled(&self.expected)
            && self.status == Status::Idle
            && self.client.input.is_empty()
            && self.parked.is_none()
            && self.client_passes == 0
            && !self.open
    }

    /// Looks at the deadlines; called when nothing else is to be done. `Ok(true)` if it acted.
    pub(super) fn check_time(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        // A stream has no end and is no sign of life either; the server limits neither.
        // People take their time; what waits for them has a limit of its own.
        if self.answers_command() || self.waits_for_approval() {
            self.timer.quiet_since = None;
            return Ok(false);
        }
        let busy_with = self.busy_with();
        let limit = match busy_with {
            Some(_) => match (self.limits.statement, self.session.time_left()) {
                (Some(limit), Some(left)) => Some(limit.min(left)),
                (limit, left) => limit.or(left),
            },
            None => self.limits.idle,
        };
        let since = match busy_with {
            Some(intent) => {
                self.timer.quiet_since = None;
                self.timer.running_since(intent)
            }
            None => {
                self.timer.running = None;
                *self.timer.quiet_since.get_or_insert_with(Instant::now)
            }
        };
        if busy_with.is_none() && self.rest_is_due(since, cx) {
            return Err(End::Rests);
        }
        let Some(limit) = limit else { return Ok(false) };
        let left = limit.saturating_sub(since.elapsed());
        if left.is_zero() {
            let Some(intent) = busy_with else { return Err(End::Idle) };
            if self.timer.cancelled.is_some_and(|(last, _)| last == intent) {
                return Ok(false);
            }
            let of_task = self.limits.statement != Some(limit);
            let why = if of_task { Overdue::Task } else { Overdue::Limit };
            self.timer.cancelled = Some((intent, why));
            self.timer.going = Some((self.cancel.0)());
            // It has to be polled once.
            return Ok(true);
        }
        self.sleep(left, cx);
        Ok(false)
    }

    pub(super) fn sleep(&mut self, left: Duration, cx: &mut Context<'_>) {
        let deadline = tokio::time::Instant::now() + left;
        let sleep = self.timer.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(left)));
        // An earlier wake-up than needed only looks again; a later one would be a missed deadline.
        if sleep.is_elapsed() || sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        if let Poll::Ready(()) = sleep.as_mut().poll(cx) {
            cx.waker().wake_by_ref();
        }
    }
}
