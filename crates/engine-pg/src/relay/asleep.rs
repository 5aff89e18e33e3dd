//! What a client prepared on an upstream connection that its session gave up: its texts, prepared
//! again on the next one when their names are used. Knows what a name stood for, not what for now.
//!
//! A text that is prepared again goes the way of every Parse: it is analysed and decided anew. What
//! the server says to it is not for the client, unless it says no: then that is what the client's
//! own message is answered. Where the result has other columns by now than the client was told, it
//! is refused as the server itself would.

use super::{
    End, Expected, Relay, Step,
    expected::{Prepared, Request},
    kept::{Keeps, Kept},
    names::{Names, known_as},
};
use bytes::BytesMut;
use gate::{Field, Refusal};
use std::{mem, sync::Arc};
use wire_pg::{
    Text,
    backend::Status,
    frame::{HEADER_LEN, Message},
    frontend::{self, Kind, Tag, encode},
};

/// Words of texts that may run or forget something by its name.
const BY_NAME: [&[u8]; 4] = [b"prepare", b"execute", b"allocate", b"discard"];

/// All of them, by their names.
#[derive(Debug, Default)]
pub(super) struct Asleep {
    by_name: Names<Sleeper>,
    /// All are prepared again, and what does not come to be is given up.
    all: bool,
}

/// A prepared statement as it was said.
#[derive(Debug)]
struct Sleeper {
    text: Box<str>,
    types: Box<[u32]>,
    /// Its result's columns, if the client was told them.
    told: Option<Option<Box<[Field]>>>,
    _kept: Kept,
}

/// What became of the message that uses a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Woken {
    /// The name stands for what it stood for.
    Awake,
    /// It has to be looked at again.
    Later,
    /// It was refused.
    Refused,
}

impl Asleep {
    /// Keeps what was prepared as it was said. What sleeps already sleeps on.
    pub(super) fn lay(&mut self, prepared: Names<Prepared>, keeps: &Keeps) {
        for (name, one) in prepared {
            let types = one.described.get().unwrap_or(&one.types).clone();
            let told = one.fields.get().or(one.shown.get()).or(one.was.get()).cloned();
            let text = one.plan.text.clone();
            let _kept = keeps.keep(text.len() + name.len() + 4 * types.len());
            self.by_name.insert(name, Arc::new(Sleeper { text, types, told, _kept }));
        }
        self.all = false;
    }

    /// Forgets one.
    pub(super) fn forget(&mut self, name: &[u8]) {
        self.by_name.remove(name);
    }
}

impl Prepared {
    /// Refuses what has other columns than the client was told before its session rested.
    pub(super) fn is_as_told(&self) -> Result<(), Refusal> {
        let (Some(was), Some(now)) = (self.was.get(), self.fields.get()) else { return Ok(()) };
        let same = match (was, now) {
            (Some(was), Some(now)) => {
                let of = |fields: &[Field]| -> Vec<_> {
                    fields.iter().map(|field| (field.origin, field.type_id)).collect()
                };
                of(was) == of(now)
            }
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if same {
            return Ok(());
        }
        Err(Refusal {
            sqlstate: "0A000",
            message: "cached plan must not change result type".to_owned(),
            hint: Some("Close the statement and prepare it again.".to_owned()),
            ..Refusal::limit(String::new(), "")
        })
    }
}

impl Relay {
    pub(super) fn parse(&mut self, message: Message<'_>) -> Result<Step, End> {
        let parse = frontend::Parse::parse(message.payload)?;
        if parse.name.bytes().is_empty() {
            self.asleep.forget(b"");
        } else if let Some(step) = self.wakes(parse.name)? {
            return Ok(step);
        }
        match self.all_awake_for(parse.text)? {
            true => self.parse_text(message),
            false => Ok(Step::Blocked),
        }
    }

    /// What a message that uses a statement's name comes to, if it cannot be dealt with yet. What
    /// sleeps under the name is prepared again before.
    pub(super) fn wakes(&mut self, name: Text<'_>) -> Result<Option<Step>, End> {
        if self.asleep.by_name.is_empty() {
            return Ok(None);
        }
        Ok(match self.wake(known_as(name), false)? {
            Woken::Awake => None,
            Woken::Later => Some(Step::Blocked),
            Woken::Refused => Some(Step::Done),
        })
    }

    /// False if a text has to wait until all that sleeps is prepared again: it may run or forget
    /// something by its name.
    pub(super) fn all_awake_for(&mut self, text: Text<'_>) -> Result<bool, End> {
        if self.asleep.by_name.is_empty() {
            return Ok(true);
        }
        let lower = text.bytes().to_ascii_lowercase();
        let mentions = |word: &[u8]| lower.windows(word.len()).any(|part| part == word);
        if self.status == Status::Failed || !BY_NAME.iter().any(|word| mentions(word)) {
            return Ok(true);
        }
        if self.open || mem::take(&mut self.asleep.all) {
            // Within a series of messages nothing may fail that the client did not send.
            self.asleep.by_name.clear();
            return Ok(true);
        }
        let names = self.asleep.by_name.keys().filter(|name| !name.is_empty());
        let names: Vec<_> = names.cloned().collect();
        if names.is_empty() {
            return Ok(true);
        }
        for name in names {
            if self.wake(&name, true)? == Woken::Later && self.block.is_some() {
                return Ok(false);
            }
        }
        self.asleep.all = true;
        self.settle();
        Ok(false)
    }

    /// Prepares again what sleeps under a name. `alone`: with a Sync of its own, and nobody hears
    /// what becomes of it.
    fn wake(&mut self, name: &[u8], alone: bool) -> Result<Woken, End> {
        let Some(one) = self.asleep.by_name.get(name).cloned() else { return Ok(Woken::Awake) };
        if let Some(awake) = self.prepared.get(name) {
            if awake.birth.is_confirmed() {
                self.asleep.forget(name);
                return Ok(Woken::Awake);
            }
            if !alone {
                self.settle();
            }
            return Ok(Woken::Later);
        }
        let mut whole = BytesMut::new();
        encode::parse(&mut whole, name, one.text.as_bytes(), one.types.iter().copied())?;
        let payload = whole.get(HEADER_LEN..).unwrap_or_default();
        let message = Message { tag: Tag::Parse.byte(), payload, whole: &whole };
        if self.parse_text(message)? == Step::Blocked {
            return Ok(Woken::Later);
        }
        let made = self.prepared.get(name).filter(|made| !made.birth.is_confirmed()).cloned();
        let Some(asked) = self.expected.back_mut() else { return Ok(Woken::Later) };
        match made {
            None if alone => {
                (asked.hidden, asked.refusal) = (true, None);
                self.skipping = false;
            }
            None => return Ok(Woken::Refused),
            Some(made) => {
                asked.hidden = true;
                if let Some(told) = one.told.clone() {
                    let _ = made.was.set(told);
                }
                encode::describe(&mut self.upstream.output, Kind::Statement, name)?;
                let request = Request::DescribeStatement(Some(made), None);
                self.expected.push_back(Expected::hidden(request));
            }
        }
        if alone {
            encode::sync(&mut self.upstream.output);
            self.expected.push_back(Expected::hidden(Request::Sync));
        } else {
            self.settle();
        }
        Ok(Woken::Later)
    }
}
