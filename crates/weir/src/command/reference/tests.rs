//! The page in the repository is what the program would print.

#[test]
fn the_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference.md");
    let stored = std::fs::read_to_string(path).unwrap();
    let advice = "docs/reference.md is stale: cargo run -p weir -- reference > docs/reference.md";
    assert_eq!(stored.trim_end(), super::page().trim_end(), "{advice}");
}

#[test]
fn every_command_says_what_it_does() {
    let page = super::page();
    for part in ["## `weir audit tail`", "## `weir identity group add`", "| `max_connections` |"] {
        assert!(page.contains(part), "{part}");
    }
}
