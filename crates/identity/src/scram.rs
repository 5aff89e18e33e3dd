//! SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): the server's side, and the client's
//! for where Weir signs in itself. No I/O.
//!
//! Each step consumes the one before, so a message cannot be tried twice and no step can be left
//! out. An [`model::Identity`] comes out of the last step only.

mod client;
mod exchange;
mod parse;
mod verifier;

pub use client::{Binding, ClientKeys, Proven, RememberedKeys, Salting, ScramClient, ServerFault};
pub use exchange::{Challenge, Mechanism, ScramServer, Signed};
pub use verifier::{DEFAULT_ITERATIONS, ScramVerifier};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Bytes of a SHA-256 hash, and so of every key in SCRAM-SHA-256.
pub(crate) const KEY_BYTES: usize = 32;
/// Bytes of a SHA-256 block.
const BLOCK_BYTES: usize = 64;

/// An HMAC-SHA-256 with this key, ready for its message.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC pads a short key with zeros and hashes a long one (RFC 2104); done here, the key has
    // the one length that cannot be refused.
    let mut block = zeroize::Zeroizing::new([0_u8; BLOCK_BYTES]);
    if key.len() > BLOCK_BYTES {
        let hashed = Sha256::digest(key);
        block.iter_mut().zip(hashed.iter()).for_each(|(to, from)| *to = *from);
    } else {
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    }
    Hmac::new(&(*block).into())
}

/// HMAC-SHA-256 over the parts, one after the other.
pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; KEY_BYTES] {
    let mut mac = keyed(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// SHA-256.
pub(crate) fn hash(bytes: &[u8]) -> [u8; KEY_BYTES] {
    Sha256::digest(bytes).into()
}

/// Both byte by byte; they are equally long by type.
fn xor(left: &[u8; KEY_BYTES], right: &[u8; KEY_BYTES]) -> [u8; KEY_BYTES] {
    let mut sum = *left;
    sum.iter_mut().zip(right).for_each(|(to, from)| *to ^= from);
    sum
}

#[cfg(test)]
mod tests;
