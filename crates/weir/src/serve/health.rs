//! Whether a new session would be served, and what stands in the way. Knows no protocol.

use ledger::Ledger;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// The state of what a session needs.
#[derive(Debug)]
pub(crate) struct Health {
    ledger: Ledger,
    store: AtomicBool,
    draining: AtomicBool,
    /// What is known of each upstream, by the database's name; absent until first tried.
    upstreams: Mutex<BTreeMap<String, bool>>,
}

impl Health {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            store: AtomicBool::new(true),
            draining: AtomicBool::new(false),
            upstreams: Mutex::default(),
        }
    }

    /// The control state can be read, or not.
    pub(crate) fn store(&self, good: bool) {
        self.store.store(good, Ordering::Relaxed);
    }

    /// No new sessions from now on.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// A database's upstream answered, or did not, when it was last tried.
    pub(crate) fn upstream(&self, database: &str, reachable: bool) {
        let mut upstreams = self.upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        match upstreams.get_mut(database) {
            Some(known) => *known = reachable,
            None => {
                upstreams.insert(database.to_owned(), reachable);
            }
        }
    }

    /// Why a new session would not be served, in words; empty if it would. One upstream that
    /// answers, or that nobody has tried yet, is enough: the others' clients get their own error.
    pub(crate) fn obstacles(&self) -> Vec<String> {
        let mut obstacles = Vec::new();
        if self.draining.load(Ordering::Relaxed) {
            obstacles.push("stopping".to_owned());
        }
        if let Some(cause) = self.ledger.cause() {
            obstacles.push(format!("the ledger cannot be written: {cause}"));
        }
        if !self.store.load(Ordering::Relaxed) {
            obstacles.push("the control state cannot be read".to_owned());
        }
        let upstreams = self.upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        if !upstreams.is_empty() && upstreams.values().all(|reachable| !reachable) {
            let names: Vec<&str> = upstreams.keys().map(String::as_str).collect();
            obstacles.push(format!("no upstream answers: {}", names.join(", ")));
        }
        obstacles
    }
}

#[cfg(test)]
mod tests;
