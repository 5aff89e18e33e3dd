//! Tests of value.rs.

use super::*;

#[test]
fn formats_follow_the_rule_for_none_one_and_many() {
    let none = Formats(&[]);
    assert_eq!((none.of(0), none.of(9)), (Some(Format::TEXT), Some(Format::TEXT)));
    let one = Formats(&[0, 1]);
    assert_eq!((one.of(0), one.of(9)), (Some(Format::BINARY), Some(Format::BINARY)));
    let two = Formats(&[0, 0, 0, 1]);
    assert_eq!((two.of(0), two.of(1), two.of(2)), (Some(Format::TEXT), Some(Format::BINARY), None));
    assert_eq!(two.iter().len(), 2);
}

/// Minutes if each were counted from the first.
#[test]
fn each_of_many_formats_is_found_at_once() {
    let codes = [0, 1].repeat(1_000_000);
    let formats = Formats(&codes);
    assert!((0..1_000_000).all(|index| formats.of(index) == Some(Format::BINARY)));
    assert_eq!(formats.of(1_000_000), None);
}

#[test]
fn text_ends_at_the_first_nul() {
    assert_eq!(Text::new(b"ab\0cd").bytes(), b"ab");
    assert_eq!(Text::new(b"\xff").utf8(), None);
    let mut reader = Reader::new(b"ab\0cd");
    assert_eq!(reader.text().map(Text::bytes), Ok(&b"ab"[..]));
    assert_eq!(reader.text(), Err(Fault::Unterminated));
}

#[test]
fn values_refuse_lengths_that_cannot_be() {
    let minus_two = [0, 1, 0xff, 0xff, 0xff, 0xfe];
    assert_eq!(Reader::new(&minus_two).values(), Err(Fault::Length));
    let too_long = [0, 1, 0, 0, 0, 2, b'x'];
    assert_eq!(Reader::new(&too_long).values(), Err(Fault::Short));
    let null_and_one = [0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, b'x'];
    let values = Reader::new(&null_and_one).values().unwrap();
    assert_eq!(values.iter().collect::<Vec<_>>(), vec![None, Some(&b"x"[..])]);
    assert_eq!(values.iter().len(), 2);
}

#[test]
fn debug_of_text_is_printable() {
    assert_eq!(format!("{:?}", Text::new(b"a\"\x01\xff")), r#""a\"\x01\xff""#);
}
