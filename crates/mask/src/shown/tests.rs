//! What every mask makes is told, and what people write is not.

use super::*;
use crate::{ColumnMask, testing::oid};
use model::Disclosure;
use proptest::prelude::*;

const STARRING: [MaskMethod; 3] = [MaskMethod::Generalise, MaskMethod::Partial, MaskMethod::Full];

fn key() -> Key {
    Key::new([3; 32])
}

/// A value as it leaves.
fn shown(label: &Label, method: MaskMethod, ty: &str, format: Format, value: &[u8]) -> Vec<u8> {
    let disclosure = Disclosure::Masked { label: label.clone(), method };
    let mask = ColumnMask::compile(&disclosure, oid(ty), &Catalog::default(), format, &key());
    let mut out = Vec::new();
    assert_eq!(mask.apply(value, &mut out), Applied::Masked, "{label} {ty}");
    out
}

fn is(label: &Label, method: MaskMethod, ty: &str, format: Format, value: &[u8]) -> bool {
    let (ty, catalog) = (oid(ty), Catalog::default());
    MaskedForm::compile((label, method), (ty, ty), &catalog, format, &key()).is(value)
}

/// Ordinary values by label.
const ORDINARY: &[(&str, &[&str])] = &[
    ("email", &["alice.smith@example.org", "a@b.co", "", "n/a", "*@example.org", "a*b@x.org"]),
    ("person_name", &["Alice Smith", "Jürgen", "王小明", "O'Brien-Lee", "A. Smith", "A* S*", "Li"]),
    ("phone", &["+49 30 901820-0", "(415) 555-2671", "555-2671", "12", "*21#", "0171*4"]),
    ("payment_card", &["4111 1111 1111 1111", "3782-822463-10005", "1234"]),
    ("bank_account", &["DE89 3704 0044 0532 0130 00", "12345678", "GB29NWBK60161331926819"]),
    ("national_id", &["123-45-6789", "RSSMRA85M01H501Z", "07"]),
    ("passport", &["C01X00T47", "A1"]),
    ("driving_licence", &["B072RRE2I55"]),
    ("postal_address", &["12 Main St, Springfield, IL 62704", "Hauptstr. 1, Berlin", "*, here"]),
    ("birth_date", &["1984-03-12", "1984", "12.03.1984"]),
    ("network_address", &["192.168.7.9", "2001:db8::1", "00:1b:44:11:3a:b7", "192.168.*"]),
    ("credential", &["hunter2", "sk_live_abcdef", "$2b$12$abc", "**", "****"]),
    (
        "free_text",
        &[
            "Call Bob Miller at 555-2671",
            "***URGENT*** call back",
            "* milk\n* eggs",
            "it is **very** late",
            "all is well",
            "f*** off, Miller",
        ],
    ),
];

#[test]
fn what_a_mask_made_is_told_and_ordinary_values_are_not() {
    for (label, values) in ORDINARY {
        let label = Label::new(label);
        for value in *values {
            assert!(!is_masked_form(&label, value.as_bytes()), "{label}: {value}");
            for method in STARRING {
                let out = shown(&label, method, "text", Format::Text, value.as_bytes());
                let text = String::from_utf8(out.clone()).unwrap();
                // A mask of which nothing shows made nothing of it.
                let told = is_masked_form(&label, &out);
                let plain = !text.contains('*') || label == Label::FREE_TEXT && text == *value;
                assert_eq!(told, !plain, "{label} {method:?}: {value}: {text}");
                for format in [Format::Text, Format::Binary] {
                    assert_eq!(is(&label, method, "varchar", format, &out), told, "{text}");
                }
            }
        }
    }
    for label in Label::ALL {
        for value in ["***", "***  "] {
            assert!(is_masked_form(label, value.as_bytes()), "{label}");
        }
        for value in ["", "0", "1970-01-01", "f", "00000000-0000-0000-0000-000000000000"] {
            assert!(!is_masked_form(label, value.as_bytes()), "{label}: {value}");
        }
    }
}

#[test]
fn words_that_a_form_lowered_or_cut_are_told() {
    for (label, value) in [
        (Label::EMAIL, "b***@***.fr"),
        (Label::EMAIL, "***@example.org"),
        (Label::PERSON_NAME, "a*** s***"),
        (Label::PHONE, "+** ** ****-**-*1"),
        (Label::NATIONAL_ID, "***-**-**07"),
        (Label::BANK_ACCOUNT, "DE** **** **** **** **30 00"),
        (Label::FREE_TEXT, "called *** about a***@***.org, paid *****"),
        (Label::FREE_TEXT, "mail from A*** S***"),
    ] {
        assert!(is_masked_form(&label, value.as_bytes()), "{label}: {value}");
    }
}

#[test]
fn what_stands_within_a_value_is_told() {
    let (email, partial) = (&Label::EMAIL, MaskMethod::Partial);
    let text = Format::Text;
    for (ty, value) in [
        ("text[]", &b"{alice@example.org,NULL}"[..]),
        ("jsonb", br#"{"email": "alice@example.org", "id": 7}"#),
        ("json", br#"["alice@example.org"]"#),
        ("bytea", b"\\x616c696365406578616d706c652e6f7267"),
        ("tsvector", b"'alice':1"),
    ] {
        assert!(!is(email, partial, ty, text, value), "{ty}");
        assert!(is(email, partial, ty, text, &shown(email, partial, ty, text, value)), "{ty}");
    }
    let binary = b"\x01{\"email\": \"a***@***.org\"}";
    assert!(is(email, partial, "jsonb", Format::Binary, binary));
    // What a mask makes of numbers and dates is a value like others.
    for (ty, value) in [("int4", "7"), ("date", "1984-03-12"), ("uuid", &"0".repeat(32))] {
        let out = shown(email, MaskMethod::Full, ty, text, value.as_bytes());
        assert!(!is(email, MaskMethod::Full, ty, text, &out), "{ty}");
    }
}

#[test]
fn a_pseudonym_that_is_certain_is_told_to_whoever_sees_pseudonyms() {
    let pseudonym = MaskMethod::Pseudonym;
    for (label, value, told) in [
        (Label::EMAIL, "alice@example.org", true),
        (Label::PERSON_NAME, "Alice Smith", true),
        (Label::CREDENTIAL, "hunter2", true),
        // It looks like any other.
        (Label::PHONE, "+14155552671", false),
    ] {
        let out = shown(&label, pseudonym, "text", Format::Text, value.as_bytes());
        assert_eq!(is(&label, pseudonym, "text", Format::Binary, &out), told, "{label}");
        assert!(!is(&label, pseudonym, "text", Format::Text, value.as_bytes()), "{label}");
        assert!(!is(&label, MaskMethod::Partial, "text", Format::Text, &out), "{label}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_any_mask_stars_is_told(
        value in "\\PC{0,20}|[A-Za-z]{1,9}( [A-Z][a-z]{0,9}){0,3}|[0-9A-Z +()./-]{1,30}|\
            [a-z.]{1,9}@[a-z]{1,9}\\.[a-z]{2,5}|[A-Z]{2}[0-9]{2}[0-9A-Z ]{8,24}|\
            [0-9]{1,5} [A-Z][a-z]{2,8}, [A-Z]{2} [0-9]{5}|[12][0-9]{3}-[01][0-9]-[0-3][0-9]|\
            ([0-9]{1,3}\\.){3}[0-9]{1,3}|([0-9a-f]{2}[:-]){5}[0-9a-f]{2}|[0-9a-f]{1,4}::1",
        label in prop::sample::select(Label::ALL),
        method in prop::sample::select(&STARRING[..]),
    ) {
        let out = shown(&label, method, "text", Format::Text, value.as_bytes());
        let text = String::from_utf8(out.clone()).unwrap();
        // Free text keeps most of what it is, stars included.
        prop_assume!(label != Label::FREE_TEXT && text != value);
        prop_assert_eq!(
            is_masked_form(&label, &out), text.contains('*'), "{} {:?}: {}", label, method, text
        );
    }

    #[test]
    fn what_has_no_star_is_not_told(
        value in "[^*]{0,24}",
        label in prop::sample::select(Label::ALL),
    ) {
        prop_assert!(!is_masked_form(&label, value.as_bytes()));
    }
}
