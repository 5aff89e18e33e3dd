//! Every proof of small trees holds, and no other.

use super::*;
use crate::{AddCheckpoint, Frontier, leaf};
use std::convert::Infallible;

struct Leaves(Vec<Hash>);

impl Nodes for Leaves {
    type Error = Infallible;

    fn node(&mut self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let (from, to) = (index << level, (index + 1) << level);
        let mut tree = Frontier::default();
        self.0[from as usize..to as usize].iter().for_each(|leaf| tree.push(*leaf));
        Ok(tree.root())
    }
}

fn leaves(count: u64) -> Leaves {
    Leaves((0..count).map(|n| leaf(&n.to_be_bytes())).collect())
}

fn root(nodes: &mut Leaves, size: u64) -> Hash {
    root_of(nodes, size).unwrap()
}

#[test]
fn every_entry_is_proven_and_no_other() {
    let mut nodes = leaves(70);
    for size in 1..=70 {
        let root = root(&mut nodes, size);
        for index in 0..size {
            let proof = inclusion(&mut nodes, index, size).unwrap().unwrap();
            let leaf = nodes.0[index as usize];
            assert!(verify_inclusion(&leaf, index, size, &proof, &root), "{index} of {size}");
            assert!(!verify_inclusion(&[0; 32], index, size, &proof, &root));
            assert!(!verify_inclusion(&leaf, index, size, &proof, &[0; 32]));
            let place = verify_inclusion(&leaf, (index + 1) % size, size, &proof, &root);
            assert!(size == 1 || !place, "{index} of {size}");
        }
        assert_eq!(inclusion(&mut nodes, size, size), Ok(None));
    }
}

#[test]
fn every_tree_grew_from_every_smaller_one() {
    let mut nodes = leaves(70);
    for new in 0..=70 {
        let new_root = root(&mut nodes, new);
        for old in 0..=new {
            let old_root = root(&mut nodes, old);
            let proof = consistency(&mut nodes, old, new).unwrap().unwrap();
            let check = |old_root: &Hash, new_root: &Hash, proof: &[Hash]| {
                verify_consistency((old, old_root), (new, new_root), proof)
            };
            assert!(check(&old_root, &new_root, &proof), "{old} to {new}");
            assert!(!check(&[1; 32], &new_root, &proof), "{old} to {new}");
            assert!(old == 0 || !check(&old_root, &[1; 32], &proof), "{old} to {new}");
            if !proof.is_empty() {
                assert!(!check(&old_root, &new_root, &proof[1..]), "{old} to {new}");
                let long = [proof.as_slice(), &[[0; 32]]].concat();
                assert!(!check(&old_root, &new_root, &long), "{old} to {new}");
            }
        }
    }
}

#[test]
fn files_and_requests_are_read_as_they_are_written() {
    let checkpoint = "log\n9\nAAAA\n\n\u{2014} log AAAAAAA=\n".to_owned();
    let proof = Proof { index: 5, hashes: vec![[1; 32], [2; 32]], checkpoint };
    assert_eq!(Proof::parse(&proof.text()), Ok(proof.clone()));
    let extra = proof.text().replacen("\nindex", "\nextra AAAA\nindex", 1);
    assert_eq!(Proof::parse(&extra), Ok(proof.clone()));
    let alone = Proof { index: 0, hashes: Vec::new(), checkpoint: proof.checkpoint.clone() };
    assert_eq!(Proof::parse(&alone.text()), Ok(alone));
    assert!(Proof::parse(&proof.text().replace("index 5", "index 05")).is_err());
    let request = AddCheckpoint { old: 3, proof: proof.hashes, checkpoint: proof.checkpoint };
    assert_eq!(AddCheckpoint::parse(&request.text()), Ok(request.clone()));
    let many = AddCheckpoint { proof: vec![[0; 32]; 64], ..request };
    assert!(AddCheckpoint::parse(&many.text()).is_err());
}
