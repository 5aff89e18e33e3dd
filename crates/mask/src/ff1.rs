//! FF1 (NIST SP 800-38G): a keyed permutation of strings of numerals of one length, for any radix
//! up to 2^16 and any length. Knows nothing of what the numerals mean.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256, Block};

mod quick;

/// Rounds of the Feistel network.
const ROUNDS: u8 = 10;

/// FF1 with AES-256.
#[derive(Clone)]
pub(crate) struct Ff1 {
    cipher: Aes256,
}

/// Which way through the permutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From a value to its stand-in.
    There,
    /// From a stand-in to its value.
    Back,
}

/// What stays the same through the rounds: the standard's steps 1 to 5.
struct Setting<'a> {
    radix: u32,
    tweak: &'a [u8],
    /// Length of the whole and of its left half.
    n: usize,
    u: usize,
    /// Bytes that hold half a string as a number, and bytes of each round's output.
    b: usize,
    d: usize,
}

impl Ff1 {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { cipher: Aes256::new(&(*key).into()) }
    }

    /// Permutes numerals (values below the radix) in place. The standard's first revision asks for
    /// a million possible strings, and whoever calls this sees to it, by the length or by what the
    /// tweak holds. A single numeral, which FF1 does not know, is shifted by a function of the
    /// tweak.
    pub(crate) fn permute(&self, way: Way, radix: u32, tweak: &[u8], numerals: &mut [u16]) {
        let setting = Setting::new(radix, tweak, numerals.len());
        if setting.n < 2 {
            let shift = self.round(&setting, 0, &[], setting.n);
            return add(way, radix, numerals, &shift);
        }
        if quick::numbers(self, way, &setting, numerals) {
            return;
        }
        if radix == 256 {
            return quick::bytes(self, way, &setting, numerals);
        }
        self.by_numerals(way, &setting, numerals);
    }

    /// The rounds, for strings of any length and radix.
    fn by_numerals(&self, way: Way, setting: &Setting<'_>, numerals: &mut [u16]) {
        let radix = setting.radix;
        let (left, right) = numerals.split_at(setting.u);
        let (mut a, mut b) = (left.to_vec(), right.to_vec());
        for step in 0..ROUNDS {
            match way {
                Way::There => {
                    let y = self.round(setting, step, &b, a.len());
                    add(way, radix, &mut a, &y);
                    std::mem::swap(&mut a, &mut b);
                }
                Way::Back => {
                    let y = self.round(setting, ROUNDS - 1 - step, &a, b.len());
                    add(way, radix, &mut b, &y);
                    std::mem::swap(&mut a, &mut b);
                }
            }
        }
        for (slot, numeral) in numerals.iter_mut().zip(a.into_iter().chain(b)) {
            *slot = numeral;
        }
    }

    /// The lowest `m` numerals of the round's output: `y mod radix^m` of steps 6.i to 6.vi.
    fn round(&self, setting: &Setting<'_>, i: u8, half: &[u16], m: usize) -> Vec<u16> {
        let Setting { radix, b, d, .. } = *setting;
        let mut text = setting.head();
        text.push(i);
        number(radix, half, b, &mut text);
        let mut state = Block::default();
        for block in text.chunks(16) {
            xor(&mut state, block);
            self.cipher.encrypt_block(&mut state);
        }
        let mut stream = state.to_vec();
        extend(self, &state, d, &mut stream);
        low_numerals(radix, &stream, m)
    }
}

impl<'a> Setting<'a> {
    fn new(radix: u32, tweak: &'a [u8], n: usize) -> Self {
        let u = n / 2;
        let b = bytes_for(radix, n - u);
        Self { radix, tweak, n, u, b, d: 4 * b.div_ceil(4) + 4 }
    }

    /// The text of every round, up to the round's number.
    fn head(&self) -> Vec<u8> {
        let Self { radix, tweak, n, u, b, .. } = *self;
        let word = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        let [_, radix_bytes @ ..] = radix.to_be_bytes();
        let mut text = Vec::with_capacity(48 + tweak.len() + b);
        text.extend_from_slice(&[1, 2, 1]);
        text.extend_from_slice(&radix_bytes);
        text.extend_from_slice(&[ROUNDS, word(u)[3]]);
        text.extend_from_slice(&word(n));
        text.extend_from_slice(&word(tweak.len()));
        text.extend_from_slice(tweak);
        let zeros = (16 - (tweak.len() + b + 1) % 16) % 16;
        text.resize(text.len() + zeros, 0);
        text
    }
}

/// Makes a round's output as long as it has to be, from its first block on.
fn extend(ff1: &Ff1, state: &Block, length: usize, stream: &mut Vec<u8>) {
    let mut counter = 1u128;
    while stream.len() < length {
        let mut next = *state;
        xor(&mut next, &counter.to_be_bytes());
        ff1.cipher.encrypt_block(&mut next);
        stream.extend_from_slice(&next);
        counter += 1;
    }
    stream.truncate(length);
}

fn xor(state: &mut Block, block: &[u8]) {
    for (slot, byte) in state.iter_mut().zip(block) {
        *slot ^= byte;
    }
}

/// Bytes that hold every number below `radix^length`.
fn bytes_for(radix: u32, length: usize) -> usize {
    // Exact for powers of two; for others a power is never near enough to one of two to matter.
    let bits = (length as f64 * f64::from(radix).log2()).ceil();
    (bits as usize).div_ceil(8)
}

/// Appends numerals as a number of `width` bytes, the first byte the highest.
fn number(radix: u32, numerals: &[u16], width: usize, out: &mut Vec<u8>) {
    let mut limbs = vec![0u32; width.div_ceil(4)];
    for numeral in numerals {
        let mut carry = u64::from(*numeral);
        for limb in limbs.iter_mut().rev() {
            let wide = u64::from(*limb) * u64::from(radix) + carry;
            *limb = wide as u32;
            carry = wide >> 32;
        }
    }
    let bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_be_bytes()).collect();
    out.extend_from_slice(bytes.get(bytes.len() - width..).unwrap_or_default());
}

/// The lowest `count` numerals of a number, the first numeral the highest.
fn low_numerals(radix: u32, bytes: &[u8], count: usize) -> Vec<u16> {
    let limb = |chunk: &[u8]| chunk.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
    let mut limbs: Vec<u32> = bytes.chunks(4).map(limb).collect();
    let mut numerals = vec![0u16; count];
    for slot in numerals.iter_mut().rev() {
        let mut rest = 0u64;
        for limb in &mut limbs {
            let wide = rest << 32 | u64::from(*limb);
            *limb = (wide / u64::from(radix)) as u32;
            rest = wide % u64::from(radix);
        }
        *slot = rest as u16;
    }
    numerals
}

/// Adds or takes away, modulo `radix^length`.
fn add(way: Way, radix: u32, numerals: &mut [u16], other: &[u16]) {
    let radix = i64::from(radix);
    let mut carry = 0;
    for (slot, other) in numerals.iter_mut().zip(other).rev() {
        let other = i64::from(*other);
        let sum = i64::from(*slot) + carry + if way == Way::There { other } else { -other };
        carry = sum.div_euclid(radix);
        *slot = sum.rem_euclid(radix) as u16;
    }
}

#[cfg(test)]
mod tests;
