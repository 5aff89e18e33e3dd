//! Which rows left, by their hashes, so that many small reads of one table are noticed. Knows rows
//! as bytes.

use super::Relay;
use foldhash::quality::FixedState;
use std::{hash::BuildHasher, sync::Arc, time::SystemTime};

/// Hashes kept before they are told.
const AT_ONCE: usize = 512;

/// Hashes of rows of the run at the front. Equal rows have equal hashes in every session; they tell
/// nothing but how many there were, and go nowhere.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<u64>);

impl Seen {
    /// A row is about to leave.
    pub(super) fn add(&mut self, row: &[u8]) {
        self.0.push(FixedState::default().hash_one(row));
    }
}

impl Relay {
    /// A row of the run at the front is about to leave, as the upstream sent it.
    pub(super) fn see(&mut self, row: &[u8]) {
        self.seen.add(row);
        self.seen_enough();
    }

    /// Rows of the run at the front left: tells of them, if there are many.
    pub(super) fn seen_enough(&mut self) {
        if self.seen.0.len() >= AT_ONCE {
            self.tell_seen();
        }
    }

    /// True if the rows of the run at the front are watched.
    pub(super) fn watches(&mut self) -> bool {
        self.run_mut().and_then(|run| run.part()).is_some_and(gate::Part::is_watched)
    }

    /// Tells of what was seen of the run at the front: it ends, or there is much.
    pub(super) fn tell_seen(&mut self) {
        if self.seen.0.is_empty() {
            return;
        }
        let at = self.run_mut().map(|run| (Arc::clone(&run.statement.plan), run.part));
        if let Some((plan, part)) = at
            && let Some(part) = plan.parts.get(part)
        {
            self.session.saw(part, &self.seen.0, SystemTime::now());
        }
        self.seen.0.clear();
    }
}
