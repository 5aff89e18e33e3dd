//! What becomes of a limited statement once its changes are counted: it stays, it is undone, or
//! consent is asked for. Knows limits as something to compare with.

use super::{Block, End, Relay, Request, Stage};
use crate::diagnostics;
use gate::{
    Counts, Parameters, Refusal,
    change::exceeds,
    hold::{Approved, Asked, Exceeded, Given, Wish},
};
use std::{
    mem,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::SystemTime,
};

impl Relay {
    /// Compares what was counted with the limits.
    pub(super) fn weigh(&mut self) -> Result<(), End> {
        let (before, after) = (self.change.before, self.change.last);
        let changed = before.zip(after).and_then(|(before, after)| after.checked_sub(before));
        let Some(changed) = changed else {
            return self.undo(Refusal::uncounted("the server did not say"));
        };
        // All that one portal does counts as one, however many messages fetch it.
        let changed = match &self.change.portal {
            Some(portal) => changed + portal.counted.fetch_add(changed, Ordering::Relaxed),
            None => changed,
        };
        let Some(run) = &self.change.run else {
            return self.undo(Refusal::uncounted("it ended early"));
        };
        for counts in &mut self.change.done {
            counts.changed = Some(changed);
        }
        let Some(limit) = run.statement.exceeds(changed) else {
            return self.keep();
        };
        let limit = limit.clone();
        let record = run.statement.parts.first().map(|part| part.id.to_string());
        let refusal = Refusal::exceeded(&limit, changed, record);
        if limit.beyond.is_none() {
            return self.undo(refusal);
        }
        let plan = Arc::clone(&run.statement.plan);
        let (given, parameters) = match &self.change.portal {
            Some(portal) => (portal.given.clone(), portal.parameters.clone()),
            None => (Some(Given::default()), Parameters::default()),
        };
        let now = SystemTime::now();
        let words = format!("it was tried and undone: {}", exceeds(&limit, changed));
        // In a block that a Query works in, nothing can stay that is weighed when it is done.
        let undone = !self.may_stay();
        let exceeded = Exceeded { words, stays: false, undone };
        let asking = given.and_then(|given| {
            self.session.ask(&plan, &given, &parameters, Wish::Beyond(exceeded), now).ok()
        });
        let Some(asking) = asking else { return self.undo(refusal) };
        self.change.refusal = Some(Box::new(refusal));
        self.change.stage = Stage::Asking;
        self.block = Some(Block::Beyond(asking.asked));
        Ok(())
    }

    /// Looks whether consent was asked for; true if something moved.
    pub(in crate::relay) fn poll_beyond(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(Block::Beyond(asked)) = &mut self.block else { return false };
        let Poll::Ready(asked) = asked.as_mut().poll(cx) else { return false };
        let exceeded = self.change.refusal.take();
        // It was approved while it ran, and what it changed is still there.
        if let (Ok(Asked::Approved(approved)), true) = (&asked, self.may_stay()) {
            // The intent was recorded before there was an approval to name.
            for counts in &mut self.change.done {
                counts.approved = Some(approved.clone());
            }
            self.block = Some(Block::Count);
            if let Err(end) = self.keep() {
                self.must_end = Some(end);
            }
            return true;
        }
        let refusal = match asked {
            Ok(Asked::Waiting(waiting)) => {
                self.side.asked(&waiting);
                Refusal::awaits(&waiting)
            }
            // Approved while it ran: what was undone for want of it is to be sent again.
            Ok(Asked::Ready(hold) | Asked::Approved(Approved { hold, .. })) => {
                Refusal::approved_meanwhile(&hold)
            }
            Ok(Asked::Full(identity)) => Refusal::too_many_holds(&identity),
            Err(why) => {
                tracing::error!(%why, "approvals cannot be kept");
                exceeded.map_or_else(|| Refusal::unapprovable(&why), |refusal| *refusal)
            }
        };
        self.block = Some(Block::Count);
        if let Err(end) = self.undo(refusal) {
            self.must_end = Some(end);
        }
        true
    }

    /// True if what was done can stay once it is weighed.
    fn may_stay(&self) -> bool {
        self.change.own || self.change.portal.is_some()
    }

    /// It stays.
    fn keep(&mut self) -> Result<(), End> {
        if self.change.own {
            return self.end_own(true);
        }
        self.end_change(true);
        Ok(())
    }

    /// It is undone, and the client is told why.
    fn undo(&mut self, refusal: Refusal) -> Result<(), End> {
        self.session.database().counters.refusals.fetch_add(1, Ordering::Relaxed);
        for counts in &mut self.change.done {
            counts.sqlstate = Some(refusal.sqlstate.to_owned());
            counts.ended = Some("undone");
            counts.tag = None;
        }
        if self.change.own {
            self.change.refusal = Some(Box::new(refusal));
            return self.end_own(false);
        }
        let extended = self.change.portal.is_some();
        self.end_change(false);
        if extended { self.refuse_extended(refusal) } else { self.refuse_query(refusal) }
    }

    /// It is known what became of it: the record has it, and the client hears what it may.
    pub(super) fn end_change(&mut self, stays: bool) {
        let change = mem::take(&mut self.change);
        if matches!(self.block, Some(Block::Count | Block::Beyond(_))) {
            self.block = None;
        }
        let now = SystemTime::now();
        if let Some(run) = &change.run {
            for (part, counts) in change.done.into_iter().enumerate() {
                let mut counts = counts;
                if !stays && counts.sqlstate.is_none() {
                    counts.sqlstate = change.failed.clone();
                    counts.ended = change.failed.is_none().then_some("undone");
                    counts.tag = None;
                }
                let done = counts.sqlstate.is_none();
                self.session.finish(&run.statement, part, &counts, now);
                self.side.done(run, part, &counts);
                if done {
                    self.follow_names(&run.statement.plan, part);
                }
            }
        }
        match change.refusal {
            Some(refusal) => {
                self.side.refused(&refusal);
                diagnostics::refuse(&mut self.client.output, &refusal, false);
            }
            None if stays => self.client.output.extend_from_slice(&change.complete),
            None => {}
        }
    }

    /// The session ends: what was counted and not settled is recorded as cut short.
    pub(in crate::relay) fn leave_change(&mut self, why: &'static str) {
        let change = mem::take(&mut self.change);
        let running = self.expected.iter().find_map(|expected| match &expected.request {
            Request::Query(Some(run)) | Request::Execute(Some(run)) if run.counted => {
                Some(&run.statement)
            }
            _ => None,
        });
        let Some(statement) = change.run.as_ref().map(|run| &run.statement).or(running) else {
            return;
        };
        for (part, counts) in change.done.into_iter().enumerate() {
            let counts = Counts { ended: counts.ended.or(Some(why)), tag: None, ..counts };
            self.session.finish(statement, part, &counts, SystemTime::now());
        }
    }
}
