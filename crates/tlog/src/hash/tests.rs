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
