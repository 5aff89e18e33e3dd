//! Decides block by block what a value cannot hold. Knows what candidates look like, not what they
//! are.

/// Bytes looked at together. The loops over one block have no branches and no calls, so that the
/// compiler turns them into vector instructions.
pub(super) const BLOCK: usize = 64;

/// A block; what is left of a value is filled up with zeros.
pub(super) type Block = [u8; BLOCK];

/// Fewer digits than this in two neighbouring half blocks are nothing that [`super::numbers`]
/// knows.
pub(super) const LEAST_DIGITS: usize = 6;

/// An `@`.
pub(super) const AT: u8 = 1;
/// A character that is rare outside of marks.
pub(super) const RARE: u8 = 2;
/// A capital letter, or the first byte of one outside ASCII.
pub(super) const CAPITAL: u8 = 4;
/// Eight bytes in a row, at a place that eight divides, without a space or control character.
pub(super) const SOLID: u8 = 8;

/// The digits of a block, and which candidates it holds.
#[inline(always)]
pub(super) fn census(block: &Block) -> (usize, u8) {
    let (mut count, mut seen) = (0u8, 0u8);
    for byte in block {
        count += u8::from(byte.wrapping_sub(b'0') < 10);
        seen |= u8::from(*byte == b'@') | u8::from(is_rare(*byte)) << 1;
        seen |= u8::from(is_capital(*byte)) << 2;
    }
    let (eights, _) = block.as_chunks::<8>();
    let mut solid = false;
    for eight in eights {
        solid |= is_solid(*eight);
    }
    (usize::from(count), seen | if solid { SOLID } else { 0 })
}

/// True for the bytes by which marks of secrets, assignments and URLs are found.
#[inline(always)]
pub(super) const fn is_rare(byte: u8) -> bool {
    matches!(byte, b'_' | b'-' | b'$' | b'=' | b':')
}

/// A capital of ASCII, or the first byte of a letter from À to ӿ.
#[inline(always)]
pub(super) const fn is_capital(byte: u8) -> bool {
    byte.wrapping_sub(b'A') < 26 || byte.wrapping_sub(0xC3) < 17
}

/// True if none of eight bytes is a space or a control character of ASCII.
#[inline(always)]
pub(super) const fn is_solid(eight: [u8; 8]) -> bool {
    let word = u64::from_le_bytes(eight);
    let below = word.wrapping_sub(EACH * 0x21) & !word & (EACH * 0x80);
    below == 0
}

/// One in each byte.
const EACH: u64 = 0x0101_0101_0101_0101;

/// One bit for each byte of a block of which something is true, the first byte lowest.
#[inline(always)]
pub(super) fn bits(block: &Block, is: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0u8; BLOCK];
    for (flag, byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(is(*byte));
    }
    let (eights, _) = flags.as_chunks::<8>();
    // The product has flag number n at bit 56 + n, and nothing that carries into it.
    let pack = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080);
    eights.iter().rev().fold(0, |all, eight| all << 8 | pack(eight) >> 56)
}

/// The places of the bits that are set, lowest first.
#[inline(always)]
pub(super) fn places(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = usize::try_from(bits.trailing_zeros()).ok()?;
        bits &= bits.checked_sub(1)?;
        Some(place)
    })
}

/// How many digits stand in a row from here on.
#[inline(always)]
pub(super) fn digit_run(value: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(eight) = value.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight) ^ (EACH * 0x30);
        // The highest bit of each byte that is no digit; above the first of them it may be wrong.
        let other = (word.wrapping_add(EACH * 0x76) | word) & (EACH * 0x80);
        if other != 0 {
            return at - from + usize::try_from(other.trailing_zeros() / 8).unwrap_or_default();
        }
        at += 8;
    }
    let rest = value.get(at..).unwrap_or_default();
    at - from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Bytes in which digits are counted together.
const HALF: usize = 32;

/// The first position at or after `from` where digits stand densely, or `None`.
pub(super) fn dense(value: &[u8], from: usize) -> Option<usize> {
    let rest = value.get(from..)?;
    let (blocks, tail) = rest.as_chunks::<HALF>();
    let mut before = 0;
    let mut at = from;
    for block in blocks {
        let count = digits(block);
        if before + count >= LEAST_DIGITS {
            return Some(if before == 0 { at } else { at - HALF });
        }
        before = count;
        at += HALF;
    }
    // What stands before the tail is read again and left out.
    let count = match rest.last_chunk::<HALF>() {
        Some(last) => {
            let flags = (0u8..).zip(last).map(|(place, byte)| {
                let behind = usize::from(place) + tail.len() >= HALF;
                u8::from(byte.wrapping_sub(b'0') < 10 && behind)
            });
            usize::from(flags.sum::<u8>())
        }
        None => digits(tail),
    };
    (before + count >= LEAST_DIGITS).then(|| if before == 0 { at } else { at - HALF })
}

#[inline(always)]
fn digits(block: &[u8]) -> usize {
    let count: u8 = block.iter().map(|byte| u8::from(byte.wrapping_sub(b'0') < 10)).sum();
    usize::from(count)
}

#[cfg(test)]
mod tests {
    //! What is true of each byte by itself.

    use super::*;

    #[test]
    fn bits_stand_where_bytes_are() {
        let mut block = [b' '; BLOCK];
        for (place, byte) in block.iter_mut().enumerate() {
            *byte = if place % 3 == 0 || place > 60 { b'x' } else { b' ' };
        }
        let set = bits(&block, |byte| byte == b'x');
        let expected: Vec<usize> = (0..BLOCK).filter(|at| at % 3 == 0 || *at > 60).collect();
        assert_eq!(places(set).collect::<Vec<_>>(), expected);
        assert_eq!(places(0).count(), 0);
        assert_eq!(places(u64::MAX).count(), BLOCK);
    }

    #[test]
    fn solid_is_without_spaces() {
        for byte in 0..=255u8 {
            for place in 0..8 {
                let mut eight = *b"abcdefgh";
                eight[place] = byte;
                assert_eq!(is_solid(eight), byte > 0x20, "{byte:#x}");
            }
        }
    }
}
