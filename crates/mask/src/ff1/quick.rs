//! The rounds of FF1 for what is permuted most: strings whose halves are numbers of 64 bits
//! (digits, letters, bits), and strings of bytes. What comes out is what [`Ff1::by_numerals`] makes
//! of any string, which a test compares.

use super::{Ff1, ROUNDS, Setting, Way, xor};
use aes::{Block, cipher::BlockCipherEncrypt};

/// The text of a round, of which all but the end is the same in each.
struct Text<'a> {
    ff1: &'a Ff1,
    /// The state behind all whole blocks that are the same.
    state: Block,
    /// What follows these: ends with the round's number and a half.
    rest: Vec<u8>,
    /// Bytes of the half.
    width: usize,
}

impl<'a> Text<'a> {
    fn new(ff1: &'a Ff1, setting: &Setting<'_>) -> Self {
        let mut text = setting.head();
        let fixed = text.len() / 16 * 16;
        let mut state = Block::default();
        for block in text.get(..fixed).unwrap_or_default().chunks(16) {
            xor(&mut state, block);
            ff1.cipher.encrypt_block(&mut state);
        }
        text.resize(text.len() + 1 + setting.b, 0);
        text.drain(..fixed);
        Self { ff1, state, rest: text, width: setting.b }
    }

    /// The last block's state of a round; `half` fills the end of the text.
    fn round(&mut self, i: u8, half: impl DoubleEndedIterator<Item = u8>) -> Block {
        let mut places = self.rest.iter_mut().rev();
        for (place, byte) in places.by_ref().take(self.width).zip(half.rev().chain(zeros())) {
            *place = byte;
        }
        if let Some(place) = places.next() {
            *place = i;
        }
        let mut state = self.state;
        for block in self.rest.chunks(16) {
            xor(&mut state, block);
            self.ff1.cipher.encrypt_block(&mut state);
        }
        state
    }
}

fn zeros() -> impl Iterator<Item = u8> {
    std::iter::repeat(0)
}

/// Each round's number, in the order of the way.
fn rounds(way: Way) -> impl Iterator<Item = u8> {
    (0..ROUNDS).map(move |step| if way == Way::There { step } else { ROUNDS - 1 - step })
}

/// Permutes a string whose halves are numbers of 64 bits; false, and nothing done, if they are not.
pub(super) fn numbers(ff1: &Ff1, way: Way, setting: &Setting<'_>, numerals: &mut [u16]) -> bool {
    let radix = u64::from(setting.radix);
    let power = |length: usize| radix.checked_pow(u32::try_from(length).ok()?);
    let (Some(lefts), Some(rights)) = (power(setting.u), power(setting.n - setting.u)) else {
        return false;
    };
    if setting.d > 16 {
        return false;
    }
    let read = |half: &[u16]| half.iter().fold(0, |sum, one| sum * radix + u64::from(*one));
    let (left, right) = numerals.split_at_mut(setting.u);
    let mut text = Text::new(ff1, setting);
    // In even rounds the left half is changed by the right one, in odd rounds the other way round.
    let (mut a, mut b) = (read(left), read(right));
    for i in rounds(way) {
        let (changed, all, other) =
            if i % 2 == 0 { (&mut a, lefts, b) } else { (&mut b, rights, a) };
        let state: [u8; 16] = text.round(i, other.to_be_bytes().into_iter()).into();
        let y = (u128::from_be_bytes(state) >> (128 - 8 * setting.d)) % u128::from(all);
        let y = if way == Way::There { y } else { u128::from(all) - y };
        // Below `all`, which is a u64.
        *changed = ((u128::from(*changed) + y) % u128::from(all)) as u64;
    }
    for (half, mut number) in [(left, a), (right, b)] {
        for place in half.iter_mut().rev() {
            *place = (number % radix) as u16;
            number /= radix;
        }
    }
    true
}

/// Permutes a string of bytes.
pub(super) fn bytes(ff1: &Ff1, way: Way, setting: &Setting<'_>, numerals: &mut [u16]) {
    let (left, right) = numerals.split_at_mut(setting.u);
    let mut text = Text::new(ff1, setting);
    let mut stream = Vec::with_capacity(setting.d + 16);
    for i in rounds(way) {
        let (changed, other): (&mut [u16], &[u16]) =
            if i % 2 == 0 { (&mut *left, &*right) } else { (&mut *right, &*left) };
        let state = text.round(i, other.iter().map(|byte| *byte as u8));
        stream.clear();
        stream.extend_from_slice(&state);
        super::extend(ff1, &state, setting.d, &mut stream);
        let mut carry = 0;
        for (place, other) in changed.iter_mut().rev().zip(stream.iter().rev()) {
            let (byte, other) = (i32::from(*place), i32::from(*other));
            let sum = carry + byte + if way == Way::There { other } else { -other };
            *place = (sum & 0xFF) as u16;
            carry = sum >> 8;
        }
    }
}
