//! Frames that wait together: staged, or written and not yet synced. Knows no files.

use crate::{
    error::LedgerError,
    frame::{self, Digest32},
    record::{Fate, Record, Withdrawn},
};
use std::ops::Range;

/// Consecutive frames in one buffer. `marks.len()` is the number of records.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The sequence of the first frame.
    pub(crate) first: u64,
    /// The frames.
    pub(crate) bytes: Vec<u8>,
    /// Where each frame ends in `bytes` and what becomes of it if the disk refuses.
    marks: Vec<(usize, Fate)>,
    /// The chain before the first frame; meaningful once closed.
    pub(crate) before: Digest32,
}

impl Batch {
    /// Empty, for records from this sequence on.
    pub(crate) fn new(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// A seal's frame, behind the record before this sequence: no record.
    pub(crate) fn seal(at: u64, chain: Digest32, bytes: Vec<u8>) -> Self {
        Self { first: at, bytes, marks: Vec::new(), before: chain }
    }

    /// The sequence after its last record.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.marks.len() as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Adds an open frame.
    pub(crate) fn push(&mut self, payload: &[u8], leaf: &Digest32, fate: Fate) {
        frame::stage(&mut self.bytes, payload, leaf);
        self.marks.push((self.bytes.len(), fate));
    }

    /// Empties it for reuse; the buffers stay.
    pub(crate) fn clear(&mut self, first: u64) {
        self.first = first;
        self.bytes.clear();
        self.marks.clear();
    }

    /// Chains the frames to what came before and returns the chain after the last.
    pub(crate) fn close(&mut self, before: Digest32) -> Digest32 {
        self.before = before;
        let mut chain = before;
        let mut rest = self.bytes.as_mut_slice();
        let mut at = 0;
        for (end, _) in &self.marks {
            let Some((frame, after)) = rest.split_at_mut_checked(end - at) else { break };
            frame::close(frame, &mut chain);
            rest = after;
            at = *end;
        }
        chain
    }

    /// Puts leaves back where `close` put chains.
    pub(crate) fn reopen(&mut self) {
        let mut rest = self.bytes.as_mut_slice();
        let mut at = 0;
        for (end, _) in &self.marks {
            let Some((frame, after)) = rest.split_at_mut_checked(end - at) else { break };
            frame::reopen(frame);
            rest = after;
            at = *end;
        }
    }

    /// Moves the records of another batch, which must begin where this one ends, behind its own,
    /// open again. What is to be withdrawn is replaced; the ranges of sequences to which that
    /// happened are handed to `withdrawn`.
    pub(crate) fn absorb(
        &mut self,
        other: &Batch,
        reason: &str,
        mut withdrawn: impl FnMut(Range<u64>),
    ) -> Result<(), LedgerError> {
        let mut replacement = Vec::new();
        Record::from(Withdrawn { reason: reason.into() }).encode(&mut replacement)?;
        let mut rest = other.bytes.as_slice();
        let mut at = 0;
        for ((end, fate), sequence) in other.marks.iter().zip(other.first..) {
            let Some((frame, after)) = rest.split_at_checked(end - at) else { break };
            let payload = match fate {
                Fate::Keep => frame.split_at_checked(frame::OVERHEAD).map_or(frame, |(_, p)| p),
                Fate::Withdraw => {
                    withdrawn(sequence..sequence + 1);
                    &replacement
                }
            };
            self.push(payload, &frame::leaf(payload), Fate::Keep);
            rest = after;
            at = *end;
        }
        Ok(())
    }
}
