//! Governed sessions that stay open between calls: what a session has seen is part of what it may
//! do, so the calls of one identity to one database share one. Knows no tool.

use super::bearer::{Proof, Proven};
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
/// Calls that wait for one session.
const MAX_WAITING: usize = 16;
/// The longest name of a database: bytes.
const NAME_BYTES: usize = 255;
/// What the sessions call themselves.
const APPLICATION: &str = "mcp";

/// Whose session, by what, from where, to what, on which task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    chain: String,
    proof: ProofKey,
    address: IpAddr,
    database: String,
    task: Option<String>,
}

/// By what somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum ProofKey {
    Credential(String),
    Token([u8; 32]),
}

/// A place for one session; whoever holds its lock has its turn.
#[derive(Default)]
struct Place {
    inside: Option<Inside>,
    used: Option<Instant>,
    /// By what it was opened.
    proven: Option<Proven>,
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
                sessions.sweep(&sessions.signed_out().await);
            }
        });
        sessions
    }

    /// The session of an identity to a database, opened if there is none, once it is its turn.
    pub(super) async fn take(&self, proven: &Proven, database: &str) -> Result<Held, Refusal> {
        if database.len() > NAME_BYTES {
            let what = format!("a database's name has at most {NAME_BYTES} bytes");
            return Err(Refusal::limit(what, "list_databases names those that there are."));
        }
        let key = Key {
            chain: proven.identity.chain(),
            proof: match &proven.proof {
                Proof::Credential(credential) => ProofKey::Credential(credential.id.clone()),
                Proof::Token(hash) => ProofKey::Token(*hash),
            },
            address: proven.peer.ip(),
            database: database.to_owned(),
            task: proven.task.clone(),
        };
        // Declared first, so that it looks once nothing here holds the place any more.
        let _unused = Unused { sessions: self, key: &key };
        let mut place = self.place(&key)?.lock_owned().await;
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
        place.proven = Some(proven.clone());
        Ok(Held { place, inside })
    }

    fn place(&self, key: &Key) -> Result<Arc<Turn<Place>>, Refusal> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT && !kept.contains_key(key) {
            return Ok(Arc::default());
        }
        let place = kept.entry(key.clone()).or_default();
        // The table has it, one call has its turn, and the others wait.
        if Arc::strong_count(place) > MAX_WAITING + 1 {
            let what = format!("{MAX_WAITING} calls wait for this session");
            return Err(Refusal::limit(what, "Send one after the other."));
        }
        Ok(Arc::clone(place))
    }

    /// The places whose sessions were opened by what does not stand any more.
    async fn signed_out(&self) -> Vec<Key> {
        let mut opened = Vec::new();
        {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, place) in &*kept {
                let proven = place.try_lock().ok().and_then(|place| place.proven.clone());
                opened.extend(proven.map(|proven| (key.clone(), proven)));
            }
        }
        let mut gone = Vec::new();
        for (key, proven) in opened {
            if !proven.stands(&self.shared).await {
                gone.push(key);
            }
        }
        gone
    }

    fn sweep(&self, gone: &[Key]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|key, place| {
            // Somebody waits for it or has it.
            if Arc::strong_count(place) > 1 {
                return true;
            }
            let Ok(mut place) = place.try_lock() else { return true };
            let over = place.inside.as_mut().is_none_or(Inside::is_over);
            !over && !gone.contains(key) && place.used.is_some_and(|used| used.elapsed() < IDLE)
        });
    }
}

/// Lets a place go that has no session, if nobody else waits for it: names of databases that do not
/// open would fill the table.
struct Unused<'a> {
    sessions: &'a Sessions,
    key: &'a Key,
}

impl Drop for Unused<'_> {
    fn drop(&mut self) {
        let mut kept = self.sessions.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let unused = kept.get(self.key).is_some_and(|place| {
            let empty = || place.try_lock().is_ok_and(|place| place.inside.is_none());
            Arc::strong_count(place) == 1 && empty()
        });
        if unused {
            kept.remove(self.key);
        }
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
        credential: proven.credential().cloned(),
        peer: proven.peer,
        tls: true,
        method: proven.method(),
        via: Via::Mcp,
        application: APPLICATION.to_owned(),
        database: database.to_owned(),
        waits: false,
        preview: None,
        task: proven.task.clone(),
    }
}
