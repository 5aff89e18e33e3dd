//! Limits hold exactly, and begin anew with the hour.

use super::*;
use std::time::Duration;

fn limit(label: Label, values: u64) -> LookUps {
    let policy = "limited".into();
    LookUps { identity: "alice".to_owned(), label, values, per_hour: 10, policy }
}

#[test]
fn a_limit_holds_exactly_and_begins_anew() {
    let (counters, shop) = (Counters::default(), DatabaseName::from("shop"));
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let charge = |values, elements, seconds| {
        counters.charge(&shop, &[limit(Label::EMAIL, values)], elements, at(seconds))
    };
    assert_eq!(charge(7, 0, 7_200), Ok(()));
    let reached = charge(1, 3, 9_000).unwrap_err();
    assert_eq!((reached.left, reached.minutes), (3, 30));
    assert_eq!(charge(1, 2, 9_000), Ok(()), "what was refused does not count");
    assert!(charge(1, 0, 10_799).is_err());
    assert_eq!(charge(10, 0, 10_800), Ok(()));
    // To look whether there is room takes none.
    let room = |seconds| counters.room(&shop, &[limit(Label::EMAIL, 10)], 0, at(seconds));
    assert_eq!(room(10_800).unwrap_err(), charge(10, 0, 10_800).unwrap_err());
    assert_eq!((room(14_400), room(14_400)), (Ok(()), Ok(())));
    assert_eq!(charge(10, 0, 14_400), Ok(()));
}

#[test]
fn labels_and_databases_are_counted_apart_and_together_or_not_at_all() {
    let counters = Counters::default();
    let both = [limit(Label::EMAIL, 10), limit(Label::PHONE, 11)];
    let (shop, other) = (DatabaseName::from("shop"), DatabaseName::from("other"));
    assert!(counters.charge(&shop, &both, 0, UNIX_EPOCH).is_err());
    assert_eq!(counters.charge(&shop, &both[..1], 0, UNIX_EPOCH), Ok(()));
    assert!(counters.charge(&shop, &both[..1], 0, UNIX_EPOCH).is_err());
    assert_eq!(counters.charge(&other, &both[..1], 0, UNIX_EPOCH), Ok(()));
}

#[test]
fn an_array_is_as_many_values_as_it_has() {
    assert_eq!(elements(b"a, b"), 0);
    assert_eq!(elements(b"{a,b,c}"), 2);
    assert_eq!(elements(b" \t\x0b{a,b,c}"), 2);
    assert_eq!(elements(b" 16 17  18 "), 2, "a vector");
    assert_eq!(elements(b"-5"), 0);
    let mut binary = Vec::new();
    for word in [1_u32, 0, 25, 3, 1] {
        binary.extend(word.to_be_bytes());
    }
    assert_eq!(elements(&binary), 2);
    assert_eq!(elements(&[0, 0, 0, 1]), 0, "a number is one value");
}
