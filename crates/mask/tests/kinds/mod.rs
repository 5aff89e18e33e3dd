//! Kinds of values of which pseudonyms are made: how one is made of a number, and what its
//! pseudonym must look like. Shared by the test and the example that measures.

use mask::{ColumnMask, Format, Key, TurnBack};
use model::{Catalog, Disclosure, Label, MaskMethod, TypeId};
use std::{
    collections::HashSet,
    ops::Range,
    time::{Duration, Instant},
};

/// `pg_type.oid` of text and bigint.
const TEXT: u32 = 25;
const BIGINT: u32 = 20;

/// A kind of value: its name, label and type, how one is made of a number, and what its pseudonym
/// must look like.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    label: Label,
    ty: u32,
    make: fn(u64) -> String,
    sound: fn(&str, &str) -> bool,
}

/// What is made.
pub(crate) const KINDS: [Kind; 10] = [
    Kind {
        name: "email",
        label: Label::EMAIL,
        ty: TEXT,
        make: |n| format!("user{n}.smith@example{}.org", n % 977),
        sound: |_, shown| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let local = shown.strip_suffix("@example.com").unwrap_or_default();
            (1..=64).contains(&local.len()) && local.chars().all(plain)
        },
    },
    Kind {
        name: "name",
        label: Label::PERSON_NAME,
        ty: TEXT,
        make: |n| format!("{} {}", word(n % 1_009), word(n / 1_009)),
        sound: |_, shown| {
            let mut words = shown.split(' ');
            let capital = |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase());
            words.clone().count() == 2 && words.all(capital)
        },
    },
    Kind { name: "card", label: Label::PAYMENT_CARD, ty: TEXT, make: card, sound: nobodys_card },
    Kind {
        name: "card in a bigint",
        label: Label::PAYMENT_CARD,
        ty: BIGINT,
        make: card,
        sound: |value, shown| shown.parse::<i64>().is_ok() && nobodys_card(value, shown),
    },
    Kind {
        name: "IBAN",
        label: Label::BANK_ACCOUNT,
        ty: TEXT,
        make: iban,
        sound: |value, shown| {
            shown.len() == value.len() && shown.get(..2) == value.get(..2) && mod_97(shown) != 1
        },
    },
    Kind {
        name: "phone",
        label: Label::PHONE,
        ty: TEXT,
        make: |n| {
            let country = match n % 3 {
                0 => "1",
                1 => "49",
                _ => "358",
            };
            format!("+{country} (415) {:03}-{:04}", 200 + n / 10_000, n % 10_000)
        },
        sound: |value, shown| {
            let country = |text: &str| text.split_once(" (").map(|(code, _)| code.to_owned());
            same_form(value, shown) && country(value) == country(shown)
        },
    },
    Kind {
        name: "phone in a bigint",
        label: Label::PHONE,
        ty: BIGINT,
        make: |n| (14_150_000_000 + n).to_string(),
        sound: same_form,
    },
    Kind {
        name: "social security number",
        label: Label::NATIONAL_ID,
        ty: TEXT,
        make: |n| format!("{:03}-{:02}-{:04}", 100 + n / 1_000_000, n / 10_000 % 100, n % 10_000),
        sound: same_form,
    },
    Kind {
        name: "passport",
        label: Label::PASSPORT,
        ty: TEXT,
        make: |n| format!("C{:07}X", n),
        sound: same_form,
    },
    Kind {
        name: "token",
        label: Label::CREDENTIAL,
        ty: TEXT,
        make: |n| format!("secret-{n}"),
        sound: |_, shown| shown.starts_with("p_"),
    },
];

/// What making and turning back took.
#[derive(Default)]
pub(crate) struct Took {
    pub(crate) there: Duration,
    pub(crate) back: Duration,
}

/// Makes the pseudonyms of these numbers' values: each is of its form and there once. Each number
/// that `every` divides is turned back too.
pub(crate) fn check(kind: &Kind, numbers: Range<u64>, every: u64) -> Took {
    let (key, ty, catalog) = (Key::new([7; 32]), TypeId(kind.ty), Catalog::default());
    let (label, method) = (kind.label.clone(), MaskMethod::Pseudonym);
    let disclosure = Disclosure::Masked { label, method };
    let mask = ColumnMask::compile(&disclosure, ty, &catalog, Format::Text, &key);
    let back = TurnBack::compile(&kind.label, ty, ty, &catalog, Format::Text, &key);
    let (mut seen, mut took) = (HashSet::new(), Took::default());
    for number in numbers {
        let value = (kind.make)(number);
        let (start, mut out) = (Instant::now(), Vec::new());
        mask.apply(value.as_bytes(), &mut out);
        took.there += start.elapsed();
        let shown = String::from_utf8_lossy(&out).into_owned();
        assert!(shown != value, "{}: {value} stayed", kind.name);
        assert!((kind.sound)(&value, &shown), "{}: {value} became {shown}", kind.name);
        if number.is_multiple_of(every) {
            let start = Instant::now();
            let found = back.apply(&out).map(|found| found.value);
            took.back += start.elapsed();
            assert_eq!(found.as_deref(), Some(value.as_bytes()), "{}: {shown}", kind.name);
        }
        assert!(seen.insert(shown.clone()), "{}: {shown} came twice", kind.name);
    }
    took
}

/// A capitalised word of letters for each number.
fn word(mut number: u64) -> String {
    let mut word = String::from("A");
    loop {
        word.push(char::from(b'a' + u8::try_from(number % 26).unwrap_or(0)));
        number /= 26;
        if number == 0 {
            return word;
        }
    }
}

fn card(number: u64) -> String {
    let body = format!("4{:014}", number * 7_919);
    let full = |check: u32| format!("{body}{check}");
    (0..10).map(full).find(|card| luhn(card)).unwrap_or_default()
}

fn iban(number: u64) -> String {
    let full = |check: u32| format!("DE{check:02}37040044{number:010}");
    (2..99).map(full).find(|iban| mod_97(iban) == 1).unwrap_or_default()
}

/// Three digits more, Luhn's check, and 9 in front of the number of a country where ISO 3166-1
/// knows none: no issuer has such a number (ISO/IEC 7812-1).
fn nobodys_card(value: &str, shown: &str) -> bool {
    let countries = [4, 8, 10, 12, 16, 20, 24, 28, 31, 32, 36, 40];
    let country: Option<u32> = shown.get(1..4).and_then(|digits| digits.parse().ok());
    shown.len() == value.len() + 3
        && shown.starts_with('9')
        && country.is_some_and(|country| country < 44 && !countries.contains(&country))
        && luhn(shown)
}

fn luhn(text: &str) -> bool {
    let sum: u32 = text
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let doubled = u32::from(byte - b'0') * (1 + place as u32 % 2);
            doubled / 10 + doubled % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

fn mod_97(iban: &str) -> u32 {
    let turned = iban.bytes().skip(4).chain(iban.bytes().take(4));
    turned.fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    })
}

/// Digits where there were digits, letters of the same case where there were letters, the rest as
/// it was.
fn same_form(value: &str, shown: &str) -> bool {
    let alike = |a: char, b: char| match a {
        '0'..='9' => b.is_ascii_digit(),
        'A'..='Z' => b.is_ascii_uppercase(),
        _ => a == b,
    };
    value.len() == shown.len() && value.chars().zip(shown.chars()).all(|(a, b)| alike(a, b))
}
