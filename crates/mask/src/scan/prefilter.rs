//! Decides in one pass that a value holds nothing. Knows what candidates look like, not what they
//! are.

use super::secrets;

/// What a value might hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints {
    /// An `@`.
    pub(super) at: bool,
    /// Many digits close together.
    pub(super) digits: bool,
    /// A character that is rare outside of marks.
    pub(super) rare: bool,
    /// A mark without such a character.
    pub(super) plain: bool,
    /// A capital letter, or the first byte of one outside ASCII.
    pub(super) capital: bool,
}

/// Bytes looked at together. The loop over one block has no branches and no calls, so that the
/// compiler turns it into vector instructions.
const BLOCK: usize = 32;

/// Fewer digits than this in two neighbouring blocks are nothing that [`super::numbers`] knows.
pub(super) const LEAST_DIGITS: usize = 6;

/// Looks at every byte.
pub(super) fn look(value: &[u8]) -> Hints {
    let mut hints = Hints { plain: secrets::has_plain(value), ..Hints::default() };
    let (blocks, tail) = value.as_chunks::<BLOCK>();
    let (mut before, mut flags) = (0, 0);
    for block in blocks {
        let (count, seen) = census(block);
        hints.digits |= before + count >= LEAST_DIGITS;
        (before, flags) = (count, flags | seen);
    }
    let (count, seen) = census(tail);
    hints.digits |= before + count >= LEAST_DIGITS;
    flags |= seen;
    hints.at = flags & AT != 0;
    hints.rare = flags & RARE != 0;
    hints.capital = flags & CAPITAL != 0;
    hints
}

const AT: u8 = 1;
const RARE: u8 = 2;
const CAPITAL: u8 = 4;

/// The digits of a block, and which other characters of interest it holds.
#[inline(always)]
fn census(block: &[u8]) -> (usize, u8) {
    let (mut count, mut seen) = (0u8, 0u8);
    for byte in block {
        count += u8::from(byte.wrapping_sub(b'0') < 10);
        seen |= u8::from(*byte == b'@') | u8::from(secrets::is_rare(*byte)) << 1;
        let capital = byte.wrapping_sub(b'A') < 26 || byte.wrapping_sub(0xC3) < 14;
        seen |= u8::from(capital) << 2;
    }
    (usize::from(count), seen)
}

/// The first position at or after `from` where digits stand densely, or `None`.
pub(super) fn dense(value: &[u8], from: usize) -> Option<usize> {
    let rest = value.get(from..)?;
    let (blocks, tail) = rest.as_chunks::<BLOCK>();
    let mut before = 0;
    let mut at = from;
    for block in blocks {
        let count = digits(block);
        if before + count >= LEAST_DIGITS {
            return Some(if before == 0 { at } else { at - BLOCK });
        }
        before = count;
        at += BLOCK;
    }
    let count = digits(tail);
    (before + count >= LEAST_DIGITS).then(|| if before == 0 { at } else { at - BLOCK })
}

fn digits(block: &[u8]) -> usize {
    let count: u8 = block.iter().map(|byte| u8::from(byte.wrapping_sub(b'0') < 10)).sum();
    usize::from(count)
}
