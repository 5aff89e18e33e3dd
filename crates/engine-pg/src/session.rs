//! One session from sign-in to its end: database, limits, upstream, greeting, relay.

mod begin;
mod idlers;
mod rest;
mod spare;
mod standing;
mod work;

use crate::{
    Engine, Target, diagnostics,
    login::Client,
    open::Opened,
    relay::{self, ForWhom, Relay},
    upstream::{Replication, Upstream, UpstreamError},
};
pub(crate) use begin::TASK;
use bytes::BytesMut;
use gate::{Refusal, Session};
pub(crate) use idlers::Idlers;
use model::Blame;
use rest::{Behind, Ways};
use spare::{Leaving, Purpose, Wanted};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::SystemTime,
};
use tokio::io::AsyncWriteExt;
use wire_pg::backend::{Status, encode};

/// Serves a signed-in client to its end.
pub(crate) async fn serve(engine: Arc<Engine>, mut client: Box<Client>) {
    engine.counters.signed_in.fetch_add(1, Ordering::Relaxed);
    let Some(place) = Place::take(&engine, client.identity.name.as_str()) else {
        engine.counters.crowded.fetch_add(1, Ordering::Relaxed);
        // Once for a burst: a pool comes all at once.
        if engine.counters.told.now() {
            let identity = client.identity.chain();
            tracing::warn!(identity, "too many sessions: more are refused");
        }
        let refusal = limit_refusal();
        return Box::pin(refuse(&mut client, &refusal)).await;
    };
    let ended = run(&engine, client).await;
    drop(place);
    match ended {
        Ok(None) => {}
        // Nobody waits for it.
        Ok(Some(leaving)) => Box::pin(leaving.reset(&engine)).await,
        Err(refusal) => tracing::info!(reason = %refusal.message, "session refused"),
    }
}

async fn run(
    engine: &Arc<Engine>,
    mut client: Box<Client>,
) -> Result<Option<Box<Leaving>>, Refusal> {
    // In a box of its own, like sign-in.
    match Box::pin(open(engine, &client)).await {
        Ok(begun) => match relay(engine, *client, *begun) {
            Some(course) => Ok(course.await),
            None => Ok(None),
        },
        Err(refusal) => {
            Box::pin(refuse(&mut client, &refusal)).await;
            Err(refusal)
        }
    }
}

/// A session that begins, and what it begins with at the upstream.
struct Begun {
    session: Session,
    upstream: Upstream,
    target: Arc<Target>,
    purpose: Option<Purpose>,
    parameters: Vec<(String, String)>,
}

async fn open(engine: &Arc<Engine>, client: &Client) -> Result<Box<Begun>, Refusal> {
    let whole_cluster = client.replication == Some(Replication::Physical);
    let target = match whole_cluster {
        true => engine.cluster(&client.database),
        false => engine.target(&client.database),
    };
    let target = target.ok_or_else(|| unknown(&client.database, whole_cluster))?;
    let begun = begin::begin(engine, client, &target);
    let unreached = |_: &Refusal| engine.forget_unreached(&client.database, &target);
    let (mut session, parameters) = begun.inspect_err(unreached)?;
    let purpose = spare::purpose(client, &session, &target, &parameters);
    let wanted = Wanted {
        target: &target,
        at: &target.upstream,
        purpose: purpose.as_ref(),
        replication: client.replication,
        parameters: &parameters,
    };
    match wanted.connect(engine).await {
        Ok(upstream) => Ok(Box::new(Begun { session, upstream, target, purpose, parameters })),
        Err(error) => {
            target.database.counters.upstream_failures.fetch_add(1, Ordering::Relaxed);
            engine.forget_target(&client.database);
            if error.blame() != Blame::Client {
                tracing::warn!(%error, database = client.database, "upstream refused a session");
            }
            session.close("upstream not reached", SystemTime::now());
            Err(from_upstream(&error))
        }
    }
}

/// The session's course, to its end; `None` if no client could cancel it. All that is needed at the
/// beginning alone is used up before: what is left is what every session holds for as long as it
/// lasts.
fn relay(
    engine: &Arc<Engine>,
    client: Client,
    begun: Begun,
) -> Option<Pin<Box<impl Future<Output = Option<Box<Leaving>>>>>> {
    let Begun { session, upstream, target, purpose, parameters } = begun;
    let (person, open) = (ForWhom::default(), engine.open.enter(Opened::of(&client, &session)));
    let told = Arc::<tokio::sync::Notify>::default();
    let entered = rest::may_rest(engine, &client, &session, &target, &parameters);
    let idler = entered.as_ref().map(|entered| Arc::clone(&entered.idler));
    let ordered = (Arc::clone(&told), open.ended(), Arc::clone(&person));
    let mut orders = standing::orders(engine, &client, &session, ordered, idler);
    let limits = engine.settings.load().limits;
    let id = session.id();
    let (stream, buffered, behind) = Behind::of(upstream);
    let process_id = behind.process_id;
    let cancel_target = behind.cancel_target(&target, &told, &stream);
    let registered =
        engine.cancels.register(process_id, client.protocol_minor, cancel_target.clone());
    let ways = Ways {
        engine,
        target,
        database: client.database,
        purpose,
        parameters,
        registration: registered.ok()?,
        told,
        person,
        entered,
        application: client.application_name,
    };
    let mut relay = Box::new(Relay::new(
        (client.stream, client.buffered),
        (stream, buffered),
        session,
        ways.target.keeper.watch(),
        limits,
        ways.cancels(cancel_target),
    ));
    relay.replicate(client.replication);
    relay.beside(client.side);
    ways.equip(&mut relay);
    greet(&mut relay, &behind.parameter_statuses, &ways.application);
    let _ = encode::backend_key_data(relay.greet(), process_id, ways.registration.key());
    encode::ready_for_query(relay.greet(), Status::Idle);
    tracing::info!(session = %id, identity = %client.identity.chain(), "session opened");
    let counted = Counted::begin(&ways.target);
    Some(Box::pin(async move {
        let (end, left) = ways.run(relay, behind, &mut orders).await;
        let purpose = ways.purpose.clone();
        drop((counted, ways, open));
        match end {
            relay::End::UpstreamBroke(_) => tracing::error!(session = %id, %end, "session ended"),
            _ => tracing::info!(session = %id, %end, "session ended"),
        }
        let (left, behind) = left?;
        let (upstream, sent) = behind.whole(left.stream);
        Leaving::of(engine, upstream, left.reported, purpose?, sent).map(Box::new)
    }))
}

/// Tells the client the server's settings, and the relay what follows from them.
fn greet(relay: &mut Relay, settings: &[(String, String)], application: &str) {
    for (name, value) in settings {
        note(relay, name, value, application);
        tell(relay, name, value, application);
    }
}

/// Tells the relay what follows from a setting that the server has from the beginning.
fn note(relay: &mut Relay, name: &str, value: &str, application: &str) {
    relay.note_setting(name.as_bytes(), value.as_bytes());
    if name == "application_name" {
        relay.named(value.as_bytes(), application);
    }
}

/// Tells the client a setting as the server has it.
fn tell_plainly(relay: &mut Relay, name: &str, value: &str) {
    let _ = encode::parameter_status(relay.greet(), name.as_bytes(), value.as_bytes());
}

/// Tells the client a setting that the server has from the beginning.
fn tell(relay: &mut Relay, name: &str, value: &str, application: &str) {
    // The client hears the name that it gave itself.
    let value = if name == "application_name" { application } else { value };
    tell_plainly(relay, name, value);
}

async fn refuse(client: &mut Client, refusal: &Refusal) {
    client.side.refused(refusal);
    let mut out = BytesMut::new();
    diagnostics::refuse(&mut out, refusal, true);
    let goodbye = async {
        let _ = client.stream.write_all(&out).await;
        let _ = client.stream.shutdown().await;
    };
    let _ = tokio::time::timeout(relay::GOODBYE, goodbye).await;
}

fn unknown(database: &str, whole_cluster: bool) -> Refusal {
    let hint = if whole_cluster {
        "Tools before version 17 ask for a database named \"replication\": where weir.toml names \
         databases of several servers, an operator must add one of that name."
    } else {
        "Ask an operator for the names; they stand in weir.toml."
    };
    Refusal {
        sqlstate: "3D000",
        message: format!("database \"{database}\" is not configured in Weir"),
        detail: None,
        hint: Some(hint.to_owned()),
        position: None,
        blame: Blame::Client,
        puzzling: false,
        record: None,
    }
}

fn limit_refusal() -> Refusal {
    Refusal {
        sqlstate: "53300",
        message: "too many sessions".to_owned(),
        detail: Some(
            "Weir's limit of sessions, or of those of one identity, is reached.".to_owned(),
        ),
        hint: Some("Close idle sessions, or ask an operator to raise the limit.".to_owned()),
        position: None,
        blame: Blame::Policy,
        puzzling: false,
        record: None,
    }
}

fn from_upstream(error: &UpstreamError) -> Refusal {
    Refusal {
        sqlstate: sqlstate(error.sqlstate()),
        message: error.client_message(),
        detail: None,
        hint: None,
        position: None,
        blame: error.blame(),
        puzzling: false,
        record: None,
    }
}

/// The codes that [`UpstreamError`] gives, as constants.
fn sqlstate(code: &str) -> &'static str {
    const KNOWN: &[&str] =
        &["08001", "08006", "08P01", "28P01", "28000", "3D000", "42501", "53300", "57P03", "57P01"];
    KNOWN.iter().copied().find(|known| *known == code).unwrap_or("08001")
}

/// A session among those that are open, until it is dropped.
struct Counted(Arc<gate::Counters>);

impl Counted {
    fn begin(target: &Target) -> Self {
        let counters = Arc::clone(&target.database.counters);
        counters.opened.fetch_add(1, Ordering::Relaxed);
        Self(counters)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// A session's place under the limits; given up on drop.
pub(crate) struct Place {
    engine: Arc<Engine>,
    name: String,
}

impl Place {
    /// A place for an identity; `None` where there is none left.
    pub(crate) fn take(engine: &Arc<Engine>, name: &str) -> Option<Self> {
        let settings = engine.settings.load();
        let mut counts = engine.per_identity.lock().unwrap_or_else(PoisonError::into_inner);
        if engine.counters.open.load(Ordering::Relaxed) >= settings.max_sessions {
            return None;
        }
        let count = counts.entry(name.to_owned()).or_default();
        if *count >= settings.max_sessions_per_identity {
            return None;
        }
        *count += 1;
        engine.counters.open.fetch_add(1, Ordering::Relaxed);
        Some(Self { engine: Arc::clone(engine), name: name.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.engine.counters.open.fetch_sub(1, Ordering::Relaxed);
        let mut counts = self.engine.per_identity.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.name);
            }
        }
    }
}
