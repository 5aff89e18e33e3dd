//! NIST's samples, and what holds for every input.

use super::*;
use proptest::prelude::*;

const KEY: [u8; 32] = [
    0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F, 0x3C,
    0xEF, 0x43, 0x59, 0xD8, 0xD5, 0x80, 0xAA, 0x4F, 0x7F, 0x03, 0x6D, 0x6F, 0x04, 0xFC, 0x6A, 0x94,
];

/// NIST's FF1 samples 7, 8 and 9 (AES-256): radix, tweak, plain, cipher.
const SAMPLES: [(u32, &[u8], &str, &str); 3] = [
    (10, b"", "0123456789", "6657667009"),
    (10, b"9876543210", "0123456789", "1001623463"),
    (36, b"7777pqrs777", "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
];

fn numerals(text: &str) -> Vec<u16> {
    text.chars().map(|c| u16::try_from(c.to_digit(36).unwrap()).unwrap()).collect()
}

#[test]
fn nist_samples() {
    for (radix, tweak, plain, cipher) in SAMPLES {
        let mut text = numerals(plain);
        Ff1::new(&KEY).permute(Way::There, radix, tweak, &mut text);
        assert_eq!(text, numerals(cipher));
        Ff1::new(&KEY).permute(Way::Back, radix, tweak, &mut text);
        assert_eq!(text, numerals(plain));
    }
}

#[test]
fn every_string_is_met_once() {
    let ff1 = Ff1::new(&[3; 32]);
    let mut seen = vec![false; 1 << 16];
    for value in 0..1u32 << 16 {
        let mut bits: Vec<u16> = (0..16).map(|place| (value >> place & 1) as u16).collect();
        ff1.permute(Way::There, 2, b"", &mut bits);
        let image = bits.iter().fold(0usize, |sum, bit| sum * 2 + usize::from(*bit));
        assert!(!std::mem::replace(&mut seen[image], true));
    }
}

proptest! {
    #[test]
    fn there_and_back(
        radix in prop_oneof![Just(2u32), Just(10), Just(26), Just(36), Just(256), Just(65_536)],
        seeds in proptest::collection::vec(any::<u16>(), 0..80),
        tweak in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let plain: Vec<u16> =
            seeds.iter().map(|seed| (u32::from(*seed) % radix) as u16).collect();
        let mut text = plain.clone();
        let ff1 = Ff1::new(&[9; 32]);
        ff1.permute(Way::There, radix, &tweak, &mut text);
        prop_assert!(text.iter().all(|numeral| u32::from(*numeral) < radix));
        prop_assert_eq!(text.len(), plain.len());
        ff1.permute(Way::Back, radix, &tweak, &mut text);
        prop_assert_eq!(text, plain);
    }

    #[test]
    fn the_quick_ways_are_the_same(
        radix in prop_oneof![Just(2u32), Just(10), Just(26), Just(36), Just(256)],
        seeds in proptest::collection::vec(any::<u16>(), 2..140),
        tweak in proptest::collection::vec(any::<u8>(), 0..70),
    ) {
        let plain: Vec<u16> =
            seeds.iter().map(|seed| (u32::from(*seed) % radix) as u16).collect();
        let ff1 = Ff1::new(&[9; 32]);
        let setting = Setting::new(radix, &tweak, plain.len());
        for way in [Way::There, Way::Back] {
            let (mut slow, mut quick) = (plain.clone(), plain.clone());
            ff1.by_numerals(way, &setting, &mut slow);
            ff1.permute(way, radix, &tweak, &mut quick);
            prop_assert_eq!(quick, slow);
        }
    }
}
