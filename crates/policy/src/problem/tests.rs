//! Positions and near words.

use super::*;

#[test]
fn positions_count_lines_and_characters() {
    assert_eq!(position("ab\ncd", 0), (1, 1));
    assert_eq!(position("ab\ncd", 4), (2, 2));
    assert_eq!(position("é\nüx", "é\nü".len()), (2, 2));
    assert_eq!(position("ab", 99), (1, 3));
}

#[test]
fn nearest_takes_slips_and_leaves_strangers() {
    let known = ["select", "delete", "drop"];
    assert_eq!(nearest("selekt", known.into_iter()), Some("select"));
    assert_eq!(nearest("dropp", known.into_iter()), Some("drop"));
    assert_eq!(nearest("teleport", known.into_iter()), None);
}

#[test]
fn distance_is_symmetric() {
    for (left, right) in [("kitten", "sitting"), ("", "abc"), ("flaw", "lawn"), ("same", "same")] {
        assert_eq!(distance(left, right), distance(right, left));
    }
    assert_eq!(distance("kitten", "sitting"), 3);
}
