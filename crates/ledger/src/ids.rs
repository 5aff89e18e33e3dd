//! The numbers and names by which records refer to each other. Knows no records.

use crate::time::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

/// A record's place in the log, from zero, without gaps: also its leaf index in a tree over it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Sequence(pub u64);

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is not an id of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id")
    }
}

impl std::error::Error for NotAnId {}

/// One client connection, in any run: `0d4q2mr8k3v0h-3f7a`. The first 13 characters are the moment
/// of its opening, so ids sort by time; the last four tell apart what opened in one microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId {
    /// Microseconds since the epoch, never negative.
    time: u64,
    /// Below 2^20.
    salt: u32,
}

/// One statement of a session: the session's id, a dot and a counter, `0d4q2mr8k3v0h-3f7a.0000012`.
/// Sorts by session, then by order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementId {
    session: SessionId,
    /// Below 2^35.
    number: u64,
}

/// Crockford's digits: they sort like their values and hold no letter that looks like a digit.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TIME_WIDTH: usize = 13;
const SALT_WIDTH: usize = 4;
const NUMBER_WIDTH: usize = 7;
const SESSION_WIDTH: usize = TIME_WIDTH + 1 + SALT_WIDTH;
const STATEMENT_WIDTH: usize = SESSION_WIDTH + 1 + NUMBER_WIDTH;

fn write_digits(mut value: u64, out: &mut [u8]) {
    for slot in out.iter_mut().rev() {
        *slot = DIGITS.get((value & 31) as usize).copied().unwrap_or(b'0');
        value >>= 5;
    }
}

/// What no byte of a digit is worth.
const NO_DIGIT: u8 = 0xff;
/// What each byte is worth as one of [`DIGITS`].
const VALUES: [u8; 256] = values(DIGITS);
const HEX: &[u8; 16] = b"0123456789abcdef";
/// What each byte is worth as one of [`HEX`].
const HEX_VALUES: [u8; 256] = values(HEX);

#[expect(clippy::indexing_slicing, reason = "worked out by the compiler, which would say so")]
const fn values(digits: &[u8]) -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut at = 0;
    while at < digits.len() {
        values[digits[at] as usize] = at as u8;
        at += 1;
    }
    values
}

fn value(values: &[u8; 256], byte: u8) -> u8 {
    values.get(usize::from(byte)).copied().unwrap_or(NO_DIGIT)
}

fn read_digits(text: &[u8]) -> Option<u64> {
    let (mut number, mut all, mut lost) = (0u64, 0, 0);
    for byte in text {
        let digit = value(&VALUES, *byte);
        all |= digit;
        lost |= number >> 59;
        number = number << 5 | u64::from(digit & 31);
    }
    (all < 32 && lost == 0).then_some(number)
}

impl SessionId {
    /// An id for a session that opens now. Whoever makes ids sees to it that two of one
    /// microsecond differ in `salt`, of which the low twenty bits count.
    pub fn new(now: Time, salt: u32) -> Self {
        Self { time: u64::try_from(now.micros()).unwrap_or(0), salt: salt & 0xf_ffff }
    }

    /// When the session opened.
    pub fn opened(self) -> Time {
        Time::from_micros(i64::try_from(self.time).unwrap_or(i64::MAX))
    }

    /// The id of this session's statement with this number.
    pub fn statement(self, number: u64) -> StatementId {
        StatementId { session: self, number: number & 0x7_ffff_ffff }
    }

    fn write(self, out: &mut [u8; SESSION_WIDTH]) {
        let (time, rest) = out.split_at_mut(TIME_WIDTH);
        write_digits(self.time, time);
        if let Some((dash, salt)) = rest.split_first_mut() {
            *dash = b'-';
            write_digits(u64::from(self.salt), salt);
        }
    }

    fn read(text: &[u8; SESSION_WIDTH]) -> Option<Self> {
        let (time, rest) = text.split_first_chunk::<TIME_WIDTH>()?;
        let (b'-', salt) = rest.split_first()? else { return None };
        let salt = u32::try_from(read_digits(salt)?).ok()?;
        Some(Self { time: read_digits(time)?, salt })
    }

    fn text(self) -> [u8; SESSION_WIDTH] {
        let mut out = [0; SESSION_WIDTH];
        self.write(&mut out);
        out
    }
}

impl StatementId {
    /// The session it belongs to.
    pub fn session(self) -> SessionId {
        self.session
    }

    /// Its number within the session.
    pub fn number(self) -> u64 {
        self.number
    }

    /// From what [`Self::text`] writes.
    pub(crate) fn read(text: &[u8; STATEMENT_WIDTH]) -> Option<Self> {
        let (session, rest) = text.split_first_chunk::<SESSION_WIDTH>()?;
        let (b'.', number) = rest.split_first()? else { return None };
        Some(Self { session: SessionId::read(session)?, number: read_digits(number)? })
    }

    pub(crate) fn text(self) -> [u8; STATEMENT_WIDTH] {
        let mut out = [0; STATEMENT_WIDTH];
        if let Some((session, rest)) = out.split_first_chunk_mut::<SESSION_WIDTH>() {
            self.session.write(session);
            if let Some((dot, number)) = rest.split_first_mut() {
                *dot = b'.';
                write_digits(self.number, number);
            }
        }
        out
    }
}

impl FromStr for SessionId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        text.as_bytes().try_into().ok().and_then(Self::read).ok_or(NotAnId)
    }
}

impl FromStr for StatementId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        text.as_bytes().try_into().ok().and_then(Self::read).ok_or(NotAnId)
    }
}

/// 128 bits in hex. For shapes a plain hash; for values a keyed one (see [`crate::Redactor`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; 16]);

impl Hash {
    /// The first half of a SHA-256.
    pub(crate) fn truncate(digest: &[u8; 32]) -> Self {
        let (first, _) = digest.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
        Self(*first)
    }

    /// Its bytes.
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// From what [`Self::text`] writes.
    pub(crate) fn read(text: &[u8; 32]) -> Option<Self> {
        let (mut bytes, mut all) = ([0; 16], 0);
        for (byte, [high, low]) in bytes.iter_mut().zip(text.as_chunks::<2>().0) {
            let (high, low) = (value(&HEX_VALUES, *high), value(&HEX_VALUES, *low));
            all |= high | low;
            *byte = high << 4 | low;
        }
        (all < 16).then_some(Self(bytes))
    }

    pub(crate) fn text(self) -> [u8; 32] {
        let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
        let mut out = [b'0'; 32];
        for (pair, byte) in out.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        out
    }
}

/// Names one shape: a normalised statement under one verdict, as its `shape` record describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShapeId(Hash);

impl ShapeId {
    /// The id of the shape that these parts make up: whatever distinguishes one `shape` record
    /// from another (text, versions, identity where the verdict depends on it). Each part is
    /// hashed with its length, so moving a byte from one to the next changes the id.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(Hash::truncate(&hasher.finalize().into()))
    }

    /// From what [`Self::text`] writes.
    pub(crate) fn read(text: &[u8; 32]) -> Option<Self> {
        Hash::read(text).map(Self)
    }

    pub(crate) fn text(self) -> [u8; 32] {
        self.0.text()
    }
}

impl fmt::Display for ShapeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ShapeId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        text.parse().map(Self)
    }
}

impl FromStr for Hash {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        text.as_bytes().try_into().ok().and_then(Self::read).ok_or(NotAnId)
    }
}

macro_rules! as_text {
    ($($name:ident),*) => { $(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::text::parsed(deserializer)
            }
        }
    )* };
}

as_text!(SessionId, StatementId, Hash);

#[cfg(test)]
mod tests;
