//! A segment goes when all that it says lies elsewhere too: its records in bundles, their hashes in
//! tiles under a checkpoint, its seals in a small file. Knows neither time nor what records mean.
//!
//! The order is: compare everything, make what stays durable, put the seals beside, and only then
//! remove the segment. Whoever dies in between leaves both, and the segment counts.

use crate::{
    entry,
    error::LedgerError,
    folded::{self, Rest},
    frame,
    ids::Sequence,
    keys,
    ledger::{Ledger, lock},
    piece,
    reader::{Damage, Flaw, Reader},
    scan::{Scan, Step},
    segment, tiles,
    time::Time,
    tracker,
    walk::{Item, Walk},
};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    ops::Range,
    path::{Path, PathBuf},
};
use tlog::{TILE_WIDTH, Tile, split_entries};

/// What folds and prunes remember between two rounds.
#[derive(Debug, Default)]
pub(crate) struct Keeping {
    /// Segments that are not what the bundles have; they stay.
    refused: BTreeSet<u64>,
}

/// What a round of folding did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folding {
    /// Segments that were folded.
    pub folded: u64,
    /// Segments that stay because they are damaged or not what the bundles have, told once.
    pub refused: Vec<Damage>,
}

/// Where a test lets the process die, or does something else in between.
#[derive(Default)]
pub(crate) struct Steps<'a> {
    taken: u32,
    each: Option<Box<dyn FnMut(u32) -> bool + 'a>>,
}

#[cfg(test)]
impl<'a> Steps<'a> {
    /// Dies before the step with this number.
    pub(crate) fn until(count: u32) -> Self {
        Self::each(move |step| step < count)
    }

    /// Asks before each step whether it goes on.
    pub(crate) fn each(each: impl FnMut(u32) -> bool + 'a) -> Self {
        Self { taken: 0, each: Some(Box::new(each)) }
    }
}

impl Steps<'_> {
    /// Before something changes on disk.
    pub(crate) fn next(&mut self) -> Result<(), LedgerError> {
        let step = self.taken;
        self.taken += 1;
        let goes_on = self.each.as_mut().is_none_or(|each| each(step));
        if goes_on { Ok(()) } else { Err(LedgerError::Closed) }
    }
}

impl Ledger {
    /// Folds every segment whose records are all sealed, in full bundles, and under the checkpoint.
    /// Reads each of them; nothing waits for it. The segment that is being written stays.
    pub fn fold(&self) -> Result<Folding, LedgerError> {
        self.fold_until(&mut Steps::default())
    }

    pub(crate) fn fold_until(&self, steps: &mut Steps<'_>) -> Result<Folding, LedgerError> {
        let inner = self.inner();
        let mut keeping = lock(&inner.keeping);
        let stats = self.stats();
        let covered = stats.checkpointed.min(stats.sealed).min(stats.synced);
        let full = covered / TILE_WIDTH * TILE_WIDTH;
        let mut folding = Folding::default();
        let firsts = segment::list(self.dir())?;
        for pair in firsts.windows(2) {
            let [first, end] = *pair else { continue };
            if inner.hold.is_over() {
                break;
            }
            if end > full || keeping.refused.contains(&first) {
                continue;
            }
            match fold(self.dir(), first..end, steps) {
                Ok(()) => folding.folded += 1,
                Err(LedgerError::Damaged(damage)) => {
                    keeping.refused.insert(first);
                    folding.refused.push(damage);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(folding)
    }

    /// Ends the segment that is being written if its first record is older than this, so that
    /// records of a quiet ledger can be folded too.
    pub fn roll(&self, older: Time) -> Result<bool, LedgerError> {
        let Some(first) = segment::list(self.dir())?.pop() else { return Ok(false) };
        let entry = Reader::open_at(self.dir(), Sequence(first))?.next();
        let Some(Ok(entry)) = entry else { return Ok(false) };
        if entry.time().is_none_or(|time| time >= older) || !self.healthy() {
            return Ok(false);
        }
        lock(&self.inner().writer).roll(self.inner())
    }
}

/// Compares a segment with what lies beside it and puts its seals in its place.
fn fold(dir: &Path, records: Range<u64>, steps: &mut Steps<'_>) -> Result<(), LedgerError> {
    let (rest, superseded) = compared(dir, &records)?;
    steps.next()?;
    sync(dir, &records)?;
    let name = folded::path(Path::new(""), records.start);
    steps.next()?;
    keys::write_bytes(dir, &name.to_string_lossy(), &rest.encode(), 0o644)?;
    segment::sync_dir(dir)?;
    steps.next()?;
    let path = segment::path(dir, records.start);
    if superseded {
        // Evidence of what happened to the disk, until the time of these records is over.
        let ruins = segment::ruins(dir, records.end);
        fs::rename(&path, &ruins).map_err(|error| LedgerError::io("rename", &path, error))?;
    } else {
        piece::remove(&path)?;
    }
    segment::sync_dir(dir)
}

/// Reads all of a segment and its bundles: what stays of it, and whether there is something behind
/// its end. An error says the first thing that is not alike.
fn compared(dir: &Path, records: &Range<u64>) -> Result<(Rest, bool), LedgerError> {
    let mut scan = Scan::open(dir, records.start)?;
    let path = scan.path().to_owned();
    let unlike = |sequence, offset, what| {
        let (file, sequence) = (path.clone(), Sequence(sequence));
        LedgerError::Damaged(Damage { sequence, file, offset, what })
    };
    let header = scan.header().filter(|header| header.first == records.start);
    let header = header.ok_or_else(|| unlike(records.start, 0, Flaw::Header))?;
    let mut rest = Rest { header, end: records.end, run: None, seals: Vec::new() };
    let (mut at, mut chain) = (records.start, header.before);
    let mut bundle = Bundle::default();
    loop {
        let offset = scan.offset();
        match scan.step()? {
            Step::Record(claimed) if at < records.end => {
                let payload = scan.payload();
                let leaf = frame::leaf(payload);
                chain = frame::link(&chain, &leaf);
                if chain != claimed {
                    return Err(unlike(at, offset, Flaw::Chain));
                }
                if !bundle.has(dir, at, payload, &leaf)? {
                    return Err(unlike(at, offset, Flaw::Tile));
                }
                if tracker::is_type(payload, "started") {
                    rest.run = Some(at);
                }
                at += 1;
            }
            Step::Seal(claimed) if claimed == chain => {
                rest.seals.push((at, scan.payload().to_vec()));
            }
            Step::End if at == records.end => return Ok((rest, false)),
            // The next segment took over here, because a sync failed or lengths could not be
            // followed any more: what stands behind belongs to no record.
            _ if at == records.end => return Ok((rest, true)),
            // Damage: evidence.
            _ => return Err(unlike(at, offset, Flaw::Checksum)),
        }
    }
}

/// The bundle and the leaves that a segment's records are compared with.
#[derive(Default)]
struct Bundle {
    index: Option<u64>,
    entries: Vec<u8>,
    leaves: Vec<u8>,
}

impl Bundle {
    /// True if the record lies in its bundle, its leaf in its tile, and a long one beside.
    fn has(
        &mut self,
        dir: &Path,
        at: u64,
        payload: &[u8],
        leaf: &[u8; 32],
    ) -> Result<bool, LedgerError> {
        let (index, place) = (at / TILE_WIDTH, (at % TILE_WIDTH) as usize);
        if self.index != Some(index) {
            mend(dir, index)?;
            let [entries, leaves] = files(dir, index);
            self.entries = tiles::read(&entries)?.unwrap_or_default();
            self.leaves = tiles::read(&leaves)?.unwrap_or_default();
            self.index = Some(index);
        }
        let entry = entry::of(payload);
        let entries = split_entries(&self.entries).unwrap_or_default();
        let same = entries.get(place).is_some_and(|found| *found == &*entry)
            && entries.len() as u64 == TILE_WIDTH
            && self.leaves.chunks(32).nth(place) == Some(leaf.as_slice());
        let Some(name) = entry::long(&entry).filter(|_| payload.len() > entry.len()) else {
            return Ok(same);
        };
        let beside = tiles::read(&tiles::payload_path(dir, name))?;
        Ok(same && beside.as_deref() == Some(payload))
    }
}

/// Makes a bundle or its leaves anew that a loss of power took, from the segments, whose chain is
/// compared. What is there and says something else is evidence and stays.
fn mend(dir: &Path, index: u64) -> Result<(), LedgerError> {
    let paths = files(dir, index);
    let mut lost = [false; 2];
    for (path, lost) in paths.iter().zip(&mut lost) {
        *lost = tiles::read(path)?.is_none_or(|bytes| bytes.is_empty());
    }
    if lost == [false; 2] {
        return Ok(());
    }
    let mut walk = Walk::new(dir, Sequence(index * TILE_WIDTH), true);
    let (mut entries, mut leaves) = (Vec::new(), Vec::new());
    while leaves.len() < TILE_WIDTH as usize * 32 {
        match walk.step()? {
            Some(Item::Record(_)) => {
                let entry = entry::of(walk.payload());
                tlog::put_entry(&mut entries, &entry);
                leaves.extend(tlog::leaf(&entry));
            }
            Some(Item::Seal(_)) => {}
            // Not all of them can be read: what is missing is told by whoever compares.
            _ => return Ok(()),
        }
    }
    for ((level, bytes), lost) in [(None, entries), (Some(0), leaves)].into_iter().zip(lost) {
        if lost {
            tiles::write(dir, &Tile { level, index, width: TILE_WIDTH }, &bytes)?;
        }
    }
    Ok(())
}

/// A full bundle, and the tile of its leaves.
pub(crate) fn files(dir: &Path, index: u64) -> [PathBuf; 2] {
    [None, Some(0)].map(|level| dir.join(Tile { level, index, width: TILE_WIDTH }.path()))
}

/// Makes bundles, leaves and long records of these places durable: a checkpoint did not need them
/// to be, as long as there was the segment.
fn sync(dir: &Path, records: &Range<u64>) -> Result<(), LedgerError> {
    let mut folders = BTreeSet::new();
    let mut one = |path: &Path| {
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.map_err(|error| LedgerError::io("sync", path, error))?;
        let inside = path.ancestors().skip(1).take_while(|folder| folder.starts_with(dir));
        folders.extend(inside.map(Path::to_owned));
        Ok::<_, LedgerError>(())
    };
    for index in records.start / TILE_WIDTH..records.end.div_ceil(TILE_WIDTH) {
        let [entries, leaves] = files(dir, index);
        let bytes = tiles::read(&entries)?.unwrap_or_default();
        for name in split_entries(&bytes).unwrap_or_default().into_iter().filter_map(entry::long) {
            one(&tiles::payload_path(dir, name))?;
        }
        one(&entries)?;
        one(&leaves)?;
    }
    folders.iter().try_for_each(|folder| segment::sync_dir(folder))
}

#[cfg(test)]
mod tests;
