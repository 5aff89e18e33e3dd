//! The key of pseudonyms and what is derived from it. Knows no value's meaning.

use crate::ff1::{Ff1, Way};
use hmac::{Hmac, KeyInit, Mac};
use model::Label;
use sha2::Sha256;
use std::fmt;

/// Keys that are kept at most: the one in force and those before it. As many marks of keys as
/// there are fit the forms of pseudonyms that have room for one.
pub const MAX_KEYS: usize = 3;

/// The secrets from which all pseudonyms come: one in force, and older ones whose pseudonyms can
/// still be turned back. Prints as `***`.
#[derive(Clone)]
pub struct Key {
    current: Numbered,
    older: Vec<Numbered>,
}

/// A key and its number; a new one has the next.
#[derive(Clone)]
struct Numbered {
    number: u32,
    bytes: [u8; 32],
}

impl Key {
    /// Wraps 32 bytes that must come from a good random source; the first key.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { current: Numbered { number: 1, bytes }, older: Vec::new() }
    }

    /// The newest of these in force, and as many before it as [`MAX_KEYS`] allows; `None` of none.
    /// Their numbers follow one another.
    pub fn kept(keys: impl IntoIterator<Item = (u32, [u8; 32])>) -> Option<Self> {
        let mut all: Vec<Numbered> =
            keys.into_iter().map(|(number, bytes)| Numbered { number, bytes }).collect();
        all.sort_by_key(|key| std::cmp::Reverse(key.number));
        all.truncate(MAX_KEYS);
        let mut all = all.into_iter();
        Some(Self { current: all.next()?, older: all.collect() })
    }

    /// The number of the key in force.
    pub fn number(&self) -> u32 {
        self.current.number
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
    /// The key's number, for forms that have room for a mark of it.
    pub(crate) number: u32,
}

impl Secret {
    /// Of the key in force.
    pub(crate) fn derive(key: &Key, label: &Label) -> Self {
        Self::of(&key.current, label)
    }

    /// Of every key that is kept, the one in force first.
    pub(crate) fn all(key: &Key, label: &Label) -> impl Iterator<Item = Self> {
        std::iter::once(&key.current).chain(&key.older).map(|key| Self::of(key, label))
    }

    fn of(key: &Numbered, label: &Label) -> Self {
        let prf = keyed(&output(keyed(&key.bytes), "weir pseudonym", label.as_str().as_bytes()));
        let cipher = output(prf.clone(), "ff1 key", b"");
        Self { prf, ff1: Ff1::new(&cipher), number: key.number }
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

    /// A permutation of numerals of one length, by FF1.
    pub(crate) fn permute(&self, way: Way, radix: u32, tweak: &[u8], numerals: &mut [u16]) {
        self.ff1.permute(way, radix, tweak, numerals);
    }

    /// The same within those strings that `fits` holds for, by walking on until one is met: a
    /// permutation of them. False, and nothing changed, if none is met within a bound that is
    /// reached by chance less than once in 10^40.
    pub(crate) fn walk(
        &self,
        way: Way,
        radix: u32,
        tweak: &[u8],
        numerals: &mut [u16],
        fits: impl Fn(&[u16]) -> bool,
    ) -> bool {
        let before = numerals.to_vec();
        for _ in 0..MAX_WALK {
            self.permute(way, radix, tweak, numerals);
            if fits(numerals) {
                return true;
            }
        }
        numerals.copy_from_slice(&before);
        false
    }
}

/// Steps of a walk. The sparsest set that is walked in is one part in 19 of all strings.
const MAX_WALK: usize = 2_000;

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
