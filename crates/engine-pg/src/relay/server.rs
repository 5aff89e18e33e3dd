//! What the upstream sends: matched with what was asked, counted, and carried on as the verdict
//! says. Knows no SQL.

use super::{
    End, Expected, PROTOCOL_MESSAGE_BYTES, Relay,
    expected::{Request, Run},
};
use bytes::Buf;
use gate::{Disclosed, Field, Sequence};
use std::{mem, sync::Arc, time::SystemTime};
use wire_pg::{
    WireError,
    backend::{self, Status, Tag},
    frame::{self, Message},
};

/// A wire error in what the upstream sent.
pub(super) fn broke(error: WireError) -> End {
    End::UpstreamBroke(error.to_string())
}

impl Relay {
    /// Works through the upstream's input; `Ok(true)` if anything was consumed.
    pub(super) fn take_upstream(&mut self) -> Result<bool, End> {
        let mut input = mem::take(&mut self.upstream.input);
        let mut used = 0;
        let result = self.upstream_messages(&input, &mut used);
        input.advance(used);
        self.upstream.input = input;
        result.map(|()| used > 0)
    }

    fn upstream_messages(&mut self, input: &[u8], used: &mut usize) -> Result<(), End> {
        while !self.rows_are_held() && !self.client.is_full() {
            let rest = input.get(*used..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            if self.upstream_passes > 0 {
                let passing = rest.len().min(self.upstream_passes);
                self.client.output.extend_from_slice(rest.get(..passing).unwrap_or_default());
                self.upstream_passes -= passing;
                *used += passing;
                continue;
            }
            let Some(frame) = frame::peek(rest, PROTOCOL_MESSAGE_BYTES).map_err(broke)? else {
                break;
            };
            let Some(tag) = Tag::from_byte(frame.tag) else {
                return Err(End::UpstreamBroke(format!("unknown message {:#04x}", frame.tag)));
            };
            if matches!(tag, Tag::DataRow | Tag::CopyData) {
                let consumed = self.rows(tag, rest, frame)?;
                if consumed == 0 {
                    break;
                }
                *used += consumed;
                continue;
            }
            let Some(whole) = rest.get(..frame.len) else {
                if frame.len > self.limits.message_bytes {
                    return Err(End::UpstreamBroke(format!("a message of {} bytes", frame.len)));
                }
                self.upstream.wanted = frame.len;
                break;
            };
            self.upstream.wanted = 0;
            let payload = whole.get(frame::HEADER_LEN..).unwrap_or_default();
            self.upstream_message(tag, Message { tag: frame.tag, payload, whole })?;
            *used += frame.len;
        }
        Ok(())
    }

    fn upstream_message(&mut self, tag: Tag, message: Message<'_>) -> Result<(), End> {
        let speaks = matches!(
            tag,
            Tag::ErrorResponse
                | Tag::NoticeResponse
                | Tag::NotificationResponse
                | Tag::FunctionCallResponse
                | Tag::ParameterStatus
                | Tag::RowDescription
        );
        if speaks && self.session.has_canaries() {
            self.no_canary(message.payload)?;
        }
        if !matches!(tag, Tag::ParameterStatus | Tag::NoticeResponse | Tag::NotificationResponse) {
            self.skip_copy_end();
            if self.is_late(tag) {
                return self.late_ready(message);
            }
        }
        match tag {
            Tag::ParameterStatus => return self.parameter_status(message),
            Tag::NoticeResponse => return self.notice(message),
            Tag::NotificationResponse => return self.notification(message),
            Tag::ErrorResponse => return self.error(message),
            _ => {}
        }
        let hidden = self.expected.front().is_some_and(|expected| expected.hidden);
        match tag {
            // A Query that went as a statement and its values.
            Tag::ParseComplete | Tag::BindComplete | Tag::CloseComplete | Tag::NoData
                if self.goes_in_parts() =>
            {
                return Ok(());
            }
            Tag::ParseComplete | Tag::BindComplete | Tag::CloseComplete => self.completed(tag)?,
            Tag::RowDescription => self.row_description(message)?,
            Tag::ParameterDescription => return self.described_parameters(message, hidden),
            Tag::NoData => self.described(None)?,
            Tag::CommandComplete => return self.command_complete(message, hidden),
            Tag::EmptyQueryResponse => self.finished(None, None)?,
            // Where rows were withheld, no further ones come, whatever the server has.
            Tag::PortalSuspended => return self.complete("PORTAL SUSPENDED", message, hidden),
            Tag::CopyInResponse => self.copy_in(),
            Tag::CopyOutResponse => self.copy_out(message)?,
            Tag::CopyDone => self.copy_out_done()?,
            Tag::FunctionCallResponse => return self.function_result(message),
            Tag::ReadyForQuery => return self.ready_for_query(message, hidden),
            Tag::CopyBothResponse => self.copy_both(message)?,
            Tag::Authentication
            | Tag::BackendKeyData
            | Tag::NegotiateProtocolVersion
            | Tag::DataRow
            | Tag::CopyData
            | Tag::ParameterStatus
            | Tag::NoticeResponse
            | Tag::NotificationResponse
            | Tag::ErrorResponse => return Err(unexpected(tag)),
        }
        if !hidden {
            self.client.output.extend_from_slice(message.whole);
        }
        Ok(())
    }

    /// The end of COPY data that nobody asked for was ignored by the server.
    pub(super) fn skip_copy_end(&mut self) {
        while matches!(self.expected.front(), Some(e) if matches!(e.request, Request::CopyEnd)) {
            self.expected.pop_front();
        }
    }

    /// The run that is being answered.
    pub(super) fn run_mut(&mut self) -> Option<&mut Run> {
        match &mut self.expected.front_mut()?.request {
            Request::Query(run) | Request::FunctionCall(run) | Request::Execute(run) => {
                run.as_deref_mut()
            }
            Request::Parse { .. }
            | Request::Bind(_)
            | Request::Close { .. }
            | Request::DescribeStatement(..)
            | Request::DescribePortal(_)
            | Request::Sync
            | Request::CopyEnd
            | Request::Show(_)
            | Request::Role
            | Request::Count
            | Request::Cost
            | Request::Changes(..)
            | Request::Structure(_)
            | Request::Look(_) => None,
        }
    }

    /// The intent of the statement that is being answered, or that will be next.
    pub(super) fn busy_with(&self) -> Option<Sequence> {
        self.expected.iter().find_map(|expected| match &expected.request {
            Request::Query(Some(run))
            | Request::FunctionCall(Some(run))
            | Request::Execute(Some(run)) => Some(run.statement.intent),
            _ => None,
        })
    }

    fn completed(&mut self, tag: Tag) -> Result<(), End> {
        let fits = match self.expected.front().map(|expected| &expected.request) {
            Some(Request::Parse { .. }) => tag == Tag::ParseComplete,
            Some(Request::Bind(_)) => tag == Tag::BindComplete,
            Some(Request::Close { .. }) => tag == Tag::CloseComplete,
            _ => false,
        };
        if !fits {
            return Err(unexpected(tag));
        }
        match self.expected.pop_front() {
            Some(Expected { request: Request::Parse { name, made, .. }, .. }) => {
                self.parsed(&name, made)
            }
            Some(Expected { request: Request::Bind(Some((name, portal))), .. }) => {
                self.session.planned_there(&portal.plan);
                self.bound(&name, &portal);
                self.session.ran();
            }
            _ => {}
        }
        Ok(())
    }

    fn row_description(&mut self, message: Message<'_>) -> Result<(), End> {
        let view = backend::RowDescription::parse(message.payload).map_err(broke)?;
        let front = self.expected.front().map(|expected| &expected.request);
        if self.answers_command()
            || matches!(
                front,
                Some(Request::Show(_) | Request::Count | Request::Cost | Request::Changes(..))
            )
        {
            return Ok(());
        }
        let fields: Box<[Field]> = view.iter().map(field).collect();
        let in_query = matches!(
            self.expected.front().map(|expected| &expected.request),
            Some(Request::Query(Some(_)))
        );
        if !in_query {
            return self.described(Some(fields));
        }
        match self.columns_of_front(&fields) {
            Some(_) => Ok(()),
            None => Err(unexpected(Tag::RowDescription)),
        }
    }

    /// The answer to a Describe: columns, or none.
    fn described(&mut self, fields: Option<Box<[Field]>>) -> Result<(), End> {
        match self.expected.pop_front().map(|expected| expected.request) {
            Some(Request::DescribeStatement(prepared, _)) => {
                // A statement's result cannot change while it is prepared, unless it runs something
                // by a name, which may stand for something else by then.
                if let Some(prepared) = prepared.filter(|it| !self.session.by_name(&it.plan)) {
                    let _ = prepared.fields.set(fields);
                }
                Ok(())
            }
            Some(Request::DescribePortal(portal)) => {
                if let Some(portal) = portal {
                    let of = portal.prepared.as_ref().filter(|_| self.keeping.may_rest());
                    let _ = of.map(|prepared| prepared.shown.set(fields.clone()));
                    let _ = portal.fields.set(fields);
                }
                Ok(())
            }
            _ => Err(unexpected(Tag::RowDescription)),
        }
    }

    fn command_complete(&mut self, message: Message<'_>, hidden: bool) -> Result<(), End> {
        let tag = backend::command_complete(message.payload).map_err(broke)?;
        let tag = tag.lossy();
        self.structure_answered();
        if self.answers_command() {
            if let Some(run) = self.run_mut() {
                run.counts.tag = Some(tag.into_owned());
            }
            self.client.output.extend_from_slice(message.whole);
            return Ok(());
        }
        if let Some(run) = self.run_mut().filter(|run| run.copied) {
            run.counts.rows = tag.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        }
        self.complete(&tag, message, hidden)
    }

    /// A statement did what it was to do, or a portal as much as was asked for.
    fn complete(&mut self, tag: &str, message: Message<'_>, hidden: bool) -> Result<(), End> {
        let withheld = self.run_mut().and_then(|run| run.withheld());
        let puzzled = self.run_mut().and_then(|run| run.puzzled()).filter(|_| !hidden);
        if self.run_mut().is_some_and(|run| run.counted) {
            return self.counted_complete(tag, withheld, message);
        }
        self.finished(Some(tag), None)?;
        if let Some(puzzled) = puzzled {
            self.say_puzzled(&puzzled);
        }
        match withheld {
            Some(withheld) => self.say_limited(withheld)?,
            None if hidden => {}
            None => self.client.output.extend_from_slice(message.whole),
        }
        Ok(())
    }

    /// One statement ended: records its outcome and goes on to what comes next.
    pub(super) fn finished(
        &mut self,
        tag: Option<&str>,
        sqlstate: Option<&str>,
    ) -> Result<(), End> {
        self.tell_seen();
        self.rest_rows();
        let now = SystemTime::now();
        let Some(front) = self.expected.front_mut() else {
            return Err(unexpected(Tag::CommandComplete));
        };
        match &mut front.request {
            Request::Query(None) | Request::FunctionCall(None) => Ok(()),
            Request::Query(Some(run)) | Request::FunctionCall(Some(run)) => {
                let counts = run.take_counts(tag, sqlstate);
                self.session.finish(&run.statement, run.part, &counts, now);
                self.side.done(run, run.part, &counts);
                let (plan, part) = (Arc::clone(&run.statement.plan), run.part);
                run.next_part();
                if sqlstate.is_none() {
                    self.follow_names(&plan, part);
                }
                Ok(())
            }
            Request::Show(_) | Request::Look(_) => {
                self.expected.pop_front();
                self.probe_done(sqlstate.is_none());
                Ok(())
            }
            Request::Role | Request::Structure(_) => {
                self.expected.pop_front();
                Ok(())
            }
            Request::Cost => {
                self.expected.pop_front();
                self.price_known();
                Ok(())
            }
            Request::Count => {
                self.expected.pop_front();
                self.count_done()
            }
            Request::Changes(all, tracked) => {
                let (all, tracked) = (std::mem::take(all), *tracked);
                self.expected.pop_front();
                self.changes_known(all, tracked, now);
                Ok(())
            }
            Request::Execute(_) => {
                let request = self.expected.pop_front().map(|expected| expected.request);
                if let Some(Request::Execute(Some(mut run))) = request {
                    let counts = run.take_counts(tag, sqlstate);
                    self.session.finish(&run.statement, 0, &counts, now);
                    self.side.done(&run, 0, &counts);
                    if sqlstate.is_none() {
                        self.follow_names(&run.statement.plan, 0);
                    }
                    self.run_ended(&run);
                }
                Ok(())
            }
            Request::Parse { .. }
            | Request::Bind(_)
            | Request::Close { .. }
            | Request::DescribeStatement(..)
            | Request::DescribePortal(_)
            | Request::Sync
            | Request::CopyEnd => Err(unexpected(Tag::CommandComplete)),
        }
    }

    pub(super) fn run_ended(&mut self, run: &Run) {
        if run.statement.ends_transaction() {
            self.ending = self.ending.saturating_sub(1);
        }
        if run.statement.changes_names() {
            self.changing = self.changing.saturating_sub(1);
        }
    }

    fn ready_for_query(&mut self, message: Message<'_>, hidden: bool) -> Result<(), End> {
        self.status = backend::ready_for_query(message.payload).map_err(broke)?;
        self.command_ended()?;
        let expected = self.expected.pop_front();
        let mut ended = None;
        match expected.map(|expected| expected.request) {
            Some(Request::Query(Some(run)) | Request::FunctionCall(Some(run))) => {
                self.run_ended(&run);
                ended = Some(run);
            }
            Some(Request::Query(None) | Request::FunctionCall(None) | Request::Sync) => {}
            _ => return Err(unexpected(Tag::ReadyForQuery)),
        }
        if !hidden {
            self.answered += 1;
        }
        self.is_ready(message, hidden, ended)
    }

    /// The answer to a Sync that is not owed any more.
    fn late_ready(&mut self, message: Message<'_>) -> Result<(), End> {
        self.status = backend::ready_for_query(message.payload).map_err(broke)?;
        self.ignored_syncs -= 1;
        if self.limits_changes() {
            return Err(unexpected(Tag::ReadyForQuery));
        }
        // What was refused or failed since is skipped up to a Sync of its own.
        self.skipping &= !self.expected.is_empty();
        self.is_ready(message, false, None)
    }

    /// The server is ready for what comes next.
    fn is_ready(
        &mut self,
        message: Message<'_>,
        hidden: bool,
        ended: Option<Box<Run>>,
    ) -> Result<(), End> {
        if !hidden {
            self.session.ran();
        }
        if self.status == Status::Idle {
            self.forget_portals(self.answered);
            self.session.transaction_ended();
        }
        if self.expected.is_empty() {
            self.session.landed();
        }
        self.settled_for_whom(hidden);
        self.structure_ready();
        if self.change_ready(ended)?.unwrap_or(!hidden) {
            self.client.output.extend_from_slice(message.whole);
        }
        self.preview_ready()
    }

    /// Notes what answers a request. True for the server's answer to a Sync that was taken for one
    /// that a COPY ignores: the COPY failed before it read anything, so the Sync was not ignored.
    fn is_late(&mut self, tag: Tag) -> bool {
        let spoke = mem::replace(&mut self.spoke, tag != Tag::ReadyForQuery);
        match tag {
            Tag::ReadyForQuery => {}
            // It may be the COPY's own.
            Tag::ErrorResponse => return false,
            // Answers come in order: whatever was to come for that Sync has come.
            _ => {
                self.ignored_syncs = 0;
                return false;
            }
        }
        let may_be_due = match self.expected.front().map(|expected| &expected.request) {
            Some(Request::Sync) => true,
            Some(Request::Query(_) | Request::FunctionCall(_)) => spoke,
            _ => false,
        };
        self.ignored_syncs > 0 && !may_be_due
    }
}

fn unexpected(tag: Tag) -> End {
    End::UpstreamBroke(format!("{tag:?} where it was not expected"))
}

fn field(field: backend::Field<'_>) -> Field {
    let binary = field.format == wire_pg::Format::BINARY;
    Field::new(field.table_oid, field.attnum, field.type_oid, binary)
}

/// Columns of a run whose values are counted one by one.
pub(super) fn zeroes(columns: usize) -> Vec<Disclosed> {
    vec![Disclosed::default(); columns]
}
