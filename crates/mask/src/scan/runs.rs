//! Runs of bytes of one class, and which letters and digits a short text has: sixteen bytes at a
//! time. Knows no searches.

use super::prefilter::{self, BLOCK, Block, Lane, range};

/// Bytes looked at together.
const LANE: usize = 16;

/// How many bytes from a place on are of a class, one after another.
#[inline(always)]
pub(super) fn length(value: &[u8], from: usize, is: impl Fn(Lane) -> Lane) -> usize {
    let rest = value.get(from..).unwrap_or_default();
    let (chunks, last) = rest.as_chunks::<LANE>();
    let mut length = 0;
    for chunk in chunks {
        let others = !is(Lane::new(*chunk)).to_bitmask() & 0xFFFF;
        if others != 0 {
            return length + usize::try_from(others.trailing_zeros()).unwrap_or_default();
        }
        length += LANE;
    }
    let others = !is(Lane::new(prefilter::few(last).to_le_bytes())).to_bitmask();
    let ones = usize::try_from(others.trailing_zeros()).unwrap_or_default();
    length + ones.min(last.len())
}

/// The same of those at the end.
#[inline(always)]
pub(super) fn at_end(value: &[u8], is: impl Fn(Lane) -> Lane) -> usize {
    let (first, chunks) = value.as_rchunks::<LANE>();
    let mut length = 0;
    for chunk in chunks.iter().rev() {
        let others = !is(Lane::new(*chunk)).to_bitmask() << LANE;
        if others != 0 {
            return length + usize::try_from(others.leading_zeros()).unwrap_or_default();
        }
        length += LANE;
    }
    let lane = match value.first_chunk() {
        Some(bytes) => Lane::new(*bytes),
        None => Lane::new(prefilter::few(first).to_le_bytes()),
    };
    let free = u32::try_from(2 * LANE - first.len()).unwrap_or_default();
    let others = (!is(lane).to_bitmask()).checked_shl(free).unwrap_or_default();
    let ones = usize::try_from(others.leading_zeros()).unwrap_or_default();
    length + ones.min(first.len())
}

/// Neither a space nor a control character.
#[inline(always)]
pub(super) fn solid(lane: Lane) -> Lane {
    lane.max(Lane::splat(b' ' + 1)).simd_eq(lane)
}

/// Letters and digits of ASCII.
#[inline(always)]
pub(super) fn alphanumeric(lane: Lane) -> Lane {
    range(lane, b'0', 10) | range(lane | Lane::splat(0x20), b'a', 26)
}

/// Which of the first bytes of a text are letters and digits, the first lowest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mixed {
    pub(super) lower: u64,
    pub(super) upper: u64,
    pub(super) digits: u64,
}

/// Bytes of which that is told.
pub(super) const TOLD: usize = BLOCK;

impl Mixed {
    /// Of no more than [`TOLD`] bytes.
    #[inline(always)]
    pub(super) fn of(text: &[u8]) -> (Self, Block) {
        let block = match text.first_chunk() {
            Some(bytes) => Block::full(bytes),
            None => Block::tail(text, text),
        };
        let lower = block.pick(|lane| range(lane, b'a', 26));
        let upper = block.pick(|lane| range(lane, b'A', 26));
        let digits = block.pick(|lane| range(lane, b'0', 10));
        (Self { lower, upper, digits }, block)
    }
}

#[cfg(test)]
mod tests {
    //! What is told sixteen bytes at a time is what is told byte by byte.

    use super::*;

    #[test]
    fn runs_are_as_long_as_their_bytes() {
        for run in 0..70 {
            for around in 0..40 {
                let text = [vec![b' '; around], vec![b'a'; run], vec![b' '; around]].concat();
                assert_eq!(length(&text, around, alphanumeric), run, "{run} in {around}");
                let before = text.get(..around + run).unwrap();
                assert_eq!(at_end(before, alphanumeric), run, "{run} behind {around}");
                assert_eq!(length(&text, around, solid), run, "{run} in {around}");
            }
        }
        // What stands behind the end counts for nothing.
        assert_eq!(length(b"ab", 0, |lane| !alphanumeric(lane)), 0);
        assert_eq!(length(b"..", 0, |lane| !alphanumeric(lane)), 2);
        assert_eq!(length(b"ab", 3, alphanumeric), 0);
    }

    #[test]
    fn letters_and_digits_are_told_apart() {
        let text = b"aB3-".repeat(16);
        for end in 0..=text.len() {
            let (mixed, _) = Mixed::of(&text[..end]);
            let all = [mixed.lower, mixed.upper, mixed.digits];
            for (class, place) in all.into_iter().zip(0..) {
                let expected = (0..end).filter(|at| at % 4 == place).count();
                assert_eq!(class.count_ones() as usize, expected, "{place} of {end}");
            }
        }
    }
}
