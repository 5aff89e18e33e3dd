//! Every row of cases/masks.md, and what holds for all values.

use super::*;
use crate::testing;
use proptest::prelude::*;

#[test]
fn masks_are_as_the_cases_say() {
    let mut failures = Vec::new();
    for row in testing::rows(include_str!("../../cases/masks.md")) {
        let [label, method, ty, input, expected] = row.as_slice() else { panic!("{row:?}") };
        let mask = testing::mask(label, method, testing::oid(ty), Format::Text);
        let mut out = Vec::new();
        let got = match mask.apply(input.as_bytes(), &mut out) {
            Applied::Raw => "=".to_owned(),
            Applied::Null => "NULL".to_owned(),
            Applied::Masked => String::from_utf8(out).unwrap(),
        };
        if got != *expected {
            failures.push(format!("{label} {method} {ty} {input}: {got}, not {expected}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn labels_that_show_nothing_show_nothing() {
    for label in ["unknown", "credential", "card_security"] {
        for method in ["partial", "generalise"] {
            let mask = testing::mask(label, method, TypeId(25), Format::Text);
            let mut out = Vec::new();
            mask.apply(b"alice@example.org", &mut out);
            assert_eq!(out, b"***");
        }
    }
}

#[test]
fn an_unknown_type_is_null_when_masked() {
    let mask = testing::mask("email", "partial", TypeId(999_999), Format::Text);
    assert_eq!(mask.apply(b"alice@example.org", &mut Vec::new()), Applied::Null);
    let scan = testing::scan(TypeId(999_999), Format::Binary);
    assert!(!scan.passes());
    assert_eq!(scan.apply(b"\x01\x02alice@example.org", &mut Vec::new()), Applied::Null);
    assert_eq!(scan.apply(b"\x01\x02plain", &mut Vec::new()), Applied::Raw);
}

#[test]
fn types_without_text_pass_a_scan() {
    for oid in [16, 20, 21, 23, 700, 701, 1082, 1114, 1184, 1700, 2950, 1007, 1005] {
        assert!(testing::scan(TypeId(oid), Format::Binary).passes(), "{oid}");
    }
    for oid in [25, 1043, 1042, 114, 3802, 142, 17, 1009, 2249, 3614, 705, 2287] {
        assert!(!testing::scan(TypeId(oid), Format::Binary).passes(), "{oid}");
    }
}

#[test]
fn pseudonyms_keep_equality_across_formats_and_types() {
    let text = testing::mask("email", "pseudonym", TypeId(25), Format::Text);
    let binary = testing::mask("email", "pseudonym", TypeId(1043), Format::Binary);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    text.apply(b"alice@example.org", &mut a);
    binary.apply(b"alice@example.org", &mut b);
    assert_eq!(a, b);
    assert!(a.ends_with(b"@example.com") && a.starts_with(b"p_"));
    let (mut a, mut b) = (Vec::new(), Vec::new());
    testing::mask("phone", "pseudonym", TypeId(20), Format::Text).apply(b"491701234567", &mut a);
    testing::mask("phone", "pseudonym", TypeId(20), Format::Binary)
        .apply(&491_701_234_567i64.to_be_bytes(), &mut b);
    assert_eq!(
        String::from_utf8(a).unwrap(),
        i64::from_be_bytes(b.try_into().unwrap()).to_string()
    );
}

#[test]
fn pseudonyms_of_integers_stay_distinct() {
    let mask = testing::mask("national_id", "pseudonym", TypeId(23), Format::Binary);
    let mut seen = std::collections::HashSet::new();
    for value in (i32::MAX - 20_000..=i32::MAX).chain(100_000..120_000) {
        let mut out = Vec::new();
        assert_eq!(mask.apply(&value.to_be_bytes(), &mut out), Applied::Masked);
        assert!(seen.insert(out), "{value}");
    }
}

fn every_type() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(16),
        Just(17),
        Just(18),
        Just(19),
        Just(20),
        Just(21),
        Just(23),
        Just(25),
        Just(114),
        Just(142),
        Just(600),
        Just(601),
        Just(650),
        Just(700),
        Just(701),
        Just(790),
        Just(829),
        Just(869),
        Just(1000),
        Just(1007),
        Just(1009),
        Just(1042),
        Just(1043),
        Just(1082),
        Just(1114),
        Just(1184),
        Just(1186),
        Just(1231),
        Just(1562),
        Just(1700),
        Just(2249),
        Just(2950),
        Just(3614),
        Just(3802),
        Just(3807),
        Just(3904),
        Just(4535),
        Just(77_777)
    ]
}

fn formats() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::Text), Just(Format::Binary)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn arbitrary_bytes_never_panic_and_never_pass_a_mask(
        value in proptest::collection::vec(any::<u8>(), 0..80),
        oid in every_type(),
        format in formats(),
        label in proptest::sample::select(Label::ALL.to_vec()),
        method in proptest::sample::select(vec!["generalise", "partial", "pseudonym", "full"]),
    ) {
        let mask = testing::mask(label.as_str(), method, TypeId(oid), format);
        let mut out = b"kept".to_vec();
        let applied = mask.apply(&value, &mut out);
        prop_assert!(out.starts_with(b"kept"));
        if applied != Applied::Masked {
            prop_assert_eq!(&out, b"kept");
        }
        // Arrays, composites and documents without a single leaf hold nothing to mask.
        let container = [114, 3802, 1000, 1007, 1009, 1231, 3807, 2249].contains(&oid);
        prop_assert!(applied != Applied::Raw || container);
        testing::scan(TypeId(oid), format).apply(&value, &mut Vec::new());
    }

    #[test]
    fn a_partial_card_never_shows_five_digits(card in "[0-9]{4}([ -]?[0-9]{4}){2,3}") {
        let mask = testing::mask("payment_card", "partial", TypeId(25), Format::Text);
        let mut out = Vec::new();
        mask.apply(card.as_bytes(), &mut out);
        prop_assert!(out.iter().filter(|byte| byte.is_ascii_digit()).count() <= 4);
    }

    #[test]
    fn masked_text_never_holds_the_value(value in "[a-zA-Z0-9@. +-]{6,40}") {
        for label in Label::ALL.iter().filter(|label| **label != Label::FREE_TEXT) {
            for method in ["partial", "pseudonym", "full"] {
                let mask = testing::mask(label.as_str(), method, TypeId(25), Format::Text);
                let mut out = Vec::new();
                mask.apply(value.as_bytes(), &mut out);
                let shown = String::from_utf8(out).unwrap();
                let alnum = value.chars().filter(char::is_ascii_alphanumeric).count();
                // Whole degrees are what a coarse location shows.
                let degrees = value.bytes().all(|byte| b"0123456789+-,. ".contains(&byte));
                let coarse = *label == Label::LOCATION && degrees;
                prop_assert!(alnum < 3 || coarse || shown != value, "{label} {method}");
            }
        }
    }
}
