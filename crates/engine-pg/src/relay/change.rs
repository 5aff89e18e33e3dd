//! Statements under a limit on how many rows they change: run where they can be undone, counted by
//! the server, and kept or undone by what they did. Knows the protocol's order and no policy.
//!
//! ```text
//! Query outside a block:   BEGIN; count ─▶ Query ─▶ count ─▶ COMMIT, or ROLLBACK and an error
//! Query in a block:               count ─▶ Query ─▶ count ─▶ nothing, or a Query that fails
//! Execute:                        count ─▶ Execute ─▶ count ─▶ nothing, or a Parse that fails
//! ```
//!
//! The client hears that its statement is done when it is known that it stays. What fails in the
//! last two makes the server undo the transaction, as any error does.

mod settle;

use super::{
    Block, End, Expected, Relay,
    expected::{Portal, Request, Run, Withheld},
};
use crate::diagnostics;
use gate::{Cleared, Counts, Refusal, Statement, change::Place};
use std::{sync::Arc, time::SystemTime};
use wire_pg::{
    Values,
    backend::{Report, Status, Tag},
    frame::Message,
    frontend::encode,
};

/// How many rows this session's open transaction inserted, updated and deleted in tables of users,
/// beside what the server had not yet reported of transactions before it, so that only differences
/// mean something. Counts what was attempted, also where it was rolled back within. Names and
/// operators are qualified: the session's search_path may begin anywhere.
const COUNT: &str = "SELECT pg_catalog.current_setting('track_counts'), \
     pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_inserted(oid) \
     OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_updated(oid) \
     OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_deleted(oid))::pg_catalog.int8 \
     FROM pg_catalog.pg_class WHERE relkind OPERATOR(pg_catalog.=) 'r' \
     AND oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid";

/// What a session knows of its limited statement.
#[derive(Default)]
pub(super) struct Change {
    stage: Stage,
    /// It runs in a transaction of Weir's own.
    own: bool,
    /// The count before it and the last one; `None` where the server could not tell.
    before: Option<u64>,
    last: Option<u64>,
    /// What it did, part by part, to be recorded once it is known what became of it.
    done: Vec<Counts>,
    run: Option<Box<Run>>,
    portal: Option<Arc<Portal>>,
    /// The server's word that it is done, kept back.
    complete: Vec<u8>,
    /// What the client is told in its place.
    refusal: Option<Box<Refusal>>,
    /// The SQLSTATE it failed with.
    failed: Option<String>,
}

/// How far a limited statement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// There is none.
    #[default]
    None,
    /// The first count is asked for, by a Query.
    Beginning,
    /// It may be sent.
    Begun,
    /// It runs.
    Running,
    /// The second count is asked for.
    Counting,
    /// Consent is asked for, to change as many rows.
    Asking,
    /// A transaction of Weir's own ends: it stays, or it is undone.
    Ending { stays: bool },
}

/// What becomes of a Query under a limit.
pub(super) enum Limited {
    /// It goes on.
    Goes(Cleared<Statement>),
    /// It waits for the first count.
    Waits,
    /// It is refused.
    Refused,
}

impl Relay {
    /// Makes ready for a Query whose changes are to be counted.
    pub(super) fn limit_query(&mut self, cleared: Cleared<Statement>) -> Result<Limited, End> {
        if !cleared.get().is_counted() {
            return Ok(Limited::Goes(cleared));
        }
        if self.change.stage == Stage::Begun {
            self.change.stage = Stage::Running;
            self.block = Some(Block::Count);
            return Ok(Limited::Goes(cleared));
        }
        if !super::expected::settled(&self.expected) {
            self.settle();
            self.parked = Some(super::Parked { cleared });
            return Ok(Limited::Waits);
        }
        let own = self.status == Status::Idle;
        let place = if own { Place::Own } else { Place::Block };
        let countable = if self.ran {
            let what = "policy limits how many rows it changes, and messages before it wait for a \
                        Sync";
            Err(Refusal::unenforceable(what, "Send a Sync first."))
        } else {
            cleared.get().plan.countable(place)
        };
        if let Err(refusal) = countable {
            self.abandon(cleared);
            self.refuse_query(refusal)?;
            return Ok(Limited::Refused);
        }
        if self.status == Status::Failed {
            // None of it can end the transaction, so the server runs none of it.
            return Ok(Limited::Goes(cleared));
        }
        self.change = Change { stage: Stage::Beginning, own, ..Change::default() };
        self.ask_count(own.then_some("BEGIN"))?;
        self.parked = Some(super::Parked { cleared });
        self.block = Some(Block::Count);
        Ok(Limited::Waits)
    }

    /// Makes ready for an Execute whose changes are to be counted; inner `Err` if they cannot be.
    pub(super) fn limit_execute(
        &mut self,
        cleared: &Cleared<Statement>,
        portal: &Arc<Portal>,
    ) -> Result<Result<(), Refusal>, End> {
        if !cleared.get().is_counted() {
            return Ok(Ok(()));
        }
        if self.change.stage != Stage::None {
            // Only among the data of a COPY that is counted, where no statement belongs.
            self.must_end = Some(End::ClientMistook(b'E'));
        }
        let place = if self.status == Status::Idle { Place::Implicit } else { Place::Block };
        if let Err(refusal) = cleared.get().plan.countable(place) {
            return Ok(Err(refusal));
        }
        let portal = Some(Arc::clone(portal));
        self.change = Change { stage: Stage::Running, portal, ..Change::default() };
        self.run_hidden(COUNT.as_bytes(), |()| Request::Count)?;
        self.block = Some(Block::Count);
        Ok(Ok(()))
    }

    /// True if a limited statement is under way.
    pub(super) fn limits_changes(&self) -> bool {
        self.change.stage != Stage::None
    }

    /// True if a limited Query may be sent now.
    pub(super) fn change_begun(&self) -> bool {
        self.change.stage == Stage::Begun
    }

    /// True if what was sent last is to be counted.
    pub(super) fn counts_changes(&self) -> bool {
        self.change.stage == Stage::Running
    }

    /// Asks by a Query of Weir's own, behind another command where there is one.
    fn ask_count(&mut self, first: Option<&str>) -> Result<(), End> {
        let text = first.map_or(COUNT.to_owned(), |first| format!("{first}; {COUNT}"));
        encode::query(&mut self.upstream.output, text.as_bytes())?;
        if first.is_some() {
            self.expected.push_back(Expected::hidden(Request::Execute(None)));
        }
        self.expected.push_back(Expected::hidden(Request::Count));
        self.expected.push_back(Expected::hidden(Request::Sync));
        Ok(())
    }

    fn end_own(&mut self, stays: bool) -> Result<(), End> {
        self.change.stage = Stage::Ending { stays };
        let command: &[u8] = if stays { b"COMMIT" } else { b"ROLLBACK" };
        encode::query(&mut self.upstream.output, command)?;
        self.expected.push_back(Expected::hidden(Request::Execute(None)));
        self.expected.push_back(Expected::hidden(Request::Sync));
        Ok(())
    }

    /// One count.
    pub(super) fn counted(&mut self, values: Values<'_>) {
        let mut texts = values.iter().map(|value| std::str::from_utf8(value?).ok());
        let tracked = texts.next().flatten() == Some("on");
        let count = texts.next().flatten().and_then(|count| count.parse().ok());
        self.change.last = count.filter(|_| tracked);
    }

    /// The answer to a count is complete.
    pub(super) fn count_done(&mut self) -> Result<(), End> {
        let change = &mut self.change;
        match change.stage {
            Stage::Running => {
                change.before = change.last.take();
                Ok(())
            }
            // In the extended protocol nothing else comes; a Query's count ends with its Sync.
            Stage::Counting if change.portal.is_some() => self.weigh(),
            _ => Ok(()),
        }
    }

    /// A part of a Query under a limit, or an Execute, is done. The word about the last of them is
    /// kept back until it is known that it stays.
    fn run_done(&mut self, tag: &str, word: &[u8]) -> Result<(), End> {
        self.tell_seen();
        let Some(run) = self.run_mut() else { return Ok(()) };
        let counts = run.take_counts(Some(tag), None);
        let last = run.part + 1 >= run.statement.parts.len();
        run.next_part();
        self.change.done.push(counts);
        let kept_back = last || self.change.portal.is_some();
        let out = if kept_back { &mut self.change.complete } else { return self.say(word) };
        out.extend_from_slice(word);
        if self.change.portal.is_none() {
            return Ok(());
        }
        if let Some(Request::Execute(Some(run))) = self.expected.pop_front().map(|it| it.request) {
            self.run_ended(&run);
            self.change.run = Some(run);
        }
        self.change.stage = Stage::Counting;
        self.change.last = None;
        self.run_hidden(COUNT.as_bytes(), |()| Request::Count)?;
        encode::flush(&mut self.upstream.output);
        Ok(())
    }

    /// The same for what ends with a tag, with what is said of rows that did not leave.
    pub(super) fn counted_complete(
        &mut self,
        tag: &str,
        withheld: Option<Withheld>,
        message: Message<'_>,
    ) -> Result<(), End> {
        let said = self.client.output.len();
        match withheld {
            Some(withheld) => self.say_limited(withheld)?,
            None => self.client.output.extend_from_slice(message.whole),
        }
        let word = self.client.output.split_off(said);
        self.run_done(tag, &word)
    }

    fn say(&mut self, word: &[u8]) -> Result<(), End> {
        self.client.output.extend_from_slice(word);
        Ok(())
    }

    /// COPY data comes from the client now, so the client goes on until its end.
    pub(super) fn count_after_copy(&mut self, copying: bool) {
        if self.change.stage != Stage::Running || !matches!(self.block, None | Some(Block::Count)) {
            return;
        }
        self.block = (!copying).then_some(Block::Count);
        if !copying && self.change.portal.is_some() {
            encode::flush(&mut self.upstream.output);
        }
    }

    /// Something that belongs to a limited statement failed. True if the client is not to hear of
    /// it, because it hears of something else.
    pub(super) fn change_failed(&mut self, code: &str, report: Report<'_>) -> Result<bool, End> {
        let broke = |error: wire_pg::WireError| End::UpstreamBroke(error.to_string());
        match self.change.stage {
            Stage::None | Stage::Asking => Ok(false),
            Stage::Beginning | Stage::Begun => Ok(true),
            Stage::Running => {
                self.change.failed = Some(code.to_owned());
                Ok(false)
            }
            Stage::Counting => {
                let extended = self.change.portal.is_some();
                self.change.failed = extended.then(|| code.to_owned());
                Ok(!extended)
            }
            Stage::Ending { .. } => {
                self.change.failed = Some(code.to_owned());
                let unrestricted = self.session.unrestricted();
                let plan = self.change.run.as_ref().map(|run| &run.statement.plan);
                let hides =
                    plan.is_none_or(|plan| super::words::redacted(plan, usize::MAX, report));
                if hides && !unrestricted {
                    diagnostics::redact(&mut self.client.output, Tag::ErrorResponse, report)
                        .map_err(broke)?;
                    return Ok(true);
                }
                Ok(false)
            }
        }
    }

    /// True if what fails now is the end of a limited statement's own transaction.
    pub(super) fn change_ends(&self) -> bool {
        matches!(self.change.stage, Stage::Ending { .. })
    }

    /// All up to the next Sync failed with it.
    pub(super) fn change_skipped(&mut self) {
        if self.change.portal.is_none() || self.change.stage == Stage::None {
            return;
        }
        // What failed may stand before a Sync, and the counted Execute behind it: that one runs.
        let waits = |expected: &Expected| match &expected.request {
            Request::Execute(Some(run)) => run.counted,
            _ => false,
        };
        if self.expected.iter().any(waits) {
            self.change.failed = None;
            return;
        }
        self.end_change(false);
    }

    /// ReadyForQuery while a limited Query is under way: whether the client sees it. `None` if it
    /// has nothing to do with one.
    pub(super) fn change_ready(&mut self, run: Option<Box<Run>>) -> Result<Option<bool>, End> {
        if self.change.portal.is_some() {
            return Ok(None);
        }
        match self.change.stage {
            Stage::None | Stage::Asking => Ok(None),
            Stage::Beginning | Stage::Begun => self.begun().map(|()| Some(false)),
            Stage::Running => {
                self.change.run = run;
                match (self.change.failed.is_some(), self.change.own) {
                    (true, true) => self.end_own(false)?,
                    (true, false) => {
                        self.end_change(false);
                        return Ok(Some(true));
                    }
                    (false, _) => {
                        self.change.stage = Stage::Counting;
                        self.change.last = None;
                        self.ask_count(None)?;
                    }
                }
                self.block = Some(Block::Count);
                Ok(Some(false))
            }
            Stage::Counting => {
                self.weigh()?;
                // What is refused in a block has a ReadyForQuery of its own.
                Ok(Some(self.change.stage == Stage::None && self.expected.is_empty()))
            }
            Stage::Ending { stays } => {
                self.end_change(stays && self.change.failed.is_none());
                Ok(Some(true))
            }
        }
    }

    fn begun(&mut self) -> Result<(), End> {
        self.block = None;
        self.change.before = self.change.last.take();
        if self.change.before.is_some() && self.status == Status::Transaction {
            self.change.stage = Stage::Begun;
            return Ok(());
        }
        if let Some(super::Parked { cleared }) = self.parked.take() {
            self.session.abandon(cleared, "not run", SystemTime::now());
        }
        if self.change.own && self.status != Status::Idle {
            // Nothing ran in it. What comes next goes behind its end.
            encode::query(&mut self.upstream.output, b"ROLLBACK")?;
            self.expected.push_back(Expected::hidden(Request::Execute(None)));
            self.expected.push_back(Expected::hidden(Request::Sync));
        }
        self.change = Change::default();
        self.refuse_next = Some(Refusal::uncounted("the server did not say"));
        Ok(())
    }
}
