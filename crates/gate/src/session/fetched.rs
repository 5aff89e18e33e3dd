//! Rows of cursors that left: whatever fetches them, they are one result, so that a limit on rows
//! holds for all of it. Knows cursors by name and when they are certain to be gone.

use super::Session;
use crate::Plan;
use model::facts::SessionChange;
use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicU64},
};

/// How many cursors are counted each by itself; those beyond are counted as one.
const MOST: usize = 10_000;

/// A cursor's rows that left.
#[derive(Debug, Default)]
struct Left {
    rows: Arc<AtomicU64>,
    /// It may outlive its transaction.
    lasts: bool,
}

/// Rows that left, by cursor. A count goes only when its cursor certainly did: else fetching could
/// begin anew.
#[derive(Debug, Default)]
pub(super) struct Fetched(HashMap<String, Left>);

impl Fetched {
    /// The server made a portal, whose rows are counted there.
    pub(super) fn bound(&mut self, name: &str, rows: &Arc<AtomicU64>) {
        self.0.insert(name.to_owned(), Left { rows: Arc::clone(rows), lasts: false });
    }

    /// The server made a cursor.
    pub(super) fn declared(&mut self, name: &str) {
        self.0.insert(name.to_owned(), Left::default());
    }

    /// The cursor just declared is WITH HOLD.
    pub(super) fn lasts(&mut self, name: &str) {
        self.0.entry(name.to_owned()).or_default().lasts = true;
    }

    /// The server closed a cursor, or all of them. A rollback does not open it again.
    pub(super) fn closed(&mut self, name: Option<&str>) {
        match name {
            Some(name) => _ = self.0.remove(name),
            None => self.0.clear(),
        }
    }

    /// Cursors went with their transaction.
    pub(super) fn transaction_ended(&mut self) {
        self.0.retain(|_, left| left.lasts);
    }

    /// Where the rows of a cursor are counted. One that nobody saw made, by code, may last.
    fn of(&mut self, name: &str) -> Arc<AtomicU64> {
        let name = match self.0.len() >= MOST && !self.0.contains_key(name) {
            true => "",
            false => name,
        };
        let unseen = || Left { rows: Arc::default(), lasts: true };
        Arc::clone(&self.0.entry(name.to_owned()).or_insert_with(unseen).rows)
    }
}

impl Session {
    /// Where the rows that left of the cursor are counted which a part of a plan fetches from;
    /// `None` if it fetches from none.
    pub fn fetched(&mut self, plan: &Plan, part: usize) -> Option<Arc<AtomicU64>> {
        let changes = &plan.parts.get(part)?.facts.session;
        let cursor = changes.iter().find_map(|change| match change {
            SessionChange::Fetch(name) => Some(name.as_str()),
            SessionChange::Prepare(..)
            | SessionChange::Deallocate(_)
            | SessionChange::Declare(..)
            | SessionChange::Hold(_)
            | SessionChange::CloseCursor(_)
            | SessionChange::Scope => None,
        })?;
        Some(self.fetched.of(cursor))
    }
}
