//! Messages that are a whole of their own, from their text to their transaction's end: Query, and
//! what it has in common with FunctionCall. Knows nothing of pipelines.

use super::{
    End, Relay, Step,
    acting::{SAID, Said},
    change::Limited,
    cost::Priced,
    expected::Request,
};
use gate::{Cleared, Parameters, Refusal, Statement, Via};
use std::sync::Arc;
use wire_pg::{
    Text,
    frame::Message,
    frontend::{self, encode},
};

impl Relay {
    pub(super) fn query(&mut self, message: Message<'_>) -> Result<Step, End> {
        let text = frontend::Query::parse(message.payload)?.text;
        if !self.all_awake_for(text)? {
            return Ok(Step::Blocked);
        }
        let said = self.said_of_end_user(text).and_then(|said| match said {
            Said::Nothing => Ok(Some(false)),
            Said::Token(token) => Ok(self.end_user(&token)?.then_some(true)),
            Said::Waits => Ok(None),
        });
        match said {
            Ok(Some(false)) => self.query_as(text, message),
            Ok(Some(true)) => {
                // What it says is nothing for the server, nor for the record.
                let own = super::acting::query()?;
                let told = Message { tag: message.tag, payload: &own, whole: &own };
                self.query_as(Text::new(SAID), told)
            }
            Ok(None) => Ok(Step::Blocked),
            Err(refusal) => {
                self.refuse_query(refusal)?;
                Ok(Step::Done)
            }
        }
    }

    fn query_as(&mut self, text: Text<'_>, message: Message<'_>) -> Result<Step, End> {
        let cleared = self.clear_whole(Some(text), |relay| match relay.clear_command(text) {
            Some(cleared) => cleared.map(Some),
            None if !relay.ready() || !relay.knows_structure(text) => Ok(None),
            None => relay.clear(text, Via::Simple, &Parameters::default()),
        });
        let cleared = match cleared? {
            Ok(cleared) => cleared,
            Err(step) => return Ok(step),
        };
        let cleared = match self.price(cleared, None)? {
            Priced::Goes(cleared) => cleared,
            Priced::Waits => return Ok(Step::Blocked),
            Priced::Refused(refusal) => {
                self.refuse_query(refusal)?;
                return Ok(Step::Done);
            }
        };
        let cleared = match self.limit_query(cleared)? {
            Limited::Goes(cleared) => cleared,
            Limited::Waits => return Ok(Step::Blocked),
            Limited::Refused => return Ok(Step::Done),
        };
        let counted = self.counts_changes();
        // A simple query also ends an unnamed statement's life.
        self.prepared.remove(&b""[..]);
        self.asleep.forget(b"");
        let plan = Arc::clone(&cleared.get().plan);
        let mut other = bytes::BytesMut::new();
        let whole = match &plan.sent {
            Some(text) if !plan.turned.literals.is_empty() => {
                other = super::turned::query(&plan, text)?;
                &other
            }
            Some(text) => {
                encode::query(&mut other, text.as_bytes())?;
                &other
            }
            None => message.whole,
        };
        self.send(cleared, None, whole, |mut run| {
            run.counted = counted;
            Request::Query(Some(run))
        });
        Ok(Step::Done)
    }

    /// What a message asks that is a whole of its own (Query, FunctionCall), once it may be sent:
    /// cleared by `clear`, durable as far as it must be, read-only where it must be. Inner `Err`:
    /// it may not, and what the message comes to.
    pub(super) fn clear_whole(
        &mut self,
        text: Option<Text<'_>>,
        clear: impl FnOnce(&mut Self) -> Result<Option<Cleared<Statement>>, Refusal>,
    ) -> Result<Result<Cleared<Statement>, Step>, End> {
        if let Some(refusal) = self.refuse_next.take() {
            self.refuse_query(refusal)?;
            return Ok(Err(Step::Done));
        }
        let cleared = match self.parked.take() {
            Some(parked) => Ok(Some(parked.cleared)),
            None => clear(self),
        };
        let cleared = match cleared {
            Ok(Some(cleared)) => cleared,
            Ok(None) => return Ok(Err(Step::Blocked)),
            Err(refusal) => {
                self.refuse_whole(refusal, text)?;
                return Ok(Err(Step::Done));
            }
        };
        // It commits what extended messages before it left uncommitted.
        let commits = self.before_sync.take().is_some();
        let Some(cleared) = self.wait_for_disk(cleared, false, commits) else {
            return Ok(Err(Step::Blocked));
        };
        let prepared = match self.may_turn(&cleared.get().plan, None) {
            Ok(()) => self.prepare_read_only(cleared.get(), true)?,
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = prepared {
            self.abandon(cleared);
            self.refuse_whole(refusal, text)?;
            return Ok(Err(Step::Done));
        }
        Ok(Ok(cleared))
    }

    fn refuse_whole(&mut self, refusal: Refusal, text: Option<Text<'_>>) -> Result<(), End> {
        match text {
            Some(text) => self.refuse_text(refusal, text),
            None => self.refuse_query(refusal),
        }
    }
}
