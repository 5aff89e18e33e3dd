//! What is kept is what would be worked out again.

use super::*;
use crate::{ColumnMask, Format, Key};
use model::{Catalog, Disclosure, Label, MaskMethod, TypeId};
use proptest::prelude::*;

fn column(disclosure: &Disclosure) -> ColumnMask {
    let key = Key::new([7; 32]);
    ColumnMask::compile(disclosure, TypeId(25), &Catalog::default(), Format::Text, &key)
}

fn columns() -> Vec<ColumnMask> {
    let masked = |label, method| Disclosure::Masked { label, method };
    [
        Disclosure::Scan,
        masked(Label::EMAIL, MaskMethod::Pseudonym),
        masked(Label::FREE_TEXT, MaskMethod::Partial),
        masked(Label::PHONE, MaskMethod::Partial),
    ]
    .iter()
    .map(column)
    .collect()
}

/// Applies a mask both ways; panics if they differ. Answers what is kept in the end.
fn both<'v>(column: &ColumnMask, values: impl Iterator<Item = &'v [u8]>) -> Recent {
    let mut recent = column.recent();
    for value in values {
        let (mut once, mut again) = (b"before".to_vec(), b"before".to_vec());
        let applied = column.apply(value, &mut once);
        assert_eq!(column.apply_lately(&mut recent, value, &mut again), applied);
        assert_eq!(once.escape_ascii().to_string(), again.escape_ascii().to_string());
    }
    recent
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn what_is_kept_is_what_would_be_worked_out(
        values in proptest::collection::vec(
            "[a-c]{0,2}|[a-z]{1,3}@[a-z]{1,9}\\.com|call \\+49 30 [0-9]{1,2}[0-9]{6}|Maria [A-C][a-c]{2,4} \
             wrote|\\PC{0,200}",
            1..40,
        ),
    ) {
        for column in columns() {
            both(&column, values.iter().map(String::as_bytes).cycle().take(1_000));
        }
    }
}

#[test]
fn what_comes_again_is_met() {
    let values = ["shipped", "mail alice@example.org", "7 items, paid on 2024-02-11"];
    for column in columns().iter().take(3) {
        let met = both(column, values.map(str::as_bytes).into_iter().cycle().take(3_000)).met;
        assert_eq!(met, 3_000 - SMALL - 3);
    }
}

#[test]
fn what_does_not_come_again_is_not_kept() {
    let values: Vec<String> = (0..3_000).map(|n| format!("item {n} of many")).collect();
    let column = column(&Disclosure::Scan);
    let recent = both(&column, values.iter().take(2_000).map(String::as_bytes));
    assert!(recent.on && !recent.slots.is_empty());
    let recent = both(&column, values.iter().map(String::as_bytes));
    assert!(!recent.on && recent.slots.is_empty());
}

#[test]
fn a_small_result_needs_no_memory() {
    let recent = both(&column(&Disclosure::Scan), std::iter::repeat_n(b"shipped".as_slice(), 128));
    assert!(recent.slots.is_empty());
}

#[test]
fn values_whose_places_are_taken_take_turns() {
    let mut recent = Recent::empty();
    recent.slots = vec![[Slot::EMPTY; 2]; PAIRS].into();
    let at = |n: u64| Hash(n << 32);
    for n in 0..4 {
        recent.keep(at(n), b"value", Applied::Masked, &[b'0' + n as u8]);
    }
    let mut out = Vec::new();
    let found: Vec<_> = (0..4).map(|n| recent.of(at(n), b"value", &mut out)).collect();
    assert_eq!(found, [None, None, Some(Applied::Masked), Some(Applied::Masked)]);
    assert_eq!(out, b"23");
    // The same hash is not the same value.
    assert_eq!(recent.of(at(3), b"another", &mut out), None);
    // What is too long is not kept, and harms nothing.
    recent.keep(at(3), b"long", Applied::Masked, &[b'x'; BYTES]);
    assert_eq!(recent.of(at(3), b"value", &mut out), Some(Applied::Masked));
}

#[test]
fn a_wide_result_keeps_no_more_than_others() {
    let dear = crate::testing::scan(model::TypeId(25), crate::Format::Text);
    let columns = vec![dear; 1_600];
    let recents = crate::ColumnMask::recents(&columns);
    assert_eq!(recents.len(), 1_600);
    assert_eq!(recents.iter().filter(|recent| recent.is_on()).count(), 32);
}
