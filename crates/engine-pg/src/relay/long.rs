//! Messages of the client that are not held whole: carried on as they come, or refused before they
//! have come. Knows of them what stands at their beginning.

use super::{End, Relay, Step, extended::Bound};
use gate::{Parameters, Refusal};
use std::sync::atomic::Ordering;
use wire_pg::{
    Text, WireError,
    frame::{Frame, HEADER_LEN},
    frontend::Tag,
};

/// Messages that hold names and numbers alone are no longer than this: bytes.
const SMALL_MESSAGE_BYTES: usize = 64 * 1024;
/// A Bind beyond this is carried on as it comes, once its names are known: bytes.
const WHOLE_BIND_BYTES: usize = 1 << 20;

impl Relay {
    /// Deals with messages that are too long to be held: COPY data and long Binds stream through,
    /// statements beyond the limit are refused and dropped. `Some` is the number of bytes consumed.
    pub(super) fn begin_long(
        &mut self,
        tag: Tag,
        rest: &[u8],
        frame: Frame,
    ) -> Result<Option<usize>, End> {
        match tag {
            Tag::CopyData if rest.len() < frame.len => {
                self.contain_copy();
                if self.skipping && !self.copying_in {
                    self.client_drops = frame.len;
                } else {
                    self.client_passes = frame.len;
                }
                Ok(Some(0))
            }
            Tag::Query | Tag::Parse if frame.len > self.limits.statement_bytes => {
                self.client_drops = frame.len;
                if self.skipping {
                    return Ok(Some(0));
                }
                let limit = self.limits.statement_bytes;
                let what = format!("it is longer than {limit} bytes");
                let refusal =
                    Refusal::limit(what, "Split it, or send data as COPY or as parameters.");
                match tag {
                    Tag::Query => self.refuse_query(refusal)?,
                    _ => self.refuse_extended(refusal)?,
                }
                Ok(Some(0))
            }
            Tag::FunctionCall if frame.len > self.limits.message_bytes => {
                self.client_drops = frame.len;
                if !self.skipping {
                    let what = format!("it is longer than {} bytes", self.limits.message_bytes);
                    let hint = "Send the arguments in pieces, or as parameters of a SELECT.";
                    self.refuse_query(Refusal::limit(what, hint))?;
                }
                Ok(Some(0))
            }
            Tag::Execute
            | Tag::Describe
            | Tag::Close
            | Tag::Sync
            | Tag::Flush
            | Tag::Terminate
            | Tag::CopyDone
            | Tag::CopyFail
            | Tag::Password
                if frame.len > SMALL_MESSAGE_BYTES =>
            {
                Err(too_long(frame).into())
            }
            Tag::Bind if frame.len > WHOLE_BIND_BYTES && rest.len() < frame.len => {
                self.long_bind(rest, frame)
            }
            _ => Ok(None),
        }
    }

    /// A Bind that is too long to be held: its names come first, the rest streams through. Its
    /// parameters are not hashed, and neither are its result formats seen, so the portal is
    /// described before it runs.
    fn long_bind(&mut self, rest: &[u8], frame: Frame) -> Result<Option<usize>, End> {
        let names = rest.get(HEADER_LEN..).unwrap_or_default();
        let names = names.get(..SMALL_MESSAGE_BYTES).unwrap_or(names);
        let mut parts = names.splitn(3, |byte| *byte == 0);
        let (Some(portal), Some(statement), Some(_)) = (parts.next(), parts.next(), parts.next())
        else {
            return if names.len() < SMALL_MESSAGE_BYTES {
                Ok(None)
            } else {
                Err(too_long(frame).into())
            };
        };
        if self.skipping {
            self.client_drops = frame.len;
            return Ok(Some(0));
        }
        let (portal, statement) = (Text::new(portal), Text::new(statement));
        if let Some(step) = self.wakes(statement)? {
            if step == Step::Done {
                self.client_drops = frame.len;
            }
            return Ok(Some(0));
        }
        if !self.ready() || !self.sure_of_statement(statement) || !self.has_room() {
            // Nothing is consumed; the names are looked at again when the block is gone.
            return Ok(Some(0));
        }
        let bound = self.bound_plan(statement).and_then(|(plan, prepared)| {
            if plan.turned.looks_at_parameters() || !plan.turned.literals.is_empty() {
                return Err(Refusal::unenforceable(
                    "what is bound to it is too long to look for pseudonyms in it",
                    "Send the long values apart from those that are compared.",
                ));
            }
            let parameters = Parameters::uncounted();
            let bound = Bound { plan, prepared, parameters, given: None, whole: None };
            self.note_bind(portal, bound, Box::default())
        });
        match bound {
            Ok(made) => {
                self.read_early(Some(&made.1.plan))?;
                made.1.unknown_formats.store(true, Ordering::Relaxed);
                self.expect_bind(made, statement);
                self.client_passes = frame.len;
            }
            Err(refusal) => {
                self.refuse_extended(refusal)?;
                self.client_drops = frame.len;
            }
        }
        Ok(Some(0))
    }
}

/// A message that holds names and numbers alone, or should so far.
fn too_long(frame: Frame) -> WireError {
    WireError::TooLong { tag: frame.tag, len: frame.len, limit: SMALL_MESSAGE_BYTES }
}
