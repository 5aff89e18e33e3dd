//! A stretch of the log: a segment, or what stays of one. Knows which is which.

use crate::{
    error::LedgerError,
    folded::{self, Folded},
    frame::Digest32,
    scan::{Scan, Step},
    segment::{self, Header},
};
use std::{fs, io, path::Path};

/// A position in a stretch of the log.
#[derive(Debug)]
pub(crate) enum Piece {
    Segment(Scan),
    Folded(Box<Folded>),
}

/// Where stretches begin, ascending, and whether each is a whole segment.
pub(crate) fn list(dir: &Path) -> Result<Vec<(u64, bool)>, LedgerError> {
    let segments = segment::list(dir)?;
    let mut all: Vec<(u64, bool)> = segments.iter().map(|first| (*first, true)).collect();
    for first in segment::named(dir, folded::EXTENSION)? {
        // Where both are there, a crash kept the segment from being removed.
        if segments.binary_search(&first).is_err() {
            all.push((first, false));
        }
    }
    all.sort_unstable();
    Ok(all)
}

impl Piece {
    /// `leaves` if removed entries are to be told too.
    pub(crate) fn open(
        dir: &Path,
        first: u64,
        successor: Option<u64>,
        leaves: bool,
    ) -> Result<Self, LedgerError> {
        match Scan::open(dir, first) {
            Ok(scan) => Ok(Self::Segment(scan)),
            // Folded, perhaps only now.
            Err(LedgerError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self::Folded(Box::new(Folded::open(dir, first, successor, leaves)?)))
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Segment(scan) => scan.path(),
            Self::Folded(folded) => folded.path(),
        }
    }

    pub(crate) fn header(&self) -> Option<Header> {
        match self {
            Self::Segment(scan) => scan.header(),
            Self::Folded(folded) => folded.header(),
        }
    }

    /// True of a segment that has less than a header: it was made a moment ago, or by a run that
    /// died then.
    pub(crate) fn is_being_begun(&self) -> bool {
        matches!(self, Self::Segment(scan) if scan.offset() < segment::HEADER as u64)
    }

    /// Where the next frame begins in a segment.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Self::Segment(scan) => scan.offset(),
            Self::Folded(_) => 0,
        }
    }

    pub(crate) fn payload(&self) -> &[u8] {
        match self {
            Self::Segment(scan) => scan.payload(),
            Self::Folded(folded) => folded.payload(),
        }
    }

    pub(crate) fn step(&mut self) -> Result<Step, LedgerError> {
        match self {
            Self::Segment(scan) => scan.step(),
            Self::Folded(folded) => folded.step(),
        }
    }

    /// True if a seal stands at the current position that covers this chain.
    pub(crate) fn seal_follows(&mut self, chain: &Digest32) -> Result<bool, LedgerError> {
        match self {
            Self::Segment(scan) => scan.seal_follows(chain),
            Self::Folded(folded) => Ok(folded.seal_follows()),
        }
    }

    /// How many bytes of a segment lie behind the current position.
    pub(crate) fn left(&self) -> Result<u64, LedgerError> {
        match self {
            Self::Segment(scan) => scan.left(),
            Self::Folded(_) => Ok(0),
        }
    }
}

/// Removes a file; one that is not there is as good.
pub(crate) fn remove(path: &Path) -> Result<(), LedgerError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LedgerError::io("remove", path, error))
        }
        _ => Ok(()),
    }
}
