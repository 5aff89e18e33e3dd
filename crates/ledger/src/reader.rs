//! Reading the log, also while it is being written. Knows nothing of the writer but the format.

use crate::{
    error::LedgerError,
    ids::Sequence,
    record::Entry,
    segment,
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
    /// The seal behind it, or behind one of the records after it, is not what it must be.
    Seal(&'static str),
    /// A tile, a bundle or a long record that lies beside does not have what the log has.
    Tile,
    /// A checkpoint is not that of this log.
    Checkpoint(&'static str),
    /// Entries were removed that no record says were to be.
    Pruned,
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
            Flaw::Seal(what) => write!(f, "the next seal: {what}")?,
            Flaw::Tile => f.write_str("what lies beside the log is not what the log has")?,
            Flaw::Checkpoint(what) => write!(f, "the checkpoint: {what}")?,
            Flaw::Pruned => f.write_str("it was removed, and no record says why")?,
        }
        match self.offset {
            0 => write!(f, " ({})", self.file.display()),
            offset => write!(f, " (byte {offset} of {})", self.file.display()),
        }
    }
}

/// Iterates over the log. At its end `next` answers `None`; asked again later it goes on with what
/// was written since. Damage is an item, never skipped in silence; what can be read after it
/// follows. A damaged record that its bundle has is read from there, and stands before the damage.
/// Records that were removed because their time was over are passed over. A follower may
/// see a record that a full disk makes the writer take back a moment later.
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
        loop {
            return match self.walk.step() {
                Ok(Some(Item::Record(sequence))) => {
                    Some(Ok(Entry { sequence, payload: self.walk.payload().to_vec() }))
                }
                Ok(Some(Item::Seal(_) | Item::Hidden(..))) => continue,
                Ok(Some(Item::Damage(damage) | Item::Unlike(damage, _))) => {
                    Some(Err(LedgerError::Damaged(damage)))
                }
                Ok(None) => None,
                Err(error) => Some(Err(error)),
            };
        }
    }
}

#[cfg(test)]
mod tests;
