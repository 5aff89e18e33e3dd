//! What the upstream could not do: its errors, in words that may leave, and what they end. Knows no
//! SQL.

use super::{
    End, Expected, Relay,
    expected::{Request, Run},
    names::Undone,
    server::broke,
    watch::Overdue,
};
use crate::diagnostics;
use bytes::BytesMut;
use std::time::SystemTime;
use wire_pg::{
    backend::{
        self, Report, Tag,
        encode::{Diagnostic, Severity},
    },
    frame::Message,
};

impl Relay {
    pub(super) fn error(&mut self, message: Message<'_>) -> Result<(), End> {
        let report = Report::parse(message.payload).map_err(broke)?;
        let code = report.code().lossy().into_owned();
        (self.copying_in, self.both) = (false, None);
        self.session.failed();
        if report.field(backend::field::SEVERITY_PLAIN).is_some_and(|v| v.bytes() == b"FATAL") {
            self.upstream_said_fatal = true;
        }
        let hidden = self.expected.front().is_some_and(|expected| expected.hidden);
        let refusal = match self.expected.front_mut() {
            // It was asked what it does not know, and says so itself.
            Some(front) if hidden && diagnostics::said_before_data(report) => {
                front.refusal = None;
                None
            }
            Some(front) if hidden => front.refusal.take(),
            // A name that nobody gave a statement. Whatever the server would say of others is not
            // for whoever bound it.
            Some(Expected { request: Request::Bind(_), refusal, .. }) => {
                refusal.take_if(|unknown| unknown.sqlstate == code)
            }
            // The error that was made to happen, or the one that made it unnecessary.
            Some(front) if code == "42601" || code == "25P02" => front.refusal.take(),
            // A server without SQL has another code for what is none.
            Some(front) if self.replication.is_some() => front.refusal.take(),
            _ => None,
        };
        let overdue = self.timer.overdue(self.busy_with()).filter(|_| code == "57014");
        if let (Some(overdue), Some(run)) = (overdue, self.run_mut()) {
            run.counts.ended = Some(overdue.as_str());
        }
        let told = refusal.is_none() && self.change_failed(&code, report)?;
        match refusal {
            _ if told => {}
            Some(refusal) => diagnostics::refuse(&mut self.client.output, &refusal, false),
            None if hidden && self.probe_failed() && !self.change_ends() => {}
            None if overdue.is_some() => {
                let message = overdue.map_or("", Overdue::message);
                let said = Diagnostic::new(Severity::Error, "57014", message);
                said.encode(&mut self.client.output);
            }
            None if self.redacts(report) => {
                diagnostics::redact(&mut self.client.output, Tag::ErrorResponse, report)
                    .map_err(broke)?;
            }
            None => {
                self.said(report);
                self.client.output.extend_from_slice(message.whole);
            }
        }
        self.failed(&code)
    }

    /// True if the error came to a question of Weir's own that the client does not wait for.
    fn probe_failed(&self) -> bool {
        self.expected.iter().any(|e| e.hidden && matches!(e.request, Request::Sync))
            && self.expected.iter().all(|expected| expected.hidden)
    }

    /// The statement that is being answered failed; in the extended protocol so did all up to the
    /// next Sync.
    fn failed(&mut self, code: &str) -> Result<(), End> {
        self.tell_seen();
        match self.expected.front().map(|expected| &expected.request) {
            // An error outside of any statement: the server is about to close.
            None => return Ok(()),
            Some(Request::Query(_) | Request::FunctionCall(_)) => {
                self.finished(None, Some(code))?;
                self.rest_did_not_run();
                return Ok(());
            }
            Some(_) => {}
        }
        let mut failing = Some(code);
        let mut undone = Vec::new();
        while let Some(expected) = self.expected.front() {
            if matches!(expected.request, Request::Sync) {
                break;
            }
            let Some(expected) = self.expected.pop_front() else { break };
            match expected.request {
                Request::Execute(Some(run)) => {
                    self.did_not_finish(&run, failing);
                    self.run_ended(&run);
                }
                // A simple query behind the failure is skipped like the rest.
                Request::Query(run) | Request::FunctionCall(run) => {
                    self.answered += 1;
                    if let Some(run) = run {
                        self.did_not_finish(&run, None);
                        self.run_ended(&run);
                    }
                }
                Request::Parse { name, before, made: Some(made) } => {
                    undone.push(Undone { name, before, made: Some(made) });
                }
                Request::Close { name: Some(name), before } => {
                    undone.push(Undone { name, before, made: None });
                }
                Request::Show(_) | Request::Look(_) => self.probe_done(false),
                Request::Role => self.role_failed(failing),
                Request::Structure(part) => self.structure_failed(part),
                Request::Cost => self.price_known(),
                _ => {}
            }
            failing = None;
        }
        self.undo_names(undone);
        self.forget_portals(self.answered + 1);
        self.session.forget_cursors();
        self.change_skipped();
        if self.expected.is_empty() {
            // What was asked about is skipped too.
            self.cost = Default::default();
        }
        // Where the Sync is under way, it is what came behind it that may be skipped already.
        self.skipping |= self.expected.is_empty();
        Ok(())
    }

    /// Statements of a text behind one that failed.
    fn rest_did_not_run(&mut self) {
        let now = SystemTime::now();
        let Some(front) = self.expected.front_mut() else { return };
        let Request::Query(Some(run)) = &mut front.request else { return };
        while run.part < run.statement.parts.len() {
            let counts = gate::Counts { ended: Some("not run"), ..Default::default() };
            self.session.finish(&run.statement, run.part, &counts, now);
            self.side.done(run, run.part, &counts);
            run.part += 1;
        }
    }

    fn did_not_finish(&mut self, run: &Run, code: Option<&str>) {
        let mut counts = run.counts.clone();
        counts.duration_us = u64::try_from(run.sent.elapsed().as_micros()).unwrap_or(0);
        match code {
            Some(code) => counts.sqlstate = Some(code.to_owned()),
            None => counts.ended = Some("not run"),
        }
        self.session.finish(&run.statement, run.part, &counts, SystemTime::now());
        self.side.done(run, run.part, &counts);
    }

    /// The last words to the client, by the reason of the end.
    pub(super) fn say_goodbye(&mut self, end: &End) {
        // Within a message any words would be read as the rest of it.
        let said = matches!(end, End::UpstreamLost(_)) && self.upstream_said_fatal;
        if !said && self.upstream_passes == 0 {
            last_words(end, &mut self.client.output);
        }
    }
}

/// The last words to a client, by the reason of the end.
pub(super) fn last_words(end: &End, out: &mut BytesMut) {
    let (code, message, hint) = match end {
        End::ClientLeft | End::ClientLost(_) | End::Rests => return,
        End::ClientBroke(_) | End::ClientMistook(_) => {
            ("08P01", "the client broke the protocol", None)
        }
        End::UpstreamLost(_) => {
            ("08006", "the database closed the connection", Some("Connect again."))
        }
        End::NotReached(refusal) => (refusal.sqlstate, &*refusal.message, refusal.hint.as_deref()),
        End::UpstreamBroke(_) => (
            "08P01",
            "the database sent what Weir cannot vouch for, so the session ends",
            Some("Tell an operator; Weir's log has the reason."),
        ),
        End::Idle => ("57P05", "the session was idle for too long", Some("Connect again.")),
        End::Ordered(why) => ("57P01", *why, None),
        End::TooLarge { .. } => (
            "54000",
            "a row is too large to be masked",
            Some("Select fewer columns, or ask an operator to raise limits.max_message_bytes."),
        ),
    };
    let message = format!("Weir ended this session: {message}");
    let mut diagnostic = Diagnostic::fatal(code, &message);
    diagnostic.hint = hint;
    diagnostic.encode(out);
}
