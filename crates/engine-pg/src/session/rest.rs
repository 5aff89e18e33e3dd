//! A session that gives its upstream connection up while its client is silent, and gets another one
//! when it speaks. Knows no message.
//!
//! ```text
//! idle ─▶ the server is asked what is there ─▶ something: the same connection, on and on
//!                └─▶ nothing ─▶ reset and kept, or closed ─▶ client speaks ─▶ kept or new one
//! ```

use super::{
    idlers::Entered,
    note,
    spare::{Leaving, Purpose, Wanted},
};
use crate::{
    CancelTarget, Engine, Target, cancel, cancel_upstream,
    login::Client,
    relay::{
        self, Acting, CancelOnce, Course, End, ForWhom, Left, MakeWay, Orders, Relay, Resting,
    },
    upstream::{
        Upstream, UpstreamConfig, UpstreamError,
        credentials::Lease,
        parting,
        remains::{self, Settings},
        spares::say_goodbye,
    },
};
use bytes::BytesMut;
use gate::{Plan, Refusal, Session};
use net::Stream;
use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};
use tokio::sync::{Notify, oneshot};

/// An upstream connection that is in use: all but its stream.
pub(super) struct Behind {
    pub(super) parameter_statuses: Settings,
    pub(super) process_id: u32,
    secret_key: Vec<u8>,
    lease: Option<Lease>,
    since: Instant,
    /// A cancel request was sent for it.
    sent: Arc<AtomicBool>,
}

impl Behind {
    pub(super) fn of(upstream: Upstream) -> (Stream, BytesMut, Self) {
        let Upstream { stream, buffered, parameter_statuses, .. } = upstream;
        let Upstream { process_id, secret_key, lease, since, .. } = upstream;
        let sent = Arc::default();
        let behind = Self { parameter_statuses, process_id, secret_key, lease, since, sent };
        (stream, buffered, behind)
    }

    /// The connection, and whether a cancel request was sent for it.
    pub(super) fn whole(self, stream: Stream) -> (Upstream, Arc<AtomicBool>) {
        let Self { parameter_statuses, process_id, secret_key, lease, since, sent } = self;
        let buffered = BytesMut::new();
        let upstream =
            Upstream { stream, buffered, parameter_statuses, process_id, secret_key, lease, since };
        (upstream, sent)
    }

    /// What it takes to cancel what runs there; `told` hears of each request.
    pub(super) fn cancel_target(
        &self,
        target: &Target,
        told: &Arc<Notify>,
        stream: &Stream,
    ) -> CancelTarget {
        CancelTarget {
            upstream: Arc::new(target.upstream.clone()),
            address: stream.peer(),
            process_id: self.process_id,
            secret_key: self.secret_key.as_slice().into(),
            told: Arc::clone(told),
            sent: Arc::clone(&self.sent),
        }
    }
}

/// A session's place among those that may rest; `None` for one that never does.
pub(super) fn may_rest(
    engine: &Engine,
    client: &Client,
    session: &Session,
    target: &Target,
    parameters: &[(String, String)],
) -> Option<Entered> {
    // A role that was chosen at the start may have been left since, and nobody would know.
    let chosen = |(name, _): &(String, String)| {
        name == "session_authorization" || name == "role" && session.bound_role().is_none()
    };
    let ordinary = client.replication.is_none() && !client.side.is_inside() && !session.previews();
    let may = target.upstream.keep.release.is_some() && ordinary && !parameters.iter().any(chosen);
    may.then(|| engine.idlers.enter(&target.upstream))
}

/// What a session takes along from one upstream connection to the next.
pub(super) struct Ways<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) target: Arc<Target>,
    /// By the name that the client asked for.
    pub(super) database: String,
    pub(super) purpose: Option<Purpose>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) registration: cancel::Registration<CancelTarget>,
    /// Hears of cancel requests.
    pub(super) told: Arc<Notify>,
    pub(super) person: ForWhom,
    pub(super) entered: Option<Entered>,
    /// What the client calls itself.
    pub(super) application: String,
}

/// A session that goes on, and what it goes on with.
type Risen = (Box<Relay>, Behind);

/// Whether a session could leave its connection.
enum Leave {
    /// The connection is given up.
    Taken(Box<Resting>, Away),
    /// Something is there that it could miss: it goes on as it was.
    Refused(Risen),
}

/// What a session without a connection finds its way back by.
struct Away {
    /// What it had set.
    set: Settings,
    /// What the client was told of settings.
    told: Settings,
}

impl Ways<'_> {
    /// Says to a relay what it has of the session.
    pub(super) fn equip(&self, relay: &mut Relay) {
        relay.acts(Acting::new(self.engine.door.asserts.clone(), Arc::clone(&self.person)));
        if self.purpose.is_some() {
            relay.keep_upstream();
        }
        let (engine, target) = (Arc::clone(self.engine), Arc::clone(&self.target));
        let way = move |plan: &Plan| engine.make_way(&target.upstream, plan);
        relay.makes_way(MakeWay(Box::new(way)));
        let after = self.target.upstream.keep.release;
        if let (Some(entered), Some(after)) = (&self.entered, after) {
            relay.releases(after, &entered.idler);
        }
    }

    /// Sends cancel requests for a connection.
    pub(super) fn cancels(&self, target: CancelTarget) -> CancelOnce {
        // It outlives the session, and may outlive its thread.
        let background = self.engine.background.clone();
        CancelOnce(Box::new(move || {
            let (target, (done, gone)) = (target.clone(), oneshot::channel());
            background.spawn(async move {
                cancel_upstream(&target).await;
                drop(done);
            });
            gone
        }))
    }

    /// Relays to the session's end, over one upstream connection after the other. What it leaves
    /// comes back if that may serve another session.
    pub(super) async fn run(
        &self,
        mut relay: Box<Relay>,
        mut behind: Behind,
        orders: &mut Orders,
    ) -> (End, Option<(Left, Behind)>) {
        loop {
            match relay.run(orders).await {
                Course::Ended(end, left) => return (end, left.map(|left| (left, behind))),
                Course::Rests(resting, left) => {
                    match self.rest(resting, left, behind, orders).await {
                        Ok(risen) => (relay, behind) = risen,
                        Err(end) => return (end, None),
                    }
                }
            }
        }
    }

    /// Rests: the connection is given up, if it can be, and the session comes back with another one
    /// once the client speaks. The error is the session's end, which is in the record then.
    async fn rest(
        &self,
        resting: Box<Resting>,
        left: Left,
        behind: Behind,
        orders: &mut Orders,
    ) -> Result<Risen, End> {
        // What takes but a moment is in boxes of its own: whoever rests has no room for it.
        let (mut resting, away) = match Box::pin(self.leave(resting, left, behind, orders)).await? {
            Leave::Taken(resting, away) => (resting, away),
            Leave::Refused(risen) => return Ok(risen),
        };
        let counted = Counted::begin(&self.target);
        let waited = resting.wait(orders).await;
        drop(counted);
        match waited {
            Ok(()) => Box::pin(self.come_back(resting, away, orders)).await,
            Err(end) => self.ends(resting, end).await,
        }
    }

    /// Gives the connection up, if the server says that nothing is there which the session could
    /// miss.
    async fn leave(
        &self,
        mut resting: Box<Resting>,
        left: Left,
        behind: Behind,
        orders: &mut Orders,
    ) -> Result<Leave, End> {
        self.registration.means(None);
        let Left { stream, reported, keeps, asked } = left;
        let (mut upstream, sent) = behind.whole(stream);
        let set = {
            let remains = remains::remains(&mut upstream, resting.session().bound_role());
            meanwhile(orders, remains).await
        };
        let set = match set {
            Ok(Ok(Some(set))) => set,
            Ok(Ok(None)) => {
                let mut risen = self.rises(resting, upstream, reported, sent);
                risen.0.holds_on();
                self.answer(asked);
                return Ok(Leave::Refused(risen));
            }
            Ok(Err(error)) => return self.ends(resting, lost(error)).await,
            Err(end) => return self.ends(resting, end).await,
        };
        resting.leaves();
        let told = parting::after(upstream.parameter_statuses.clone(), reported.clone());
        self.give_up(upstream, reported, keeps && !asked, sent).await;
        self.answer(asked);
        Ok(Leave::Taken(resting, Away { set, told }))
    }

    /// Goes on with another connection.
    async fn come_back(
        &self,
        resting: Box<Resting>,
        Away { set, told }: Away,
        orders: &mut Orders,
    ) -> Result<Risen, End> {
        let back = {
            let role = resting.session().bound_role();
            meanwhile(orders, self.another(&set, role)).await
        };
        match back {
            Ok(Ok((upstream, reported))) => Ok(self.comes_back(resting, upstream, reported, &told)),
            Ok(Err(refusal)) => self.ends(resting, End::NotReached(Box::new(refusal))).await,
            Err(end) => self.ends(resting, end).await,
        }
    }

    async fn ends<T>(&self, resting: Box<Resting>, end: End) -> Result<T, End> {
        Box::pin(resting.end(&end)).await;
        Err(end)
    }

    fn answer(&self, asked: bool) {
        if let (Some(entered), true) = (&self.entered, asked) {
            entered.idler.answered.notify_one();
        }
    }

    /// Keeps a connection for others, or closes it. `keeps`: nothing stands against it but that a
    /// cancel request may be on its way.
    async fn give_up(
        &self,
        upstream: Upstream,
        reported: Settings,
        keeps: bool,
        sent: Arc<AtomicBool>,
    ) {
        self.target.database.counters.released.fetch_add(1, Ordering::Relaxed);
        if let Some(purpose) = self.purpose.clone().filter(|_| keeps) {
            if let Some(leaving) = Leaving::of(self.engine, upstream, reported, purpose, sent) {
                leaving.reset(self.engine).await;
            }
        } else {
            say_goodbye(upstream).await;
        }
    }

    /// A connection as the one before was, and what the server reported while it was made so.
    async fn another(
        &self,
        set: &[(String, String)],
        role: Option<&str>,
    ) -> Result<(Upstream, Settings), Refusal> {
        let now = self.engine.target(&self.database);
        let now = now.filter(|now| is_same_place(&now.upstream, &self.target.upstream));
        let wanted = Wanted {
            target: &self.target,
            // Passwords and certificates may have been changed since.
            at: now.as_ref().map_or(&self.target.upstream, |now| &now.upstream),
            purpose: self.purpose.as_ref(),
            replication: None,
            parameters: &self.parameters,
        };
        let connected = async {
            let mut upstream = wanted.connect(self.engine).await?;
            let reported = remains::restore(&mut upstream, set, role).await?;
            Ok::<_, UpstreamError>((upstream, reported))
        };
        match connected.await {
            Ok((upstream, Some(reported))) => Ok((upstream, reported)),
            Ok((upstream, None)) => {
                self.engine.background.spawn(say_goodbye(upstream));
                Err(not_as_before())
            }
            Err(error) => {
                let counters = &self.target.database.counters;
                counters.upstream_failures.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, database = %self.database, "a session could not come back");
                Err(refused(&error))
            }
        }
    }

    /// Goes on over another connection; the client is told what the server reports otherwise.
    fn comes_back(
        &self,
        resting: Box<Resting>,
        upstream: Upstream,
        reported: Settings,
        told: &[(String, String)],
    ) -> Risen {
        let now = parting::after(upstream.parameter_statuses.clone(), reported.clone());
        let own = upstream.parameter("application_name").unwrap_or_default().to_owned();
        let (mut relay, behind) = self.rises(resting, upstream, reported, Arc::default());
        for (name, value) in now.iter().filter(|one| !told.contains(one)) {
            match name.as_str() {
                "application_name" if *value == own => {
                    super::tell(&mut relay, name, value, &self.application);
                }
                name => super::tell_plainly(&mut relay, name, value),
            }
        }
        (relay, behind)
    }

    fn rises(
        &self,
        resting: Box<Resting>,
        upstream: Upstream,
        reported: Settings,
        sent: Arc<AtomicBool>,
    ) -> Risen {
        let (stream, buffered, mut behind) = Behind::of(upstream);
        behind.sent = sent;
        let cancel_target = behind.cancel_target(&self.target, &self.told, &stream);
        self.registration.means(Some(cancel_target.clone()));
        let (knowledge, cancel) = (self.target.keeper.watch(), self.cancels(cancel_target));
        let mut relay = resting.rises((stream, buffered), knowledge, cancel);
        self.equip(&mut relay);
        relay.served_by(behind.process_id, self.registration.process_id());
        for (name, value) in &behind.parameter_statuses {
            note(&mut relay, name, value, &self.application);
        }
        for (name, value) in &reported {
            relay.note_setting(name.as_bytes(), value.as_bytes());
        }
        relay.reported_before(reported);
        (relay, behind)
    }
}

/// Waits for something, unless the session ends before.
async fn meanwhile<T>(orders: &mut Orders, what: impl Future<Output = T>) -> Result<T, End> {
    let mut what = pin!(what);
    loop {
        let order = tokio::select! {
            biased;
            done = &mut what => return Ok(done),
            order = orders.next() => order,
        };
        relay::obey(order, orders)?;
    }
}

/// True if two settings mean the same database on the same server, and the same user there.
fn is_same_place(one: &UpstreamConfig, other: &UpstreamConfig) -> bool {
    let of = |config: &UpstreamConfig| {
        (config.host.clone(), config.port, config.user.clone(), config.database.clone())
    };
    of(one) == of(other)
}

fn lost(error: UpstreamError) -> End {
    match error {
        UpstreamError::Down(error) => End::UpstreamLost(Some(error)),
        UpstreamError::Wire(error) => End::UpstreamBroke(error.to_string()),
        _ => End::UpstreamLost(None),
    }
}

fn refused(error: &UpstreamError) -> Refusal {
    let hint = match error.is_full() {
        true => {
            "All its places are taken by sessions that are busy or that hold something there. Try \
             again in a moment, or ask an operator for more places or fewer sessions."
        }
        false => "The session had given its connection up while it was idle. Connect again.",
    };
    Refusal { hint: Some(hint.to_owned()), ..super::from_upstream(error) }
}

fn not_as_before() -> Refusal {
    let what = "what was set in this session could not be set on another connection";
    Refusal {
        sqlstate: "08006",
        message: what.to_owned(),
        hint: Some("Connect again.".to_owned()),
        ..super::limit_refusal()
    }
}

/// A session at rest among those that are counted, until it is dropped.
struct Counted(Arc<gate::Counters>);

impl Counted {
    fn begin(target: &Target) -> Self {
        let counters = Arc::clone(&target.database.counters);
        counters.resting.fetch_add(1, Ordering::Relaxed);
        Self(counters)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.resting.fetch_sub(1, Ordering::Relaxed);
    }
}
