//! What the client sends. Every message that makes something run passes the gate here; the others
//! are checked, noted and carried on. Knows no rows.

use super::{
    Block, End, Expected, MAX_COPY_ENDS, MAX_EXPECTED, PROTOCOL_MESSAGE_BYTES, Parked, Relay, Step,
    expected::{Request, Run},
    hold::Held,
    replication::Both,
};
use bytes::Buf;
use gate::{Cleared, Parameters, Plan, Refusal, Statement, Via, hold::Given};
use model::Durability;
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Instant, SystemTime},
};
use wire_pg::{
    Text,
    backend::Status,
    frame::{self, Message},
    frontend::{self, Tag, encode},
};

/// What goes upstream in the place of a refused statement: a text that no server parses, so that
/// the server itself fails the statement, aborts its transaction and skips what must be skipped.
const REFUSED: &[u8] = b"!weir refused the statement that stood here";
/// The name under which a refused Parse, Bind or Execute is made to fail; never comes to be.
const REFUSED_NAME: &[u8] = b"weir refused";

/// Messages dealt with in one round; those behind them wait for the next.
const AT_ONCE: usize = 32;

impl Relay {
    /// Works through the client's input; `Ok(true)` if anything was consumed.
    pub(super) fn take_client(&mut self) -> Result<bool, End> {
        if self.client.ended && self.side.is_inside() {
            // Whoever asked has gone, and wants nothing of it any more.
            self.client.input.clear();
        }
        if self.client.ended && !self.expected.is_empty() {
            // It does not wait for what it asked for.
            self.keep_nothing();
        }
        if self.timer.cancels() && self.block.is_none() && !self.client.input.is_empty() {
            self.block = Some(Block::Cancel);
        }
        let mut input = std::mem::take(&mut self.client.input);
        let mut used = 0;
        let result = self.client_messages(&input, &mut used);
        input.advance(used);
        self.client.input = input;
        if used > 0 {
            self.timer.heard();
            self.keeping.resting.heard();
        }
        result.map(|()| used > 0 || self.flush_last(used))
    }

    /// Behind the last message of a client that closed its half, asks the server for the answers
    /// that it keeps until a Sync: none will come, and locks are held meanwhile. True if it did.
    fn flush_last(&mut self, used: usize) -> bool {
        let ready = self.client.ended && !self.flushed_last && self.open;
        let whole = self.client_passes == 0 && !self.copying_in && self.both.is_none();
        // Where there is room, all that could be dealt with was.
        let room = self.block.is_none() && !self.upstream.is_full();
        if used > 0 || !ready || !whole || !room || self.expected.len() >= MAX_EXPECTED {
            return false;
        }
        self.flushed_last = true;
        encode::flush(&mut self.upstream.output);
        true
    }

    fn client_messages(&mut self, input: &[u8], used: &mut usize) -> Result<(), End> {
        let mut dealt = 0;
        while self.block.is_none()
            && dealt < AT_ONCE
            && !self.upstream.is_full()
            && self.expected.len() < MAX_EXPECTED
        {
            let rest = input.get(*used..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            if self.client_passes > 0 {
                let passing = rest.len().min(self.client_passes);
                self.upstream.output.extend_from_slice(rest.get(..passing).unwrap_or_default());
                self.client_passes -= passing;
                *used += passing;
                continue;
            }
            if self.client_drops > 0 {
                let dropped = rest.len().min(self.client_drops);
                self.client_drops -= dropped;
                *used += dropped;
                continue;
            }
            let Some(frame) = frame::peek(rest, PROTOCOL_MESSAGE_BYTES)? else { break };
            let Some(tag) = Tag::from_byte(frame.tag) else {
                return Err(End::ClientMistook(frame.tag));
            };
            if let Some(consumed) = self.begin_long(tag, rest, frame)? {
                self.dealt();
                *used += consumed;
                continue;
            }
            let Some(whole) = rest.get(..frame.len) else {
                self.client.wanted = frame.len;
                break;
            };
            self.client.wanted = 0;
            let payload = whole.get(frame::HEADER_LEN..).unwrap_or_default();
            let message = Message { tag: frame.tag, payload, whole };
            self.delay.look(tag);
            if self.client_message(tag, message)? == Step::Blocked {
                break;
            }
            self.delay.dealt(tag);
            self.dealt();
            *used += frame.len;
            dealt += 1;
            if tag == Tag::Terminate {
                *used = input.len();
            }
        }
        Ok(())
    }

    /// The message at the front is done with, whatever became of it: what was waited for or found
    /// for its sake serves no other.
    fn dealt(&mut self) {
        self.session.dealt();
        self.approval_used();
        self.way_used();
    }

    fn client_message(&mut self, tag: Tag, message: Message<'_>) -> Result<Step, End> {
        // The server ignores all but Sync and Terminate after an error in the extended protocol;
        // what it will not answer is not recorded as an intent and not forwarded.
        if self.skipping && !matches!(tag, Tag::Sync | Tag::Terminate) {
            // What was cleared for this message must not carry another.
            if let Some(Parked { cleared }) = self.parked.take() {
                self.session.abandon(cleared, "not run", SystemTime::now());
            }
            self.refuse_next = None;
            return Ok(Step::Done);
        }
        if self.both == Some(Both::Open) {
            self.stream_message(tag, message)?;
            return Ok(Step::Done);
        }
        let opens =
            matches!(tag, Tag::Parse | Tag::Bind | Tag::Describe | Tag::Close | Tag::Execute);
        let step = self.by_tag(tag, message)?;
        // Only once it went upstream: until then what Weir asks for its sake may end in a Sync of
        // its own, and must, since statements like DISCARD ALL suffer nothing before them.
        self.open |= opens && matches!(step, Step::Done);
        self.ran |= tag == Tag::Execute && matches!(step, Step::Done);
        Ok(step)
    }

    fn by_tag(&mut self, tag: Tag, message: Message<'_>) -> Result<Step, End> {
        match tag {
            Tag::Query => return self.query(message),
            Tag::Parse => return self.parse(message),
            Tag::Bind => return self.bind(message),
            Tag::Execute => return self.execute(message),
            Tag::Sync => return self.sync(message),
            Tag::FunctionCall => return self.function_call(message),
            // What opens a transaction opens it as the role, or a rollback would undo that.
            Tag::Describe | Tag::Close
                if !self.open && self.session.bound_role().is_some() && !self.ready() =>
            {
                return Ok(Step::Blocked);
            }
            Tag::Describe => return self.describe(message),
            Tag::Close => self.close(message)?,
            Tag::Flush => {
                frontend::empty(message.payload)?;
                self.upstream.output.extend_from_slice(message.whole);
            }
            Tag::CopyData => {
                self.contain_copy();
                self.upstream.output.extend_from_slice(message.whole);
            }
            Tag::CopyDone | Tag::CopyFail => self.end_copy(message)?,
            Tag::Terminate if self.side.is_inside() || self.leaves_nothing_behind() => {
                return Err(End::ClientLeft);
            }
            // What it said before that is done first, as by the server itself.
            Tag::Terminate => self.client.ended = true,
            Tag::Password => return Err(End::ClientMistook(message.tag)),
        }
        Ok(Step::Done)
    }

    fn sync(&mut self, message: Message<'_>) -> Result<Step, End> {
        frontend::empty(message.payload)?;
        self.count_tried()?;
        if self.refuse_next.take().is_some() {
            // The implicit transaction must not commit what could not be made durable.
            self.refuse_extended(Refusal::unrecordable())?;
        } else if let Some(intent) = self.before_sync.take()
            && !self.session.gate().ledger.is_synced(intent)
        {
            self.block = Some(Block::Sync(self.session.gate().ledger.synced(intent)));
            return Ok(Step::Blocked);
        }
        if self.copying_in {
            // A server that takes COPY data ignores a Sync, unless the COPY failed before it.
            self.ignored_syncs += 1;
        } else {
            self.expected.push_back(Expected::of(Request::Sync));
            self.acting.whole_sent();
            self.skipping = false;
            (self.open, self.ran) = (false, false);
            self.segment += 1;
        }
        self.upstream.output.extend_from_slice(message.whole);
        Ok(Step::Done)
    }

    fn end_copy(&mut self, message: Message<'_>) -> Result<(), End> {
        if self.copying_in {
            self.copying_in = false;
            self.upstream.output.extend_from_slice(message.whole);
            self.count_after_copy(false);
            return Ok(());
        }
        let ends = |expected: &&Expected| matches!(expected.request, Request::CopyEnd);
        if self.expected.iter().rev().take_while(ends).count() >= MAX_COPY_ENDS {
            return Err(End::ClientMistook(message.tag));
        }
        if !self.expected.is_empty() {
            self.expected.push_back(Expected::of(Request::CopyEnd));
        }
        self.upstream.output.extend_from_slice(message.whole);
        Ok(())
    }

    /// Plans, decides and records a text; `None` if it has to wait.
    pub(super) fn clear(
        &mut self,
        text: Text<'_>,
        via: Via,
        parameters: &Parameters,
    ) -> Result<Option<Cleared<Statement>>, Refusal> {
        let plan = self.plan(text)?;
        if !self.provides(&plan, via)? {
            return Ok(None);
        }
        let Held::Free(approved) = self.held(&plan, Some(&Given::default()), parameters, via)?
        else {
            return Ok(None);
        };
        if !self.carries(&plan)? {
            return Ok(None);
        }
        self.approval_used();
        let (approved, now) = (approved.as_ref(), SystemTime::now());
        let cleared = self.session.submit(&plan, via, parameters, approved, now)?;
        self.side.cleared(&cleared);
        Ok(Some(cleared))
    }

    /// True if the labels that a plan's values carry are in force and kept, and nothing of Weir's
    /// own is in its way; else it has to wait, and to be planned anew.
    pub(super) fn carries(&mut self, plan: &Arc<Plan>) -> Result<bool, Refusal> {
        if self.session.may_carry_unseen(plan) && !self.becomes_certain() {
            return Ok(false);
        }
        let now = SystemTime::now();
        // What is refused puts nothing anywhere; it is refused where it is submitted. What is only
        // tried leaves nothing there.
        if !self.session.may_run(plan) || self.leaves_nothing(plan) {
            return Ok(true);
        }
        if let Some(keeping) = self.session.carry(plan, now)? {
            self.block = Some(Block::Labels(keeping));
            return Ok(false);
        }
        if let Some(over) = self.session.waits_for_others(plan) {
            self.block =
                Some(Block::Others(Box::pin(tokio::time::timeout(super::block::OTHERS, over))));
            return Ok(false);
        }
        if !self.has_way(plan) {
            return Ok(false);
        }
        if !self.session.sets_out(plan) {
            self.block = Some(Block::Knowledge(Box::pin(std::future::ready(()))));
            return Ok(false);
        }
        Ok(true)
    }

    /// Plans a text. What is not UTF-8 can be planned only for those from whom nothing is hidden: a
    /// name that cannot be read is one that is not known.
    pub(super) fn plan(&mut self, text: Text<'_>) -> Result<Arc<Plan>, Refusal> {
        let now = SystemTime::now();
        let unrestricted = self.session.unrestricted();
        match text.utf8() {
            Some(utf8) if self.utf8 || utf8.is_ascii() => {
                let old = !self.session.database().is_fresh() || self.session.lacks_look();
                if !unrestricted && old {
                    return Err(Refusal::unenforceable(
                        "what Weir knows of the database is out of date and could not be read \
                         again",
                        "Try again in a moment; if it persists, an operator must look at Weir's \
                         connection to the database.",
                    ));
                }
                self.planned(utf8, unrestricted, now)
            }
            _ if self.session.sees_all() => {
                let text = text.lossy();
                let plan = self.planned(&text, unrestricted, now)?;
                // Nobody could be shown what they approve.
                if plan.asks() { Err(Refusal::not_utf8()) } else { Ok(plan) }
            }
            _ => Err(Refusal::not_utf8()),
        }
    }

    /// Plans a text that was made ready for these rights, unless policies took them away meanwhile.
    fn planned(
        &mut self,
        text: &str,
        unrestricted: bool,
        now: SystemTime,
    ) -> Result<Arc<Plan>, Refusal> {
        let plan = self.session.plan(text, now);
        self.acts_as_said(Some(&plan))?;
        self.stays_in_transaction(&plan)?;
        if unrestricted && !self.session.unrestricted() {
            let message = "policies changed while it was planned";
            return Err(Refusal::unenforceable(message, "Send it again."));
        }
        Ok(plan)
    }

    /// Lets a cleared statement go on, or parks it until its intent is on stable storage.
    /// `at_sync`: its effect becomes permanent at the next Sync, so that is what waits. `commits`:
    /// it makes permanent what waits for the disk already.
    pub(super) fn wait_for_disk(
        &mut self,
        cleared: Cleared<Statement>,
        at_sync: bool,
        commits: bool,
    ) -> Option<Cleared<Statement>> {
        let statement = cleared.get();
        let ledger = &self.session.gate().ledger;
        if ledger.is_synced(statement.intent) {
            return Some(cleared);
        }
        match statement.durability {
            _ if commits => {}
            Durability::Soon | Durability::BeforeRow => return Some(cleared),
            Durability::BeforeEffect if statement.rolls_back() => {
                // Inside a transaction block the COMMIT waits, for this intent as for its own.
                if self.status == Status::Transaction && self.ending == 0 {
                    return Some(cleared);
                }
                if at_sync {
                    self.before_sync = Some(statement.intent);
                    return Some(cleared);
                }
            }
            Durability::BeforeEffect | Durability::BeforeForward => {}
        }
        self.block = Some(Block::Sync(ledger.synced(statement.intent)));
        self.parked = Some(Parked { cleared });
        None
    }

    /// Sends what was cleared. The only way by which a statement reaches the upstream.
    pub(super) fn send(
        &mut self,
        cleared: Cleared<Statement>,
        portal: Option<Arc<super::Portal>>,
        whole: &[u8],
        request: impl FnOnce(Box<Run>) -> Request,
    ) {
        let now = Instant::now();
        self.delay.forwarded(now, &self.session.database().counters.added);
        let mut run = Box::new(Run::new(cleared.into_inner(), portal, now));
        (run.moves, run.looked) = (self.session.moves_seen(), self.session.database().looked());
        if run.statement.ends_transaction() {
            self.ending += 1;
        }
        if run.statement.changes_names() {
            self.changing += 1;
        }
        self.acting.sent(&run.statement.plan);
        self.may_linger(&run.statement.plan);
        // The disk starts while the upstream works; rows wait for it only if it is slower. Where
        // there will be none, nobody waits before the COMMIT, which syncs for all before it.
        if !run.rows_may_leave && run.statement.may_return_rows() {
            self.early_sync = Some(self.session.gate().ledger.synced(run.statement.intent));
        }
        let request = request(run);
        if matches!(request, Request::Query(_) | Request::FunctionCall(_)) {
            self.acting.whole_sent();
            self.segment += 1;
            (self.open, self.ran) = (false, false);
        } else if self.limits.statement.is_some() && self.busy_with().is_some() {
            // Its time begins when what is before it has ended, which the server would keep to
            // itself up to a Sync.
            encode::flush(&mut self.upstream.output);
        }
        self.expected.push_back(Expected::of(request));
        self.upstream.output.extend_from_slice(whole);
    }

    /// Records that what was cleared did not run after all.
    pub(super) fn abandon(&mut self, cleared: Cleared<Statement>) {
        self.session.abandon(cleared, "not enforceable", SystemTime::now());
    }

    /// Makes the upstream fail a Query in the refused one's place.
    pub(super) fn refuse_query(&mut self, refusal: Refusal) -> Result<(), End> {
        self.side.refused(&refusal);
        self.session.database().counters.refusals.fetch_add(1, Ordering::Relaxed);
        encode::query(&mut self.upstream.output, REFUSED)?;
        self.segment += 1;
        (self.open, self.ran) = (false, false);
        self.expected.push_back(Expected::refused(Request::Query(None), refusal));
        Ok(())
    }

    /// Makes the upstream fail in the place of a refused message of the extended protocol. What
    /// comes behind it up to the next Sync will be ignored, so it is neither decided nor recorded,
    /// and uses up nothing.
    pub(super) fn refuse_extended(&mut self, refusal: Refusal) -> Result<(), End> {
        self.side.refused(&refusal);
        self.session.database().counters.refusals.fetch_add(1, Ordering::Relaxed);
        encode::parse(&mut self.upstream.output, REFUSED_NAME, REFUSED, [])?;
        let request = Request::Parse { name: REFUSED_NAME.into(), before: None, made: None };
        self.expected.push_back(Expected::refused(request, refusal));
        self.skipping = true;
        Ok(())
    }
}
