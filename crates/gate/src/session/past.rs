//! What the session adds to its identity's past, and how unlike that past a statement is. Knows
//! when there is nothing to look at, so that an ordinary statement costs next to nothing.

use super::{Counts, Session};
use crate::{
    history::HEAVY_LEAST,
    plan::{Part, Plan},
    risk::Watched,
};
use ledger::record::RiskPart;
use std::{
    sync::atomic::Ordering,
    time::{SystemTime, UNIX_EPOCH},
};

/// Statements after which the past hears of them, if a minute is not over before.
const BEAT: u32 = 32;

/// What was found to be unlike its past, which is so until the past changes or a minute is over.
#[derive(Debug)]
pub(super) struct Unlike {
    /// The past's revision and the minute.
    at: (u64, u64),
    /// Nothing is, whichever tables are read.
    whatever: bool,
    /// The tables that were read.
    watched: Vec<Watched>,
    parts: Vec<RiskPart<'static>>,
}

impl Unlike {
    fn holds(&self, at: (u64, u64), plan: &Plan) -> bool {
        self.at == at && (self.whatever || plan.watched().eq(&self.watched))
    }
}

impl Session {
    /// What makes a statement risky beside what it does, and the past learns of it.
    pub(super) fn unlike_its_past(
        &mut self,
        plan: &Plan,
        now: SystemTime,
    ) -> Vec<RiskPart<'static>> {
        if !self.is_its_own() {
            return Vec::new();
        }
        let minute = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 60);
        self.pulse.0 += u32::try_from(plan.parts.len()).unwrap_or(1);
        let tainted = crate::risk::tainted(self.is_tainted());
        if self.pulse.0 >= BEAT || self.pulse.1 != minute {
            self.beat(now);
            self.pulse.1 = minute;
        }
        let at = (self.history.revision(), minute);
        let learned = plan.parts.iter().all(|part| part.learned.load(Ordering::Relaxed));
        if learned && let Some(known) = self.unlike.as_ref().filter(|known| known.holds(at, plan)) {
            return known.parts.iter().cloned().chain(tainted).collect();
        }
        let watched: Vec<_> = plan.watched().cloned().collect();
        let mut parts = self.history.parts(&watched, &self.client, now);
        if !learned {
            self.history.learn(watched.iter(), now);
            plan.parts.iter().for_each(|part| part.learned.store(true, Ordering::Relaxed));
        }
        let whatever = parts.is_empty() && self.history.is_calm(now);
        self.unlike = Some(Unlike { at, whatever, watched, parts: parts.clone() });
        parts.extend(tainted);
        parts
    }

    /// What makes a statement risky beside what it does, of which the past does not hear.
    pub(crate) fn unlike_now(&self, plan: &Plan, now: SystemTime) -> Vec<RiskPart<'static>> {
        let watched: Vec<_> = plan.watched().cloned().collect();
        if !self.is_its_own() {
            return Vec::new();
        }
        let mut parts = self.history.parts(&watched, &self.client, now);
        parts.extend(crate::risk::tainted(self.is_tainted()));
        parts
    }

    /// Tells the past how many statements there were, and rows of them.
    pub(super) fn beat(&mut self, now: SystemTime) {
        let told = (std::mem::take(&mut self.pulse.0), std::mem::take(&mut self.moved));
        if self.is_its_own() {
            self.history.count(told, &self.client, now);
        }
    }

    /// A statement returned or changed rows; what is much is told at once.
    pub(super) fn moves(&mut self, counts: &Counts, now: SystemTime) {
        let changed = counts.tag.as_deref().and_then(changed).unwrap_or(0);
        self.moved = self.moved.saturating_add(counts.rows.max(changed));
        if self.moved >= HEAVY_LEAST {
            self.beat(now);
        }
    }

    /// Rows that left, by a hash of each.
    pub fn saw(&self, part: &Part, rows: &[u64], now: SystemTime) {
        if self.is_its_own() {
            self.history.saw(part.watched.iter(), rows, now);
        }
    }
}

/// The rows that a command tag counts: `UPDATE 5`, `INSERT 0 5`.
fn changed(tag: &str) -> Option<u64> {
    let (word, _) = tag.split_once(' ')?;
    let counts = ["INSERT", "UPDATE", "DELETE", "MERGE", "COPY"].contains(&word);
    counts.then(|| tag.rsplit_once(' ')?.1.parse().ok())?
}
