//! Replication connections: commands of a grammar of their own, and streams that run both ways at
//! once. Knows when a stream begins and ends, nothing of what it carries.
//!
//! ```text
//!  START_REPLICATION ─▶ gate ─▶ upstream
//!            CopyBothResponse ◀─┘
//!  CopyData (positions) ──▶      ◀── CopyData (log)      until both sides said CopyDone
//! ```

use super::{End, Relay, expected::Request};
use crate::upstream::Replication;
use gate::{Cleared, Parameters, Plan, Refusal, Statement, Via};
use std::{sync::Arc, time::SystemTime};
use wire_pg::{Text, backend, frame::Message, frontend::Tag};

/// A stream that runs both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Both {
    /// The client may send positions.
    Open,
    /// The client said that it is done; the server says so too, or has.
    ClientDone,
}

impl Relay {
    /// Makes the relay one of a replication connection.
    pub(crate) fn replicate(&mut self, replication: Option<Replication>) {
        self.replication = replication;
    }

    /// Decides, records and clears a replication command; `None` if the text is SQL, or the
    /// connection an ordinary one.
    pub(super) fn clear_command(
        &mut self,
        text: Text<'_>,
    ) -> Option<Result<Cleared<Statement>, Refusal>> {
        let mode = self.replication?;
        let now = SystemTime::now();
        // Commands are ASCII but for names and literals, which are the server's to judge.
        let command = text.lossy();
        let has_sql = mode == Replication::Logical;
        let Some(plan) = self.session.plan_replication(&command, has_sql, now) else {
            // The server knows no SQL here either; who has full rights hears so from itself.
            let no_sql = !has_sql && !self.session.unrestricted();
            return no_sql.then(|| Err(no_sql_here()));
        };
        let parameters = Parameters::default();
        Some(self.session.submit(&plan, Via::Replication, &parameters, None, now))
    }

    /// True if the plan that is being answered is a replication command: what comes leaves as it
    /// is, in however many results and streams.
    pub(super) fn answers_command(&self) -> bool {
        let plan: Option<&Arc<Plan>> = match self.expected.front().map(|e| &e.request) {
            Some(Request::Query(Some(run))) => Some(&run.statement.plan),
            _ => None,
        };
        plan.is_some_and(|plan| plan.replication)
    }

    /// The beginning of a stream that runs both ways: only a command starts one.
    pub(super) fn copy_both(&mut self, message: Message<'_>) -> Result<(), End> {
        backend::CopyResponse::parse(message.payload)
            .map_err(|error| End::UpstreamBroke(error.to_string()))?;
        if self.replication.is_none() || !self.answers_command() || self.both.is_some() {
            return Err(End::UpstreamBroke("a stream that nobody asked for".to_owned()));
        }
        if let Some(run) = self.run_mut() {
            run.copied = true;
        }
        self.both = Some(Both::Open);
        Ok(())
    }

    /// What the client sends while a stream runs both ways. The server ends the connection at
    /// whatever is not part of the stream, so nothing else goes there.
    pub(super) fn stream_message(&mut self, tag: Tag, message: Message<'_>) -> Result<(), End> {
        match tag {
            Tag::CopyData => {}
            Tag::CopyDone | Tag::CopyFail => self.both = Some(Both::ClientDone),
            Tag::Terminate => return Err(End::ClientLeft),
            Tag::Query
            | Tag::Parse
            | Tag::Bind
            | Tag::Describe
            | Tag::Execute
            | Tag::Close
            | Tag::Sync
            | Tag::Flush
            | Tag::FunctionCall
            | Tag::Password => return Err(End::ClientMistook(message.tag)),
        }
        self.upstream.output.extend_from_slice(message.whole);
        Ok(())
    }

    /// True while a stream runs both ways and stands between two messages, so that the session can
    /// end in words. Such a stream has no end that a drain could wait for.
    pub(super) fn may_leave_stream(&self) -> bool {
        self.both.is_some() && self.upstream_passes == 0 && self.client_passes == 0
    }

    /// A command has several results, and sometimes two tags: it has ended when the server is
    /// ready for the next.
    pub(super) fn command_ended(&mut self) -> Result<(), End> {
        self.both = None;
        if !self.answers_command() {
            return Ok(());
        }
        let Some(run) = self.run_mut().filter(|run| run.part == 0) else { return Ok(()) };
        let tag = run.counts.tag.take();
        self.finished(tag.as_deref(), None)
    }
}

fn no_sql_here() -> Refusal {
    Refusal::unenforceable(
        "a physical replication connection has no SQL",
        "Connect with replication=database, or without.",
    )
}
