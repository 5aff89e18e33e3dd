//! Reading the log, also while it is being written, and verifying it. Knows nothing of the writer
//! but the format.

use crate::{
    error::LedgerError,
    ids::{Sequence, StatementId},
    record::Entry,
    segment,
    tracker::Tracker,
    walk::{Item, Walk},
};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where and how the log is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The first record that is affected.
    pub sequence: Sequence,
    /// The segment.
    pub file: PathBuf,
    /// The byte at which the trouble begins.
    pub offset: u64,
    /// What it is.
    pub what: Flaw,
}

/// The kinds of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The segment's header cannot be read.
    Header,
    /// A record's checksum is wrong, or its length cannot be: bytes were flipped.
    Checksum,
    /// The segment ends within a record.
    Torn,
    /// Records are missing before the next segment, which begins with this sequence.
    Missing(Sequence),
    /// The record does not follow from the one before: something was changed, removed or moved.
    Chain,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}: ", self.sequence)?;
        match self.what {
            Flaw::Header => f.write_str("the segment's header is damaged")?,
            Flaw::Checksum => f.write_str("the checksum is wrong")?,
            Flaw::Torn => f.write_str("the segment ends within the record")?,
            Flaw::Missing(next) => write!(f, "nothing is there before record {next}")?,
            Flaw::Chain => f.write_str("it does not follow from the record before it")?,
        }
        write!(f, " (byte {} of {})", self.offset, self.file.display())
    }
}

/// Iterates over the log. At its end `next` answers `None`; asked again later it goes on with what
/// was written since. Damage is an item, never skipped in silence; what can be read after it
/// follows. A follower may see a record that a full disk makes the writer take back a moment later.
#[derive(Debug)]
pub struct Reader {
    walk: Walk,
}

impl Reader {
    /// From the first record.
    pub fn open(dir: &Path) -> Result<Self, LedgerError> {
        Self::open_at(dir, Sequence(0))
    }

    /// From this record; segments that end before it are not read.
    pub fn open_at(dir: &Path, from: Sequence) -> Result<Self, LedgerError> {
        // A missing directory is an error here and not an empty log.
        segment::list(dir)?;
        Ok(Self { walk: Walk::new(dir, from, false) })
    }

    /// From the record that is now the `count`th from the end.
    pub fn open_last(dir: &Path, count: u64) -> Result<Self, LedgerError> {
        let mut end = Walk::new(dir, Sequence(u64::MAX), false);
        while end.step()?.is_some() {}
        Self::open_at(dir, Sequence(end.at().saturating_sub(count)))
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.walk.step() {
            Ok(Some(Item::Record(sequence))) => {
                Some(Ok(Entry { sequence, payload: self.walk.payload().to_vec() }))
            }
            Ok(Some(Item::Damage(damage))) => Some(Err(LedgerError::Damaged(damage))),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// How much damage is listed in full.
pub const DAMAGE_LISTED: usize = 100;

/// What `verify` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Records that could be read.
    pub records: u64,
    /// The chain after the last record: whoever noted it earlier can tell that nothing before
    /// that point was changed since.
    pub chain: [u8; 32],
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

/// Reads the whole log and recomputes every checksum and every chain. Works on a copy, and beside
/// a running Weir.
pub fn verify(dir: &Path) -> Result<Verification, LedgerError> {
    segment::list(dir)?;
    let mut walk = Walk::new(dir, Sequence(0), true);
    let mut tracker = Tracker::default();
    let mut unknown = Vec::new();
    let (mut records, mut damage) = (0, Vec::new());
    while let Some(item) = walk.step()? {
        match item {
            Item::Record(_) => {
                records += 1;
                unknown.extend(tracker.observe(walk.payload()));
            }
            Item::Damage(found) if damage.len() < DAMAGE_LISTED => damage.push(found),
            Item::Damage(_) => {}
        }
    }
    let (chain, superseded_bytes) = (walk.chain(), walk.superseded());
    let torn_bytes = walk.scan().map_or(Ok(0), |scan| scan.left())?;
    Ok(Verification { records, chain, damage, torn_bytes, superseded_bytes, unknown })
}

#[cfg(test)]
mod tests;
