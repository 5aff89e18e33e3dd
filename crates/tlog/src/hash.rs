//! Hashes of leaves and nodes, and the roots of growing trees: RFC 6962, 2.1. Knows no encoding.

use sha2::{Digest, Sha256};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// The root of a tree without leaves: the hash of nothing.
pub const EMPTY_ROOT: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// The hash of a leaf that holds this entry.
pub fn leaf(entry: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0x00]);
    hasher.update(entry);
    hasher.finalize().into()
}

/// The hash of the node above these two.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0x01]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// The right edge of a tree: as much of it as its growth needs, one hash for each bit that is set
/// in its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The roots of the perfect trees that it consists of, the largest first.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A tree of this size from the roots of its perfect trees, the largest first; `None` if
    /// there are more or fewer than a tree of this size has.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            hash = node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hash of the whole tree.
    pub fn root(&self) -> Hash {
        self.beside(None).unwrap_or(EMPTY_ROOT)
    }

    /// The hash of a tree of which this one is the left part, with this over all that is right of
    /// it, which must be fewer leaves than its own smallest perfect tree has; `None` if there is
    /// nothing on either side.
    pub fn beside(&self, right: Option<Hash>) -> Option<Hash> {
        let over =
            |right: Option<Hash>, left: &Hash| right.map_or(*left, |right| node(left, &right));
        self.peaks.iter().rev().fold(right, |right, left| Some(over(right, left)))
    }
}

#[cfg(test)]
mod tests;
