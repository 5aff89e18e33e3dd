//! Each rule on text that breaks it and on text that does not.

use super::{blank, check, functions};

fn rules(text: &str) -> Vec<&'static str> {
    check("crates/x/src/a.rs", text).into_iter().map(|complaint| complaint.rule).collect()
}

#[test]
fn a_clean_file_passes() {
    let text = "//! A file.\n\n/// Adds.\nfn add(a: [u8; 2]) -> char {\n    '{'\n}\n";
    assert!(rules(text).is_empty(), "{:?}", rules(text));
}

#[test]
fn each_rule_finds_its_breach() {
    assert_eq!(rules("fn a() {}\n"), ["header"]);
    assert_eq!(rules(&format!("//! A.\n{}", "\n".repeat(500))), ["file-length"]);
    assert_eq!(rules(&format!("//! A.\n// {}\n", "é".repeat(98))), ["columns"]);
    assert_eq!(rules(concat!("//! A.\n// TO", "DO: later\n")), ["note"]);
    assert!(rules(concat!("//! A.\n// TO", "DO(#12): later\n")).is_empty());
    assert_eq!(rules("//! A.\n// ---- section\n"), ["banner"]);
    assert_eq!(rules("//! A.\n// let a = 1;\n"), ["dead-code"]);
    let long = format!("//! A.\nfn a() {{\n{}}}\n", "    b();\n".repeat(69));
    assert_eq!(rules(&long), ["function-length"]);
}

#[test]
fn size_does_not_matter_in_tests() {
    let long = format!("//! A.\nfn a() {{\n{}}}\n", "    b();\n".repeat(600));
    assert!(check("crates/x/src/a/tests.rs", &long).is_empty());
    assert!(check("crates/x/tests/a.rs", &long).is_empty());
}

#[test]
fn braces_in_text_do_not_count() {
    let code =
        "fn a<'x>(b: &'x str) {\n    let c = \"}\"; // }\n    let d = r#\"}\"#;\n    '}';\n}\n";
    assert_eq!(functions(&blank(code)), [(1, 5, "a".to_owned())]);
}

#[test]
fn declarations_have_no_body() {
    assert!(functions("trait T { fn a(&self); }").is_empty());
}
