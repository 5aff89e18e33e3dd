//! Governed sessions that stay open between calls: what a session has seen is part of what it may
//! do, so the calls of one identity to one database share one. Knows no tool.

use super::bearer::Proven;
use crate::serve::Shared;
use engine_pg::inside::{Caller, Inside};
use gate::{Refusal, Via};
use std::{
    collections::HashMap,
    net::IpAddr,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// How long a session stays open without a call.
const IDLE: Duration = Duration::from_secs(5 * 60);
/// How often idle sessions are looked for.
const SWEEP: Duration = Duration::from_secs(30);
/// Sessions that stay open; a call beyond them opens one for itself.
const MAX_KEPT: usize = 512;
/// What the sessions call themselves.
const APPLICATION: &str = "mcp";

/// Whose session, by what, from where, to what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    chain: String,
    credential: Option<String>,
    address: IpAddr,
    database: String,
}

/// A place for one session; whoever holds its lock has its turn.
#[derive(Default)]
struct Place {
    inside: Option<Inside>,
    used: Option<Instant>,
}

/// The sessions.
pub(super) struct Sessions {
    shared: Arc<Shared>,
    kept: Mutex<HashMap<Key, Arc<Turn<Place>>>>,
}

/// A session for one call. It stays open for the next if it is given back; else what it runs is
/// cancelled and it ends.
pub(super) struct Held {
    place: OwnedMutexGuard<Place>,
    inside: Inside,
}

impl Sessions {
    pub(super) fn new(shared: Arc<Shared>) -> Arc<Self> {
        let sessions = Arc::new(Self { shared, kept: Mutex::default() });
        let weak = Arc::downgrade(&sessions);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                let Some(sessions) = weak.upgrade() else { return };
                sessions.sweep();
            }
        });
        sessions
    }

    /// The session of an identity to a database, opened if there is none, once it is its turn.
    pub(super) async fn take(&self, proven: &Proven, database: &str) -> Result<Held, Refusal> {
        let key = Key {
            chain: proven.identity.chain(),
            credential: proven.credential.as_ref().map(|credential| credential.id.clone()),
            address: proven.peer.ip(),
            database: database.to_owned(),
        };
        let mut place = self.place(key).lock_owned().await;
        if let Some(mut inside) = place.inside.take()
            && !inside.is_over()
        {
            return Ok(Held { place, inside });
        }
        let engine = self.shared.metrics.engine.get().map(Arc::clone);
        let engine = engine.ok_or_else(|| {
            Refusal::limit("no database is served yet".to_owned(), "Try again in a moment.")
        })?;
        let inside = engine.open_inside(caller(proven, database)).await?;
        Ok(Held { place, inside })
    }

    fn place(&self, key: Key) -> Arc<Turn<Place>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT && !kept.contains_key(&key) {
            return Arc::default();
        }
        Arc::clone(kept.entry(key).or_default())
    }

    fn sweep(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, place| {
            // Somebody waits for it or has it.
            if Arc::strong_count(place) > 1 {
                return true;
            }
            let Ok(mut place) = place.try_lock() else { return true };
            let over = place.inside.as_mut().is_none_or(Inside::is_over);
            !over && place.used.is_some_and(|used| used.elapsed() < IDLE)
        });
    }
}

impl Held {
    /// Keeps the session for the next call.
    pub(super) fn give_back(mut self) {
        self.place.used = Some(Instant::now());
        self.place.inside = Some(self.inside);
    }
}

impl Deref for Held {
    type Target = Inside;

    fn deref(&self) -> &Inside {
        &self.inside
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Inside {
        &mut self.inside
    }
}

fn caller(proven: &Proven, database: &str) -> Caller {
    Caller {
        identity: Arc::clone(&proven.identity),
        credential: proven.credential.clone(),
        peer: proven.peer,
        tls: true,
        method: proven.method,
        via: Via::Mcp,
        application: APPLICATION.to_owned(),
        database: database.to_owned(),
        waits: false,
    }
}
