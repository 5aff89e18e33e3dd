//! What was shown is turned back, in every type and format; what was not shown is not.

use super::*;
use crate::{ColumnMask, testing::oid};
use model::{Disclosure, MaskMethod};
use proptest::prelude::*;

const ALL: &[(&str, &str, &[&str])] = &[
    ("email", "text", &["alice@example.org", "", "Ünal.Ö@bücher.example", "x@y"]),
    ("person_name", "text", &["Alice Smith", "Jürgen", "O'Brien-LEE, mary", "Li", "王小明", "X"]),
    ("phone", "text", &["+14155552671", "+49 (30) 901820-0", "0171 1234567", "(415) 555-2671"]),
    ("phone", "int8", &["14155552671", "415555"]),
    ("phone", "int4", &["1234567890", "415555"]),
    ("phone", "numeric", &["4155552671"]),
    ("payment_card", "text", &["4111111111111111", "3782-822463-10005", "4111 1111 1111 1111"]),
    ("payment_card", "int8", &["4111111111111111"]),
    ("payment_card", "numeric", &["4111111111111111", "6212345678900000003"]),
    (
        "bank_account",
        "text",
        &["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "12345678"],
    ),
    ("national_id", "text", &["123-45-6789", "12345678Z", "RSSMRA85M01H501Z", "QQ 12 34 56 C"]),
    ("national_id", "int8", &["123456789"]),
    ("passport", "varchar", &["C01X00T47", "AB1234567", "A1"]),
    ("income", "numeric", &["54321.98", "-120000.00", "0.1234567"]),
    ("birth_date", "date", &["1984-03-12", "2024-02-29"]),
    ("birth_date", "timestamp", &["1984-03-12 00:00:00", "1984-03-12 04:05:06.789"]),
    ("birth_date", "time", &["04:05:06.789"]),
    ("birth_date", "text", &["1984-03-12", "12.03.1984"]),
    ("credential", "text", &["sk_live_abcdef", "hunter2"]),
    ("postal_address", "text", &["12 Main St, Springfield"]),
    ("national_id", "uuid", &["6ecd8c99-4036-403d-bf84-cf8400f67836"]),
    ("email", "text[]", &["{alice@example.org,NULL,\"a b\"}"]),
];

fn key() -> Key {
    Key::new([42; 32])
}

fn show(label: &str, ty: TypeId, key: &Key, format: Format, value: &[u8]) -> Vec<u8> {
    let (label, method) = (Label::new(label), MaskMethod::Pseudonym);
    let disclosure = Disclosure::Masked { label, method };
    let mut out = Vec::new();
    let mask = ColumnMask::compile(&disclosure, ty, &Catalog::default(), format, key);
    assert_eq!(mask.apply(value, &mut out), Applied::Masked);
    out
}

fn turn(label: &str, ty: TypeId, key: &Key, format: Format, value: &[u8]) -> Option<Found> {
    TurnBack::compile(&Label::new(label), ty, ty, &Catalog::default(), format, key).apply(value)
}

#[test]
fn what_was_shown_is_turned_back() {
    for (label, ty, values) in ALL {
        for value in *values {
            let shown = show(label, oid(ty), &key(), Format::Text, value.as_bytes());
            let words = String::from_utf8_lossy(&shown).into_owned();
            assert_ne!(words, *value, "{label} {ty}");
            let found = turn(label, oid(ty), &key(), Format::Text, &shown);
            let found = found.unwrap_or_else(|| panic!("{label} {ty} {value}: {words}"));
            assert_eq!(String::from_utf8_lossy(&found.value), *value, "{label} {ty} {words}");
        }
    }
}

#[test]
fn binary_is_turned_back_to_what_text_is() {
    let long = 4_155_552_671_i64;
    let shown = show("phone", oid("int8"), &key(), Format::Binary, &long.to_be_bytes());
    let number = i64::from_be_bytes(shown.clone().try_into().unwrap());
    for ty in ["text", "numeric", "int8"] {
        let text = show("phone", oid(ty), &key(), Format::Text, b"4155552671");
        assert_eq!(String::from_utf8(text).unwrap(), number.to_string(), "{ty}");
    }
    let back = turn("phone", oid("int8"), &key(), Format::Binary, &shown).unwrap();
    assert_eq!(back.value, long.to_be_bytes());
    let mut array = Vec::new();
    for word in [1u32, 0, 20, 2, 1, 8] {
        array.extend_from_slice(&word.to_be_bytes());
    }
    array.extend_from_slice(&shown);
    array.extend_from_slice(&(-1i32).to_be_bytes());
    let back = turn("phone", TypeId(1016), &key(), Format::Binary, &array).unwrap().value;
    assert_eq!(back[24..32], long.to_be_bytes());
}

#[test]
fn a_small_integer_stands_for_one_of_the_column() {
    // Ten digits have another pseudonym in an integer than in a bigint; drivers send either.
    let value = 1_234_567_890_i64;
    let shown = show("phone", oid("int8"), &key(), Format::Binary, &value.to_be_bytes());
    let number = i64::from_be_bytes(shown.try_into().unwrap());
    let (small, large) = (oid("int4"), oid("int8"));
    let back = |ty, column, bytes: &[u8]| {
        let label = Label::PHONE;
        let catalog = Catalog::default();
        TurnBack::compile(&label, ty, column, &catalog, Format::Binary, &key()).apply(bytes)
    };
    let found = back(large, large, &number.to_be_bytes()).unwrap();
    assert_eq!(found.value, value.to_be_bytes());
    let (mut met, mut lost) = (0, 0);
    for value in 1_500_000_000..1_500_000_200_i64 {
        let shown = show("phone", large, &key(), Format::Binary, &value.to_be_bytes());
        let shown = i64::from_be_bytes(shown.try_into().unwrap());
        let Ok(narrow) = i32::try_from(shown) else { continue };
        let real = i32::try_from(value).unwrap();
        match back(small, large, &narrow.to_be_bytes()) {
            Some(found) => met += usize::from(found.value == real.to_be_bytes()),
            None => lost += 1,
        }
    }
    assert!(met > 10 && lost == 0, "{met} {lost}");
}

#[test]
fn other_labels_other_keys_and_changed_ones_are_not() {
    for (label, value) in
        [("email", "alice@example.org"), ("person_name", "Alice Smith"), ("credential", "hunter2")]
    {
        let text = oid("text");
        let shown = show(label, text, &key(), Format::Text, value.as_bytes());
        assert!(turn(label, text, &key(), Format::Text, &shown).unwrap().certain);
        let other = Key::new([43; 32]);
        assert_eq!(turn(label, text, &other, Format::Text, &shown).filter(|f| f.certain), None);
        for another in ["email", "person_name", "credential", "health"] {
            if another != label {
                assert_eq!(turn(another, text, &key(), Format::Text, &shown), None, "{another}");
            }
        }
        for place in 0..shown.len() {
            let mut changed = shown.clone();
            changed[place] = if changed[place] == b'a' { b'e' } else { b'a' };
            let found = turn(label, text, &key(), Format::Text, &changed);
            assert!(found.is_none_or(|found| !found.certain), "{label} {place}");
        }
    }
}

#[test]
fn an_account_of_another_key_or_with_wrong_check_digits_is_not() {
    let text = oid("text");
    let shown = show("bank_account", text, &key(), Format::Text, b"DE89370400440532013000");
    assert!(turn("bank_account", text, &key(), Format::Text, &shown).unwrap().certain);
    let other = Key::new([43; 32]);
    let found = turn("bank_account", text, &other, Format::Text, &shown);
    assert!(found.is_none_or(|found| !found.certain));
    let mut certain = 0;
    for check in 0..100 {
        let mut changed = shown.clone();
        changed[2..4].copy_from_slice(format!("{check:02}").as_bytes());
        let found = turn("bank_account", text, &key(), Format::Text, &changed);
        certain += usize::from(found.is_some_and(|found| found.certain));
    }
    assert_eq!(certain, 1);
}

#[test]
fn real_values_are_not_certain_to_be_pseudonyms() {
    for (label, ty, values) in ALL {
        for value in *values {
            let found = turn(label, oid(ty), &key(), Format::Text, value.as_bytes());
            assert!(found.is_none_or(|found| !found.certain), "{label} {ty} {value}");
        }
    }
}

#[test]
fn older_keys_turn_back_while_they_are_kept() {
    let (old, text) = (key(), oid("text"));
    let new = Key::kept([(1, [42; 32]), (2, [7; 32])]).unwrap();
    for (label, value) in [
        ("email", "alice@example.org"),
        ("person_name", "Alice"),
        ("payment_card", "4111111111111111"),
        ("bank_account", "GB29NWBK60161331926819"),
    ] {
        let shown = show(label, text, &old, Format::Text, value.as_bytes());
        assert_ne!(shown, show(label, text, &new, Format::Text, value.as_bytes()));
        let found = turn(label, text, &new, Format::Text, &shown).unwrap();
        assert_eq!(String::from_utf8(found.value).unwrap(), value);
        let alone = Key::kept([(2, [7; 32])]).unwrap();
        let lost = turn(label, text, &alone, Format::Text, &shown);
        assert!(lost.is_none_or(|found| !found.certain && found.value != value.as_bytes()));
    }
    let shown = show("national_id", text, &old, Format::Text, b"123-45-6789");
    let plain = turn("national_id", text, &new, Format::Text, &shown).unwrap();
    assert_ne!(plain.value, b"123-45-6789");
    let named = [b"key1:".as_slice(), &shown].concat();
    let found = turn("national_id", text, &new, Format::Text, &named).unwrap();
    assert_eq!(found.value, b"123-45-6789");
    let unknown = [b"key9:".as_slice(), &shown].concat();
    assert_eq!(turn("national_id", text, &new, Format::Text, &unknown), None);
}

#[test]
fn what_is_too_short_or_no_card_has_no_pseudonym_among_numbers() {
    assert_eq!(show("phone", oid("int8"), &key(), Format::Text, b"12345"), b"0");
    assert_eq!(show("payment_card", oid("int8"), &key(), Format::Text, b"4111111111111112"), b"0");
    assert_eq!(turn("phone", oid("int8"), &key(), Format::Text, b"0"), None);
}

#[test]
fn dates_and_timestamps_meet_in_both_formats() {
    let shown = show("birth_date", oid("date"), &key(), Format::Text, b"1984-03-12");
    let stamp = show("birth_date", oid("timestamp"), &key(), Format::Text, b"1984-03-12 00:00:00");
    assert_eq!(stamp, [&shown[..], b" 00:00:00"].concat());
    // 2000-01-01 02:00:00+02 in both formats.
    let text =
        show("birth_date", oid("timestamptz"), &key(), Format::Text, b"2000-01-01 02:30:00+02");
    let micros: i64 = 1_800_000_000;
    let zoned = oid("timestamptz");
    let binary = show("birth_date", zoned, &key(), Format::Binary, &micros.to_be_bytes());
    let back = turn("birth_date", zoned, &key(), Format::Binary, &binary).unwrap().value;
    assert_eq!(back, micros.to_be_bytes());
    let back = turn("birth_date", zoned, &key(), Format::Text, &text).unwrap().value;
    assert_eq!(String::from_utf8(back).unwrap(), "2000-01-01 00:30:00+00");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back(
        value in prop_oneof![
            ".{0,40}",
            "[a-z.]{1,20}@[a-z]{1,12}\\.(com|org)",
            "\\+?[0-9() -]{6,18}",
            "[A-Z]{0,3}[0-9]{5,12}[A-Z]{0,2}",
            "[A-Z][a-z]{0,15}( [A-Z][a-z]{0,15}){0,2}",
        ],
        label in proptest::sample::select(Label::ALL),
    ) {
        prop_assume!(label != Label::NETWORK_ADDRESS && !value.ends_with(' '));
        let text = oid("text");
        let shown = show(label.as_str(), text, &key(), Format::Text, value.as_bytes());
        let found = turn(label.as_str(), text, &key(), Format::Text, &shown);
        prop_assert_eq!(found.map(|found| found.value), Some(value.into_bytes()));
    }

    #[test]
    fn any_bytes_are_survived(
        value in proptest::collection::vec(any::<u8>(), 0..60),
        label in proptest::sample::select(Label::ALL),
        ty in proptest::sample::select(&["text", "int4", "int8", "numeric", "date", "timestamp",
            "timestamptz", "time", "uuid", "float8", "inet", "jsonb", "text[]", "int4[]"][..]),
    ) {
        for format in [Format::Text, Format::Binary] {
            turn(label.as_str(), oid(ty), &key(), format, &value);
        }
    }

    #[test]
    fn numbers_come_back(number in 100_000i64.., label in proptest::sample::select(Label::ALL)) {
        prop_assume!(label != Label::PAYMENT_CARD);
        let ty = oid("int8");
        let shown = show(label.as_str(), ty, &key(), Format::Binary, &number.to_be_bytes());
        let found = turn(label.as_str(), ty, &key(), Format::Binary, &shown).unwrap();
        prop_assert_eq!(found.value, number.to_be_bytes());
    }
}
