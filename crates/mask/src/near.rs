//! Bytes that are looked for nearby: in short text a call of the vector search costs more than the
//! search. Eight bytes are looked at together, as one number.

const LOW: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = u64::from_le_bytes([0x80; 8]);

/// Bytes that are looked at so; what is not among them is searched for the other way.
const NEAR: usize = 64;

/// Eight times the same byte.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of each byte that is less than `than`, itself below 0x80; above the first such byte
/// also of others.
const fn less(word: u64, than: u8) -> u64 {
    word.wrapping_sub(each(than)) & !word & HIGH
}

/// The same for bytes that are this one.
const fn same(word: u64, byte: u64) -> u64 {
    let other = word ^ byte;
    other.wrapping_sub(LOW) & !other & HIGH
}

/// Where the first of two bytes is.
#[inline]
pub(crate) fn first_of(one: u8, two: u8, text: &[u8]) -> Option<usize> {
    let near = text.get(..NEAR).unwrap_or(text);
    let (words, tail) = near.as_chunks::<8>();
    let (ones, twos) = (each(one), each(two));
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = same(word, ones) | same(word, twos);
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let is_it = |byte: &u8| *byte == one || *byte == two;
    match tail.iter().position(is_it) {
        Some(at) => Some(words.len() * 8 + at),
        None => memchr::memchr2(one, two, text.get(near.len()..)?).map(|at| near.len() + at),
    }
}

/// True if there may be a byte below `low`, itself below 0x80, or one of two; true also of some
/// text without, so that who asks looks again.
#[inline]
pub(crate) fn may_hold(low: u8, one: u8, two: u8, text: &[u8]) -> bool {
    let (ones, twos) = (each(one), each(two));
    let found = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        less(word, low) | same(word, ones) | same(word, twos)
    };
    let (words, _) = text.as_chunks::<8>();
    match text.last_chunk::<8>() {
        // The last eight may overlap those before.
        Some(last) => words.iter().fold(found(last), |all, word| all | found(word)) != 0,
        None => text.iter().any(|byte| *byte < low || *byte == one || *byte == two),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_is_near_and_what_is_far_is_found(
            text in prop::collection::vec(prop_oneof![0_u8..16, 122_u8..134, any::<u8>()], 0..200),
            (one, two) in (any::<u8>(), 0_u8..16),
            low in 0_u8..0x80,
        ) {
            let first = text.iter().position(|byte| *byte == one || *byte == two);
            prop_assert_eq!(first_of(one, two, &text), first);
            let there = first.is_some() || text.iter().any(|byte| *byte < low);
            prop_assert!(may_hold(low, one, two, &text) || !there);
        }

        #[test]
        fn text_without_is_not_looked_at_again(text in "[a-zA-Z0-9 .*@+-]{0,80}") {
            prop_assert!(!may_hold(14, b'\t', b'\\', text.as_bytes()));
        }
    }
}
