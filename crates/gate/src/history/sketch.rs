//! How many different hashes there were, in half a kilobyte: HyperLogLog (Flajolet et al., 2007),
//! with its count of empty registers where there are few. Wrong by about a twentieth.

const BITS: u32 = 9;
const REGISTERS: usize = 1 << BITS;

/// Counts different hashes.
#[derive(Clone, Debug)]
pub(super) struct Sketch(Box<[u8; REGISTERS]>);

impl Default for Sketch {
    fn default() -> Self {
        Self(Box::new([0; REGISTERS]))
    }
}

impl Sketch {
    /// Adds a hash.
    pub(super) fn add(&mut self, hash: u64) {
        let at = usize::try_from(hash >> (u64::BITS - BITS)).unwrap_or(0);
        // At most 56: the bits of the register are gone, and one is put behind the last.
        let rank = (((hash << BITS) | (1 << (BITS - 1))).leading_zeros() + 1) as u8;
        if let Some(register) = self.0.get_mut(at) {
            *register = (*register).max(rank);
        }
    }

    /// Adds all that another one has.
    pub(super) fn join(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(other.0.iter()) {
            *own = (*own).max(*other);
        }
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        let registers = REGISTERS as f64;
        let sum: f64 = self.0.iter().map(|rank| f64::from(-f32::from(*rank)).exp2()).sum();
        let raw = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
        let empty = self.0.iter().filter(|rank| **rank == 0).count();
        let estimate = if raw <= 2.5 * registers && empty > 0 {
            registers * (registers / empty as f64).ln()
        } else {
            raw
        };
        // An estimate is positive and far below what a u64 holds.
        estimate.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foldhash::quality::FixedState;
    use std::hash::BuildHasher;

    #[test]
    fn counts_what_is_different() {
        let hash = |n: u64| FixedState::default().hash_one(n);
        for count in [0_u64, 1, 10, 100, 1_000, 10_000, 1_000_000] {
            let mut sketch = Sketch::default();
            for n in 0..count {
                sketch.add(hash(n));
                sketch.add(hash(n));
            }
            let seen = sketch.count();
            let off = seen.abs_diff(count) as f64;
            assert!(off <= 0.15 * count as f64, "{seen} of {count}");
        }
        let mut sketch = Sketch::default();
        sketch.add(0);
        sketch.add(u64::MAX);
        assert_eq!(sketch.count(), 2);
    }
}
