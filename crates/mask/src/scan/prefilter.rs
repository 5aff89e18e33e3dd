//! Decides in one pass that a value holds nothing. Knows what candidates look like, not what they
//! are.

use super::secrets;

/// What a value might hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints {
    pub(super) at: bool,
    pub(super) digits: bool,
    pub(super) marker: bool,
}

/// Bytes looked at together. The loop over one block has no branches and no calls, so that the
/// compiler turns it into vector instructions.
const BLOCK: usize = 32;

/// Fewer digits than this in two neighbouring blocks are nothing that [`super::numbers`] knows.
pub(super) const LEAST_DIGITS: usize = 6;

/// Looks at every byte.
pub(super) fn look(value: &[u8]) -> Hints {
    Hints {
        at: memchr::memchr(b'@', value).is_some(),
        digits: dense(value, 0).is_some(),
        marker: secrets::may_hold(value),
    }
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
