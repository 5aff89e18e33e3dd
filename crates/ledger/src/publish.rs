//! The thread that makes the tree: it follows what is durable, writes tiles, and signs a
//! checkpoint for what came in. No statement waits for it, and it takes none of the locks on a
//! statement's way.

use crate::{
    entry,
    error::LedgerError,
    ids::Sequence,
    ledger::{Inner, lock},
    piece,
    pruned::Pruned,
    tiles::{self, Tiles},
    tree::{self, Tree},
    walk::{Item, Walk},
};
use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tlog::{Checkpoint, SigningKey, TILE_WIDTH, Tile, VerifierKey};

/// A checkpoint is at most this much older than the newest durable record, but for the time that
/// writing it takes.
pub const CHECKPOINT: Duration = Duration::from_millis(500);

/// How many bundles further back it is begun at first, and how many times as many then, where tiles
/// turn out not to have what they had.
const FURTHER: u64 = 16;

/// A file that was written so long before the newest one is on the disk as it was: the kernel
/// writes out by itself what is older than half a minute.
const SETTLED: Duration = Duration::from_secs(90);

/// What the thread and the handles share.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// How many records the newest checkpoint covers.
    pub(crate) size: AtomicU64,
    /// Rounds that failed.
    pub(crate) failures: AtomicU64,
    /// Why the last round failed, if it did.
    pub(crate) cause: Mutex<Option<LedgerError>>,
    stop: Mutex<bool>,
    stopped: Condvar,
}

impl Published {
    pub(crate) fn new(size: u64) -> Self {
        Self { size: AtomicU64::new(size), ..Self::default() }
    }

    pub(crate) fn stop(&self) {
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stopped.notify_all();
    }

    /// Waits for the next round; false when the log is being closed.
    fn rest(&self) -> bool {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.stopped.wait_timeout_while(stop, CHECKPOINT, |stop| !*stop);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The tree of one directory, and the key that signs its checkpoints.
#[derive(Debug)]
pub(crate) struct Publisher {
    dir: PathBuf,
    key: SigningKey,
    tree: Tree,
    walk: Walk,
    /// What the checkpoint on disk covers.
    published: Option<u64>,
    /// Where segments were folded: their bundles and tiles are all that there is.
    folded: Vec<Range<u64>>,
    /// A round has begun and not ended: what it took in is not all on disk.
    halfway: bool,
    /// A round that did not end, in this run or in the one before, may have left partial tiles of
    /// which no checkpoint tells.
    leftovers: bool,
}

impl Publisher {
    /// Takes up the tree of the newest checkpoint. Says in words if the checkpoint and the log do
    /// not fit together, in which case the checkpoint is set aside as evidence.
    pub(crate) fn open(dir: &Path, key: SigningKey) -> Result<(Self, Option<String>), LedgerError> {
        let mut trouble = None;
        let head = match newest(dir, &key.verifier()) {
            Err(LedgerError::Keys(what)) => {
                trouble = Some(set_aside(dir, &what)?);
                None
            }
            other => other?,
        };
        let mut publisher = Self::at(dir, key, Tree::default())?;
        if let Some(head) = head {
            publisher.published = Some(head.size);
            match resume(dir, &head) {
                Some(tree) => publisher.go_on(tree)?,
                None if publisher.make_up(&head)? => {}
                None => {
                    let size = head.size;
                    let what = format!("the log is not what the checkpoint of {size} covers");
                    trouble = Some(set_aside(dir, &what)?);
                    publisher.published = None;
                }
            }
        }
        // There is a checkpoint from the very beginning: that one is missing says something.
        publisher.publish(0)?;
        Ok((publisher, trouble))
    }

    /// How many records the checkpoint on disk covers.
    pub(crate) fn size(&self) -> u64 {
        self.published.unwrap_or(0)
    }

    fn at(dir: &Path, key: SigningKey, tree: Tree) -> Result<Self, LedgerError> {
        let walk = Walk::new(dir, Sequence(tree.size()), false).with_leaves();
        let folded = folded_ranges(dir)?;
        let (dir, published) = (dir.to_owned(), None);
        let (halfway, leftovers) = (false, true);
        Ok(Self { dir, key, tree, walk, published, folded, halfway, leftovers })
    }

    fn go_on(&mut self, tree: Tree) -> Result<(), LedgerError> {
        self.walk = Walk::new(&self.dir, Sequence(tree.size()), false).with_leaves();
        self.folded = folded_ranges(&self.dir)?;
        self.tree = tree;
        Ok(())
    }

    /// Makes tiles that the disk lost again, from the log: from the first on that is not there, or
    /// was written so late that nothing tells what of it is on the disk. If what comes of it is not
    /// the checkpoint's tree, tiles before it do not have what they had: from further and further
    /// back, and in the end from the log's beginning. False if that is not the checkpoint's tree
    /// either.
    fn make_up(&mut self, head: &Checkpoint) -> Result<bool, LedgerError> {
        let whole = whole_bundles(&self.dir, head.size / TILE_WIDTH)?;
        let mut back = 0;
        loop {
            let bundles = whole.saturating_sub(back);
            if let Some(tree) = tree_of(&self.dir, bundles) {
                self.go_on(tree)?;
                self.catch_up(head.size)?;
                if self.tree.size() == head.size && self.tree.root() == head.root {
                    return Ok(true);
                }
            }
            if bundles == 0 {
                return Ok(false);
            }
            back = (back * FURTHER).max(FURTHER);
        }
    }

    /// Reads records into the tree until it has this many, and writes the tiles that fill up.
    fn catch_up(&mut self, upto: u64) -> Result<(), LedgerError> {
        while self.tree.size() < upto {
            let sequence = match self.walk.step()? {
                Some(Item::Record(sequence)) => sequence.0,
                Some(Item::Hidden(_, leaf)) => {
                    self.tree.push_leaf(leaf);
                    self.write_full()?;
                    continue;
                }
                Some(Item::Unlike(damage, leaf)) if damage.sequence.0 == self.tree.size() => {
                    self.tree.push_leaf(leaf);
                    self.write_full()?;
                    continue;
                }
                // What comes after tells how many records are affected.
                Some(Item::Damage(_) | Item::Unlike(..) | Item::Seal(_)) => continue,
                None => break,
            };
            // A record that can no longer be read has its place all the same.
            while self.tree.size() < sequence {
                let stub = entry::unreadable(self.tree.size());
                self.tree.push(&stub);
            }
            let payload = self.walk.payload();
            if payload.len() > tlog::ENTRY_BYTES {
                tiles::write_payload(&self.dir, payload)?;
            }
            self.tree.push(&entry::of(payload));
            self.write_full()?;
        }
        Ok(())
    }

    fn write_full(&mut self) -> Result<(), LedgerError> {
        for (tile, bytes) in self.tree.take_full() {
            let shift = 8 * u32::from(tile.level.map_or(1, |level| level + 1));
            let (from, to) = (tile.index << shift, (tile.index + 1) << shift);
            let folded = self.folded.iter().any(|one| one.start < to && from < one.end);
            let whole = || {
                let there = fs::metadata(self.dir.join(tile.path()));
                there.is_ok_and(|file| file.len() == bytes.len() as u64)
            };
            // Where a segment was folded these files are the log: they are never written over.
            if !(folded && (tile.level.is_none() || whole())) {
                tiles::write(&self.dir, &tile, &bytes)?;
            }
            // Most fill up within one round, and were never written while they were not full.
            let begun = self.published.is_none_or(|size| from < size && size < to);
            if begun || self.leftovers {
                tiles::tidy(&self.dir, &tile);
            }
        }
        Ok(())
    }

    /// One round: everything that is durable is in the tree, the tiles and the checkpoint after it.
    pub(crate) fn publish(&mut self, durable: u64) -> Result<u64, LedgerError> {
        if std::mem::replace(&mut self.halfway, true) {
            // What a round that failed took in is taken in again.
            self.leftovers = true;
            let head = newest(&self.dir, &self.key.verifier())?;
            let tree = head.and_then(|head| resume(&self.dir, &head));
            self.go_on(tree.unwrap_or_default())?;
        }
        self.catch_up(durable)?;
        let size = self.tree.size();
        if self.published != Some(size) {
            let partial = self.tree.partial();
            for (tile, bytes) in &partial {
                // One that did not grow belongs to the checkpoint before, which is being read.
                let there = tiles::read(&self.dir.join(tile.path()))?;
                if there.as_ref() != Some(bytes) {
                    tiles::write(&self.dir, tile, bytes)?;
                }
            }
            let origin = self.key.name().to_owned();
            let head = Checkpoint { origin, size, root: self.tree.root() };
            tiles::write_checkpoint(&self.dir, &self.key.sign(&head.text()))?;
            self.published = Some(size);
            partial.iter().for_each(|(tile, _)| tiles::tidy(&self.dir, tile));
            self.leftovers &= size == 0;
        }
        self.halfway = false;
        Ok(size)
    }
}

/// The records of segments that were folded.
fn folded_ranges(dir: &Path) -> Result<Vec<Range<u64>>, LedgerError> {
    let all = piece::list(dir)?;
    let ends = all.iter().skip(1).map(|(first, _)| *first).chain([u64::MAX]);
    let folded = all.iter().zip(ends).filter(|((_, whole), _)| !whole);
    Ok(folded.map(|((first, _), end)| *first..end).collect())
}

/// The newest checkpoint on disk, if there is one: it is evidence, so one that does not verify is
/// an error and nothing to begin anew from.
pub(crate) fn newest(dir: &Path, key: &VerifierKey) -> Result<Option<Checkpoint>, LedgerError> {
    let note = tiles::checkpoint(dir)?;
    note.map(|note| tiles::open_checkpoint(&note, key)).transpose()
}

/// The tree of this checkpoint from its tiles; `None` if they are not all there or do not fit.
fn resume(dir: &Path, head: &Checkpoint) -> Option<Tree> {
    let (open, bundle) = Tiles::new(dir, head.size).open().ok()?;
    let entries = tlog::split_entries(&bundle).ok()?;
    let leaves = entries.iter().map(|entry| tlog::leaf(entry));
    let same = open.first().is_none_or(|hashes| leaves.eq(hashes.iter().copied()));
    Tree::resume(head.size, open, bundle).filter(|tree| same && tree.root() == head.root)
}

/// How many bundles from the first on, of so many, are there with their tiles and were on the disk
/// before it lost anything: as far as their lengths tell, and how long before the newest checkpoint
/// they were written. Nothing syncs them.
fn whole_bundles(dir: &Path, bundles: u64) -> Result<u64, LedgerError> {
    let pruned = Pruned::read(dir)?.before;
    let written = |path: &str| {
        let file = fs::metadata(dir.join(path)).ok()?;
        Some((file.len(), file.modified().ok()?))
    };
    let newest = written(tiles::CHECKPOINT_FILE).map(|(_, time)| time);
    let length = |level, index| {
        let tile = Tile { level, index, width: TILE_WIDTH };
        let (length, time) = written(&tile.path())?;
        let settled = newest?.duration_since(time).is_ok_and(|age| age >= SETTLED);
        settled.then_some(length)
    };
    let mut all = 0..bundles;
    let lost = all.find(|index| {
        let removed = index * TILE_WIDTH < pruned;
        length(Some(0), *index) != Some(TILE_WIDTH * 32)
            || (!removed && length(None, *index).is_none_or(|length| length == 0))
    });
    Ok(lost.unwrap_or(bundles))
}

/// The tree over so many full bundles, from its full tiles; `None` if one of them is not whole.
fn tree_of(dir: &Path, bundles: u64) -> Option<Tree> {
    let mut open = Vec::new();
    let (mut level, mut count) = (0, bundles);
    while count > 0 {
        if open.is_empty() {
            open.push(Vec::new());
        }
        let roots = (count / TILE_WIDTH * TILE_WIDTH..count).map(|index| {
            let tile = Tile { level: Some(level), index, width: TILE_WIDTH };
            tree::root(&tree::hashes(&tile, &tiles::read(&dir.join(tile.path())).ok()??)?)
        });
        open.push(roots.collect::<Option<_>>()?);
        (level, count) = (level + 1, count / TILE_WIDTH);
    }
    Tree::resume(bundles * TILE_WIDTH, open, Vec::new())
}

/// Keeps a checkpoint that cannot be gone on from: it is evidence, and `verify` tells of it.
fn set_aside(dir: &Path, what: &str) -> Result<String, LedgerError> {
    let from = dir.join(tiles::CHECKPOINT_FILE);
    let taken = |n: &u32| dir.join(format!("{}.{n}", tiles::CONFLICT_FILE)).exists();
    let number = (0..u32::MAX).find(|n| !taken(n)).unwrap_or(u32::MAX);
    let to = dir.join(format!("{}.{number}", tiles::CONFLICT_FILE));
    fs::rename(&from, &to).map_err(|error| LedgerError::io("rename", &from, error))?;
    Ok(format!("{what}; kept as {}", to.display()))
}

/// Starts the thread.
pub(crate) fn start(
    inner: Arc<Inner>,
    mut publisher: Publisher,
) -> Result<JoinHandle<()>, LedgerError> {
    let dir = inner.dir.clone();
    let mut round = move |inner: &Inner| {
        let published = publisher.publish(inner.sealed());
        match &published {
            Ok(size) => inner.published.size.store(*size, Ordering::Release),
            // The next round tries again: what was missed is still in the log.
            Err(_) => _ = inner.published.failures.fetch_add(1, Ordering::Relaxed),
        }
        *lock(&inner.published.cause) = published.err();
    };
    let run = move || {
        while inner.published.rest() {
            round(&inner);
        }
        round(&inner);
    };
    let builder = thread::Builder::new().name("checkpoints".into());
    builder.spawn(run).map_err(|error| LedgerError::io("start a thread for", dir, error))
}

#[cfg(test)]
mod tests;
