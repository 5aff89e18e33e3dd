//! How much the names of one session make Weir keep: texts of statements, and values that were
//! bound where somebody is asked or a cost is limited. Counted as long as anything holds them.

use super::{Relay, expected::settled};
use gate::{Plan, Refusal};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// What a session's statements and portals may make Weir keep before no more are made: bytes. The
/// last one may go beyond, by the longest statement.
const MAX_KEPT_BYTES: usize = 64 << 20;

/// All that is kept for a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Keeps(Arc<AtomicUsize>);

/// A part of it, until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Kept {
    all: Keeps,
    bytes: usize,
}

impl Keeps {
    /// Counts what is kept from now on.
    pub(super) fn keep(&self, bytes: usize) -> Kept {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Kept { all: self.clone(), bytes }
    }

    fn is_full(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= MAX_KEPT_BYTES
    }
}

impl Kept {
    /// The same again, for a copy.
    pub(super) fn again(&self) -> Self {
        self.all.keep(self.bytes)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What a plan keeps: its text, the same without literals, and what goes in its place. Bytes.
pub(super) fn of_plan(plan: &Plan) -> usize {
    2 * plan.text.len() + plan.sent.as_ref().map_or(0, |sent| sent.len())
}

impl Relay {
    /// False if what is under way keeps so much that the next message has to wait for its answers.
    pub(super) fn has_room(&mut self) -> bool {
        if !self.keeps.is_full() || settled(&self.expected) || self.copying_in {
            return true;
        }
        self.settle();
        false
    }

    /// Refuses what would make Weir keep more.
    pub(super) fn may_keep(&self, hint: &'static str) -> Result<(), Refusal> {
        if !self.keeps.is_full() {
            return Ok(());
        }
        let most = MAX_KEPT_BYTES >> 20;
        let what = format!("the session's statements and portals hold {most} MiB");
        Err(Refusal::limit(what, hint))
    }
}
