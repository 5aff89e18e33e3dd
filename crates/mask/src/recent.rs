//! What became of a column's values lately, so that a value that comes again is not worked out
//! again. Columns of text repeat themselves: states, kinds, names. Knows no masks.

use crate::column::Applied;
use foldhash::fast::FixedState;
use std::{
    fmt,
    hash::{BuildHasher, Hasher},
};

/// Values before which nothing is kept: most results are small.
const SMALL: u32 = 128;
/// Pairs of places, a power of two; a value is kept in one of a pair.
const PAIRS: usize = 256;
/// The longest value and what became of it, together: bytes.
const BYTES: usize = 112;
/// After so many values it is decided whether keeping them pays: one in so many must come again.
const TRIAL: u32 = 2_048;
const SHARE: u32 = 8;

/// What became of values lately: 64 KiB at most, gone with what it is part of.
pub struct Recent {
    slots: Box<[[Slot; 2]]>,
    /// Values that were looked at, until it is decided whether to go on.
    tried: u32,
    met: u32,
    on: bool,
    /// Which of a pair is given up next.
    turn: bool,
}

#[derive(Clone, Copy)]
struct Slot {
    hash: u64,
    applied: Applied,
    /// A value is kept here.
    taken: bool,
    /// Lengths of the value and of what became of it, which stands behind it.
    value: u8,
    made: u8,
    bytes: [u8; BYTES],
}

impl Slot {
    const EMPTY: Self = Self {
        hash: 0,
        applied: Applied::Null,
        taken: false,
        value: 0,
        made: 0,
        bytes: [0; BYTES],
    };

    /// What became of this value, and the bytes, if it is kept here.
    #[inline]
    fn of(&self, hash: u64, value: &[u8]) -> Option<(Applied, &[u8])> {
        if self.hash != hash || !self.taken {
            return None;
        }
        let (kept, rest) = self.bytes.split_at_checked(usize::from(self.value))?;
        (kept == value).then_some((self.applied, rest.get(..usize::from(self.made))?))
    }
}

/// Where a value is kept, if it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hash(u64);

impl Recent {
    /// For a column whose values are dear to work out.
    pub(crate) fn empty() -> Self {
        Self { slots: Box::default(), tried: 0, met: 0, on: true, turn: false }
    }

    /// True if it keeps anything.
    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    /// For one whose values are not.
    pub(crate) fn off() -> Self {
        Self { slots: Box::default(), tried: 0, met: 0, on: false, turn: false }
    }

    /// Where this value would be kept; `None` if it is not to be.
    #[inline]
    pub(crate) fn worth(&mut self, value: &[u8]) -> Option<Hash> {
        if !self.on || value.len() > BYTES {
            return None;
        }
        if self.tried <= TRIAL {
            self.tried += 1;
            if self.tried <= SMALL || self.tried > TRIAL && !self.pays() {
                return None;
            }
            if self.slots.is_empty() {
                self.slots = vec![[Slot::EMPTY; 2]; PAIRS].into();
            }
        }
        let mut hasher = FixedState::default().build_hasher();
        hasher.write(value);
        Some(Hash(hasher.finish()))
    }

    /// At the end of the trial, whether keeping values pays.
    #[cold]
    fn pays(&mut self) -> bool {
        if self.met < TRIAL / SHARE {
            self.on = false;
            self.forget();
        }
        self.on
    }

    /// What became of this value when it came last. Appends that, if it is something.
    #[inline]
    pub(crate) fn of(&mut self, at: Hash, value: &[u8], out: &mut Vec<u8>) -> Option<Applied> {
        let [one, two] = self.slots.get(at.pair())?;
        let (applied, made) = one.of(at.0, value).or_else(|| two.of(at.0, value))?;
        out.extend_from_slice(made);
        self.met = self.met.saturating_add(1);
        Some(applied)
    }

    /// Keeps what became of a value, if it is short enough.
    pub(crate) fn keep(&mut self, at: Hash, value: &[u8], applied: Applied, made: &[u8]) {
        let Some([one, two]) = self.slots.get_mut(at.pair()) else { return };
        let slot = match (one.taken, two.taken) {
            (false, _) => one,
            (true, false) => two,
            (true, true) => {
                self.turn = !self.turn;
                if self.turn { one } else { two }
            }
        };
        let lengths = u8::try_from(value.len()).ok().zip(u8::try_from(made.len()).ok());
        let Some((value_length, made_length)) = lengths else { return };
        let Some((head, rest)) = slot.bytes.split_at_mut_checked(value.len()) else { return };
        let Some(tail) = rest.get_mut(..made.len()) else { return };
        head.copy_from_slice(value);
        tail.copy_from_slice(made);
        (slot.hash, slot.applied, slot.taken) = (at.0, applied, true);
        (slot.value, slot.made) = (value_length, made_length);
    }

    /// Nothing of the values stays in memory.
    fn forget(&mut self) {
        self.slots.fill([Slot::EMPTY; 2]);
        // Else what is never read again need not be written.
        std::hint::black_box(&mut self.slots);
        self.slots = Box::default();
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recent(***)")
    }
}

impl Drop for Recent {
    fn drop(&mut self) {
        if !self.slots.is_empty() {
            self.forget();
        }
    }
}

impl Hash {
    fn pair(self) -> usize {
        // The low bits; what is cut off does not matter.
        self.0 as usize % PAIRS
    }
}

#[cfg(test)]
mod tests;
