//! What pseudonyms look like.

use super::*;
use crate::{checksum, key::Key};

fn secret(label: &Label) -> Secret {
    Secret::derive(&Key::new([42; 32]), label)
}

fn made(label: &Label, value: &str) -> String {
    text(label, &secret(label), value)
}

#[test]
fn an_email_is_one_and_fits_the_standards() {
    for value in ["a@b.c", "alice.smith@example.org", &format!("{}@x.org", "a".repeat(120))] {
        let shown = made(&Label::EMAIL, value);
        let (local, host) = shown.split_once('@').unwrap();
        assert!(local.len() <= 64 && shown.len() <= 254, "{shown}");
        assert!(host.split('.').all(|piece| !piece.is_empty() && piece.len() <= 63), "{shown}");
        assert!(host.ends_with("example.com"));
    }
    let long = made(&Label::EMAIL, &format!("{}@x.org", "a".repeat(600)));
    assert!(long.ends_with("@example.com") && long.len() < 64);
}

#[test]
fn a_card_passes_luhn_and_is_nobodys() {
    for value in ["4111111111111111", "4222222222222", "6212345678900000003"] {
        let shown = made(&Label::PAYMENT_CARD, value);
        let digits: Vec<u8> = shown.bytes().map(|byte| byte - b'0').collect();
        assert!(checksum::luhn(&digits) && !checksum::card(&digits), "{shown}");
        assert!(shown.starts_with("90"), "{shown}");
        assert_eq!(shown.len(), value.len() + 3);
    }
    let grouped = made(&Label::PAYMENT_CARD, "4111 1111 1111 1111");
    let groups: Vec<usize> = grouped.split(' ').map(str::len).collect();
    assert_eq!(groups, [4, 4, 4, 4, 3]);
    assert_eq!(grouped.replace(' ', ""), made(&Label::PAYMENT_CARD, "4111111111111111"));
}

#[test]
fn an_account_keeps_country_and_length_and_no_bank_takes_it() {
    for value in ["DE89370400440532013000", "GB29NWBK60161331926819", "NL91ABNA0417164300"] {
        let shown = made(&Label::BANK_ACCOUNT, value);
        assert_eq!((shown.len(), &shown[..2]), (value.len(), &value[..2]));
        assert!(!checksum::iban(shown.as_bytes()), "{shown}");
    }
}

#[test]
fn a_phone_keeps_its_country_and_its_form() {
    let shown = made(&Label::PHONE, "+49 (30) 901820-0");
    assert!(shown.starts_with("+49 ("), "{shown}");
    assert_eq!(shown.len(), "+49 (30) 901820-0".len());
    assert!(made(&Label::PHONE, "+358401234567").starts_with("+358"));
}

#[test]
fn a_name_is_made_of_words_and_a_word_is_the_same_everywhere() {
    let whole = made(&Label::PERSON_NAME, "Alice Smith");
    let (first, last) = whole.split_once(' ').unwrap();
    assert_eq!(first, made(&Label::PERSON_NAME, "Alice"));
    assert_eq!(last, made(&Label::PERSON_NAME, "Smith"));
    assert!(whole.chars().all(|c| c.is_ascii_alphabetic() || c == ' '), "{whole}");
    assert_ne!(made(&Label::PERSON_NAME, "alice"), first);
}

#[test]
fn spaces_that_fill_a_character_column_do_not_count() {
    assert_eq!(made(&Label::EMAIL, "a@b.c   "), made(&Label::EMAIL, "a@b.c"));
}

#[test]
fn a_uuid_keeps_its_version() {
    let value = [0x6e, 0xcd, 0x8c, 0x99, 0x40, 0x36, 0x40, 0x3d, 0xbf, 0x84, 1, 2, 3, 4, 5, 6];
    let shown = uuid(&secret(&Label::NATIONAL_ID), Way::There, value);
    assert_eq!((shown[6] >> 4, shown[8] >> 6), (4, 2));
    assert_ne!(shown, value);
}
