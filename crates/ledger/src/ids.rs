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

/// Where a byte stands among the digits.
const fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'h' => byte - b'a' + 10,
        b'j' | b'k' => byte - b'j' + 18,
        b'm' | b'n' => byte - b'm' + 20,
        b'p'..=b't' => byte - b'p' + 22,
        b'v'..=b'z' => byte - b'v' + 27,
        _ => return None,
    })
}

fn read_digits(text: &[u8]) -> Result<u64, NotAnId> {
    text.iter().try_fold(0u64, |value, byte| {
        let digit = digit(*byte).ok_or(NotAnId)?;
        Ok(value.checked_mul(32).ok_or(NotAnId)? | u64::from(digit))
    })
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
        let (time, salt) = text.split_once('-').ok_or(NotAnId)?;
        if time.len() != TIME_WIDTH || salt.len() != SALT_WIDTH {
            return Err(NotAnId);
        }
        let salt = u32::try_from(read_digits(salt.as_bytes())?).map_err(|_| NotAnId)?;
        let id = Self { time: read_digits(time.as_bytes())?, salt };
        // Thirteen digits hold 65 bits: the first may only be 0 or 1, and writing it shows that.
        if id.text() == text.as_bytes() { Ok(id) } else { Err(NotAnId) }
    }
}

impl FromStr for StatementId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (session, number) = text.split_once('.').ok_or(NotAnId)?;
        if number.len() != NUMBER_WIDTH {
            return Err(NotAnId);
        }
        Ok(Self { session: session.parse()?, number: read_digits(number.as_bytes())? })
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

    pub(crate) fn text(self) -> [u8; 32] {
        const HEX: &[u8; 16] = b"0123456789abcdef";
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
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(NotAnId),
        };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(NotAnId) };
        let pairs: &[[u8; 2]; 16] = pairs.try_into().map_err(|_| NotAnId)?;
        let mut bytes = [0; 16];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
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
