//! One segment's frames, in order, through a small buffer. Knows neither sequences nor JSON.

use crate::{
    error::LedgerError,
    frame::{self, Digest32, NoFrame},
    seal::SEAL_BYTES,
    segment::{self, HEADER, Header},
};
use std::{
    fs::File,
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// How much is read at a time.
const CHUNK: usize = 256 << 10;

/// A position in a segment.
#[derive(Debug)]
pub(crate) struct Scan {
    file: File,
    path: PathBuf,
    header: Option<Header>,
    /// Bytes of the file from `base` on.
    buffer: Vec<u8>,
    base: u64,
    /// Where the next frame begins in `buffer`.
    start: usize,
    payload: Range<usize>,
}

/// What stands at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A frame, with the chain it claims; `payload` gives the rest.
    Record(Digest32),
    /// A seal, with the chain that it covers; `payload` gives the rest.
    Seal(Digest32),
    /// Not a frame, but one follows behind the bytes it claims: it was skipped.
    Skipped,
    /// A record from where its chain cannot be known; `payload` gives it.
    Unchained,
    /// What lies in the record's place is not what its leaf stands for: the leaf, and the chain
    /// after it.
    Unlike(Digest32, Option<Digest32>),
    /// The record was removed because its time was over: its leaf, and the chain after it.
    Hidden(Digest32, Option<Digest32>),
    /// Records before this one were passed over.
    Passed(u64),
    /// Not a frame.
    Bad,
    /// The file ends within a frame.
    Torn,
    /// The file ends.
    End,
}

impl Scan {
    pub(crate) fn open(dir: &Path, first: u64) -> Result<Self, LedgerError> {
        let path = segment::path(dir, first);
        let file = File::open(&path).map_err(|error| LedgerError::io("open", &path, error))?;
        let mut scan =
            Self { file, path, header: None, buffer: Vec::new(), base: 0, start: 0, payload: 0..0 };
        while scan.buffer.len() < HEADER && scan.fill()? {}
        scan.header = scan.buffer.split_at_checked(HEADER).and_then(|(h, _)| Header::decode(h));
        scan.start = HEADER.min(scan.buffer.len());
        Ok(scan)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// `None` if it is damaged or not all there.
    pub(crate) fn header(&self) -> Option<Header> {
        self.header
    }

    /// Where the next frame begins in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// The payload of the last record.
    pub(crate) fn payload(&self) -> &[u8] {
        self.buffer.get(self.payload.clone()).unwrap_or_default()
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Reads more; false at the file's end.
    fn fill(&mut self) -> Result<bool, LedgerError> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.base += self.start as u64;
            self.start = 0;
        }
        let old = self.buffer.len();
        // Room is zeroed before it is read into: no more of it than there is to read.
        let there = self.left()?.saturating_sub((old - self.start) as u64);
        let space = usize::try_from(there).map_or(CHUNK, |there| there.min(CHUNK));
        if space == 0 {
            return Ok(false);
        }
        self.buffer.resize(old + space, 0);
        let space = self.buffer.get_mut(old..).unwrap_or_default();
        let read = loop {
            match self.file.read_at(space, self.base + old as u64) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(old + *read.as_ref().unwrap_or(&0));
        read.map(|read| read > 0).map_err(|error| LedgerError::io("read", &self.path, error))
    }

    /// Moves past the next frame.
    pub(crate) fn step(&mut self) -> Result<Step, LedgerError> {
        let mut looked_again = false;
        loop {
            let missing = match frame::parse(self.rest()) {
                Ok(found) => {
                    let (chain, size, seal) = (*found.chain, found.size(), found.seal);
                    self.payload = self.start + frame::OVERHEAD..self.start + size;
                    self.start += size;
                    return Ok(if seal { Step::Seal(chain) } else { Step::Record(chain) });
                }
                Err(missing) => missing,
            };
            match missing {
                NoFrame::End if !self.fill()? => return Ok(Step::End),
                NoFrame::Short if !self.fill()? => return Ok(Step::Torn),
                NoFrame::End | NoFrame::Short => {}
                // What was read while it was being written may be half of it: read it anew once.
                NoFrame::Bad(_) if !looked_again => {
                    looked_again = true;
                    self.buffer.truncate(self.start);
                }
                NoFrame::Bad(size) => return self.bad(size),
            }
        }
    }

    fn bad(&mut self, size: Option<usize>) -> Result<Step, LedgerError> {
        let Some(size) = size else { return Ok(Step::Bad) };
        while self.rest().len() < size + frame::OVERHEAD + frame::RECORD_BYTES && self.fill()? {}
        let follows = self.rest().get(size..).is_some_and(|rest| frame::parse(rest).is_ok());
        if follows {
            self.start += size;
        }
        Ok(if follows { Step::Skipped } else { Step::Bad })
    }

    /// True if a seal stands at the current position that covers this chain.
    pub(crate) fn seal_follows(&mut self, chain: &Digest32) -> Result<bool, LedgerError> {
        while self.rest().len() < frame::OVERHEAD + SEAL_BYTES && self.fill()? {}
        Ok(frame::parse(self.rest()).is_ok_and(|frame| frame.seal && frame.chain == chain))
    }

    /// True if a frame begins anywhere behind the current position: then what stands here is
    /// damage in the log's middle and not its torn end.
    pub(crate) fn frame_follows(&mut self) -> Result<bool, LedgerError> {
        while self.fill()? {}
        let rest = self.rest();
        Ok((1..rest.len()).any(|at| rest.get(at..).is_some_and(|rest| frame::parse(rest).is_ok())))
    }

    /// How many bytes lie behind the current position.
    pub(crate) fn left(&self) -> Result<u64, LedgerError> {
        let length = self.file.metadata().map(|metadata| metadata.len());
        let length = length.map_err(|error| LedgerError::io("examine", &self.path, error))?;
        Ok(length.saturating_sub(self.offset()))
    }
}
