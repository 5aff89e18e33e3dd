//! The two records that every statement has, read from the JSON that [`super::line`] writes, for a
//! fraction of the work. Knows that form alone; what is written otherwise is serde's to read.

use super::{Disclosed, Intent, Outcome, RiskPart, Text, Via, line};
use crate::{
    error::LedgerError,
    ids::{Hash, ShapeId, StatementId},
    time::Time,
};
use std::{borrow::Cow, sync::Arc};

impl<'a> Intent<'a> {
    /// Reads an intent's JSON.
    pub fn read(payload: &'a [u8]) -> Result<Self, LedgerError> {
        match intent(payload) {
            Some(intent) => Ok(intent),
            None => by_serde(payload),
        }
    }
}

impl<'a> Outcome<'a> {
    /// Reads an outcome's JSON.
    pub fn read(payload: &'a [u8]) -> Result<Self, LedgerError> {
        match outcome(payload) {
            Some(outcome) => Ok(outcome),
            None => by_serde(payload),
        }
    }
}

fn by_serde<'a, T: serde::Deserialize<'a>>(payload: &'a [u8]) -> Result<T, LedgerError> {
    serde_json::from_slice(payload).map_err(|error| LedgerError::Encoding(Arc::new(error)))
}

pub(super) fn intent(payload: &[u8]) -> Option<Intent<'_>> {
    let mut rest = Rest(payload);
    rest.skip(br#"{"type":"intent","statement":""#)?;
    let statement = StatementId::read(rest.text()?)?;
    rest.skip(br#","time":""#)?;
    let time = Time::read(rest.text()?)?;
    rest.skip(br#","shape":""#)?;
    let shape = ShapeId::read(rest.text()?)?;
    rest.skip(br#","text":""#)?;
    let text = Hash::read(rest.text()?)?;
    rest.skip(br#","via":""#)?;
    let via = rest.word()?;
    let via = *Via::ALL.iter().find(|one| one.word() == via)?;
    let parameters = rest.hashes(br#","parameters":[""#)?;
    let parameter_count = rest.amount(br#","parameter_count":"#)?;
    let literals = rest.hashes(br#","literals":[""#)?;
    let literal_count = rest.amount(br#","literal_count":"#)?;
    let risk = rest.risk()?;
    rest.end()?;
    Some(Intent {
        statement,
        time,
        shape,
        text,
        via,
        parameters: parameters.into(),
        parameter_count,
        literals: literals.into(),
        literal_count,
        turned_back: Cow::Borrowed(&[]),
        kept: None,
        risk: risk.into(),
        trace: None,
        approval: None,
        work: None,
    })
}

pub(super) fn outcome(payload: &[u8]) -> Option<Outcome<'_>> {
    let mut rest = Rest(payload);
    rest.skip(br#"{"type":"outcome","statement":""#)?;
    let statement = StatementId::read(rest.text()?)?;
    rest.skip(br#","time":""#)?;
    let time = Time::read(rest.text()?)?;
    rest.skip(br#","duration_us":"#)?;
    let duration_us = rest.number()?;
    let tag = rest.maybe(br#","tag":""#)?.unwrap_or_default();
    let sqlstate = rest.maybe(br#","sqlstate":""#)?;
    let rows = rest.amount(br#","rows":"#)?;
    let affected = rest.amount(br#","affected":"#)?;
    let bytes = rest.amount(br#","bytes":"#)?;
    let disclosed = rest.disclosed()?;
    rest.end()?;
    Some(Outcome {
        statement,
        time,
        duration_us,
        tag,
        sqlstate,
        ended: None,
        rows,
        affected,
        bytes,
        disclosed: disclosed.into(),
        approval: None,
    })
}

/// What is not read yet. Every function answers `None` where something else stands there.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// True if these bytes stood at the front, which are passed then.
    fn has(&mut self, bytes: &[u8]) -> bool {
        let rest = self.0.strip_prefix(bytes);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn skip(&mut self, bytes: &[u8]) -> Option<()> {
        self.has(bytes).then_some(())
    }

    fn end(&mut self) -> Option<()> {
        self.skip(b"}")?;
        self.0.is_empty().then_some(())
    }

    /// Up to the quotation mark, which is passed: a text that stands in JSON as it is.
    fn word(&mut self) -> Option<&'a str> {
        let end = self.0.iter().position(|byte| *byte == b'"')?;
        let (word, rest) = self.0.split_at_checked(end)?;
        let word = std::str::from_utf8(word).ok().filter(|word| line::is_plain(word))?;
        self.0 = rest.get(1..)?;
        Some(word)
    }

    /// So many bytes before a quotation mark, which is passed.
    fn text<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (text, rest) = self.0.split_first_chunk()?;
        self.0 = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    /// A number as JSON has it: no nought before others.
    fn number(&mut self) -> Option<u64> {
        let (mut number, mut digits) = (0u64, 0);
        while let Some((byte @ b'0'..=b'9', rest)) = self.0.split_first() {
            if digits > 0 && number == 0 {
                return None;
            }
            number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
            (self.0, digits) = (rest, digits + 1);
        }
        (digits > 0).then_some(number)
    }

    /// A field that is left out where it is zero.
    fn amount(&mut self, name: &[u8]) -> Option<u64> {
        if self.has(name) { self.number() } else { Some(0) }
    }

    /// A text that is left out where there is none.
    fn maybe(&mut self, name: &[u8]) -> Option<Option<Text<'a>>> {
        match self.has(name) {
            true => self.word().map(|word| Some(Cow::Borrowed(word))),
            false => Some(None),
        }
    }

    /// A list of hashes, left out where there is none.
    fn hashes(&mut self, name: &[u8]) -> Option<Vec<Hash>> {
        let mut hashes = Vec::new();
        if self.has(name) {
            hashes.push(Hash::read(self.text()?)?);
            while self.has(br#",""#) {
                hashes.push(Hash::read(self.text()?)?);
            }
            self.skip(b"]")?;
        }
        Some(hashes)
    }

    fn risk(&mut self) -> Option<Vec<RiskPart<'a>>> {
        let mut parts = Vec::new();
        if self.has(br#","risk":["#) {
            loop {
                self.skip(br#"{"part":""#)?;
                let part = Cow::Borrowed(self.word()?);
                self.skip(br#","points":"#)?;
                let points = u32::try_from(self.number()?).ok()?;
                self.skip(b"}")?;
                parts.push(RiskPart { part, points });
                if !self.has(b",") {
                    break;
                }
            }
            self.skip(b"]")?;
        }
        Some(parts)
    }

    fn disclosed(&mut self) -> Option<Vec<Disclosed>> {
        let mut columns = Vec::new();
        if self.has(br#","disclosed":["#) {
            loop {
                columns.push(self.column()?);
                if !self.has(b",") {
                    break;
                }
            }
            self.skip(b"]")?;
        }
        Some(columns)
    }

    fn column(&mut self) -> Option<Disclosed> {
        self.skip(b"{")?;
        let mut first = true;
        let mut count = |name: &[u8]| {
            let before = self.0;
            if (first || self.has(b",")) && self.has(name) {
                first = false;
                return self.number();
            }
            self.0 = before;
            Some(0)
        };
        let raw = count(br#""raw":"#)?;
        let masked = count(br#""masked":"#)?;
        let null = count(br#""null":"#)?;
        self.skip(b"}")?;
        Some(Disclosed { raw, masked, null })
    }
}
