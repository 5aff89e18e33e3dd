//! The pieces that messages of both directions are made of: strings, formats, lists of values;
//! and the reader that takes them off a payload. Knows no message.

use crate::error::Fault;
use std::borrow::Cow;

/// A string of the protocol: bytes in the client's encoding, without NUL.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// Takes the bytes up to the first NUL.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
    }

    /// The bytes, without the terminator.
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text, if it is UTF-8.
    pub const fn utf8(self) -> Option<&'a str> {
        match std::str::from_utf8(self.0) {
            Ok(text) => Some(text),
            Err(_) => None,
        }
    }

    /// The text, with signs in the place of what is not UTF-8. Nearly all is.
    pub fn lossy(self) -> Cow<'a, str> {
        self.utf8().map_or_else(|| String::from_utf8_lossy(self.0), Cow::Borrowed)
    }

    /// True for the empty string (the unnamed statement, the unnamed portal).
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// A format code: of a parameter, a result column, a COPY stream. Any number can stand on the
/// wire; the protocol defines two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Format(pub i16);

impl Format {
    /// Text format.
    pub const TEXT: Self = Self(0);
    /// Binary format.
    pub const BINARY: Self = Self(1);
}

/// A list of format codes as Bind carries it: none means text for all, one stands for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Formats<'a>(&'a [u8]);

impl<'a> Formats<'a> {
    /// How many codes were sent.
    pub const fn len(self) -> usize {
        self.0.len() / 2
    }

    /// True if none was sent.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The codes as sent.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Format> + use<'a> {
        self.0.as_chunks::<2>().0.iter().map(|code| Format(i16::from_be_bytes(*code)))
    }

    /// The format of the value at `index`, after the rule for none and one; `None` if the list is
    /// too short for that index (which PostgreSQL refuses).
    pub fn of(self, index: usize) -> Option<Format> {
        let at = match self.len() {
            0 => return Some(Format::TEXT),
            1 => 0,
            _ => index,
        };
        self.0.as_chunks::<2>().0.get(at).map(|code| Format(i16::from_be_bytes(*code)))
    }
}

/// A list of type oids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Oids<'a>(&'a [u8]);

impl<'a> Oids<'a> {
    /// How many there are.
    pub const fn len(self) -> usize {
        self.0.len() / 4
    }

    /// True if there is none.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The oids in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.0.as_chunks::<4>().0.iter().map(|oid| u32::from_be_bytes(*oid))
    }
}

/// A list of values, each NULL or bytes: a data row, or the parameters of a Bind. The lengths
/// were checked when the message was parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Values<'a> {
    count: u16,
    bytes: &'a [u8],
}

impl<'a> Values<'a> {
    /// How many values there are, NULLs included.
    pub const fn len(self) -> usize {
        self.count as usize
    }

    /// True if there is none.
    pub const fn is_empty(self) -> bool {
        self.count == 0
    }

    /// The values in order; `None` is NULL.
    #[inline]
    pub const fn iter(self) -> ValuesIter<'a> {
        ValuesIter { left: self.count, bytes: self.bytes }
    }
}

impl<'a> IntoIterator for Values<'a> {
    type Item = Option<&'a [u8]>;
    type IntoIter = ValuesIter<'a>;

    fn into_iter(self) -> ValuesIter<'a> {
        self.iter()
    }
}

/// Iterator over [`Values`].
#[derive(Clone, Debug)]
pub struct ValuesIter<'a> {
    left: u16,
    bytes: &'a [u8],
}

impl<'a> Iterator for ValuesIter<'a> {
    type Item = Option<&'a [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (length, rest) = self.bytes.split_first_chunk::<4>()?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            self.bytes = rest;
            return Some(None);
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.bytes = rest;
        Some(Some(value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.left), Some(usize::from(self.left)))
    }
}

impl ExactSizeIterator for ValuesIter<'_> {}

/// Takes fields off a payload. Each step leaves the reader where it was or further: it never
/// yields more bytes than it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(payload: &'a [u8]) -> Self {
        Self(payload)
    }

    #[inline]
    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (chunk, rest) = self.0.split_first_chunk::<N>().ok_or(Fault::Short)?;
        self.0 = rest;
        Ok(*chunk)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Fault> {
        self.chunk::<1>().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Fault> {
        self.chunk().map(u16::from_be_bytes)
    }

    pub(crate) fn i16(&mut self) -> Result<i16, Fault> {
        self.chunk().map(i16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Fault> {
        self.chunk().map(u32::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Fault> {
        self.chunk().map(i32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Fault::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) const fn rest(&mut self) -> &'a [u8] {
        let rest = self.0;
        self.0 = &[];
        rest
    }

    pub(crate) const fn left(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn text(&mut self) -> Result<Text<'a>, Fault> {
        let text = Text::new(self.0);
        let after = text.bytes().len().saturating_add(1);
        self.0 = self.0.get(after..).ok_or(Fault::Unterminated)?;
        Ok(text)
    }

    /// A value with its Int32 length in front; -1 is NULL, anything else below zero is refused.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Option<&'a [u8]>, Fault> {
        match self.i32()? {
            -1 => Ok(None),
            length => self.take(usize::try_from(length).map_err(|_| Fault::Length)?).map(Some),
        }
    }

    /// A list of values with its Int16 count in front.
    #[inline]
    pub(crate) fn values(&mut self) -> Result<Values<'a>, Fault> {
        let count = self.u16()?;
        let start = self.0;
        for _ in 0..count {
            self.value()?;
        }
        let used = start.len().saturating_sub(self.0.len());
        Ok(Values { count, bytes: start.get(..used).ok_or(Fault::Short)? })
    }

    pub(crate) fn formats(&mut self) -> Result<Formats<'a>, Fault> {
        let count = usize::from(self.u16()?);
        self.take(count.saturating_mul(2)).map(Formats)
    }

    pub(crate) fn oids(&mut self) -> Result<Oids<'a>, Fault> {
        let count = usize::from(self.u16()?);
        self.take(count.saturating_mul(4)).map(Oids)
    }

    /// Nothing may be left: PostgreSQL refuses trailing bytes (`pq_getmsgend`), and bytes that we
    /// did not look at must not reach a server that might.
    pub(crate) const fn end(&self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(Fault::Trailing) }
    }
}

#[cfg(test)]
mod tests;
