//! One record as it lies in a segment. Knows neither files nor JSON.
//!
//! ```text
//! length  u32 LE    of the payload
//! crc     u32 LE    CRC-32C of length, chain and payload: tells damage from rewriting
//! chain   32 bytes  SHA-256(0x02 ‖ chain before ‖ leaf)
//! payload           JSON
//! ```
//!
//! The leaf is RFC 6962's: SHA-256(0x00 ‖ entry), of what stands for the payload in the tree. It
//! needs no lock, so the thread that appends computes it; the chain is two blocks of SHA-256 for
//! whoever writes. A record that was dropped, moved or changed breaks every chain after it.
//!
//! A frame whose length has its highest bit set is a seal: its chain is that of the record before
//! it, and it is no record and no leaf.

use crate::{
    entry,
    seal::{SEAL_BYTES, Seal},
};
use sha2::{Digest, Sha256};

/// A SHA-256 value.
pub(crate) type Digest32 = [u8; 32];

/// Bytes before the payload.
pub(crate) const OVERHEAD: usize = 40;
const PREFIX: usize = 8;

/// The longest payload. A text normalised from the longest statement fits.
pub const RECORD_BYTES: usize = 4 << 20;

/// The chain before the first record of a log.
pub(crate) const GENESIS: Digest32 = [0; 32];

/// RFC 6962, 2.1: the hash of the leaf that stands for a payload.
pub(crate) fn leaf(payload: &[u8]) -> Digest32 {
    tlog::leaf(&entry::of(payload))
}

/// Marks the length of a seal's frame.
const SEAL: u32 = 1 << 31;

/// The frame of a seal.
pub(crate) fn sealed(seal: &Seal) -> Vec<u8> {
    let payload = seal.payload();
    let length = (SEAL | SEAL_BYTES as u32).to_le_bytes();
    let body = [seal.chain.as_slice(), &payload].concat();
    [length.as_slice(), &checksum(&length, &body).to_le_bytes(), &body].concat()
}

/// The chain after a leaf. `0x02` keeps it apart from RFC 6962's leaves and nodes.
pub(crate) fn link(before: &Digest32, leaf: &Digest32) -> Digest32 {
    let mut hasher = Sha256::new();
    hasher.update([0x02]);
    hasher.update(before);
    hasher.update(leaf);
    hasher.finalize().into()
}

/// Appends an open frame: its leaf stands where the chain will.
pub(crate) fn stage(out: &mut Vec<u8>, payload: &[u8], leaf: &Digest32) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(leaf);
    out.extend_from_slice(payload);
}

/// Turns the leaf of a staged frame into its chain and sets the checksum.
pub(crate) fn close(frame: &mut [u8], chain: &mut Digest32) {
    let Some((prefix, body)) = frame.split_first_chunk_mut::<PREFIX>() else { return };
    let Some((slot, _)) = body.split_first_chunk_mut::<32>() else { return };
    *chain = link(chain, slot);
    *slot = *chain;
    let [a, b, c, d, crc @ ..] = prefix;
    *crc = checksum(&[*a, *b, *c, *d], body).to_le_bytes();
}

/// Puts the leaf back where `close` put the chain.
pub(crate) fn reopen(frame: &mut [u8]) {
    let Some((_, body)) = frame.split_first_chunk_mut::<PREFIX>() else { return };
    let Some((slot, payload)) = body.split_first_chunk_mut::<32>() else { return };
    *slot = leaf(payload);
}

fn checksum(length: &[u8; 4], body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(length), body)
}

/// A frame whose checksum holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// The chain it claims.
    pub(crate) chain: &'a Digest32,
    /// Its payload.
    pub(crate) payload: &'a [u8],
    /// It is a seal.
    pub(crate) seal: bool,
}

impl Frame<'_> {
    /// Its length on disk.
    pub(crate) fn size(&self) -> usize {
        OVERHEAD + self.payload.len()
    }
}

/// Why there is no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoFrame {
    /// Nothing is left.
    End,
    /// More bytes are needed than there are.
    Short,
    /// No payload is as long as it says, or its checksum is wrong. With the size it claims, if
    /// that many bytes are there.
    Bad(Option<usize>),
}

/// The frame at the start of these bytes.
pub(crate) fn parse(bytes: &[u8]) -> Result<Frame<'_>, NoFrame> {
    if bytes.is_empty() {
        return Err(NoFrame::End);
    }
    let Some((&[a, b, c, d, crc @ ..], rest)) = bytes.split_first_chunk::<PREFIX>() else {
        return Err(NoFrame::Short);
    };
    let length = u32::from_le_bytes([a, b, c, d]);
    let seal = length & SEAL != 0;
    let length = (length & !SEAL) as usize;
    if length == 0 || length > RECORD_BYTES || (seal && length != SEAL_BYTES) {
        return Err(NoFrame::Bad(None));
    }
    let Some((body, _)) = rest.split_at_checked(32 + length) else { return Err(NoFrame::Short) };
    if checksum(&[a, b, c, d], body) != u32::from_le_bytes(crc) {
        return Err(NoFrame::Bad(Some(OVERHEAD + length)));
    }
    let Some((chain, payload)) = body.split_first_chunk::<32>() else {
        return Err(NoFrame::Short);
    };
    Ok(Frame { chain, payload, seal })
}

#[cfg(test)]
mod tests;
