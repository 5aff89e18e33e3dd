//! What holds for every input, and what the standard and the design promise.

use super::*;
use proptest::prelude::*;

/// NIST's FF1 samples 7 (AES-256, no tweak).
#[test]
fn nist_sample_seven() {
    let key = [
        0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F,
        0x3C, 0xEF, 0x43, 0x59, 0xD8, 0xD5, 0x80, 0xAA, 0x4F, 0x7F, 0x03, 0x6D, 0x6F, 0x04, 0xFC,
        0x6A, 0x94,
    ];
    let mut digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    Ff1::new(&key).encrypt(&mut digits);
    assert_eq!(digits, [6, 6, 5, 7, 6, 6, 7, 0, 0, 9]);
}

#[test]
fn three_digits_stay_a_permutation() {
    let ff1 = Ff1::new(&[3; 32]);
    let mut seen = std::collections::HashSet::new();
    for value in 0..1000u128 {
        let mut digits = [0; 3];
        write(value, &mut digits);
        ff1.encrypt(&mut digits);
        assert!(digits.iter().all(|digit| *digit < 10));
        assert!(seen.insert(digits));
    }
}

proptest! {
    #[test]
    fn any_length_keeps_length_and_range(mut digits in proptest::collection::vec(0u8..10, 0..200)) {
        let before = digits.len();
        Ff1::new(&[9; 32]).encrypt(&mut digits);
        prop_assert_eq!(digits.len(), before);
        prop_assert!(digits.iter().all(|digit| *digit < 10));
    }
}
