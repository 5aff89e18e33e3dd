//! Every row of cases/scan.md, and what holds for all text.

use super::*;
use crate::testing;
use proptest::prelude::*;

fn scanned(value: &str) -> String {
    let mut out = Vec::new();
    match text(value.as_bytes(), &mut out) {
        Applied::Masked => String::from_utf8(out).unwrap(),
        Applied::Raw | Applied::Null => value.to_owned(),
    }
}

#[test]
fn finds_are_as_the_cases_say() {
    let mut failures = Vec::new();
    for row in testing::rows(include_str!("../../cases/scan.md")) {
        let [input, expected] = row.as_slice() else { panic!("{row:?}") };
        let expected = if expected == "=" { input } else { expected };
        let got = scanned(input);
        if got != *expected {
            failures.push(format!("{input}: {got}, not {expected}"));
        }
        // The same within a long text, across the prefilter's blocks.
        for padding in [1, 17, 31, 32, 33, 64, 200] {
            let around = format!("{} {input} {}", "x ".repeat(padding), "y ".repeat(padding));
            let wanted = format!("{} {expected} {}", "x ".repeat(padding), "y ".repeat(padding));
            let got = scanned(&around);
            if got != wanted {
                failures.push(format!("padded by {padding}: {got}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn scanning_twice_changes_nothing_more(value in pieces(" ", "and")) {
        let once = scanned(&value);
        prop_assert_eq!(scanned(&once), once);
    }

    #[test]
    fn arbitrary_bytes_are_scanned(value in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut out = Vec::new();
        text(&value, &mut out);
    }

    #[test]
    fn finds_are_ordered_and_inside(value in pieces("", "tel ")) {
        let finds = find(value.as_bytes());
        let mut before = 0;
        for found in finds {
            prop_assert!(before <= found.start && found.start < found.end);
            prop_assert!(found.end <= value.len());
            before = found.end;
        }
    }
}

/// Text in which many things stand close together. Where they touch, hiding one may lay another
/// open, and what a mask shortens brings announcements nearer: what is scanned twice has neither.
fn pieces(between: &'static str, announcement: &'static str) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,8}@[a-z]{1,6}\\.(com|de)",
        "\\+?[0-9]{1,16}",
        "[0-9]{2,4}[ ./-][0-9]{2,4}[ ./-][0-9]{2,4}",
        Just("4111 1111 1111 1111".to_owned()),
        Just("DE89370400440532013000".to_owned()),
        Just("password=hunter2".to_owned()),
        Just("sk_live_4eC39HqLyjWDarjtT1zdp7dc".to_owned()),
        Just(announcement.to_owned()),
        "[A-Z]{1,6}",
        "[ ,.;:()*/@+-]{1,3}",
        "\\PC{1,4}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(move |pieces| pieces.join(between))
}

/// Values that somebody may store so that whoever reads them waits: each mark in them begins a run
/// that reaches to the end. Were each looked at to its end, this test would not end.
#[test]
fn marks_upon_marks_cost_no_more_than_their_length() {
    for (digits, times) in [("1", 3_000_000), ("1 ", 50_000), ("12 Aa ", 50_000), ("1, ", 50_000)] {
        let text = digits.repeat(times);
        let finds = super::find(text.as_bytes());
        assert!(finds.iter().all(|find| find.end <= text.len()));
    }
    for mark in ["ghp_", "-eyJ", "password=*", "sk-", "xoxb-", "key-", "Bearer ", "$1$", "SG."] {
        let text = mark.repeat(64_000);
        let finds = super::find(text.as_bytes());
        assert!(finds.iter().all(|find| find.end <= text.len()));
    }
}

#[test]
fn a_letter_behind_digits_counts_wherever_a_block_ends() {
    for number in ["15474222Y", "15474222-Y"] {
        for before in 0..2 * BLOCK {
            let text = format!("{} pid-{number} and more", ".".repeat(before));
            let finds = find(text.as_bytes());
            let found = finds.iter().map(|found| &text[found.start..found.end]);
            assert_eq!(found.collect::<Vec<_>>(), [number], "{text}");
        }
    }
}

#[test]
fn a_value_of_nothing_but_finds_is_masked_whole() {
    assert_eq!(scanned(&"al@b.org ".repeat(1_000)), "a***@***.org ".repeat(1_000));
    assert_eq!(scanned(&"al@b.org ".repeat(300_000)), "***");
}
