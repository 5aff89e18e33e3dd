//! The tree as files: tiles, bundles and the checkpoint, written beside the segments and read
//! again. Knows the tree and the disk, and no records.
//!
//! ```text
//! checkpoint                  the newest, signed and cosigned
//! tile/0/x001/067             256 hashes; tile/0/x001/068.p/12 while there are only 12
//! tile/entries/x001/067       the entries themselves
//! payload/2c/26b46b68ffc6…    records that are longer than an entry can be, by SHA-256
//! ```

use crate::{entry, error::LedgerError, ids::Sequence, keys, pruned::Pruned, tree, vault};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tlog::{Checkpoint, Hash, Nodes, Proof, TILE_WIDTH, Tile, VerifierKey, node, split_entries};

/// The file with the newest checkpoint.
pub const CHECKPOINT_FILE: &str = "checkpoint";
/// The newest checkpoint that witnesses cosigned, with their signatures; with a point and a name
/// behind, the newest that this one did.
pub const WITNESSED_FILE: &str = "checkpoint.witnessed";
/// Checkpoints that did not fit the log when it was opened, with a number behind.
pub(crate) const CONFLICT_FILE: &str = "checkpoint.conflict";
/// How many widths of a partial tile stay: readers of the checkpoint before need theirs.
const WIDTHS_KEPT: usize = 2;

/// The newest checkpoint, as a note; `None` if there is none yet.
pub fn checkpoint(dir: &Path) -> Result<Option<String>, LedgerError> {
    read(&dir.join(CHECKPOINT_FILE))
        .map(|bytes| bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// The newest checkpoint that witnesses cosigned; `None` if none did yet.
pub fn witnessed(dir: &Path) -> Result<Option<String>, LedgerError> {
    read(&dir.join(WITNESSED_FILE))
        .map(|bytes| bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Keeps a checkpoint with the cosignatures that it got.
pub fn write_witnessed(dir: &Path, note: &str) -> Result<(), LedgerError> {
    keys::write(dir, WITNESSED_FILE, note, 0o644)
}

/// Keeps a checkpoint that this witness cosigned: that of another, or of all of one round, does not
/// replace it.
pub fn write_cosigned(dir: &Path, witness: &str, note: &str) -> Result<(), LedgerError> {
    let name = format!("{WITNESSED_FILE}.{}", vault::file_name(witness));
    keys::write(dir, &name, note, 0o644)
}

/// The newest checkpoint that each witness cosigned, and the file.
pub(crate) fn cosigned(dir: &Path) -> Result<Vec<(PathBuf, String)>, LedgerError> {
    let mut all = Vec::new();
    let listed = fs::read_dir(dir).map_err(|error| LedgerError::io("list", dir, error))?;
    for entry in listed.flatten() {
        let name = entry.file_name();
        let of =
            name.to_str().and_then(|name| name.strip_prefix(WITNESSED_FILE)?.strip_prefix('.'));
        // One that is being written has a point more.
        if of.is_some_and(|of| !of.contains('.')) {
            let note = read(&entry.path())?.unwrap_or_default();
            all.push((entry.path(), String::from_utf8_lossy(&note).into_owned()));
        }
    }
    all.sort_unstable();
    Ok(all)
}

/// What a note says, if it is this log's checkpoint.
pub fn open_checkpoint(note: &str, key: &VerifierKey) -> Result<Checkpoint, LedgerError> {
    let opened = key.open(note).and_then(Checkpoint::parse);
    let opened = opened.map_err(|error| LedgerError::Keys(format!("the checkpoint: {error}")))?;
    if opened.origin != key.name() {
        return Err(LedgerError::Keys(format!("the checkpoint is of {}", opened.origin)));
    }
    Ok(opened)
}

/// A file's bytes; `None` if it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, LedgerError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LedgerError::io("read", path, error)),
    }
}

pub(crate) fn write_checkpoint(dir: &Path, note: &str) -> Result<(), LedgerError> {
    keys::write(dir, CHECKPOINT_FILE, note, 0o644)
}

/// Writes a tile or a bundle under its name.
pub(crate) fn write(dir: &Path, tile: &Tile, bytes: &[u8]) -> Result<(), LedgerError> {
    put(&dir.join(tile.path()), bytes)
}

/// Writes a long record under its hash.
pub(crate) fn write_payload(dir: &Path, payload: &[u8]) -> Result<(), LedgerError> {
    put(&payload_path(dir, &entry::name(payload)), payload)
}

/// Where a long record lies.
pub(crate) fn payload_path(dir: &Path, name: &str) -> PathBuf {
    let (first, rest) = name.split_at_checked(2).unwrap_or((name, ""));
    dir.join("payload").join(first).join(rest)
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
    // In place: no checkpoint covers it yet, and after a crash it is written again.
    let written = match (fs::write(path, bytes), path.parent()) {
        (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).and_then(|()| fs::write(path, bytes))
        }
        (written, _) => written,
    };
    written.map_err(|error| LedgerError::io("write", path, error))
}

/// Removes what a full tile's partial predecessors left, or all but the newest widths of a
/// partial one. What cannot be removed now is removed another time.
pub(crate) fn tidy(dir: &Path, tile: &Tile) {
    let full = Tile { width: TILE_WIDTH, ..*tile };
    let mut folder = dir.join(full.path()).into_os_string();
    folder.push(".p");
    if tile.width == TILE_WIDTH {
        let _ = fs::remove_dir_all(&folder);
        return;
    }
    let Ok(entries) = fs::read_dir(&folder) else { return };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut widths: Vec<u64> = names.filter_map(|name| name.parse().ok()).collect();
    widths.sort_unstable();
    for width in widths.iter().rev().skip(WIDTHS_KEPT) {
        let _ = fs::remove_file(Path::new(&folder).join(width.to_string()));
    }
}

/// A tree's hashes and entries, read from the tiles of a tree of at least this size.
#[derive(Clone, Debug)]
pub struct Tiles {
    dir: PathBuf,
    size: u64,
}

impl Tiles {
    /// The tiles that belong to a checkpoint of this size.
    pub fn new(dir: &Path, size: u64) -> Self {
        Self { dir: dir.to_owned(), size }
    }

    /// The tile with these hashes.
    pub(crate) fn hashes(&self, tile: &Tile) -> Result<Vec<Hash>, LedgerError> {
        let path = self.dir.join(tile.path());
        let bytes = self.bytes(tile)?;
        tree::hashes(tile, &bytes).ok_or(LedgerError::NotALedger(path))
    }

    /// A tile's or a bundle's bytes.
    pub(crate) fn bytes(&self, tile: &Tile) -> Result<Vec<u8>, LedgerError> {
        let path = self.dir.join(tile.path());
        match read(&path)? {
            Some(bytes) => Ok(bytes),
            // The tile has grown since: a wider one serves for it.
            None => {
                for width in tile.width + 1..=TILE_WIDTH {
                    let wider = Tile { width, ..*tile };
                    if let Some(bytes) = read(&self.dir.join(wider.path()))? {
                        return Ok(first(&bytes, tile));
                    }
                }
                Err(missing(&path))
            }
        }
    }

    /// The entry at this place of the log.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, LedgerError> {
        let tile = Tile::bundle(index, self.size).ok_or_else(|| out_of_tree(index, self.size))?;
        let mut pruned = Pruned::read(&self.dir)?;
        loop {
            let found = self.entry_in(index, &tile, &pruned);
            // What is missing may have been removed a moment ago.
            let now = if found.is_err() { Pruned::read(&self.dir)? } else { return found };
            if now == pruned {
                return found;
            }
            pruned = now;
        }
    }

    fn entry_in(&self, index: u64, tile: &Tile, pruned: &Pruned) -> Result<Vec<u8>, LedgerError> {
        if pruned.hides(index) {
            return Err(LedgerError::Pruned { sequence: Sequence(index), before: pruned.before });
        }
        if let Some(entry) = pruned.kept.get(&index) {
            return Ok(entry.clone());
        }
        let bytes = self.bytes(tile)?;
        let path = || LedgerError::NotALedger(self.dir.join(tile.path()));
        let entries = split_entries(&bytes).map_err(|_| path())?;
        let entry = entries.get((index % TILE_WIDTH) as usize).ok_or_else(path)?;
        Ok(entry.to_vec())
    }

    /// The proof that the record at this place is in the tree of this checkpoint, a note.
    pub fn proof(&mut self, index: u64, checkpoint: &str) -> Result<Proof, LedgerError> {
        let size = self.size;
        let hashes = tlog::inclusion(self, index, size)?.ok_or_else(|| out_of_tree(index, size))?;
        Ok(Proof { index, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// The root of the tree when it had this size, which is at most its size now.
    pub fn root_at(&mut self, size: u64) -> Result<Hash, LedgerError> {
        if size > self.size {
            return Err(out_of_tree(size, self.size));
        }
        tlog::root_of(self, size)
    }

    /// The partial tiles of a tree of this size, of each level, and its partial bundle.
    pub(crate) fn open(&self) -> Result<(Vec<Vec<Hash>>, Vec<u8>), LedgerError> {
        let mut open = Vec::new();
        let mut count = self.size;
        for level in 0.. {
            if count == 0 {
                break;
            }
            let (index, width) = (count / TILE_WIDTH, count % TILE_WIDTH);
            let tile = Tile { level: Some(level), index, width };
            open.push(if width > 0 { self.hashes(&tile)? } else { Vec::new() });
            count = index;
        }
        let (index, width) = (self.size / TILE_WIDTH, self.size % TILE_WIDTH);
        let bundle = Tile { level: None, index, width };
        let bundle = if width > 0 { self.bytes(&bundle)? } else { Vec::new() };
        Ok((open, bundle))
    }
}

/// As much of a wider tile or bundle as this one has.
fn first(bytes: &[u8], tile: &Tile) -> Vec<u8> {
    if tile.level.is_some() {
        return bytes.get(..tile.width as usize * 32).unwrap_or_default().to_vec();
    }
    let mut out = Vec::new();
    for entry in split_entries(bytes).unwrap_or_default().iter().take(tile.width as usize) {
        tlog::put_entry(&mut out, entry);
    }
    out
}

pub(crate) fn missing(path: &Path) -> LedgerError {
    LedgerError::io("read", path, io::ErrorKind::NotFound.into())
}

fn out_of_tree(index: u64, size: u64) -> LedgerError {
    LedgerError::Keys(format!(
        "record {index} is not in the newest checkpoint, which covers {size} records: a moment \
         later it will be"
    ))
}

impl Nodes for Tiles {
    type Error = LedgerError;

    fn node(&mut self, level: u8, index: u64) -> Result<Hash, LedgerError> {
        let (tier, within) = (level / 8, level % 8);
        let begin = index << within;
        let tile = Tile::holding(tier, begin, self.size)
            .ok_or_else(|| out_of_tree(index << level, self.size))?;
        let hashes = self.hashes(&tile)?;
        let from = (begin % TILE_WIDTH) as usize;
        let mut row = hashes.get(from..from + (1 << within)).unwrap_or_default().to_vec();
        while row.len() > 1 {
            row = row.as_chunks::<2>().0.iter().map(|[left, right]| node(left, right)).collect();
        }
        row.first().copied().ok_or_else(|| LedgerError::NotALedger(self.dir.join(tile.path())))
    }
}
