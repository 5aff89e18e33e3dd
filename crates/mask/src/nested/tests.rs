//! Arrays and composites come back as they were but for the masked leaves.

use crate::{Applied, ColumnMask, Format, Key, testing};
use model::{
    Catalog, Disclosure, Label, MaskMethod, RelationId, TypeId,
    catalog::{Column, Relation, RelationKind, Type, TypeKind},
};
use proptest::prelude::*;

fn full(ty: u32, format: Format, value: &[u8]) -> (Applied, Vec<u8>) {
    let mut out = Vec::new();
    let applied = testing::mask("email", "full", TypeId(ty), format).apply(value, &mut out);
    (applied, out)
}

#[test]
fn malformed_containers_are_null() {
    for broken in ["", "{", "}", "{a", "{a}}", "a", "{\"a}", "{a\\", "[1:2", "x{a}", "{{a}"] {
        assert_eq!(full(1009, Format::Text, broken.as_bytes()).0, Applied::Null, "{broken}");
    }
    for broken in ["", "(", ")", "(a", "(a)b", "a", "(\"a)", "(a\\"] {
        assert_eq!(full(2249, Format::Text, broken.as_bytes()).0, Applied::Null, "{broken}");
    }
    for broken in [&b""[..], &[0, 0, 0, 1], &[0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 25], &[255; 40]] {
        assert_eq!(full(1009, Format::Binary, broken).0, Applied::Null);
        assert_eq!(full(2249, Format::Binary, broken).0, Applied::Null);
    }
}

#[test]
fn a_binary_array_gets_a_null_bitmap_flag_when_an_element_becomes_null() {
    let mut catalog = Catalog::default();
    let ty = |id, kind, category| Type {
        id: TypeId(id),
        schema: "public".into(),
        name: format!("t{id}"),
        kind,
        category,
        attached: model::code::Attached::default(),
    };
    catalog.add_type(ty(50_001, TypeKind::Enum(vec!["low".into()]), 'E'));
    catalog.add_type(ty(50_002, TypeKind::Array(TypeId(50_001)), 'A'));
    let disclosure = Disclosure::Masked { label: Label::HEALTH, method: MaskMethod::Partial };
    let key = Key::new([1; 32]);
    let mask = ColumnMask::compile(&disclosure, TypeId(50_002), &catalog, Format::Binary, &key);
    let mut value = Vec::new();
    for number in [1i32, 0, 50_001, 1, 1, 3] {
        value.extend(number.to_be_bytes());
    }
    value.extend(b"low");
    let mut out = Vec::new();
    assert_eq!(mask.apply(&value, &mut out), Applied::Masked);
    let mut expected = Vec::new();
    for number in [1i32, 1, 50_001, 1, 1, -1] {
        expected.extend(number.to_be_bytes());
    }
    assert_eq!(out, expected);
}

#[test]
fn a_composite_is_masked_by_the_types_of_its_fields() {
    let mut catalog = Catalog::default();
    let column = |number, name: &str, ty| Column {
        number,
        name: name.into(),
        type_id: TypeId(ty),
        not_null: false,
        generated: None,
        unique: false,
        choosy: false,
        references: None,
        comment: None,
    };
    catalog.add_relation(Relation {
        id: RelationId(60_000),
        schema: "public".into(),
        name: "person".into(),
        kind: RelationKind::Composite,
        columns: vec![column(1, "mail", 25), column(2, "born", 1082), column(3, "n", 23)],
        definition: None,
        parents: Vec::new(),
        has_rules: false,
        row_security: false,
        triggers: Vec::new(),
        attached: model::code::Attached::default(),
        refers: Vec::new(),
        carried_from: Vec::new(),
        row_type: TypeId(60_001),
        comment: None,
        estimated_rows: -1.0,
    });
    catalog.add_type(Type {
        id: TypeId(60_001),
        schema: "public".into(),
        name: "person".into(),
        kind: TypeKind::Composite(RelationId(60_000)),
        category: 'C',
        attached: model::code::Attached::default(),
    });
    let key = Key::new([1; 32]);
    let disclosure = Disclosure::Masked { label: Label::UNKNOWN, method: MaskMethod::Full };
    let mask = ColumnMask::compile(&disclosure, TypeId(60_001), &catalog, Format::Text, &key);
    let mut out = Vec::new();
    assert_eq!(mask.apply(b"(\"a \"\"b\"\"\",1984-03-12,7)", &mut out), Applied::Masked);
    assert_eq!(out, b"(***,1970-01-01,0)");
    let scan = ColumnMask::compile(&Disclosure::Scan, TypeId(60_001), &catalog, Format::Text, &key);
    let mut out = Vec::new();
    assert_eq!(scan.apply(b"(\"x \"\"al@b.org\"\"\",1984-03-12,7)", &mut out), Applied::Masked);
    assert_eq!(out, b"(\"x \"\"a***@***.org\"\"\",1984-03-12,7)");
    assert_eq!(scan.apply(b"(plain,1984-03-12,7)", &mut Vec::new()), Applied::Raw);
}

/// Writes an array as `array_out` does.
fn array_text(elements: &[Option<String>]) -> String {
    let one = |element: &Option<String>| match element {
        None => "NULL".to_owned(),
        Some(text) => {
            let special = |c: char| " \t\n\r\u{b}\u{c},\"\\{}".contains(c);
            if text.is_empty() || text.eq_ignore_ascii_case("null") || text.contains(special) {
                format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            } else {
                text.clone()
            }
        }
    };
    format!("{{{}}}", elements.iter().map(one).collect::<Vec<_>>().join(","))
}

proptest! {
    #[test]
    fn elements_are_masked_one_by_one(
        elements in proptest::collection::vec(proptest::option::of("\\PC{0,8}"), 0..6),
    ) {
        let (applied, out) = full(1009, Format::Text, array_text(&elements).as_bytes());
        let masked: Vec<_> =
            elements.iter().map(|e| e.as_ref().map(|_| "***".to_owned())).collect();
        if elements.iter().any(Option::is_some) {
            prop_assert_eq!(applied, Applied::Masked);
            prop_assert_eq!(String::from_utf8(out).unwrap(), array_text(&masked));
        } else {
            prop_assert_eq!(applied, Applied::Raw);
        }
    }

    #[test]
    fn found_elements_are_written_as_the_server_writes_them(
        before in "[ ,\"\\\\{}();é山]{0,6}", after in "[ ,\"\\\\{}()a-z]{0,6}",
    ) {
        let value = format!("{before} al@b.org {after}");
        let mut plain = Vec::new();
        testing::scan(TypeId(25), Format::Text).apply(value.as_bytes(), &mut plain);
        let mut out = Vec::new();
        let array = array_text(&[Some(value), None]);
        testing::scan(TypeId(1009), Format::Text).apply(array.as_bytes(), &mut out);
        let expected = array_text(&[Some(String::from_utf8(plain).unwrap()), None]);
        prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
