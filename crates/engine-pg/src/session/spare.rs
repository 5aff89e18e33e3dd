//! The upstream connection that a session gets, a kept one or a new one, and what becomes of it
//! when the session has ended. Knows no message.

use crate::{
    Engine, Target,
    login::Client,
    upstream::{
        self, Replication, Upstream, UpstreamConfig, UpstreamError,
        going::{Goes, place},
        parting,
        spares::{self, Keep, Kind},
    },
};
use gate::Session;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};

/// How often a new connection is tried at a server that is full: others may take each place that
/// becomes free.
const MAX_TRIES: usize = 64;

/// How long whoever needs a connection waits for a place at a server that is full, where others may
/// give one up.
const PLACE: Duration = Duration::from_secs(5);
/// How often it is looked for.
const AGAIN: Duration = Duration::from_millis(100);

/// What a session's connection may be kept for.
#[derive(Clone)]
pub(super) struct Purpose {
    kind: Kind,
    keep: Keep,
}

/// A connection whose session has ended.
pub(super) struct Leaving {
    upstream: Upstream,
    reported: Vec<(String, String)>,
    purpose: Purpose,
    goes: Goes,
}

/// A connection that is wanted.
pub(super) struct Wanted<'a> {
    pub(super) target: &'a Target,
    /// How the server is reached now.
    pub(super) at: &'a UpstreamConfig,
    pub(super) purpose: Option<&'a Purpose>,
    pub(super) replication: Option<Replication>,
    pub(super) parameters: &'a [(String, String)],
}

impl Wanted<'_> {
    /// A kept one, or a new one.
    pub(super) async fn connect(&self, engine: &Engine) -> Result<Upstream, UpstreamError> {
        if let Some(Purpose { kind, .. }) = self.purpose
            && let Some(spare) = engine.spares.take(kind)
        {
            let counters = &self.target.database.counters;
            let role = kind.role.as_deref();
            match parting::still_good(spare, role, &self.target.as_set).await {
                Ok(upstream) => {
                    counters.reused.fetch_add(1, Ordering::Relaxed);
                    return Ok(upstream);
                }
                Err(spare) => {
                    let goes = engine.spares.going.one(place(&self.target.upstream), counters);
                    engine.spares.close(vec![(spare, goes)]);
                }
            }
            // What became of the one became of the others too: the server was started again, or a
            // right was taken away.
            engine.spares.keep_only(|other| other != kind);
        }
        let open = engine.counters.open.load(Ordering::Relaxed);
        engine.spares.make_room(open, engine.settings.load().max_sessions);
        match self.once().await {
            Err(error) if error.is_full() => self.wait(engine, error).await,
            connected => connected,
        }
    }

    async fn once(&self) -> Result<Upstream, UpstreamError> {
        upstream::connect_as(self.at, self.replication, self.parameters).await
    }

    /// Waits for a place at a server that is full: kept connections give way, then sessions that
    /// are idle. One after the other, so that a place goes to whoever it was made for, and a server
    /// that is full is not asked by all at once.
    async fn wait(&self, engine: &Engine, full: UpstreamError) -> Result<Upstream, UpstreamError> {
        let shares = self.at.keep.release.is_some();
        let until = Instant::now() + PLACE;
        let mut error = full;
        let _turn = match shares {
            true => match timeout_at(until, self.target.turn.lock()).await {
                Ok(turn) => Some(turn),
                Err(_) => return Err(error),
            },
            false => None,
        };
        for _ in 0..MAX_TRIES {
            match timeout_at(until, self.place(engine)).await {
                Ok(true) => {}
                Ok(false) if shares => sleep(AGAIN).await,
                Ok(false) | Err(_) => return Err(error),
            }
            match self.once().await {
                Err(again) if again.is_full() && Instant::now() < until => error = again,
                connected => return connected,
            }
        }
        Err(error)
    }

    /// Has others give a place up; false if nobody can.
    async fn place(&self, engine: &Engine) -> bool {
        engine.spares.give_way(self.at).await
            || self.at.keep.release.is_some() && engine.idlers.give_way(self.at).await
    }
}

/// What a session's connection may be kept for; `None` if for nothing.
pub(super) fn purpose(
    client: &Client,
    session: &Session,
    target: &Arc<Target>,
    parameters: &[(String, String)],
) -> Option<Purpose> {
    let keep = target.upstream.keep;
    // Nobody tells Weir when what stands elsewhere is changed or taken away.
    let own = target.upstream.credentials.is_none();
    let role = session.bound_role();
    // A role that was chosen at the start is not chosen again by a reset.
    let chosen = |(name, _): &(String, String)| {
        name == "session_authorization" || name == "role" && role.is_none()
    };
    let ordinary = client.replication.is_none() && !client.side.is_inside() && !session.previews();
    if keep.most == 0 || !own || !ordinary || parameters.iter().any(chosen) {
        return None;
    }
    let work = &session.client().work;
    let kind = Kind {
        target: Arc::downgrade(target),
        identity: Arc::clone(&client.identity),
        granted: session.identity().clone(),
        task: work.task.as_ref().map(|task| task.task.name.clone()),
        purpose: work.purpose.clone(),
        role: role.map(str::to_owned),
        parameters: parameters.to_vec(),
    };
    Some(Purpose { kind, keep })
}

impl Leaving {
    /// What is left of a session, if it can be kept. `cancelled` was shared with everybody who
    /// could send a cancel request: one that is on its way must not meet the next session.
    pub(super) fn of(
        engine: &Engine,
        upstream: Upstream,
        reported: Vec<(String, String)>,
        purpose: Purpose,
        cancelled: Arc<AtomicBool>,
    ) -> Option<Self> {
        let target = purpose.kind.target.upgrade()?;
        let going = &engine.spares.going;
        let goes = going.one(place(&target.upstream), &target.database.counters);
        // Nobody else has it any more, and nobody used it.
        let quiet = Arc::into_inner(cancelled).is_some_and(|cancelled| !cancelled.into_inner());
        let keeps = quiet && spares::is_young(&upstream, purpose.keep);
        if keeps && engine.spares.takes(&purpose.kind) {
            let goes = goes.resets();
            return Some(Self { upstream, reported, purpose, goes });
        }
        engine.spares.close(vec![(upstream, goes)]);
        None
    }

    /// Resets it and keeps it.
    pub(super) async fn reset(self, engine: &Engine) {
        let Self { upstream, reported, purpose: Purpose { kind, keep }, goes } = self;
        let reset = match kind.target.upgrade() {
            Some(target) => {
                let role = kind.role.as_deref();
                parting::reset(upstream, reported, role, &target.as_set).await
            }
            None => Err(upstream),
        };
        let upstream = match reset {
            Ok(upstream) => upstream,
            Err(upstream) => return engine.spares.close(vec![(upstream, goes)]),
        };
        let others = engine.spares.going.being_reset().saturating_sub(1);
        let others = others + engine.counters.open.load(Ordering::Relaxed);
        let room = engine.settings.load().max_sessions.saturating_sub(others);
        engine.spares.put(kind, (upstream, goes), keep, room);
    }
}
