//! Roots against the definition, as RFC 6962 writes it.

use super::*;

/// RFC 6962, 2.1, as it is written there: recursive and without thought for speed.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::new().finalize().into(),
        [one] => *one,
        many => {
            let middle = many.len().next_power_of_two() / 2;
            node(&mth(&many[..middle]), &mth(&many[middle..]))
        }
    }
}

#[test]
fn a_frontier_has_the_roots_of_the_definition() {
    let leaves: Vec<Hash> = (0..600u32).map(|n| leaf(&n.to_be_bytes())).collect();
    let mut tree = Frontier::default();
    assert_eq!(tree.root(), mth(&[]));
    assert_eq!(tree.root(), EMPTY_ROOT);
    for (count, leaf) in leaves.iter().enumerate() {
        tree.push(*leaf);
        assert_eq!(tree.root(), mth(&leaves[..=count]));
        assert_eq!(tree.size(), count as u64 + 1);
    }
}

#[test]
fn a_tree_is_its_left_part_beside_its_right_one() {
    let leaves: Vec<Hash> = (0..600u32).map(|n| leaf(&n.to_be_bytes())).collect();
    let tree = |leaves: &[Hash]| {
        let mut tree = Frontier::default();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree
    };
    // Of so many that all of the right part is smaller than any perfect tree of the left one.
    for count in 0..leaves.len() {
        let (left, right) = leaves[..count].split_at(count / 64 * 64);
        let right = tree(right).beside(None);
        assert_eq!(tree(left).beside(right).unwrap_or(EMPTY_ROOT), mth(&leaves[..count]));
    }
}
