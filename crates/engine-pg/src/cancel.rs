//! Which live session a cancel request means. Weir hands out keys of its own: the upstream's never
//! reach a client. Knows no connection.
//!
//! The process id is the upstream's, since drivers compare it with NOTIFY's and with
//! `pg_backend_pid()`. Sessions of different upstreams may therefore share one; the key tells them
//! apart.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use subtle::ConstantTimeEq;

/// Bytes of a key in protocol 3.0, where the message has room for no more.
const SHORT_KEY_BYTES: usize = 4;
/// Bytes of a key from protocol 3.2 on, as in PostgreSQL 18.
const LONG_KEY_BYTES: usize = 32;
/// How often a new key is drawn when another session with the same process id has it already.
/// With one live session per id and upstream, two draws in a row that collide mean a broken
/// generator.
const MAX_DRAWS: usize = 8;

/// The system gave no random bytes that would do for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoKey;

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no random key for cancel requests can be made")
    }
}

impl std::error::Error for NoKey {}

/// The cancel keys of all live sessions. Clones share them. `T` is whatever lets the caller cancel
/// a session's statement.
pub struct Registry<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    live: Mutex<HashMap<u32, Vec<Live<T>>>>,
    next: AtomicU64,
}

struct Live<T> {
    number: u64,
    key: Arc<[u8]>,
    /// `None` while there is nothing to cancel.
    target: Option<T>,
}

impl<T> Registry<T> {
    /// No sessions yet.
    pub fn new() -> Self {
        Self { shared: Arc::new(Shared { live: Mutex::default(), next: AtomicU64::new(0) }) }
    }

    /// Makes a key for a session whose client is told this process id. The session can be cancelled
    /// until the registration is dropped.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn register(
        &self,
        process_id: u32,
        protocol_minor: u16,
        target: T,
    ) -> Result<Registration<T>, NoKey> {
        let bytes = if protocol_minor >= 2 { LONG_KEY_BYTES } else { SHORT_KEY_BYTES };
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let mut live = self.shared.lock();
        let sessions = live.entry(process_id).or_default();
        for _ in 0..MAX_DRAWS {
            let mut key = vec![0_u8; bytes];
            if getrandom::fill(&mut key).is_err() {
                break;
            }
            if !sessions.iter().any(|session| *session.key == *key) {
                let key: Arc<[u8]> = key.into();
                sessions.push(Live { number, key: Arc::clone(&key), target: Some(target) });
                drop(live);
                let shared = Arc::clone(&self.shared);
                return Ok(Registration { shared, process_id, number, key });
            }
        }
        if sessions.is_empty() {
            live.remove(&process_id);
        }
        Err(NoKey)
    }

    /// The session that this process id and key belong to. Every session with that id is compared,
    /// each in constant time, so the time tells nothing about a key.
    pub fn find(&self, process_id: u32, key: &[u8]) -> Option<T>
    where
        T: Clone,
    {
        let live = self.shared.lock();
        let mut found = None;
        for session in live.get(&process_id)? {
            if bool::from(session.key.as_ref().ct_eq(key)) {
                found = session.target.clone();
            }
        }
        found
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.shared.lock().values().map(Vec::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.shared.lock().is_empty()
    }
}

impl<T> Shared<T> {
    /// Every change is a single insertion or removal, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Vec<Live<T>>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session's place in the registry; given up on drop.
pub struct Registration<T> {
    shared: Arc<Shared<T>>,
    process_id: u32,
    number: u64,
    key: Arc<[u8]>,
}

impl<T> Registration<T> {
    /// The process id for BackendKeyData.
    pub fn process_id(&self) -> u32 {
        self.process_id
    }

    /// What the key means from now on; with `None`, nothing until it is told again.
    pub fn means(&self, target: Option<T>) {
        let mut live = self.shared.lock();
        let mut sessions = live.get_mut(&self.process_id).into_iter().flatten();
        if let Some(session) = sessions.find(|session| session.number == self.number) {
            session.target = target;
        }
    }

    /// The key for BackendKeyData: 4 bytes in protocol 3.0, 32 from 3.2 on.
    pub fn key(&self) -> &[u8] {
        &self.key
    }
}

impl<T> Drop for Registration<T> {
    fn drop(&mut self) {
        let mut live = self.shared.lock();
        if let Some(sessions) = live.get_mut(&self.process_id) {
            sessions.retain(|session| session.number != self.number);
            if sessions.is_empty() {
                live.remove(&self.process_id);
            }
        }
    }
}

impl<T> Clone for Registry<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Registry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Registration<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registration({}, ***)", self.process_id)
    }
}

#[cfg(test)]
mod tests;
