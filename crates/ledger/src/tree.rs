//! The tree over the log, as it grows: its right edge, and the tiles and bundles that are full.
//! Knows no files.

use tlog::{EMPTY_ROOT, Frontier, Hash, TILE_WIDTH, Tile, node, put_entry};

/// The tree over the first records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    size: u64,
    /// For each level of tiles the tile that is not full.
    open: Vec<Open>,
    /// The bundle that is not full.
    bundle: Vec<u8>,
    /// Entries of that bundle were removed, so it cannot be made.
    pruned: bool,
    /// What became full and was not taken yet.
    full: Vec<(Tile, Vec<u8>)>,
}

/// A tile that is not full, and the tree over what it has: each node is hashed once, and the one
/// over a full tile is there when it is full.
#[derive(Clone, Debug, Default)]
struct Open {
    hashes: Vec<Hash>,
    frontier: Frontier,
}

impl Open {
    fn new(hashes: Vec<Hash>) -> Option<Self> {
        let frontier = Frontier::new(hashes.len() as u64, peaks(&hashes))?;
        Some(Self { hashes, frontier })
    }

    /// Adds a hash; gives all of them, and the one above, once they are a full tile.
    fn push(&mut self, hash: Hash) -> Option<(Vec<Hash>, Hash)> {
        self.hashes.push(hash);
        self.frontier.push(hash);
        if self.frontier.size() < TILE_WIDTH {
            return None;
        }
        let full = std::mem::take(self);
        Some((full.hashes, full.frontier.root()))
    }
}

impl Tree {
    /// A tree of this size from the partial tiles of each level and the partial bundle.
    pub(crate) fn resume(size: u64, open: Vec<Vec<Hash>>, bundle: Vec<u8>) -> Option<Self> {
        let open: Vec<Open> = open.into_iter().map(Open::new).collect::<Option<_>>()?;
        let leaves = open.iter().rev().try_fold(0_u64, |above, open| {
            let here = open.frontier.size();
            (here < TILE_WIDTH).then_some(())?;
            above.checked_mul(TILE_WIDTH)?.checked_add(here)
        });
        let all = leaves == Some(size);
        all.then_some(Self { size, open, bundle, pruned: false, full: Vec::new() })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn root(&self) -> Hash {
        let over = |right, open: &Open| open.frontier.beside(right);
        self.open.iter().fold(None, over).unwrap_or(EMPTY_ROOT)
    }

    /// Adds an entry.
    pub(crate) fn push(&mut self, entry: &[u8]) {
        // What is longer than an entry can be was stood for by its hash.
        put_entry(&mut self.bundle, entry);
        self.grow(tlog::leaf(entry));
    }

    /// Adds an entry that was removed, of which the leaf is left.
    pub(crate) fn push_leaf(&mut self, leaf: Hash) {
        self.pruned = true;
        self.grow(leaf);
    }

    fn grow(&mut self, leaf: Hash) {
        let mut hash = leaf;
        self.size += 1;
        let mut index = (self.size - 1) / TILE_WIDTH;
        if self.size.is_multiple_of(TILE_WIDTH) {
            let bundle = std::mem::take(&mut self.bundle);
            if !std::mem::take(&mut self.pruned) {
                self.full.push((Tile { level: None, index, width: TILE_WIDTH }, bundle));
            }
        }
        for level in 0.. {
            let at = usize::from(level);
            if self.open.len() <= at {
                self.open.push(Open::default());
            }
            let Some((hashes, above)) = self.open.get_mut(at).and_then(|open| open.push(hash))
            else {
                break;
            };
            let tile = Tile { level: Some(level), index, width: TILE_WIDTH };
            self.full.push((tile, hashes.concat()));
            hash = above;
            index /= TILE_WIDTH;
        }
    }

    /// What became full since the last time.
    pub(crate) fn take_full(&mut self) -> Vec<(Tile, Vec<u8>)> {
        std::mem::take(&mut self.full)
    }

    /// The tiles and the bundle that are not full, as they are now.
    pub(crate) fn partial(&self) -> Vec<(Tile, Vec<u8>)> {
        let mut all = Vec::new();
        let width = self.size() % TILE_WIDTH;
        if width > 0 {
            let index = self.size() / TILE_WIDTH;
            all.push((Tile { level: None, index, width }, self.bundle.clone()));
        }
        for (level, Open { hashes, .. }) in (0u8..).zip(&self.open) {
            if !hashes.is_empty() {
                let index = (self.size() >> (8 * u32::from(level))) / TILE_WIDTH;
                let width = hashes.len() as u64;
                all.push((Tile { level: Some(level), index, width }, hashes.concat()));
            }
        }
        all
    }
}

/// The roots of the perfect trees over these hashes, the largest first.
fn peaks(hashes: &[Hash]) -> Vec<Hash> {
    let mut rest = hashes;
    let mut peaks = Vec::new();
    while let Some(bits) = rest.len().checked_ilog2() {
        let Some((these, after)) = rest.split_at_checked(1 << bits) else { break };
        let mut row = these.to_vec();
        while row.len() > 1 {
            row = row.chunks_exact(2).filter_map(pair).collect();
        }
        peaks.extend(row);
        rest = after;
    }
    peaks
}

/// The root of the perfect tree over these hashes.
pub(crate) fn root(hashes: &[Hash]) -> Option<Hash> {
    peaks(hashes).first().copied()
}

fn pair(pair: &[Hash]) -> Option<Hash> {
    let [left, right] = pair else { return None };
    Some(node(left, right))
}

/// The hashes of a tile as bytes; `None` if they are not as many as its width.
pub(crate) fn hashes(tile: &Tile, bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && hashes.len() as u64 == tile.width).then(|| hashes.to_vec())
}
