//! What stays of a segment when its records lie in bundles: its header and its seals, in a file of
//! the same name. With the tree's leaves they are as much proof as the segment was: the chain is
//! made of leaves, and the seals sign the chain. Knows files; does not know when a segment may go.
//!
//! ```text
//! magic     8 bytes
//! first     u64 LE    the first record
//! before    32 bytes  the chain before it
//! end       u64 LE    the first record of the next segment
//! run       u64 LE    the last `started` record here; the highest number if there is none
//! seals     112 each  how many records come before (u64 LE), and the seal's payload
//! crc       u32 LE    CRC-32C of all of it
//! ```

use crate::{
    entry,
    error::LedgerError,
    frame::{self, Digest32},
    pruned::Pruned,
    scan::Step,
    seal::{SEAL_BYTES, Seal},
    segment::Header,
    tiles, tree,
};
use std::path::{Path, PathBuf};
use tlog::{Hash, TILE_WIDTH, Tile, split_entries};

/// The last byte is the version of the format.
const MAGIC: &[u8; 8] = b"wrseals\x01";
pub(crate) const EXTENSION: &str = "seals";
const PREFIX: usize = 8 + 8 + 32 + 8 + 8;
const ITEM: usize = 8 + SEAL_BYTES;

/// The path of what stays of the segment that begins at this sequence.
pub(crate) fn path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:020}.{EXTENSION}"))
}

/// What such a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    pub(crate) header: Header,
    /// The first record that is not here any more.
    pub(crate) end: u64,
    /// The last `started` record.
    pub(crate) run: Option<u64>,
    /// The seals' payloads, and how many records come before each.
    pub(crate) seals: Vec<(u64, Vec<u8>)>,
}

impl Rest {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&self.header.first.to_le_bytes());
        out.extend_from_slice(&self.header.before);
        out.extend_from_slice(&self.end.to_le_bytes());
        out.extend_from_slice(&self.run.unwrap_or(u64::MAX).to_le_bytes());
        for (records, payload) in &self.seals {
            out.extend_from_slice(&records.to_le_bytes());
            out.extend_from_slice(payload);
        }
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// `None` if these bytes are not what was written.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_last_chunk::<4>()?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return None;
        }
        let (prefix, items) = body.split_at_checked(PREFIX)?;
        let rest = prefix.strip_prefix(MAGIC)?;
        let (first, rest) = rest.split_first_chunk::<8>()?;
        let (before, rest) = rest.split_first_chunk::<32>()?;
        let (end, rest) = rest.split_first_chunk::<8>()?;
        let run = u64::from_le_bytes(*rest.first_chunk::<8>()?);
        let mut seals = Vec::new();
        for item in items.chunks(ITEM) {
            let (records, payload) = item.split_first_chunk::<8>()?;
            if payload.len() != SEAL_BYTES {
                return None;
            }
            seals.push((u64::from_le_bytes(*records), payload.to_vec()));
        }
        let header = Header { first: u64::from_le_bytes(*first), before: *before };
        let end = u64::from_le_bytes(*end);
        Some(Self { header, end, run: (run != u64::MAX).then_some(run), seals })
    }

    /// As the directory has it; `None` if it is damaged.
    pub(crate) fn read(dir: &Path, first: u64) -> Result<Option<Self>, LedgerError> {
        let path = path(dir, first);
        let bytes = tiles::read(&path)?.ok_or_else(|| tiles::missing(&path))?;
        Ok(Self::decode(&bytes).filter(|rest| rest.header.first == first))
    }

    /// The last seal.
    pub(crate) fn last_seal(&self) -> Option<Seal> {
        let (records, payload) = self.seals.last()?;
        // The chain is not needed to go on from a seal, and is not known here.
        Seal::parse(payload, *records, [0; 32])
    }
}

/// A position in a segment that was folded: its records come from bundles, each compared with its
/// leaf.
#[derive(Debug)]
pub(crate) struct Folded {
    dir: PathBuf,
    path: PathBuf,
    /// `None` if the file is damaged.
    rest: Option<Rest>,
    end: u64,
    at: u64,
    /// `None` where it cannot be known.
    chain: Option<Digest32>,
    seal: usize,
    pruned: Pruned,
    /// Places whose entries were removed are told too.
    leaves: bool,
    bundle: Bundle,
    payload: Vec<u8>,
}

/// The bundle that is being read.
#[derive(Debug, Default)]
struct Bundle {
    index: Option<u64>,
    leaves: Option<Vec<Hash>>,
    entries: Option<Vec<Vec<u8>>>,
}

impl Folded {
    /// `successor` is where the next piece begins: all that is known if the file is damaged.
    pub(crate) fn open(
        dir: &Path,
        first: u64,
        successor: Option<u64>,
        leaves: bool,
    ) -> Result<Self, LedgerError> {
        let rest = Rest::read(dir, first)?;
        let end = rest.as_ref().map(|rest| rest.end).or(successor).unwrap_or(first);
        Ok(Self {
            dir: dir.to_owned(),
            path: path(dir, first),
            end,
            at: first,
            chain: rest.as_ref().map(|rest| rest.header.before),
            rest,
            seal: 0,
            pruned: Pruned::read(dir)?,
            leaves,
            bundle: Bundle::default(),
            payload: Vec::new(),
        })
    }

    /// The records from this one on that a damaged segment's bundles have, up to where the next
    /// segment begins; `None` if they do not have this one.
    pub(crate) fn beside(
        dir: &Path,
        path: &Path,
        from: u64,
        successor: Option<u64>,
        leaves: bool,
    ) -> Result<Option<Self>, LedgerError> {
        let there = |index: &u64| {
            let tiles =
                [None, Some(0)].map(|level| Tile { level, index: *index, width: TILE_WIDTH });
            tiles.iter().all(|tile| dir.join(tile.path()).exists())
        };
        let begin = from / TILE_WIDTH;
        let last = successor.map_or(u64::MAX, |end| end.div_ceil(TILE_WIDTH));
        let end = (begin..last).take_while(there).last().map_or(from, |i| (i + 1) * TILE_WIDTH);
        let end = successor.map_or(end, |successor| end.min(successor));
        if end <= from {
            return Ok(None);
        }
        let mut beside = Self {
            dir: dir.to_owned(),
            path: path.to_owned(),
            rest: None,
            end,
            at: from,
            chain: None,
            seal: 0,
            pruned: Pruned::read(dir)?,
            leaves,
            bundle: Bundle::default(),
            payload: Vec::new(),
        };
        beside.load()?;
        let place = (from % TILE_WIDTH) as usize;
        let leaf = beside.bundle.leaves.as_ref().and_then(|leaves| leaves.get(place)).copied();
        let entry = beside.bundle.entries.as_ref().and_then(|entries| entries.get(place));
        let sound = leaf.is_some() && entry.map(|entry| tlog::leaf(entry)) == leaf;
        Ok((sound && beside.take(place)?).then_some(beside))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn header(&self) -> Option<Header> {
        self.rest.as_ref().map(|rest| rest.header)
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The chain before the first record, from where the walk came, if the file does not say it.
    pub(crate) fn enter(&mut self, chain: Option<Digest32>) {
        self.chain = self.chain.or(chain);
    }

    /// Goes on at this record; the chain is not known from there on.
    pub(crate) fn jump(&mut self, to: u64) {
        self.at = to.min(self.end);
        self.chain = None;
        self.seal = self.seals().partition_point(|(records, _)| *records <= self.at);
    }

    fn seals(&self) -> &[(u64, Vec<u8>)] {
        self.rest.as_ref().map(|rest| rest.seals.as_slice()).unwrap_or_default()
    }

    /// True if a seal stands at the current position.
    pub(crate) fn seal_follows(&self) -> bool {
        self.seals().get(self.seal).is_some_and(|(records, _)| *records == self.at)
    }

    /// Moves past the next record or seal.
    pub(crate) fn step(&mut self) -> Result<Step, LedgerError> {
        if let Some((_, payload)) = self.seals().get(self.seal).filter(|_| self.seal_follows()) {
            self.payload = payload.clone();
            self.seal += 1;
            return Ok(self.chain.map_or(Step::Passed(self.at), Step::Seal));
        }
        if self.at >= self.end {
            return Ok(Step::End);
        }
        loop {
            let hidden = self.pruned.hides(self.at);
            if hidden && !self.leaves {
                self.jump(self.pruned.next(self.at));
                return Ok(Step::Passed(self.at));
            }
            self.load()?;
            let place = (self.at % TILE_WIDTH) as usize;
            let known = self.bundle.leaves.as_ref().and_then(|leaves| leaves.get(place)).copied();
            let entry = self.bundle.entries.as_ref().and_then(|entries| entries.get(place));
            let found = entry.filter(|_| !hidden).map(|entry| tlog::leaf(entry));
            let Some(leaf) = known.or(found) else { return Ok(Step::Bad) };
            let sound = found == Some(leaf) && self.take(place)?;
            if !hidden && !sound && self.is_pruned_since()? {
                continue;
            }
            self.at += 1;
            self.chain = self.chain.map(|chain| frame::link(&chain, &leaf));
            return Ok(match self.chain {
                _ if hidden => Step::Hidden(leaf, self.chain),
                _ if !sound => Step::Unlike(leaf, self.chain),
                Some(chain) => Step::Record(chain),
                None => Step::Unchained,
            });
        }
    }

    /// Looks again what was removed: what is missing may have gone since this was opened, because
    /// its time was over. True if something was.
    fn is_pruned_since(&mut self) -> Result<bool, LedgerError> {
        let now = Pruned::read(&self.dir)?;
        let changed = now != self.pruned;
        if changed {
            self.pruned = now;
            self.bundle = Bundle::default();
        }
        Ok(changed)
    }

    /// Puts the record of this place of the bundle into `payload`; false if it is not what the
    /// entry says.
    fn take(&mut self, place: usize) -> Result<bool, LedgerError> {
        let entry = self.bundle.entries.as_ref().and_then(|entries| entries.get(place));
        // What could not be read when the tree was made is not here either.
        let stub = |entry: &&Vec<u8>| **entry == entry::unreadable(self.at);
        let Some(entry) = entry.filter(|entry| !stub(entry)) else { return Ok(false) };
        let Some(name) = entry::long(entry) else {
            self.payload.clone_from(entry);
            return Ok(true);
        };
        let Some(payload) = tiles::read(&tiles::payload_path(&self.dir, name))? else {
            return Ok(false);
        };
        let same = *entry::of(&payload) == **entry;
        self.payload = payload;
        Ok(same)
    }

    fn load(&mut self) -> Result<(), LedgerError> {
        let index = self.at / TILE_WIDTH;
        if self.bundle.index == Some(index) {
            return Ok(());
        }
        let tile = Tile { level: Some(0), index, width: TILE_WIDTH };
        let leaves = tiles::read(&self.dir.join(tile.path()))?;
        let leaves = leaves.and_then(|bytes| tree::hashes(&tile, &bytes));
        let entries = match self.pruned.bundle(index) {
            Some(kept) => Some(kept),
            None => {
                let tile = Tile { level: None, index, width: TILE_WIDTH };
                let bytes = tiles::read(&self.dir.join(tile.path()))?.unwrap_or_default();
                let entries = split_entries(&bytes).ok();
                entries.map(|all| all.iter().map(|entry| entry.to_vec()).collect())
            }
        };
        self.bundle = Bundle { index: Some(index), leaves, entries };
        Ok(())
    }
}
