//! What Weir adds to a statement: the time from its arrival to its being forwarded, what its Parse
//! took included. Knows times alone.

use gate::counters::Histogram;
use std::time::{Duration, Instant};
use wire_pg::frontend::Tag;

/// The delay of the statement at the front.
#[derive(Debug, Default)]
pub(super) struct Delay {
    /// When the message at the front was first looked at.
    arrived: Option<Instant>,
    /// What the Parses before it took.
    prepared: Duration,
}

impl Delay {
    /// A message is looked at, for the first time or again.
    pub(super) fn look(&mut self, tag: Tag) {
        if matches!(tag, Tag::Query | Tag::Parse | Tag::Execute | Tag::FunctionCall) {
            self.arrived.get_or_insert_with(Instant::now);
        }
    }

    /// The message was dealt with; of a Parse the time is kept for what runs it.
    pub(super) fn dealt(&mut self, tag: Tag) {
        if let (Some(arrived), Tag::Parse) = (self.arrived.take(), tag) {
            self.prepared += arrived.elapsed();
        }
    }

    /// A statement is forwarded now.
    pub(super) fn forwarded(&mut self, now: Instant, added: &Histogram) {
        if let Some(arrived) = self.arrived.take() {
            let prepared = std::mem::take(&mut self.prepared);
            added.note(now.saturating_duration_since(arrived) + prepared);
        }
    }
}
