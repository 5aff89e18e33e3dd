//! Message boundaries: tag and length, nothing else. The relay's inner loop lives on these, so
//! they neither allocate nor look at a payload.
//!
//! PostgreSQL manual, "Message Formats": every message but the first of a connection is one tag
//! byte, then a length (Int32) that counts itself and the payload but not the tag.

use crate::WireError;

/// Bytes of tag and length.
pub const HEADER_LEN: usize = 5;

/// One message's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The message's type.
    pub tag: u8,
    /// Bytes of the whole message, tag included. Invariant: `HEADER_LEN <= len`.
    pub len: usize,
}

impl Frame {
    /// Bytes of the payload.
    pub const fn payload_len(self) -> usize {
        self.len.saturating_sub(HEADER_LEN)
    }
}

/// A complete message, borrowed from a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The message's type.
    pub tag: u8,
    /// What follows the length.
    pub payload: &'a [u8],
    /// The whole message, header included: what is relayed unchanged.
    pub whole: &'a [u8],
}

/// Reads the header at the start of `buf`, as soon as it is there: the message itself need not be
/// complete, so that one that is too long, or that is to be streamed, is judged before it is
/// buffered. `Ok(None)` means: fewer than [`HEADER_LEN`] bytes.
///
/// # Errors
/// `BadLength` if the length is below 4; `TooLong` if the whole message exceeds `limit` bytes.
#[inline]
pub fn peek(buf: &[u8], limit: usize) -> Result<Option<Frame>, WireError> {
    let Some(&[tag, a, b, c, d]) = buf.first_chunk::<HEADER_LEN>() else { return Ok(None) };
    let length = i32::from_be_bytes([a, b, c, d]);
    let (Ok(counted), true) = (usize::try_from(length), length >= 4) else {
        return Err(WireError::BadLength { tag, length });
    };
    // At most 2^31, which fits the 64-bit usize of every machine that Weir is built for; on a
    // 32-bit one it saturates and meets the limit.
    let len = counted.saturating_add(1);
    if len > limit {
        return Err(WireError::TooLong { tag, len, limit });
    }
    Ok(Some(Frame { tag, len }))
}

/// True if `buf`, whose header is `frame`, holds the whole message.
#[inline]
pub const fn complete(buf: &[u8], frame: Frame) -> bool {
    buf.len() >= frame.len
}

/// The payload of the message at the start of `buf`, whose header is `frame`; `None` until it is
/// complete.
#[inline]
pub fn payload(buf: &[u8], frame: Frame) -> Option<&[u8]> {
    buf.get(HEADER_LEN..frame.len)
}

/// The first message of `buf` and what follows it; `Ok(None)` until it is complete.
///
/// # Errors
/// As [`peek`].
#[inline]
pub fn split(buf: &[u8], limit: usize) -> Result<Option<(Message<'_>, &[u8])>, WireError> {
    let Some(frame) = peek(buf, limit)? else { return Ok(None) };
    let Some((whole, rest)) = buf.split_at_checked(frame.len) else { return Ok(None) };
    let Some(payload) = whole.get(HEADER_LEN..) else { return Ok(None) };
    Ok(Some((Message { tag: frame.tag, payload, whole }, rest)))
}

#[cfg(test)]
mod tests;
