//! Which entries were removed because their time was over, and those among them that stay because
//! later records refer to them. Knows one file; does not know when entries may go.
//!
//! ```text
//! magic     8 bytes
//! before    u64 LE    the log's minimum index (tlog-tiles, "Pruning")
//! going     u32 LE    how many long records go with them and may be there yet; 64 bytes each:
//!                     their names
//! entries   each      its record's sequence (u64 LE), its length (u16 BE), the entry
//! crc       u32 LE    CRC-32C of all of it
//! ```

use crate::{error::LedgerError, keys, tiles};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use tlog::TILE_WIDTH;

/// The file.
pub(crate) const PRUNED_FILE: &str = "pruned";
/// The last byte is the version of the format.
const MAGIC: &[u8; 8] = b"wrprune\x02";
/// The version before had nothing about long records.
const MAGIC_BEFORE: &[u8; 8] = b"wrprune\x01";
/// A long record's name: a SHA-256 in hexadecimal.
const NAME: usize = 64;

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// Entries before this one were removed; a multiple of a bundle's length.
    pub(crate) before: u64,
    /// Those of them that stay.
    pub(crate) kept: BTreeMap<u64, Vec<u8>>,
    /// Long records of which nothing is to be left, by name: some of them may be there yet.
    pub(crate) going: BTreeSet<String>,
}

impl Pruned {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&self.before.to_le_bytes());
        let names: Vec<&String> = self.going.iter().filter(|name| name.len() == NAME).collect();
        out.extend_from_slice(&u32::try_from(names.len()).unwrap_or(u32::MAX).to_le_bytes());
        names.iter().for_each(|name| out.extend_from_slice(name.as_bytes()));
        for (sequence, entry) in &self.kept {
            out.extend_from_slice(&sequence.to_le_bytes());
            tlog::put_entry(&mut out, entry);
        }
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_last_chunk::<4>()?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return None;
        }
        let first = body.strip_prefix(MAGIC_BEFORE);
        let (before, mut rest) = first.or(body.strip_prefix(MAGIC))?.split_first_chunk::<8>()?;
        let mut going = BTreeSet::new();
        if first.is_none() {
            let (count, names) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(NAME)?;
            let (names, after) = names.split_at_checked(length)?;
            for name in names.chunks(NAME) {
                going.insert(std::str::from_utf8(name).ok()?.to_owned());
            }
            rest = after;
        }
        let mut kept = BTreeMap::new();
        while !rest.is_empty() {
            let (sequence, after) = rest.split_first_chunk::<8>()?;
            let (length, after) = after.split_first_chunk::<2>()?;
            let (entry, after) =
                after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            kept.insert(u64::from_le_bytes(*sequence), entry.to_vec());
            rest = after;
        }
        Some(Self { before: u64::from_le_bytes(*before), kept, going })
    }

    /// As the directory has it. A file that is damaged says nothing, so what it excused is missing.
    pub(crate) fn read(dir: &Path) -> Result<Self, LedgerError> {
        let bytes = tiles::read(&dir.join(PRUNED_FILE))?;
        Ok(bytes.and_then(|bytes| Self::decode(&bytes)).unwrap_or_default())
    }

    /// Puts it in the place of what the directory had, whole, and on stable storage.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), LedgerError> {
        keys::write_bytes(dir, PRUNED_FILE, &self.encode(), 0o600)?;
        crate::segment::sync_dir(dir)
    }

    /// True if this entry was removed.
    pub(crate) fn hides(&self, sequence: u64) -> bool {
        sequence < self.before && !self.kept.contains_key(&sequence)
    }

    /// The first entry from here on that is still there.
    pub(crate) fn next(&self, from: u64) -> u64 {
        self.kept.range(from..).next().map_or(self.before, |(sequence, _)| *sequence)
    }

    /// What stays of a bundle that was removed, the places of the rest empty; `None` if the bundle
    /// was not removed.
    pub(crate) fn bundle(&self, index: u64) -> Option<Vec<Vec<u8>>> {
        let first = index * TILE_WIDTH;
        if first >= self.before {
            return None;
        }
        let entry = |sequence| self.kept.get(&sequence).cloned().unwrap_or_default();
        Some((first..first + TILE_WIDTH).map(entry).collect())
    }
}
