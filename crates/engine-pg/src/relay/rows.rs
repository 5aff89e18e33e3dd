//! Rows and COPY data on their way to the client: what may leave, and when; relayed as they are
//! where no column needs a look. Knows masks only as something to apply.

use super::{
    End, Relay,
    expected::{Request, Withheld},
};
use gate::{Field, Masks};
use std::sync::Arc;
use wire_pg::{
    backend::{self, DataRow, Tag, encode},
    frame::{self, Frame},
};

impl Relay {
    /// Takes rows or COPY data from the front of `rest`; returns the bytes consumed, 0 if more must
    /// be there or rows may not leave yet.
    pub(super) fn rows(&mut self, tag: Tag, rest: &[u8], frame: Frame) -> Result<usize, End> {
        self.skip_copy_end();
        if let Some(Request::Show(setting)) = self.expected.front().map(|e| &e.request) {
            let setting = *setting;
            return self.own_row(rest, frame, |relay, values| {
                let value = values.iter().next().flatten();
                relay.answered(setting, value.and_then(|bytes| std::str::from_utf8(bytes).ok()));
            });
        }
        if let Some(Request::Look(section)) = self.expected.front().map(|e| &e.request) {
            let section = *section;
            return self.own_row(rest, frame, |relay, values| relay.told(section, values));
        }
        if let Some(Request::Structure(part)) = self.expected.front().map(|e| &e.request) {
            let part = *part;
            return self.own_row(rest, frame, |relay, values| relay.structure_told(part, values));
        }
        if let Some(Request::Cost) = self.expected.front().map(|e| &e.request) {
            return self.own_row(rest, frame, |relay, values| relay.priced(values));
        }
        if let Some(Request::Count) = self.expected.front().map(|e| &e.request) {
            return self.own_row(rest, frame, |relay, values| relay.counted(values));
        }
        if let Some(Request::Changes(..)) = self.expected.front().map(|e| &e.request) {
            return self.own_row(rest, frame, |relay, values| relay.changed(values));
        }
        let unrestricted = self.session.unrestricted();
        let Some(run) = self.run_mut() else {
            return Err(End::UpstreamBroke("rows that nobody asked for".to_owned()));
        };
        if !run.rows_may_leave {
            let intent = run.statement.intent;
            let ledger = &self.session.gate().ledger;
            if !ledger.is_synced(intent) {
                self.rows_block = Some(ledger.synced(intent));
                return Ok(0);
            }
            self.rows_synced(true);
        }
        if self.is_in_doubt()? {
            return Ok(0);
        }
        let rest = match self.look_for_canaries(rest, frame)? {
            Some(rest) => rest,
            None => return Ok(0),
        };
        if tag == Tag::CopyData {
            if self.draining && self.may_leave_stream() {
                return Err(End::Ordered("weir is shutting down"));
            }
            self.look_again()?;
            if self.shows_stream() {
                return Ok(0);
            }
            return self.copy_data(rest, frame, unrestricted);
        }
        self.masks_of_front()?;
        self.look_again()?;
        let masks = self.masks_of_front()?;
        match masks {
            Some(masks) if self.looks_at_rows(&masks) => self.masked_rows(&masks, rest, frame),
            Some(_) | None if self.shows_stream() => Ok(0),
            Some(_) | None => Ok(self.pass_rows(rest)),
        }
    }

    /// Where values were planted, what leaves is looked at whole, one message at a time: gives what
    /// may be dealt with, or nothing if more must come.
    fn look_for_canaries<'a>(
        &mut self,
        rest: &'a [u8],
        frame: Frame,
    ) -> Result<Option<&'a [u8]>, End> {
        if !self.session.has_canaries() {
            return Ok(Some(rest));
        }
        let Some(payload) = frame::payload(rest, frame) else {
            self.await_whole(frame)?;
            return Ok(None);
        };
        self.upstream.wanted = 0;
        self.no_canary(payload)?;
        Ok(rest.get(..frame.len))
    }

    /// Ends the session if bytes that are about to leave hold a canary.
    pub(super) fn no_canary(&mut self, bytes: &[u8]) -> Result<(), End> {
        let run = self.run_mut();
        let id = run.and_then(|run| Some(run.statement.parts.get(run.part)?.id));
        if self.session.meets(bytes, id.as_ref()) {
            return Err(End::Ordered("an operator has to look at it; ask them"));
        }
        Ok(())
    }

    /// The masks of the run at the front; `None` only for full rights.
    fn masks_of_front(&mut self) -> Result<Option<Arc<Masks>>, End> {
        let Some(run) = self.run_mut() else { return Ok(None) };
        if let Some(masks) = &run.masks {
            return Ok(Some(Arc::clone(masks)));
        }
        if run.statement.plan.unrestricted || run.statement.plan.replication {
            return Ok(None);
        }
        let fields = run.portal.as_ref().and_then(|portal| portal.columns()).cloned().flatten();
        let Some(fields) = fields else {
            // Weir asks for the description before it runs a portal, so this is a broken server.
            return Err(End::UpstreamBroke("rows without a description".to_owned()));
        };
        Ok(self.columns_of_front(&fields))
    }

    /// The run at the front has these columns: how they leave, and with which rows they are
    /// counted.
    pub(super) fn columns_of_front(&mut self, fields: &[Field]) -> Option<Arc<Masks>> {
        let run = self.run_mut()?;
        let (plan, part) = (Arc::clone(&run.statement.plan), run.part);
        let masks = self.session.masks(&plan, part, fields);
        let fetched = self.session.fetched(&plan, part);
        let run = self.run_mut()?;
        run.masks = Some(Arc::clone(&masks));
        run.fetched = fetched;
        Some(masks)
    }

    /// Where somebody may have changed the catalog since the statement was sent, its rows may come
    /// from something else than was decided on. What it reads is settled once its first row is
    /// there: the catalog is looked at behind that, and rows wait until it was. True if they do.
    fn is_in_doubt(&mut self) -> Result<bool, End> {
        let Some(run) = self.run_mut() else { return Ok(false) };
        if run.certain || run.statement.plan.unrestricted {
            return Ok(false);
        }
        let (plan, part) = (Arc::clone(&run.statement.plan), run.part);
        let (moves, look, sent) = (run.moves, run.look, run.looked);
        let waited = look.is_some();
        let database = self.session.database();
        let look = match look {
            None if moves == database.moved() => {
                if let Some(run) = self.run_mut() {
                    run.certain = true;
                }
                return Ok(false);
            }
            None => database.needs_look(),
            Some(look) => look,
        };
        let looked = database.has_looked(look);
        if waited && !looked {
            let why = "the catalog could not be looked at while somebody may be changing it";
            return Err(End::Ordered(why));
        }
        if looked && self.session.was_replaced(&plan, part, sent) {
            return Err(End::Ordered("what it reads was replaced meanwhile; run it again"));
        }
        if let Some(run) = self.run_mut() {
            run.look = Some(look);
            if looked {
                // What they may show is decided again.
                (run.certain, run.carried) = (true, u64::MAX);
                return Ok(false);
            }
        }
        self.rows_wait = Some(self.knowledge.looks(self.limits.catalog_wait, look));
        Ok(true)
    }

    /// Where a column got a label since the statement was sent, its rows may hold what was written
    /// there: what they may show is decided again, before the next of them leaves.
    pub(super) fn look_again(&mut self) -> Result<(), End> {
        let carried = self.session.database().carried();
        let Some(run) = self.run_mut() else { return Ok(()) };
        if run.carried == carried || run.statement.plan.unrestricted {
            return Ok(());
        }
        run.carried = carried;
        let (plan, part, copied) = (Arc::clone(&run.statement.plan), run.part, run.copied);
        let fields = run.masks.as_ref().map(|masks| masks.fields.clone());
        let Some(again) = self.session.decided_again(&plan, std::time::SystemTime::now()) else {
            return Ok(());
        };
        if copied {
            return Err(End::Ordered("labels changed while it copied rows out; copy them again"));
        }
        let Some(fields) = fields else { return Ok(()) };
        let masks = match again {
            Some(again) if self.session.may_run(&again) => {
                self.session.masks(&again, part, &fields)
            }
            _ => self.session.masks_for_anything(&plan, &fields),
        };
        if let Some(run) = self.run_mut() {
            run.masks = Some(masks);
        }
        Ok(())
    }

    fn has_row_limit(&mut self) -> bool {
        self.run_mut().and_then(|run| run.part()).is_some_and(|p| p.verdict.row_limit.is_some())
    }

    /// True if each row has to be looked at by itself.
    fn looks_at_rows(&mut self, masks: &Masks) -> bool {
        !masks.pass
            || self.has_row_limit()
            || self.session.is_metered()
            || self.session.watches_text()
    }

    /// Relays all complete rows at the front in one copy; the last may be incomplete and streams.
    fn pass_rows(&mut self, rest: &[u8]) -> usize {
        let (mut end, mut rows) = (0, 0u64);
        let watches = self.watches();
        self.upstream.wanted = 0;
        while let Some(&[b'D', a, b, c, d]) = rest.get(end..).and_then(<[u8]>::first_chunk::<5>) {
            let length = i32::from_be_bytes([a, b, c, d]);
            let Ok(length @ 4..) = usize::try_from(length) else { break };
            if watches {
                let row = rest.get(end..).unwrap_or_default();
                if row.len() < length + 1 && length < self.limits.message_bytes {
                    // Rows may be alike as far as they are there.
                    self.upstream.wanted = if end == 0 { length + 1 } else { 0 };
                    break;
                }
                self.see(row.get(..length + 1).unwrap_or(row));
            }
            end += length + 1;
            rows += 1;
            if end >= rest.len() {
                break;
            }
        }
        let there = end.min(rest.len());
        self.client.output.extend_from_slice(rest.get(..there).unwrap_or_default());
        self.upstream_passes = end - there;
        if let Some(run) = self.run_mut() {
            run.counts.rows += rows;
            run.counts.bytes += end as u64;
        }
        there
    }

    /// A row that must be whole to be masked; beyond the limit the session ends, raw bytes unsent.
    pub(super) fn await_whole(&mut self, frame: Frame) -> Result<(), End> {
        let limit = self.limits.message_bytes;
        if frame.len > limit {
            return Err(End::TooLarge { bytes: frame.len, limit });
        }
        self.upstream.wanted = frame.len;
        Ok(())
    }

    /// A row of an answer to Weir itself, once it is there.
    fn own_row(
        &mut self,
        rest: &[u8],
        frame: Frame,
        take: impl FnOnce(&mut Self, wire_pg::Values<'_>),
    ) -> Result<usize, End> {
        let Some(payload) = frame::payload(rest, frame) else {
            self.await_whole(frame)?;
            return Ok(0);
        };
        let row = DataRow::parse(payload).map_err(|error| End::UpstreamBroke(error.to_string()))?;
        take(self, row.values);
        Ok(frame.len)
    }

    /// The beginning of COPY FROM STDIN.
    pub(super) fn copy_in(&mut self) {
        // What the client sent behind the COPY was read by the server as COPY data or ignored: a
        // Sync is ignored until the data ends.
        let mut ended = false;
        let mut position = 1;
        while let Some(expected) = self.expected.get(position) {
            match expected.request {
                Request::CopyEnd => {
                    ended = true;
                    self.expected.remove(position);
                    break;
                }
                Request::Sync => {
                    self.expected.remove(position);
                    self.answered += 1;
                    self.ignored_syncs += 1;
                }
                _ => position += 1,
            }
        }
        self.copying_in = !ended;
        self.count_after_copy(self.copying_in);
    }

    /// The beginning of COPY TO STDOUT.
    pub(super) fn copy_out(&mut self, message: frame::Message<'_>) -> Result<(), End> {
        let view = backend::CopyResponse::parse(message.payload)
            .map_err(|error| End::UpstreamBroke(error.to_string()))?;
        let Some(run) = self.run_mut() else {
            return Err(End::UpstreamBroke("COPY that nobody asked for".to_owned()));
        };
        run.copied = true;
        if run.statement.plan.replication {
            return Ok(());
        }
        let (plan, part) = (Arc::clone(&run.statement.plan), run.part);
        let mask = self.session.copy_mask(&plan, part, view.columns.len(), view.format == 1);
        let mask = mask.map_err(|what| End::UpstreamBroke(what.to_owned()))?;
        if let Some(run) = self.run_mut() {
            run.copy = mask.map(Box::new);
        }
        Ok(())
    }

    fn copy_data(&mut self, rest: &[u8], frame: Frame, unrestricted: bool) -> Result<usize, End> {
        let Some(run) = self.run_mut() else { return Ok(0) };
        if run.copy.is_none() && (unrestricted || run.copied) {
            let there = frame.len.min(rest.len());
            if self.watches() {
                if there < frame.len && frame.len <= self.limits.message_bytes {
                    self.await_whole(frame)?;
                    return Ok(0);
                }
                self.upstream.wanted = 0;
                self.see(rest.get(..there).unwrap_or_default());
            }
            if let Some(run) = self.run_mut() {
                run.counts.bytes += frame.payload_len() as u64;
            }
            self.client.output.extend_from_slice(rest.get(..there).unwrap_or_default());
            self.upstream_passes = frame.len - there;
            return Ok(there);
        }
        if !frame::complete(rest, frame) {
            self.await_whole(frame)?;
            return Ok(0);
        }
        self.upstream.wanted = 0;
        self.masked_copy(rest)
    }

    fn send_copy(&mut self, data: &[u8]) -> Result<(), End> {
        if data.is_empty() {
            return Ok(());
        }
        if let Some(run) = self.run_mut() {
            run.counts.bytes += data.len() as u64;
        }
        encode::copy_data(&mut self.client.output, data)
            .map_err(|error| End::UpstreamBroke(error.to_string()))
    }

    /// The end of COPY TO STDOUT: what the masks still hold leaves before it is said.
    pub(super) fn copy_out_done(&mut self) -> Result<(), End> {
        let mut rest = Vec::new();
        let Some(copy) = self.run_mut().and_then(|run| run.copy.as_mut()) else { return Ok(()) };
        copy.finish(&mut rest).map_err(|error| End::UpstreamBroke(error.to_string()))?;
        self.send_copy(&rest)
    }

    /// Tells the client that rows were withheld, in place of the server's count.
    pub(super) fn say_limited(&mut self, withheld: Withheld) -> Result<(), End> {
        let Withheld { rows, all } = withheld;
        let message = format!("Weir withheld the rows beyond the first {all}");
        let warning =
            encode::Diagnostic::new(encode::Severity::Warning, "01000", &message).hint(match self
                .session
                .is_metered()
            {
                true => "A policy or the budget of the task limits them.",
                false => "A policy limits them, or parts of the statement were not understood.",
            });
        warning.encode(&mut self.client.output);
        let tag = format!("SELECT {rows}");
        encode::command_complete(&mut self.client.output, tag.as_bytes())
            .map_err(|error| End::UpstreamBroke(error.to_string()))
    }

    /// The intent of the run at the front is durable, or cannot be made so.
    pub(super) fn rows_synced(&mut self, durable: bool) {
        match self.run_mut() {
            Some(run) if durable => run.rows_may_leave = true,
            Some(_) | None if durable => {}
            _ => self.must_end = Some(End::Ordered("the record could not be made durable")),
        }
    }
}
