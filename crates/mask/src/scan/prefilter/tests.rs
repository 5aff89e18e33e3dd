//! What is true of each byte by itself.

use super::*;

/// The classes as one would write them down.
fn plain(value: &[u8], is: impl Fn(u8) -> bool) -> u64 {
    let flags = value.iter().zip(0..).map(|(byte, place)| u64::from(is(*byte)) << place);
    flags.fold(0, |all, flag| all | flag)
}

#[test]
fn every_byte_is_classed_at_every_place_of_every_tail() {
    for byte in 0..=255u8 {
        for before in [0, BLOCK] {
            for length in 1..=BLOCK {
                let mut value = vec![b' '; before + length];
                let place = usize::from(byte) * 7 % length;
                value[before + place] = byte;
                value[before + length - 1] = byte;
                let tail = &value[before..];
                let block = match tail.first_chunk() {
                    Some(bytes) => Block::full(bytes),
                    None => Block::tail(&value, tail),
                };
                let glance = block.glance();
                let masks = Masks::of(&block.planes(), glance);
                let same = |mask: u64, is: fn(u8) -> bool| {
                    assert_eq!(mask, plain(tail, is), "{byte:#x} at {place} of {length}");
                };
                same(masks.digits, |byte| byte.is_ascii_digit());
                same(masks.letters, |byte| byte.is_ascii_alphabetic());
                same(masks.upper, |byte| byte.is_ascii_uppercase());
                same(masks.capitals & !masks.upper, |byte| (0xC3..=0xD3).contains(&byte));
                same(masks.high, |byte| byte >= 0x80);
                same(masks.solid, |byte| byte > b' ');
                same(masks.spaces, |byte| byte == b' ');
                same(block.planes().small_x(), |byte| byte == b'x');
                same(masks.marks, |byte| b"@_-$=:".contains(&byte));
            }
        }
    }
}

#[test]
fn every_sign_is_told_whether_few_or_many_stand_beside_it() {
    for crowd in ["", "#", ",-.,", "-./()+,:'\"_$=@;>*!"] {
        for byte in 0..=255u8 {
            for before in [0, BLOCK] {
                let text = [" ".repeat(before).as_bytes(), b"ab 1", &[byte], b"x"].concat();
                let value = [text.as_slice(), crowd.as_bytes()].concat();
                let tail = &value[before..];
                let block = Block::tail(&value, tail);
                let planes = block.planes();
                let signs = Signs::of(&planes, &Masks::of(&planes, block.glance()));
                let same = |mask: u64, of: &[u8]| {
                    let expected = plain(tail, |byte| of.contains(&byte));
                    assert_eq!(mask, expected, "{byte:#x} and {crowd}");
                };
                same(signs.dash, b"-");
                same(signs.points, b"./");
                same(signs.slash, b"/");
                same(signs.brackets, b" ()");
                same(signs.comma, b",");
                same(signs.colon, b":");
                same(signs.apostrophe, b"'");
                same(signs.quote, b"\"");
                same(signs.under, b"_");
                same(signs.dollar, b"$");
                same(signs.equals, b"=");
                same(signs.at, b"@");
                same(signs.fronts, b";>");
            }
        }
    }
}

#[test]
fn places_are_the_bits() {
    assert_eq!(places(0b1_0010).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(places(0).count(), 0);
    assert_eq!(places(u64::MAX).count(), BLOCK);
    for place in 0..BLOCK {
        assert_eq!(places(below(place)).count(), place);
        assert_eq!(upto(place), below(place));
        assert_eq!(run_end(below(place), 0), place);
        assert_eq!(run_end(!below(place), place), BLOCK);
        assert_eq!(highest(below(place) | 1 << place), place);
    }
}

#[test]
fn sixteen_without_a_space_are_long_wherever_they_stand() {
    for start in 0..BLOCK + 20 {
        for length in 0..40 {
            let mut value = [b' '; 2 * BLOCK];
            for slot in value.iter_mut().skip(start).take(length) {
                *slot = b'x';
            }
            let (first, second) = value.split_at(BLOCK);
            let glance = |half: &[u8]| Block::full(half.first_chunk().unwrap()).glance();
            let (first, second) = (glance(first), glance(second));
            let found = first.long(0) != 0 || second.long(first.solid) != 0;
            assert_eq!(found, length >= 16, "{start} {length}");
        }
    }
}
