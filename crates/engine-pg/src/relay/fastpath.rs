//! The FunctionCall message: decided as the SELECT that calls the same function, its one value
//! masked as that one's would be. Knows no functions.

use super::{End, Relay, Step, expected::Request};
use gate::{Applied, Refusal, Value, Via};
use std::time::SystemTime;
use wire_pg::{
    Format,
    backend::{self, encode},
    frame::Message,
    frontend,
};

/// The arguments of a call: what types they have is the function's to say.
fn values<'a>(call: &'a frontend::FunctionCall<'a>) -> impl Iterator<Item = Value<'a>> {
    call.arguments.iter().enumerate().map(|(index, bytes)| {
        let binary = super::turned::format(&call.formats, index) == Format::BINARY;
        Value { bytes, binary: binary.then_some(0) }
    })
}

impl Relay {
    pub(super) fn function_call(&mut self, message: Message<'_>) -> Result<Step, End> {
        let call = frontend::FunctionCall::parse(message.payload)?;
        let cleared = self.clear_whole(None, |relay| {
            if !relay.ready() {
                return Ok(None);
            }
            relay.acts_as_said(None)?;
            let now = SystemTime::now();
            let plan = relay.session.plan_call(call.function, now)?;
            if !relay.carries(&plan)? {
                return Ok(None);
            }
            let parameters = relay.session.parameters(values(&call));
            relay.session.submit(&plan, Via::FunctionCall, &parameters, None, now).map(Some)
        });
        let cleared = match cleared? {
            Ok(cleared) => cleared,
            Err(step) => return Ok(step),
        };
        if cleared.get().is_counted() {
            self.abandon(cleared);
            self.refuse_query(Refusal::unenforceable(
                "policy limits how many rows it changes, and a FunctionCall is not counted",
                "Call the function by SELECT.",
            ))?;
            return Ok(Step::Done);
        }
        let binary = call.result_format == Format::BINARY;
        let masks = self.session.call_masks(&cleared.get().plan, call.function, binary);
        self.send(cleared, None, message.whole, |mut run| {
            run.masks = masks;
            Request::FunctionCall(Some(run))
        });
        Ok(Step::Done)
    }

    /// The result of a call, on its way to the client.
    pub(super) fn function_result(&mut self, message: Message<'_>) -> Result<(), End> {
        self.look_again()?;
        self.shown_at_once("the result of a function");
        if self.watches() {
            self.see(message.payload);
        }
        let broke = |error: wire_pg::WireError| End::UpstreamBroke(error.to_string());
        let value = backend::function_call_response(message.payload).map_err(broke)?;
        let Some(Request::FunctionCall(Some(run))) =
            self.expected.front_mut().map(|expected| &mut expected.request)
        else {
            return Err(End::UpstreamBroke("the result of a call that nobody made".to_owned()));
        };
        run.counts.rows = 1;
        run.counts.bytes = value.map_or(0, <[u8]>::len) as u64;
        let masks = run.masks.take();
        let (Some(masks), Some(value)) = (masks.filter(|masks| !masks.pass), value) else {
            self.client.output.extend_from_slice(message.whole);
            return self.finished(Some("FUNCTION CALL"), None);
        };
        let Some(mask) = masks.columns.first() else {
            return Err(End::UpstreamBroke("the result of a call without a mask".to_owned()));
        };
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let applied = mask.apply(value, &mut scratch);
        let seen = match applied {
            Applied::Raw => Some(value),
            Applied::Masked => Some(scratch.as_slice()),
            Applied::Null => None,
        };
        let sent = encode::function_call_response(&mut self.client.output, seen).map_err(broke);
        self.scratch = scratch;
        sent?;
        let mut disclosed = gate::Disclosed::default();
        match applied {
            Applied::Raw => disclosed.raw = 1,
            Applied::Masked | Applied::Null => disclosed.masked = 1,
        }
        if let Some(run) = self.run_mut() {
            run.counts.disclosed = vec![disclosed];
        }
        self.finished(Some("FUNCTION CALL"), None)
    }
}
