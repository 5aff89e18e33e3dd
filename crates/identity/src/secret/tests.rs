//! Generated secrets and how they print.

use super::*;

#[test]
fn keys_are_long_random_and_recognisable() {
    let one = Secret::generate(SERVICE_KEY_PREFIX).unwrap();
    let other = Secret::generate(SERVICE_KEY_PREFIX).unwrap();
    assert_ne!(one.expose(), other.expose());
    let digits = one.expose().strip_prefix("weir_sk_").unwrap();
    assert_eq!(digits.len(), KEY_DIGITS);
    assert!(digits.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    // 62 to the power of 43 holds 256 bits.
    assert!((KEY_DIGITS as f64) * 62_f64.log2() >= 256.0);
}

#[test]
fn every_digit_is_equally_likely() {
    let mut counts = std::collections::HashMap::new();
    for _ in 0..1_000 {
        for digit in Secret::generate("").unwrap().expose().chars() {
            *counts.entry(digit).or_insert(0_u32) += 1;
        }
    }
    // 43,000 draws of 62: 694 each, with a standard deviation of 26. Eight of those would not be
    // seen in the age of the world; a digit that is drawn twice as often would.
    assert_eq!(counts.len(), 62);
    assert!(counts.values().all(|count| (486..=902).contains(count)), "{counts:?}");
}

#[test]
fn secrets_print_as_stars() {
    let secret = Secret::from("hush".to_owned());
    assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    assert_eq!(secret.expose(), "hush");
    assert_eq!(Secret::password().unwrap().expose().len(), PASSWORD_DIGITS);
}
