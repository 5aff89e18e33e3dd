//! Tests of row.rs.

use super::*;
use wire_pg::backend::{DataRow, encode};

#[test]
fn arrays_as_postgresql_writes_them() {
    let list = |elements: &[&str]| Some(elements.iter().map(|e| (*e).to_owned()).collect());
    assert_eq!(array("{}"), list(&[]));
    assert_eq!(array("{a,b}"), list(&["a", "b"]));
    assert_eq!(array(r#"{"",x}"#), list(&["", "x"]));
    assert_eq!(array(r#"{"a,b","c\"d","e\\f","NULL"}"#), list(&["a,b", "c\"d", "e\\f", "NULL"]));
    assert_eq!(array("[0:1]={a,b}"), list(&["a", "b"]));
    assert_eq!(array(r#"{"search_path=\"a b\", c"}"#), list(&["search_path=\"a b\", c"]));
    for wrong in ["", "{", "a", "{a", "{a,}", "{,a}", "{NULL}", r#"{"a}"#, r#"{"a"b}"#, "{{a}}"] {
        assert_eq!(array(wrong), None, "{wrong}");
    }
}

#[test]
fn rows_are_read_from_left_to_right() {
    let mut out = Vec::new();
    let mut writer = encode::begin_row(&mut out, 6);
    for value in [&b"17"[..], b"t", b"r", b"1 2", b"{3,4}"] {
        writer.value(value);
    }
    writer.null();
    writer.end().unwrap();
    let data = DataRow::parse(&out[5..]).unwrap();
    let mut row = Row::new(data.values, "test");
    assert_eq!(row.number::<u32>().unwrap(), 17);
    assert!(row.boolean().unwrap());
    assert_eq!(row.letter().unwrap(), 'r');
    assert_eq!(row.vector::<i16>().unwrap(), [1, 2]);
    assert_eq!(row.numbers::<u32>().unwrap(), [3, 4]);
    assert_eq!(row.optional().unwrap(), None);
    assert!(matches!(row.text(), Err(CatalogError::Row("test"))), "there is no seventh");
}
