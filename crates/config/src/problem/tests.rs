//! Places and suggestions.

use super::{distance, nearest, place};

#[test]
fn a_place_counts_lines_and_characters_from_one() {
    let text = "a\nbé = 1\n";
    assert_eq!(place(text, 0), (1, 1));
    assert_eq!(place(text, 2), (2, 1));
    assert_eq!(place(text, 5), (2, 3), "é is two bytes and one column");
    assert_eq!(place(text, 4), (2, 2), "inside é counts as é");
    assert_eq!(place(text, 999), (3, 1));
}

#[test]
fn a_swap_of_neighbours_is_one_edit() {
    assert_eq!(distance("hots", "host"), 1);
    assert_eq!(distance("", "abc"), 3);
    assert_eq!(distance("kitten", "sitting"), 3);
    assert_eq!(distance("same", "same"), 0);
}

#[test]
fn only_a_slip_gets_a_suggestion() {
    let known = ["host", "port", "password"];
    assert_eq!(nearest("hots", known), Some("host"));
    assert_eq!(nearest("pasword", known), Some("password"));
    assert_eq!(nearest("colour", known), None);
}
