//! A session in which everything is tried and undone: its upstream connection is in a transaction
//! from the beginning, nothing that the gate clears there ends one, and the connection ends with
//! it. Knows no policy.
//!
//! ```text
//! BEGIN; timeouts; SAVEPOINT ─▶ looks, each undone where it fails ─▶ RELEASE ─▶ the statement
//!                                  ─▶ deferred constraints ─▶ counts ─▶ looks ─▶ end
//! ```
//!
//! Whatever ends the session, a crash of Weir too, ends the connection, and the server rolls back.

use super::{End, Expected, Relay, expected::Request};
use crate::inside::{Changed, Note};
use gate::{Plan, Refusal};
use std::time::SystemTime;
use wire_pg::{Values, backend::Status, frontend::encode};

/// Nothing that is tried may hold others up for long: neither while it waits nor while it runs,
/// and not if nobody comes back for it either.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = 5000; SET LOCAL lock_timeout = 2000; \
     SET LOCAL idle_in_transaction_session_timeout = 30000; SAVEPOINT weir_preview";
/// The statements of it.
const BEGINS: usize = 5;
/// Back to where nothing was tried: a look that failed must not fail what comes behind it.
const BACK: &[u8] = b"ROLLBACK TO SAVEPOINT weir_preview";
/// From here on a failure fails all: what is tried is no part of another transaction.
const RELEASE: &[u8] = b"RELEASE SAVEPOINT weir_preview";
/// What would run at the end runs now.
const DEFERRED: &[u8] = b"SET CONSTRAINTS ALL IMMEDIATE";
/// How many rows of which tables of users this transaction inserted, updated and deleted, behind a
/// row that says whether the server counts. Names and operators are qualified: the session's
/// search_path may begin anywhere.
const COUNT: &str = "SELECT pg_catalog.current_setting('track_counts'), NULL, NULL, NULL, NULL \
     UNION ALL SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text, \
     pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)::pg_catalog.text, \
     pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)::pg_catalog.text, \
     pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)::pg_catalog.text \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
     ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
     WHERE c.relkind OPERATOR(pg_catalog.=) 'r' \
     AND c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid \
     AND pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) \
     OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) \
     OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) \
     OPERATOR(pg_catalog.>) 0";

impl Relay {
    /// Opens the transaction that everything runs in.
    pub(super) fn begin_preview(&mut self) {
        if encode::query(&mut self.upstream.output, BEGIN.as_bytes()).is_err() {
            self.must_end = Some(End::Ordered("a preview cannot begin"));
            return;
        }
        self.expect_commands(BEGINS);
        self.untried = true;
    }

    fn expect_commands(&mut self, count: usize) {
        for _ in 0..count {
            self.expected.push_back(Expected::hidden(Request::Execute(None)));
        }
        self.expected.push_back(Expected::hidden(Request::Sync));
    }

    /// A statement comes next: from the one that is tried on, there is no way back but the end.
    pub(super) fn try_next(&mut self) -> Result<(), End> {
        if self.side.tries() && std::mem::take(&mut self.untried) {
            self.run_hidden(RELEASE, |()| Request::Execute(None))?;
        }
        Ok(())
    }

    /// `Err` if something would run in a preview and not be undone with it.
    pub(super) fn is_undone(&self) -> Result<(), Refusal> {
        if !self.session.previews() || self.status == Status::Transaction {
            return Ok(());
        }
        let what = "the transaction of this preview is over";
        Err(Refusal::unenforceable(what, "Ask for another preview."))
    }

    /// True if what a plan puts somewhere does not stay; notes if it would need a label there.
    pub(super) fn leaves_nothing(&self, plan: &Plan) -> bool {
        let previews = self.session.previews();
        if previews && self.session.would_carry(plan) {
            self.side.note(|| Note::Carries);
        }
        previews
    }

    /// What was tried is done: counts what it changed, what is deferred included.
    pub(super) fn count_tried(&mut self) -> Result<(), End> {
        if self.side.tries() && !self.skipping {
            self.run_hidden(DEFERRED, |()| Request::Execute(None))?;
            self.run_hidden(COUNT.as_bytes(), |()| Request::Changes(Vec::new(), false))?;
        }
        Ok(())
    }

    /// One row of what was changed.
    pub(super) fn changed(&mut self, values: Values<'_>) {
        let mut texts = values.iter().map(|value| std::str::from_utf8(value?).ok());
        let mut text = || texts.next().flatten();
        let (first, second) = (text(), text());
        let mut number = || text().and_then(|text| text.parse().ok());
        let row = (number(), number(), number());
        let front = self.expected.front_mut().map(|expected| &mut expected.request);
        let Some(Request::Changes(all, tracked)) = front else { return };
        match (first, second, row) {
            (Some(schema), Some(table), (Some(inserted), Some(updated), Some(deleted))) => {
                let (schema, table) = (schema.to_owned(), table.to_owned());
                // Until the session has said so, nobody may.
                let readable = false;
                all.push(Changed { schema, table, inserted, updated, deleted, readable });
            }
            (first, None, _) => *tracked = first == Some("on"),
            // A row that is not understood: nothing of it is certain.
            (_, Some(_), _) => {
                all.clear();
                *tracked = false;
            }
        }
    }

    /// All of it was told.
    pub(super) fn changes_known(&mut self, mut all: Vec<Changed>, tracked: bool, now: SystemTime) {
        for one in &mut all {
            one.readable = self.session.may_read(&one.schema, &one.table, now);
        }
        self.side.note(|| Note::Changed(tracked.then_some(all)));
    }

    /// The server is ready: a look that failed is undone by itself.
    pub(super) fn preview_ready(&mut self) -> Result<(), End> {
        if self.session.previews() && self.status == Status::Failed && self.untried {
            encode::query(&mut self.upstream.output, BACK)?;
            self.expect_commands(1);
        }
        Ok(())
    }
}
