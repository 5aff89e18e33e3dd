//! What is recorded where something ends before its time: a run, a session. Knows not why.

use super::{Counts, Session};
use crate::{
    clearance::{Cleared, Statement},
    record,
};
use std::time::SystemTime;

impl Session {
    /// Records that what was cleared did not run after all, and why.
    pub fn abandon(&mut self, cleared: Cleared<Statement>, why: &'static str, now: SystemTime) {
        self.leave(cleared.get(), 0, &Counts::default(), why, now);
    }

    /// Records the outcome of a run that the session's end cut short: of the part that was under
    /// way, and of those behind it.
    pub fn leave(
        &mut self,
        statement: &Statement,
        part: usize,
        counts: &Counts,
        why: &'static str,
        now: SystemTime,
    ) {
        let mut counts = Counts { ended: Some(why), ..counts.clone() };
        for part in part..statement.parts.len() {
            self.finish(statement, part, &counts, now);
            counts = Counts { ended: Some("not run"), ..Counts::default() };
        }
    }

    /// Records the end. Called by `Drop` if nobody did, so that no session ends unrecorded.
    pub fn close(&mut self, reason: &str, now: SystemTime) {
        self.act_for_nobody(now);
        self.crashes();
        if !std::mem::replace(&mut self.closed, true) {
            self.beat(now);
            record::session_closed(self, reason, now);
        }
    }
}
