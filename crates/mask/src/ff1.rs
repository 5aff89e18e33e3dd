//! FF1 (NIST SP 800-38G) over decimal digits: a keyed permutation of numbers of one length.
//! Knows nothing of what the digits mean.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256, Block};

/// Longest run that is permuted in one piece; longer input is cut into pieces of at most this.
/// Within it every intermediate of FF1 fits 128 bits.
const MAX_DIGITS: usize = 28;

/// FF1 with radix 10, AES-256 and an empty tweak.
#[derive(Clone)]
pub(crate) struct Ff1 {
    cipher: Aes256,
}

impl Ff1 {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { cipher: Aes256::new(&(*key).into()) }
    }

    /// Replaces digits (values 0 to 9) by others. SP 800-38G asks for at least six; shorter runs
    /// are permuted all the same, because a short number must be masked too, but a reader who
    /// may ask for many of them can tabulate them.
    pub(crate) fn encrypt(&self, digits: &mut [u8]) {
        // Cutting evenly keeps the last piece from being too short to hide in.
        let pieces = digits.len().div_ceil(MAX_DIGITS).max(1);
        let size = digits.len().div_ceil(pieces).max(1);
        for (place, piece) in digits.chunks_mut(size).enumerate() {
            self.encrypt_piece(piece, u8::try_from(place).unwrap_or(u8::MAX));
        }
    }

    fn encrypt_piece(&self, digits: &mut [u8], place: u8) {
        let n = digits.len();
        if n < 2 {
            self.shift_one(digits, place);
            return;
        }
        let (u, v) = (n / 2, n - n / 2);
        let (left, right) = digits.split_at(u);
        let (mut a, mut b) = (number(left), number(right));
        // The place of a piece in a long number stands where the tweak would: none for the first.
        let tweak: &[u8] = if place == 0 { &[] } else { &[place] };
        let width = bytes_for(v);
        let d = 4 * width.div_ceil(4) + 4;
        for round in 0..10u8 {
            let m = if round % 2 == 0 { u } else { v };
            let y = self.round(round, b, n, u, width, d, tweak);
            let modulus = power(m);
            let c = (a + y % modulus) % modulus;
            a = b;
            b = c;
        }
        write(a, digits.get_mut(..u).unwrap_or_default());
        write(b, digits.get_mut(u..).unwrap_or_default());
    }

    #[expect(clippy::too_many_arguments, reason = "the names are those of the standard's step 6")]
    fn round(&self, i: u8, b: u128, n: usize, u: usize, w: usize, d: usize, tweak: &[u8]) -> u128 {
        let short = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        let mut text = Vec::with_capacity(64);
        text.extend_from_slice(&[1, 2, 1, 0, 0, 10, 10, u8::try_from(u).unwrap_or(u8::MAX)]);
        text.extend_from_slice(&short(n));
        text.extend_from_slice(&short(tweak.len()));
        text.extend_from_slice(tweak);
        let padding = (32 - (tweak.len() + w + 1) % 16) % 16;
        text.resize(text.len() + padding, 0);
        text.push(i);
        text.extend_from_slice(b.to_be_bytes().get(16 - w..).unwrap_or_default());
        let mut state = Block::default();
        for block in text.chunks(16) {
            for (slot, byte) in state.iter_mut().zip(block) {
                *slot ^= byte;
            }
            self.cipher.encrypt_block(&mut state);
        }
        let wide = state.iter().take(d).fold(0u128, |sum, byte| sum << 8 | u128::from(*byte));
        // NUM(S) may need all 128 bits; only its remainder is used, and the modulus is at most
        // 10^14, so the sum above cannot overflow.
        wide
    }

    fn shift_one(&self, digits: &mut [u8], place: u8) {
        let mut state = Block::default();
        if let Some(first) = state.first_mut() {
            *first = place;
        }
        self.cipher.encrypt_block(&mut state);
        let shift = 1 + state.first().copied().unwrap_or_default() % 9;
        for digit in digits {
            *digit = (*digit + shift) % 10;
        }
    }
}

fn bytes_for(digits: usize) -> usize {
    let bits = 128 - (power(digits) - 1).leading_zeros();
    usize::try_from(bits.div_ceil(8)).unwrap_or(16)
}

fn power(digits: usize) -> u128 {
    10u128.saturating_pow(u32::try_from(digits).unwrap_or(u32::MAX))
}

fn number(digits: &[u8]) -> u128 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u128::from(*digit))
}

fn write(mut number: u128, digits: &mut [u8]) {
    for slot in digits.iter_mut().rev() {
        *slot = u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests;
