//! The upstream connection that a session gets, a kept one or a new one, and what becomes of it
//! when the session has ended. Knows no message.

use crate::{
    Engine, Target,
    login::Client,
    relay::Left,
    upstream::{
        self, Upstream, UpstreamError,
        going::{Goes, place},
        parting,
        spares::{self, Keep, Kind},
    },
};
use gate::Session;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// How many kept connections give way to one new one, one after the other, at a server that is
/// full: others may take each place that becomes free.
const MAX_GIVING_WAY: usize = 16;

/// What a session's connection may be kept for.
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

/// A connection for a session with these start-up parameters, and what it may be kept for.
pub(super) async fn connect(
    engine: &Engine,
    client: &Client,
    session: &Session,
    target: &Arc<Target>,
    parameters: &[(String, String)],
) -> Result<(Upstream, Option<Purpose>), UpstreamError> {
    let purpose = purpose(client, session, target, parameters);
    let counters = &target.database.counters;
    if let Some(Purpose { kind, .. }) = &purpose
        && let Some(spare) = engine.spares.take(kind)
    {
        match parting::still_good(spare, kind.role.as_deref(), &target.as_set).await {
            Ok(upstream) => {
                counters.reused.fetch_add(1, Ordering::Relaxed);
                return Ok((upstream, purpose));
            }
            Err(spare) => {
                let goes = engine.spares.going.one(place(&target.upstream), counters);
                engine.spares.close(vec![(spare, goes)]);
            }
        }
        // What became of the one became of the others too: the server was started again, or a
        // right was taken away.
        engine.spares.keep_only(|other| other != kind);
    }
    let open = engine.counters.open.load(Ordering::Relaxed);
    engine.spares.make_room(open, engine.settings.load().max_sessions);
    let mut tries = 0;
    loop {
        match upstream::connect_as(&target.upstream, client.replication, parameters).await {
            Err(error) if error.is_full() && tries < MAX_GIVING_WAY => {
                tries += 1;
                if !engine.spares.give_way(&target.upstream).await {
                    return Err(error);
                }
            }
            connected => return connected.map(|upstream| (upstream, purpose)),
        }
    }
}

/// What a session's connection may be kept for; `None` if for nothing.
fn purpose(
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
        left: Left,
        upstream: impl FnOnce(net::Stream) -> Upstream,
        purpose: Purpose,
        cancelled: Arc<AtomicBool>,
    ) -> Option<Self> {
        let upstream = upstream(left.stream);
        let target = purpose.kind.target.upgrade()?;
        let going = &engine.spares.going;
        let goes = going.one(place(&target.upstream), &target.database.counters);
        // Nobody else has it any more, and nobody used it.
        let quiet = Arc::into_inner(cancelled).is_some_and(|cancelled| !cancelled.into_inner());
        let keeps = quiet && spares::is_young(&upstream, purpose.keep);
        if keeps && engine.spares.takes(&purpose.kind) {
            let goes = goes.resets();
            return Some(Self { upstream, reported: left.reported, purpose, goes });
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
