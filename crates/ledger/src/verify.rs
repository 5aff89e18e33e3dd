//! Is a log what it was when it was written? Reads everything that lies in its directory and
//! compares it with itself, with the keys, and with what others kept of it.

use crate::{
    entry,
    error::LedgerError,
    frame::Digest32,
    ids::{Sequence, StatementId},
    keys::{Keys, PUBLIC_FILE},
    ledger::BACKLOG_BYTES,
    pruned::{PRUNED_FILE, Pruned as Removed},
    reader::{Damage, Flaw, Reader},
    record::Record,
    seal::Seal,
    segment, tiles,
    tiles::{CHECKPOINT_FILE, CONFLICT_FILE, Tiles, WITNESSED_FILE},
    tracker::{self, Tracker},
    tree::Tree,
    walk::{Item, Walk},
};
use std::{
    collections::BTreeMap,
    fs,
    ops::{ControlFlow, Range},
    path::{Path, PathBuf},
};
use tlog::{Checkpoint, CosignatureVerifier, Tile};

/// How much work may stand behind the last seal, in microseconds: a disk that syncs slowly.
const UNSEALED_US: u64 = 60_000_000;

/// How much damage is listed in full.
pub const DAMAGE_LISTED: usize = 100;

/// What is known of a log from elsewhere than its directory.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its keys; without them those of the directory count, which whoever changed the log may
    /// have changed too.
    pub keys: Option<Keys>,
    /// Checkpoints that it had, as notes: the log must have grown from each.
    pub checkpoints: Vec<String>,
    /// Witnesses that must have cosigned a checkpoint of it.
    pub witnesses: Vec<CosignatureVerifier>,
}

/// What `verify` found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Records that could be read.
    pub records: u64,
    /// Records before this one were removed when their time was over, but for those that later ones
    /// refer to. Their hashes are verified like all others.
    pub pruned: u64,
    /// How many they are.
    pub removed: u64,
    /// The chain after the last record.
    pub chain: Digest32,
    /// Records under a seal, from the first on. What comes after is protected by the chain alone:
    /// milliseconds of work while the log is being written, and what a crash left.
    pub sealed: u64,
    /// How many seals there are.
    pub seals: u64,
    /// The newest checkpoint in the directory, if it is the log's.
    pub checkpoint: Option<Checkpoint>,
    /// Names of the witnesses that cosigned a checkpoint of it, and when they did last (seconds
    /// since the epoch).
    pub cosigned: Vec<(String, u64)>,
    /// Everything that is wrong, the first [`DAMAGE_LISTED`] in order. Empty means sound.
    pub damage: Vec<Damage>,
    /// Bytes of an incomplete record at the very end; normal while the log is being written and
    /// after a crash.
    pub torn_bytes: u64,
    /// Bytes behind the end of a segment whose successor has begun: damage or the remains of a
    /// failed disk that a `started` record tells of. They belong to no record.
    pub superseded_bytes: u64,
    /// Statements of runs that ended without an outcome for them: they may have run or not.
    pub unknown: Vec<StatementId>,
}

/// After how many records it is told how far one is.
const BETWEEN_TELLINGS: u64 = 4_096;

/// Reads the whole log and recomputes every checksum, chain, seal, tile and tree. Works on a copy,
/// and beside a running Weir.
pub fn verify(dir: &Path, known: &Known) -> Result<Verification, LedgerError> {
    verify_telling(dir, known, &mut |_| ControlFlow::Continue(()))
}

/// The same, and tells now and then how many records were read; [`LedgerError::Stopped`] if whoever
/// is told breaks it off.
pub fn verify_telling(
    dir: &Path,
    known: &Known,
    tell: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Verification, LedgerError> {
    segment::list(dir)?;
    let there = dir.join(PUBLIC_FILE);
    let there = there.try_exists().map_err(|error| LedgerError::io("examine", &there, error))?;
    let keys = match &known.keys {
        Some(keys) => Some(keys.clone()),
        None if there => Some(Keys::read(dir)?),
        // Whatever else fits: nothing says whose log it is.
        None => None,
    };
    let mut check = Check::new(dir, keys);
    check.removed = Removed::read(dir)?;
    check.take_heads(known)?;
    let mut walk = Walk::new(dir, Sequence(0), true);
    let mut tracker = Tracker::default();
    while let Some(item) = walk.step()? {
        match item {
            Item::Record(sequence) => {
                if sequence.0.is_multiple_of(BETWEEN_TELLINGS) && tell(sequence.0).is_break() {
                    return Err(LedgerError::Stopped);
                }
                let lost = tracker.observe(walk.payload());
                check.found.unknown.extend(lost);
                check.record(sequence, walk.payload())?;
            }
            Item::Seal(seal) => {
                check.seal(&seal, walk.file());
            }
            Item::Damage(damage) => check.note(damage),
            Item::Unlike(damage, leaf) => {
                let sequence = damage.sequence;
                check.note(damage);
                check.leaf(sequence, leaf)?;
            }
            Item::Hidden(sequence, leaf) => {
                check.found.removed += 1;
                check.found.pruned = sequence.0 + 1;
                check.leaf(sequence, leaf)?;
            }
        }
    }
    if tracker.is_clean() {
        // Whoever stops in good order has an outcome for every statement.
        check.found.unknown.extend(tracker.under_way().0);
    }
    check.end()?;
    let (chain, superseded_bytes) = (walk.chain(), walk.superseded());
    let torn_bytes = walk.scan().map_or(Ok(0), |scan| scan.left())?;
    check.found.damage.sort_by_key(|damage| damage.sequence);
    Ok(Verification { chain, superseded_bytes, torn_bytes, ..check.found })
}

/// A tree head that the log must have, and the file that says so.
struct Head {
    checkpoint: Checkpoint,
    file: PathBuf,
}

struct Check {
    dir: PathBuf,
    keys: Option<Keys>,
    tree: Tree,
    heads: Vec<Head>,
    last: Option<Seal>,
    /// Up to where records say that entries were removed.
    said: u64,
    /// What the folder said of it at the beginning.
    removed: Removed,
    /// How many stay, by what each of those records says.
    told: BTreeMap<u64, u64>,
    found: Verification,
}

impl Check {
    fn new(dir: &Path, keys: Option<Keys>) -> Self {
        let (tree, found) = (Tree::default(), Verification::default());
        let (dir, heads) = (dir.to_owned(), Vec::new());
        let (removed, told) = (Removed::default(), BTreeMap::new());
        Self { dir, keys, tree, heads, last: None, said: 0, removed, told, found }
    }

    fn note(&mut self, damage: Damage) {
        if self.found.damage.len() < DAMAGE_LISTED {
            self.found.damage.push(damage);
        }
    }

    fn flaw(&mut self, sequence: u64, file: PathBuf, what: Flaw) {
        self.note(Damage { sequence: Sequence(sequence), file, offset: 0, what });
    }

    /// The directory's checkpoint, and those that somebody kept.
    fn take_heads(&mut self, known: &Known) -> Result<(), LedgerError> {
        let Some(keys) = self.keys.clone() else {
            // No seal, checkpoint or witness says anything without them.
            let what = "the public keys are missing, so nobody can say who made it: give --key";
            self.flaw(0, self.dir.join(PUBLIC_FILE), Flaw::Seal(what));
            return Ok(());
        };
        let file = self.dir.join(CHECKPOINT_FILE);
        match tiles::checkpoint(&self.dir)? {
            None => self.flaw(0, file, Flaw::Checkpoint("there is none")),
            Some(note) => {
                self.take_head(&note, file.clone(), &keys);
                self.found.checkpoint = self.heads.first().map(|head| head.checkpoint.clone());
            }
        }
        let file = self.dir.join(WITNESSED_FILE);
        let mut notes = tiles::cosigned(&self.dir)?;
        notes.extend(tiles::witnessed(&self.dir)?.map(|note| (file.clone(), note)));
        for (file, note) in notes.iter().filter(|(_, note)| !note.is_empty()) {
            self.take_head(note, file.clone(), &keys);
        }
        for witness in &known.witnesses {
            match notes.iter().filter_map(|(_, note)| witness.time_of(note).ok()).max() {
                Some(time) => self.found.cosigned.push((witness.name().to_owned(), time)),
                None => {
                    let what = "no checkpoint is cosigned by a witness that must have";
                    self.flaw(0, file.clone(), Flaw::Checkpoint(what));
                }
            }
        }
        for note in &known.checkpoints {
            self.take_head(note, PathBuf::from("the checkpoint that was kept"), &keys);
        }
        let listed = fs::read_dir(&self.dir);
        for entry in listed.map_err(|error| LedgerError::io("list", &self.dir, error))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(CONFLICT_FILE) {
                self.flaw(0, entry.path(), Flaw::Checkpoint("it did not fit and was set aside"));
            }
        }
        Ok(())
    }

    fn take_head(&mut self, note: &str, file: PathBuf, keys: &Keys) {
        match tiles::open_checkpoint(note, &keys.log) {
            Ok(checkpoint) => self.heads.push(Head { checkpoint, file }),
            Err(_) => self.flaw(0, file, Flaw::Checkpoint("it is not signed by the log's key")),
        }
        self.compare_heads();
    }

    fn record(&mut self, sequence: Sequence, payload: &[u8]) -> Result<(), LedgerError> {
        while self.tree.size() < sequence.0 {
            let stub = entry::unreadable(self.tree.size());
            self.push(&stub)?;
        }
        self.found.records += 1;
        if tracker::is_type(payload, "pruned")
            && let Ok(Record::Pruned(pruned)) = Record::decode(payload)
        {
            self.said = self.said.max(pruned.before);
            self.told.insert(pruned.before, pruned.kept);
        }
        if payload.len() > tlog::ENTRY_BYTES && self.is_covered(sequence.0) {
            let path = tiles::payload_path(&self.dir, &entry::name(payload));
            let there = tiles::read(&path)?;
            // It may have been removed since this record was read.
            let gone = there.is_none() && Removed::read(&self.dir)?.hides(sequence.0);
            if there.as_deref() != Some(payload) && !gone {
                self.flaw(sequence.0, path, Flaw::Tile);
            }
        }
        self.push(&entry::of(payload))
    }

    fn is_covered(&self, sequence: u64) -> bool {
        self.found.checkpoint.as_ref().is_some_and(|head| sequence < head.size)
    }

    /// A record that is not there, or not what was written, of which the leaf is left.
    fn leaf(&mut self, sequence: Sequence, leaf: Digest32) -> Result<(), LedgerError> {
        while self.tree.size() < sequence.0 {
            let stub = entry::unreadable(self.tree.size());
            self.push(&stub)?;
        }
        self.tree.push_leaf(leaf);
        self.grown()
    }

    fn push(&mut self, entry: &[u8]) -> Result<(), LedgerError> {
        self.tree.push(entry);
        self.grown()
    }

    /// Compares the tree as it is now with what the directory has of it.
    fn grown(&mut self) -> Result<(), LedgerError> {
        for (tile, expected) in self.tree.take_full() {
            let last = (tile.index + 1) << (8 * u32::from(tile.level.map_or(1, |l| l + 1)));
            if self.is_covered(last - 1) {
                let found = tiles::read(&self.dir.join(tile.path()))?;
                // A bundle may have been removed since its records were read.
                let gone = found.is_none()
                    && tile.level.is_none()
                    && Removed::read(&self.dir)?.bundle(tile.index).is_some();
                if !gone {
                    self.compare(&tile, &expected, &found.unwrap_or_default());
                }
            }
        }
        self.compare_heads();
        let size = self.tree.size();
        if self.found.checkpoint.as_ref().is_some_and(|head| head.size == size) {
            let tiles = Tiles::new(&self.dir, size);
            for (tile, expected) in self.tree.partial() {
                let found = tiles.bytes(&tile).unwrap_or_default();
                self.compare(&tile, &expected, &found);
            }
        }
        Ok(())
    }

    /// Compares what lies in a tile or bundle with what the log says, and names the first record
    /// that differs.
    fn compare(&mut self, tile: &Tile, expected: &[u8], found: &[u8]) {
        if expected == found {
            return;
        }
        let differs = |a: &[&[u8]], b: &[&[u8]]| {
            a.iter().zip(b).take_while(|(a, b)| a == b).count().min(a.len() - 1) as u64
        };
        let (at, covers) = match tile.level {
            None => {
                let (a, b) = (tlog::split_entries(expected), tlog::split_entries(found));
                (differs(&a.unwrap_or_default(), &b.unwrap_or_default()), 0)
            }
            Some(level) => {
                let (a, b): (Vec<_>, Vec<_>) =
                    (expected.chunks(32).collect(), found.chunks(32).collect());
                (differs(&a, &b), 8 * u32::from(level))
            }
        };
        let sequence = (tile.index * tlog::TILE_WIDTH + at) << covers;
        self.flaw(sequence, self.dir.join(tile.path()), Flaw::Tile);
    }

    /// Compares the tree with the heads of its present size.
    fn compare_heads(&mut self) {
        let size = self.tree.size();
        // A root is twenty hashes, and this is asked behind each record.
        if self.heads.iter().all(|head| head.checkpoint.size != size) {
            return;
        }
        let (root, mut wrong) = (self.tree.root(), Vec::new());
        self.heads.retain(|head| {
            let now = head.checkpoint.size == size;
            if now && head.checkpoint.root != root {
                wrong.push(head.file.clone());
            }
            !now
        });
        for file in wrong {
            self.flaw(size, file, Flaw::Checkpoint("the records before it are others"));
        }
    }

    fn seal(&mut self, seal: &Seal, file: PathBuf) {
        // A disk that failed to sync may leave a seal twice: at the end of the segment that was
        // given up, and in the one that took over.
        if self.last.as_ref() == Some(seal) {
            return;
        }
        let expected = match (&self.last, &self.keys) {
            (Some(last), _) => Some((last.number + 1, last.next)),
            (None, Some(keys)) => Some((0, keys.seal)),
            (None, None) => None,
        };
        let from = self.found.sealed;
        match expected {
            Some((number, _)) if seal.number != number => {
                self.flaw(from, file, Flaw::Seal("seals before it are missing"));
            }
            // What changed the chain was noted, and the seal says no more than that.
            Some((_, key)) if !seal.is_by(&key) && !self.is_damaged(from..seal.records) => {
                self.flaw(from, file, Flaw::Seal("it is not signed by the key that must sign it"));
            }
            _ => {}
        }
        self.found.seals += 1;
        self.found.sealed = seal.records;
        self.last = Some(*seal);
    }

    fn is_damaged(&self, records: Range<u64>) -> bool {
        self.found.damage.iter().any(|damage| records.contains(&damage.sequence.0))
    }

    /// What stays of what was removed is as much as a record says. Of what was removed while this
    /// ran nobody compared yet what stays with its leaves.
    fn kept(&mut self) -> Result<(), LedgerError> {
        if self.found.pruned > self.said {
            self.flaw(self.said, self.dir.join(PRUNED_FILE), Flaw::Pruned);
        }
        let now = Removed::read(&self.dir)?;
        if self.told.get(&now.before).is_some_and(|kept| (now.kept.len() as u64) < *kept) {
            self.flaw(now.before, self.dir.join(PRUNED_FILE), Flaw::Pruned);
        }
        if now == self.removed {
            return Ok(());
        }
        for (sequence, entry) in &now.kept {
            let index = sequence / tlog::TILE_WIDTH;
            let tile = Tile { level: Some(0), index, width: tlog::TILE_WIDTH };
            let leaves = tiles::read(&self.dir.join(tile.path()))?.unwrap_or_default();
            let place = (sequence % tlog::TILE_WIDTH) as usize;
            if leaves.chunks(32).nth(place) != Some(tlog::leaf(entry).as_slice()) {
                self.flaw(*sequence, self.dir.join(PRUNED_FILE), Flaw::Tile);
            }
        }
        Ok(())
    }

    /// What stands behind the last seal is milliseconds of work: a seal covers all before it, and
    /// beyond a limit nothing is written that is not durable, so sealed. More was put there.
    fn tail(&mut self, size: u64) -> Result<(), LedgerError> {
        let sealed = self.found.sealed;
        if self.keys.is_none() || sealed >= size {
            return Ok(());
        }
        let (mut bytes, mut since) = (0, None);
        let tail = Reader::open_at(&self.dir, Sequence(sealed))?;
        // What cannot be read was noted.
        let tail = tail.flatten().take_while(|entry| entry.sequence.0 < size);
        for entry in tail {
            bytes += entry.payload.len();
            let time = entry.time();
            if !tracker::tells_of_before(&entry.payload) {
                since = since.or(time);
            }
            let span = time.zip(since).map_or(0, |(time, since)| time.since(since));
            if bytes > BACKLOG_BYTES || span > UNSEALED_US {
                let what = "there is none, and more work stands behind the last than can";
                self.flaw(entry.sequence.0, self.dir.clone(), Flaw::Seal(what));
                break;
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), LedgerError> {
        let size = self.tree.size();
        self.kept()?;
        for head in std::mem::take(&mut self.heads) {
            let what = "it covers more records than there are";
            self.flaw(size, head.file, Flaw::Checkpoint(what));
        }
        self.tail(size)?;
        if self.found.checkpoint.as_ref().is_some_and(|head| head.size > self.found.sealed) {
            let file = self.dir.join(CHECKPOINT_FILE);
            let what = "it covers records that no seal covers";
            self.flaw(self.found.sealed, file, Flaw::Checkpoint(what));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
