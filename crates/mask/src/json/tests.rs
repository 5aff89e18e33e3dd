//! Every row of cases/json.md, and what holds for all documents.

use super::*;
use crate::testing;
use model::TypeId;
use proptest::prelude::*;

fn scanned(document: &str) -> String {
    let mut out = Vec::new();
    match scan(document.as_bytes(), &mut out) {
        Applied::Masked => String::from_utf8(out).unwrap(),
        Applied::Raw => document.to_owned(),
        Applied::Null => "NULL".to_owned(),
    }
}

#[test]
fn documents_leave_as_the_cases_say() {
    let mut failures = Vec::new();
    for row in testing::rows(include_str!("../../cases/json.md")) {
        let [input, expected] = row.as_slice() else { panic!("{row:?}") };
        let expected = if expected == "=" { input } else { expected };
        let got = scanned(input);
        if got != *expected {
            failures.push(format!("{input}: {got}, not {expected}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_is_found_is_what_is_masked() {
    for row in testing::rows(include_str!("../../cases/json.md")) {
        let input = row.first().unwrap();
        let mut out = Vec::new();
        let (Some(found), true) =
            (find_in_document(input.as_bytes()), by_key(input.as_bytes(), &mut out).is_some())
        else {
            continue;
        };
        let Ok(before) = serde_json::from_str::<serde_json::Value>(input) else { continue };
        let after = serde_json::from_slice(&out).unwrap_or_else(|_| before.clone());
        let mut changed = Vec::new();
        differing(&before, &after, String::new(), &mut changed);
        let mut told: Vec<String> = found.into_iter().map(|(place, _)| place).collect();
        told.sort();
        told.dedup();
        // A leaf that is masked may be what it was: a truth that is false, a number that is 0.
        let seen = |place: &String| before.pointer(place).is_some_and(says_something);
        assert_eq!(told.into_iter().filter(seen).collect::<Vec<_>>(), changed, "{input}");
    }
    let text = r#"{"user": {"email": "al@b.org"}, "n": [1, {"a/b": "ask al@b.org"}]}"#;
    let told: Vec<_> = find_in_document(text.as_bytes())
        .unwrap()
        .into_iter()
        .map(|(place, find)| (place, find.start, find.end, find.label))
        .collect();
    let email = |place: &str, start| (place.to_owned(), start, start + 8, Label::EMAIL);
    assert_eq!(told, [email("/user/email", 0), email("/n/1/a~1b", 4)]);
}

fn says_something(value: &serde_json::Value) -> bool {
    *value != serde_json::json!(false) && *value != serde_json::json!(0)
}

/// Where the leaves of two documents differ, as sorted JSON pointers. Keys that were masked count
/// for nothing.
fn differing(
    before: &serde_json::Value,
    after: &serde_json::Value,
    place: String,
    changed: &mut Vec<String>,
) {
    use serde_json::Value;
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, below) in one {
                let key_there = key.replace('~', "~0").replace('/', "~1");
                if let Some(there) = other.get(key) {
                    differing(below, there, format!("{place}/{key_there}"), changed);
                }
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for (number, (below, there)) in one.iter().zip(other).enumerate() {
                differing(below, there, format!("{place}/{number}"), changed);
            }
        }
        _ if before != after => changed.push(place),
        _ => {}
    }
    changed.sort();
}

#[test]
fn jsonb_in_binary_keeps_its_version_byte() {
    let mask = testing::scan(TypeId(3802), crate::Format::Binary);
    let mut out = Vec::new();
    assert_eq!(mask.apply(b"\x01{\"email\": \"al@b.org\"}", &mut out), Applied::Masked);
    assert_eq!(out, b"\x01{\"email\": \"a***@***.org\"}");
    assert_eq!(mask.apply(b"\x02{}", &mut Vec::new()), Applied::Null);
}

#[test]
fn strings_of_another_encoding_do_not_hide_the_rest() {
    let latin = b"{\"last_name\":\"Smith\",\"x\":\"\xE9\",\"salary\":52000}";
    let mut out = Vec::new();
    assert_eq!(scan(latin, &mut out), Applied::Masked);
    assert_eq!(out, b"{\"last_name\":\"S***\",\"x\":\"\xE9\",\"salary\":0}");
    let deep = format!("{}\"Smith\"{}", "{\"last_name\":".repeat(6_001), "}".repeat(6_001));
    assert_eq!(scan(deep.as_bytes(), &mut Vec::new()), Applied::Null);
}

#[test]
fn documents_in_columns_of_text_are_masked_by_key() {
    for ty in [25, 0] {
        let mask = testing::scan(TypeId(ty), crate::Format::Text);
        let masked = |text: &str| {
            let mut out = Vec::new();
            match mask.apply(text.as_bytes(), &mut out) {
                Applied::Masked => String::from_utf8(out).unwrap(),
                Applied::Raw | Applied::Null => text.to_owned(),
            }
        };
        assert_eq!(
            masked(r#" {"last_name": "Smith", "n": 1}"#),
            r#" {"last_name": "S***", "n": 1}"#
        );
        assert_eq!(masked(r#"[{"salary": 52000}]"#), r#"[{"salary": 0}]"#);
        assert_eq!(masked("{no document} al@b.org"), "{no document} a***@***.org");
        let both = r#"{"salary": 52000, "a": "tel", "b": "+46 70 913 582 647"}"#;
        assert!(!masked(both).contains("52000") && !masked(both).contains("582"));
    }
}

#[test]
fn what_is_not_json_is_null_when_masked() {
    let mask = testing::mask("email", "partial", TypeId(114), crate::Format::Text);
    for broken in ["{", "{\"a\"}", "[1,]", "nul", "\"a", "{\"a\":1}}", "", "[1 2]", "]"] {
        assert_eq!(mask.apply(broken.as_bytes(), &mut Vec::new()), Applied::Null, "{broken}");
    }
}

/// Documents with their own printer, so that reading is checked against writing.
fn documents() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[1-9][0-9]{0,4}(\\.[0-9]{1,3})?(e[+-]?[0-9])?",
        "\"[a-z ]{0,4}(\\\\u00e9|\\\\n)?\"",
        "\\PC{0,6}".prop_map(|text| walk::quoted(&text)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            proptest::collection::vec(("[b-df-h]{1,3}", inner), 0..4).prop_map(|items| {
                let items: Vec<String> =
                    items.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", items.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn documents_are_read_whole(document in documents()) {
        let rule_keeps = scanned(&document);
        prop_assert_eq!(scanned(&rule_keeps), rule_keeps);
        let mask = testing::mask("email", "full", TypeId(114), crate::Format::Text);
        let mut out = Vec::new();
        let applied = mask.apply(document.as_bytes(), &mut out);
        prop_assert_ne!(applied, Applied::Null);
        if applied == Applied::Masked {
            prop_assert_eq!(mask.apply(&out.clone(), &mut Vec::new()), Applied::Masked);
        }
    }
}

#[test]
fn values_in_open_places_are_scanned_and_all_others_masked() {
    use crate::{ColumnMask, Format, Key};
    use model::{Catalog, Disclosure, Label, MaskMethod, facts::Step};
    let key = |name: &str| Step::Key(name.to_owned());
    let open = [
        vec![Step::Each, key("id")],
        vec![Step::Each, key("tags")],
        vec![Step::Each, key("pair"), Step::At(1)],
        vec![Step::Each, key("note")],
    ];
    let document = r#"[{"id": 7, "tags": ["a", "b"], "pair": [null, 5, 6], "note": "al@b.org",
        "email": "x", "own": {"id": 8}, "note2": {"id": "y"}}, {"id": {"id": 9, "z": "q"}}]"#;
    for (method, hidden, number) in
        [(MaskMethod::Full, "\"***\"", "0"), (MaskMethod::Null, "null", "null")]
    {
        let disclosure = Disclosure::Masked { label: Label::EMBEDDING, method };
        let (catalog, secret) = (Catalog::default(), Key::new([42; 32]));
        let mask = ColumnMask::compile(&disclosure, TypeId(114), &catalog, Format::Text, &secret)
            .opened(&disclosure, &open, &secret);
        let mut out = Vec::new();
        assert_eq!(mask.apply(document.as_bytes(), &mut out), Applied::Masked);
        let expected = format!(
            r#"[{{"id": 7, "tags": ["a", "b"], "pair": [null, 5, {number}], "note": "a***@***.org",
        "email": {hidden}, "own": {{"id": {number}}}, "note2": {{"id": {hidden}}}}}, {{"id": {{"id": {number}, "z": {hidden}}}}}]"#
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
