//! A session that needs no upstream connection for a while: the client is there, and waits for
//! nothing. Knows neither how the connection is given up nor where the next one comes from.
//!
//! ```text
//! relay ─▶ idle long enough, or asked ─▶ at rest ─▶ client speaks ─▶ another connection ─▶ relay
//!                                           └─▶ client leaves, order, time over ─▶ end
//! ```

use super::{
    CancelOnce, End, Left, Limits, Order, Orders, Relay, asleep::Asleep, expected::Prepared,
    failure::last_words, kept::Keeps, names::Names, parting::says_the_last, pipe::Pipe,
};
use crate::{inside::Side, knowledge::KnowledgeWatch, upstream::Host};
use bytes::BytesMut;
use gate::Session;
use net::Stream;
use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::Notify;
use wire_pg::frontend::Tag;

/// Why a session that rests ends when the program does, as one that is idle.
const DRAINED: &str = "weir is shutting down";

/// A session among those that could give their place at a server up.
#[derive(Debug)]
pub(crate) struct Idler {
    /// The server.
    pub(crate) at: (Host, u16),
    /// Since when it could; `None` if it cannot now.
    since: Mutex<Option<Instant>>,
    /// Notified once others need its place.
    pub(crate) asked: Notify,
    /// Notified once it gave it up, or cannot.
    pub(crate) answered: Notify,
}

impl Idler {
    /// One that cannot yet.
    pub(crate) fn new(at: (Host, u16)) -> Self {
        Self { at, since: Mutex::default(), asked: Notify::new(), answered: Notify::new() }
    }

    /// Since when it could.
    pub(crate) fn since(&self) -> Option<Instant> {
        *self.lock()
    }

    /// Says since when it could.
    pub(crate) fn could(&self, since: Option<Instant>) {
        *self.lock() = since;
    }

    /// Asks it, once, for its place, and waits until it gave that up or said that it cannot.
    pub(crate) async fn gives_way(&self) {
        self.could(None);
        // What it said when nobody waited any more is no answer to this.
        pin!(self.answered.notified()).enable();
        self.asked.notify_one();
        self.answered.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a session gives its upstream connection up.
#[derive(Debug, Default)]
pub(super) struct When {
    /// Once it stood idle for so long; never without.
    after: Option<Duration>,
    /// The server said that something is there which it could miss, and nothing ran since.
    in_vain: bool,
    idler: Option<Arc<Idler>>,
    shown: bool,
    /// Others were promised its place.
    pub(super) asked: bool,
    /// The server's process, and the one that the client was told of at the beginning.
    processes: Option<(u32, u32)>,
}

impl When {
    /// The number by which the client knows a process of the server.
    pub(super) fn told(&self, process: u32) -> u32 {
        match self.processes {
            Some((now, told)) if now == process => told,
            _ => process,
        }
    }

    /// True if it does so at all.
    pub(super) fn is_on(&self) -> bool {
        self.after.is_some()
    }

    /// Something ran: what the server would say may be different.
    pub(super) fn ran(&mut self) {
        self.in_vain = false;
    }

    /// The client sent something: nobody else may have the place.
    pub(super) fn heard(&mut self) {
        self.show(None);
    }

    fn show(&mut self, since: Option<Instant>) {
        if self.shown != since.is_some()
            && let Some(idler) = &self.idler
        {
            self.shown = since.is_some();
            idler.could(since);
        }
    }
}

/// A session at rest.
pub(crate) struct Resting {
    client: Pipe,
    session: Session,
    side: Side,
    prepared: Names<Prepared>,
    asleep: Asleep,
    keeps: Keeps,
    limits: Limits,
    quiet_since: Instant,
}

impl Relay {
    /// Says after how long it gives its upstream connection up.
    pub(crate) fn releases(&mut self, after: Duration, idler: &Arc<Idler>) {
        let idler = Some(Arc::clone(idler));
        self.keeping.resting = When { after: Some(after), idler, ..When::default() };
    }

    /// Says which process serves it now, and which one the client was told of.
    pub(crate) fn served_by(&mut self, now: u32, told: u32) {
        self.keeping.resting.processes = Some((now, told)).filter(|_| now != told);
    }

    /// Says that it was asked in vain: something is there that the session could miss.
    pub(crate) fn holds_on(&mut self) {
        self.keeping.resting.in_vain = true;
        self.keeping.resting.show(None);
    }

    /// True if it has been idle for long enough, since then; else it will be looked at again.
    pub(super) fn rest_is_due(&mut self, since: Instant, cx: &mut Context<'_>) -> bool {
        let Some(after) = self.keeping.resting.after else { return false };
        if !self.could_rest() {
            return false;
        }
        self.keeping.resting.show(Some(since));
        let left = after.saturating_sub(since.elapsed());
        if !left.is_zero() {
            self.sleep(left, cx);
            return false;
        }
        let may = self.may_rest();
        if !may {
            self.holds_on();
        }
        may
    }

    /// True unless it shows at once that the session cannot do without its connection.
    fn could_rest(&self) -> bool {
        let When { after, in_vain, .. } = &self.keeping.resting;
        after.is_some()
            && !in_vain
            && !self.keeping.attached
            && !self.draining
            && self.client.is_quiet()
            && self.upstream.is_quiet()
            && self.portals.is_empty()
            && self.leaves_nothing_open()
    }

    /// True if it can do without its connection, as far as Weir knows without asking.
    pub(super) fn may_rest(&self) -> bool {
        // What cannot be said again as it was said is not forgotten.
        let repeats =
            |one: &Arc<Prepared>| one.asserts.is_none() && (self.utf8 || one.plan.text.is_ascii());
        self.could_rest() && self.prepared.values().all(repeats)
    }

    /// Others need its place. True if it can do without its connection; else they hear so.
    pub(super) fn is_asked(&mut self) -> bool {
        let may = self.may_rest();
        self.keeping.resting.show(None);
        self.keeping.resting.in_vain |= !may;
        match &self.keeping.resting.idler {
            Some(idler) if !may => idler.answered.notify_one(),
            _ => self.keeping.resting.asked = may,
        }
        may
    }

    /// Lets go of the upstream connection.
    pub(super) fn rests(mut self: Box<Self>) -> (Box<Resting>, Left) {
        self.tell_seen();
        self.keeping.resting.show(None);
        let quiet_since = self.timer.is_quiet_since();
        let Self { client, upstream, session, side, keeping, keeps, limits, .. } = *self;
        let Self { mut prepared, asleep, .. } = *self;
        prepared.retain(|_, one| one.birth.is_confirmed());
        let left = keeping.left(upstream.into_stream());
        let resting =
            Resting { client, session, side, prepared, asleep, keeps, limits, quiet_since };
        (Box::new(resting), left)
    }
}

impl Resting {
    /// The server has nothing of the session: what was prepared there is kept as it was said.
    pub(crate) fn leaves(&mut self) {
        self.asleep.lay(std::mem::take(&mut self.prepared), &self.keeps);
        self.session.moved();
    }

    /// Whose it is.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Waits until the client says something, or for the session's end.
    pub(crate) async fn wait(&mut self, orders: &mut Orders) -> Result<(), End> {
        let over = self.limits.idle.map(|limit| self.quiet_since + limit);
        loop {
            let order = tokio::select! {
                biased;
                said = std::future::poll_fn(|cx| self.hears(cx)) => return said,
                order = orders.next() => order,
                () = over_at(over) => return Err(End::Idle),
            };
            obey(order, orders)?;
        }
    }

    fn hears(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        loop {
            match self.client.read(cx, false, &mut false) {
                Err(error) => return Poll::Ready(Err(End::ClientLost(error))),
                Ok(false) => return Poll::Pending,
                Ok(true) => {}
            }
            return match self.client.input.first() {
                // Nobody connects to say goodbye.
                Some(tag) if *tag == Tag::Terminate.byte() => Poll::Ready(Err(End::ClientLeft)),
                Some(_) => Poll::Ready(Ok(())),
                None if self.client.ended => Poll::Ready(Err(End::ClientLeft)),
                None => continue,
            };
        }
    }

    /// Ends the session: the client and the record are told.
    pub(crate) async fn end(mut self: Box<Self>, end: &End) {
        self.session.close(&end.to_string(), SystemTime::now());
        last_words(end, &mut self.client.output);
        let goodbye = says_the_last(self.client, false);
        let _ = tokio::time::timeout(super::GOODBYE, goodbye).await;
    }

    /// Goes on over an upstream connection.
    pub(crate) fn rises(
        self: Box<Self>,
        upstream: (Stream, BytesMut),
        knowledge: KnowledgeWatch,
        cancel: CancelOnce,
    ) -> Box<Relay> {
        let Self { client, session, side, prepared, asleep, keeps, limits, quiet_since } = *self;
        let upstream = Pipe::new(upstream.0, upstream.1);
        let relay = Relay::of(client, upstream, session, knowledge, limits, cancel);
        let mut relay = Box::new(Relay { side, prepared, asleep, keeps, ..relay });
        relay.timer.quiet_since(quiet_since);
        relay
    }
}

/// What an order means to a session that rests: the error is that it ends.
pub(crate) fn obey(order: Order, orders: &Orders) -> Result<(), End> {
    match order {
        // Nothing runs, and there is nothing to give up.
        Order::Cancel => Ok(()),
        Order::Release => {
            orders.idler.iter().for_each(|idler| idler.answered.notify_one());
            Ok(())
        }
        Order::Drain => Err(End::Ordered(DRAINED)),
        Order::End(why) => Err(End::Ordered(why)),
    }
}

/// Waits for a moment, for ever if there is none.
async fn over_at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_late_answer_is_none_to_who_asks_next() {
        let idler = Idler::new((Host::Tcp("localhost".to_owned()), 5432));
        idler.could(Some(Instant::now()));
        // Nobody waited for it any more.
        idler.answered.notify_one();
        let mut asks = pin!(idler.gives_way());
        let first = std::future::poll_fn(|cx| Poll::Ready(asks.as_mut().poll(cx))).await;
        assert!(first.is_pending());
        assert_eq!(idler.since(), None);
        idler.asked.notified().await;
        idler.answered.notify_one();
        asks.await;
    }
}
