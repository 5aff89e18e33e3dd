//! A session's task while it runs: statements and rows wait until what they use up is written down,
//! and what an agent is shown is looked at. Knows no budget and no policy.

use super::{Block, End, Relay};
use gate::{Masks, Plan, Refusal, RowRoom, Via};
use std::{
    sync::Arc,
    task::{Context, Poll},
    time::SystemTime,
};
use wire_pg::backend::{DataRow, Report};
use wire_pg::frontend::encode;

/// Why a COPY ends in the middle.
const TAINTED: &str =
    "Weir ended it: the agent was shown text that others can write since it began";
/// Classes of SQLSTATE (PostgreSQL manual, appendix A) whose words are the server's own or the
/// client's: connections, transactions, rights, resources, operators. Those of data may repeat what
/// stands in a row, and so may those of names and syntax once rows are read.
const WITHOUT_DATA: &[&[u8]] =
    &[b"08", b"25", b"26", b"28", b"34", b"40", b"42501", b"53", b"54", b"55", b"57", b"58"];

impl Relay {
    /// True if a plan may be submitted by the budgets of the task at hand; else it has to wait.
    pub(super) fn provides(&mut self, plan: &Plan, via: Via) -> Result<bool, Refusal> {
        let reserving = self.session.provide(plan, via, SystemTime::now())?;
        Ok(match reserving {
            Some(reserving) => {
                self.block = Some(Block::Budget(reserving));
                false
            }
            None => true,
        })
    }

    /// True if a part of the budget is reserved, or cannot be.
    pub(super) fn poll_budget(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(Block::Budget(reserving)) = &mut self.block else { return false };
        let Poll::Ready(done) = reserving.as_mut().poll(cx) else { return false };
        if let Err(why) = done {
            tracing::error!(%why, "a budget could not be reserved");
            self.refuse_next = Some(Refusal::unrecordable());
        }
        true
    }

    /// What is copied in goes no further if its agent has been shown text that others can write
    /// since it began, and policy does not let it write any more.
    pub(super) fn contain_copy(&mut self) {
        if !self.copying_in || !self.session.is_tainted() {
            return;
        }
        let Some(plan) = self.run_mut().map(|run| Arc::clone(&run.statement.plan)) else { return };
        let now = SystemTime::now();
        if self.session.stands(&plan, now) {
            return;
        }
        let again = self.session.plan(&plan.text, now);
        if self.session.may_run(&again) && !again.is_held() {
            return;
        }
        // The server fails the statement, and undoes what was copied; what else comes it ignores.
        self.copying_in = false;
        encode::copy_fail(&mut self.upstream.output, TAINTED);
        self.count_after_copy(false);
    }

    /// True if rows may not leave yet.
    pub(super) fn rows_are_held(&self) -> bool {
        self.rows_block.is_some() || self.rows_wait.is_some()
    }

    /// Looks whether rows may leave by now; true if something moved.
    pub(super) fn poll_rows(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(wait) = &mut self.rows_wait else { return false };
        let Poll::Ready(done) = wait.as_mut().poll(cx) else { return false };
        self.rows_wait = None;
        if let Err(why) = done {
            tracing::error!(%why, "what rows use up or show could not be written down");
            let why = "what it uses up, or what it was shown, could not be written down";
            self.must_end = Some(End::Ordered(why));
        }
        true
    }

    /// Whether a row may leave: `Some(false)` if its task has nothing left, `None` if it has to
    /// wait. A row that may leave is counted.
    pub(super) fn room(&mut self, masks: &Masks, row: DataRow<'_>, length: usize) -> Option<bool> {
        let unseen = masks.columns.is_empty() && row.values.iter().next().is_some();
        if unseen && self.shows_stream() {
            return None;
        }
        if self.session.watches_text()
            && let Some(at) = self.text_in(masks, row)
            && self.shows(&format!("text of column {at} of a result"))
        {
            return None;
        }
        if !self.session.is_metered() {
            return Some(true);
        }
        let bytes = u64::try_from(length).unwrap_or(u64::MAX);
        match self.session.room_for_row(bytes) {
            RowRoom::Enough => Some(self.session.leave_row(bytes)),
            RowRoom::Nothing => Some(false),
            RowRoom::After(reserved) => {
                self.rows_wait = Some(reserved);
                None
            }
        }
    }

    /// The first column, from 1, whose value is text that may instruct somebody.
    fn text_in(&self, masks: &Masks, row: DataRow<'_>) -> Option<usize> {
        let columns = row.values.iter().zip(&masks.texts).enumerate();
        let mut texts = columns.filter_map(|(at, (value, text))| Some((at, value?, *text)));
        let found = texts.find(|(_, value, text)| self.session.may_instruct(*text, value));
        found.map(|(at, ..)| at + 1)
    }

    /// Marks the agent; true if what is shown has to wait until that is written down.
    fn shows(&mut self, reason: &str) -> bool {
        let by = self.run_mut().and_then(|run| Some(run.statement.parts.get(run.part)?.id));
        let written = self.session.shows(by.as_ref(), reason, SystemTime::now());
        // Written whether or not the client stays: it is a mark in all of the task's sessions.
        self.rows_wait = written.map(|written| {
            let written = tokio::spawn(written);
            let done: gate::hold::Doing<()> =
                Box::pin(
                    async move { written.await.unwrap_or_else(|error| Err(error.to_string())) },
                );
            done
        });
        self.rows_wait.is_some()
    }

    /// The same for what is not looked at value by value.
    pub(super) fn shows_stream(&mut self) -> bool {
        self.session.watches_text() && self.shows("rows that were not looked at one by one")
    }

    /// The same for what leaves now.
    pub(super) fn shown_at_once(&mut self, reason: &str) {
        if !self.session.watches_text() {
            return;
        }
        let by = self.run_mut().and_then(|run| Some(run.statement.parts.get(run.part)?.id));
        let Some(written) = self.session.shows(by.as_ref(), reason, SystemTime::now()) else {
            return;
        };
        tokio::spawn(async move {
            if let Err(why) = written.await {
                tracing::error!(%why, "what an agent was shown could not be written down");
            }
        });
    }

    /// An error or a notice goes to the client in the server's words.
    pub(super) fn said(&mut self, report: Report<'_>) {
        let code = report.code().bytes();
        let silent = WITHOUT_DATA.iter().any(|class| code.starts_with(class));
        if !silent && !crate::diagnostics::said_before_data(report) {
            self.shown_at_once("an error or a notice of the server's");
        }
    }
}
