//! Where hashes and entries lie: tlog-tiles, "Merkle Tree" and "Log entries". Knows paths as text.

/// How many hashes a full tile holds, and how many entries a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// A tile of hashes, or a bundle of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// From the leaves: a hash of level `n + 1` stands over 256 of level `n`. `None` is a bundle
    /// of entries.
    pub level: Option<u8>,
    /// Its number in its level.
    pub index: u64,
    /// How many hashes or entries it holds, one to [`TILE_WIDTH`].
    pub width: u64,
}

impl Tile {
    /// The tile of hashes that holds this one, in a tree of this size; `None` if no tile does.
    pub fn holding(level: u8, hash: u64, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let index = hash / TILE_WIDTH;
        (hash < hashes).then(|| Self { level: Some(level), index, width: width(index, hashes) })
    }

    /// The bundle that holds this entry, in a tree of this size; `None` if none does.
    pub fn bundle(entry: u64, size: u64) -> Option<Self> {
        let index = entry / TILE_WIDTH;
        (entry < size).then(|| Self { level: None, index, width: width(index, size) })
    }

    /// The path below the log's prefix: `tile/0/x001/067.p/12`.
    pub fn path(&self) -> String {
        let mut path = match self.level {
            Some(level) => format!("tile/{level}/"),
            None => "tile/entries/".to_owned(),
        };
        let (mut groups, mut rest) = (vec![self.index % 1_000], self.index / 1_000);
        while rest > 0 {
            groups.push(rest % 1_000);
            rest /= 1_000;
        }
        while let Some(group) = groups.pop() {
            let (mark, end) = if groups.is_empty() { ("", "") } else { ("x", "/") };
            path.push_str(&format!("{mark}{group:03}{end}"));
        }
        if self.width < TILE_WIDTH {
            path.push_str(&format!(".p/{}", self.width));
        }
        path
    }
}

fn width(index: u64, count: u64) -> u64 {
    (count - index * TILE_WIDTH).min(TILE_WIDTH)
}

#[cfg(test)]
mod tests;
