//! Whether a new session would be served, and what stands in the way. Knows no protocol.

use engine_pg::Reached;
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
    upstreams: Mutex<BTreeMap<String, Reached>>,
    /// The policies in their folder are not sound, so others are in force.
    unsound: AtomicBool,
    /// weir.toml is not sound, so the settings from before are in force.
    unsettled: AtomicBool,
}

impl Health {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            store: AtomicBool::new(true),
            draining: AtomicBool::new(false),
            upstreams: Mutex::default(),
            unsound: AtomicBool::new(false),
            unsettled: AtomicBool::new(false),
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

    /// The policies in their folder are sound, or not; gives how it was before.
    pub(crate) fn policies(&self, sound: bool) -> bool {
        !self.unsound.swap(!sound, Ordering::Relaxed)
    }

    /// weir.toml is sound, or not; gives how it was before.
    pub(crate) fn settings(&self, sound: bool) -> bool {
        !self.unsettled.swap(!sound, Ordering::Relaxed)
    }

    /// How it was when a database's upstream was last tried.
    pub(crate) fn upstream(&self, database: &str, reached: Reached) {
        let mut upstreams = self.upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        match upstreams.get_mut(database) {
            Some(known) => *known = reached,
            None => {
                upstreams.insert(database.to_owned(), reached);
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
        if !upstreams.is_empty() && upstreams.values().all(|one| *one != Reached::Yes) {
            let are = |state| upstreams.iter().filter(move |(_, one)| **one == state);
            let silent: Vec<&str> = are(Reached::No).map(|(name, _)| name.as_str()).collect();
            if !silent.is_empty() {
                obstacles.push(format!("no upstream answers: {}", silent.join(", ")));
            }
            obstacles.extend(upstreams.iter().filter_map(without_credentials));
        }
        obstacles
    }

    /// What an operator should know although sessions are served.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.unsound.load(Ordering::Relaxed) {
            let note = "the policy files have problems: those from before stay in force; see the \
                        log, or `weir policy check`";
            notes.push(note.to_owned());
        }
        if self.unsettled.load(Ordering::Relaxed) {
            let note = "weir.toml has problems: the settings from before stay in force, and Weir \
                        would not start again; see the log, or `weir check`";
            notes.push(note.to_owned());
        }
        let upstreams = self.upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        if upstreams.values().any(|one| *one == Reached::Yes) {
            notes.extend(upstreams.iter().filter_map(without_credentials));
        }
        notes
    }
}

/// What is to be done for an upstream that Weir has nothing to sign in to with.
fn without_credentials((database, reached): (&String, &Reached)) -> Option<String> {
    let what = match reached {
        Reached::NoPassword => "no password is configured: set `password` in [database.upstream]",
        Reached::NoCredentials => "what to sign in with cannot be had (see the log)",
        Reached::Yes | Reached::No => return None,
    };
    Some(format!("cannot sign in: {what} for {database:?}"))
}

#[cfg(test)]
mod tests;
