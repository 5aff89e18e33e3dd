//! The key of pseudonyms and what is derived from it. Knows no value's meaning.

use crate::ff1::Ff1;
use hmac::{Hmac, KeyInit, Mac};
use model::Label;
use sha2::Sha256;
use std::fmt;

/// The secret from which all pseudonyms come. Prints as `***`.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Wraps 32 bytes that must come from a good random source.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

/// What one label's pseudonyms are made with. Labels have keys of their own, so that a number
/// that is a phone here and a card there has nothing in common with itself.
#[derive(Clone)]
pub(crate) struct Secret {
    prf: Hmac<Sha256>,
    ff1: Ff1,
}

impl Secret {
    pub(crate) fn derive(key: &Key, label: &Label) -> Self {
        let prf = keyed(&output(keyed(&key.0), "weir pseudonym", label.as_str().as_bytes()));
        let cipher = output(prf.clone(), "ff1 key", b"");
        Self { prf, ff1: Ff1::new(&cipher) }
    }

    /// 32 bytes that depend on the purpose and the value and on nothing else.
    pub(crate) fn prf(&self, purpose: &str, value: &[u8]) -> [u8; 32] {
        output(self.prf.clone(), purpose, value)
    }

    /// A number below `bound` (at least 1) that depends on the purpose and the value.
    pub(crate) fn below(&self, purpose: &str, value: &[u8], bound: u64) -> u64 {
        let bytes = self.prf(purpose, value);
        let head = bytes.first_chunk::<16>().copied().unwrap_or_default();
        let wide = u128::from_be_bytes(head) % u128::from(bound.max(1));
        u64::try_from(wide).unwrap_or_default()
    }

    /// A permutation of decimal digits (values 0 to 9) of the same length.
    pub(crate) fn permute(&self, digits: &mut [u8]) {
        self.ff1.encrypt(digits);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // A key of exactly one block cannot be refused, unlike one of a length known at run time.
    let mut block = [0u8; 64];
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    Hmac::new(&block.into())
}

fn output(mut mac: Hmac<Sha256>, purpose: &str, value: &[u8]) -> [u8; 32] {
    mac.update(&u64::try_from(purpose.len()).unwrap_or(u64::MAX).to_be_bytes());
    mac.update(purpose.as_bytes());
    mac.update(value);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
