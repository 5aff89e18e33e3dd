//! Proofs that an entry is in a tree and that a tree grew from another: RFC 6962, 2.1.1 and 2.1.2;
//! verified as in RFC 9162, 2.1.3.2 and 2.1.4.2; and the file in which an inclusion proof
//! travels: tlog-proof.

use crate::{EMPTY_ROOT, Hash, Malformed, checkpoint::decimal, hash::node, note};

/// Where the hashes of a tree come from.
pub trait Nodes {
    /// Why one could not be had.
    type Error;

    /// The root of the perfect tree over the leaves from `index << level` to
    /// `(index + 1) << level`, all of which are in the tree.
    fn node(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The hash over the leaves `from..to`. `from` is a multiple of the largest power of two below the
/// count, as everywhere in a proof.
fn subtree<N: Nodes>(nodes: &mut N, from: u64, to: u64) -> Result<Hash, N::Error> {
    let count = to - from;
    if count == 0 {
        return Ok(EMPTY_ROOT);
    }
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return nodes.node(level as u8, from >> level);
    }
    let middle = from + split(count);
    let left = subtree(nodes, from, middle)?;
    Ok(node(&left, &subtree(nodes, middle, to)?))
}

/// The largest power of two below a count of at least two.
fn split(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}

/// The root of the first `size` leaves.
pub fn root_of<N: Nodes>(nodes: &mut N, size: u64) -> Result<Hash, N::Error> {
    subtree(nodes, 0, size)
}

/// The proof that the leaf `index` is in the tree of this size, from its sibling upwards; `None`
/// if it is not.
pub fn inclusion<N: Nodes>(
    nodes: &mut N,
    index: u64,
    size: u64,
) -> Result<Option<Vec<Hash>>, N::Error> {
    if index >= size {
        return Ok(None);
    }
    let mut proof = Vec::new();
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(subtree(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(subtree(nodes, from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(Some(proof))
}

/// The proof that the tree of size `new` grew from that of size `old`; `None` if `old` is larger.
pub fn consistency<N: Nodes>(
    nodes: &mut N,
    old: u64,
    new: u64,
) -> Result<Option<Vec<Hash>>, N::Error> {
    if old > new {
        return Ok(None);
    }
    let mut proof = Vec::new();
    if old == 0 || old == new {
        return Ok(Some(proof));
    }
    let (mut from, mut to, mut whole) = (0, new, true);
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(subtree(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(subtree(nodes, from, middle)?);
            (from, whole) = (middle, false);
        }
    }
    if !whole {
        proof.push(subtree(nodes, from, to)?);
    }
    proof.reverse();
    Ok(Some(proof))
}

/// True if the proof shows that this leaf has this place in the tree with this root.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut place, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            hash = node(sibling, &hash);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// True if the proof shows that the tree of size `new` grew from that of size `old`.
pub fn verify_consistency(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    proof: &[Hash],
) -> bool {
    if old == 0 || old == new {
        let same = if old == 0 { *old_root == EMPTY_ROOT } else { old_root == new_root };
        return proof.is_empty() && same;
    }
    if old > new {
        return false;
    }
    let (mut place, mut last) = (old - 1, new - 1);
    let shift = place.trailing_ones();
    place >>= shift;
    last >>= shift;
    // A tree of a power of two is a node of the other: its root begins the proof and is not sent.
    let (first, rest) = if old.is_power_of_two() {
        (*old_root, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else { return false };
        (*first, rest)
    };
    let (mut before, mut after) = (first, first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            before = node(sibling, &before);
            after = node(sibling, &after);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            after = node(&after, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && before == *old_root && after == *new_root
}

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// An inclusion proof with the checkpoint that it leads to: tlog-proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The entry's place in the log.
    pub index: u64,
    /// From the entry's sibling upwards.
    pub hashes: Vec<Hash>,
    /// The checkpoint's note, with all of its signatures.
    pub checkpoint: String,
}

impl Proof {
    /// As a file has it (`.tlog-proof`).
    pub fn text(&self) -> String {
        let mut text = format!("{HEADER}\nindex {}\n", self.index);
        for hash in &self.hashes {
            text.push_str(&note::encode(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a file. Extra data, which nothing authenticates, is passed over.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let rest = text.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('\n'));
        let rest = rest.ok_or(Malformed("not a c2sp.org/tlog-proof@v1"))?;
        let (head, checkpoint) =
            rest.split_once("\n\n").ok_or(Malformed("the proof has no checkpoint"))?;
        let mut lines = head.split('\n').skip_while(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = decimal(index.ok_or(Malformed("the proof has no index"))?)?;
        let hashes = lines.map(note::hash).collect::<Option<_>>();
        let hashes = hashes.ok_or(Malformed("a line of the proof is not a hash"))?;
        Ok(Self { index, hashes, checkpoint: checkpoint.to_owned() })
    }
}

#[cfg(test)]
mod tests;
