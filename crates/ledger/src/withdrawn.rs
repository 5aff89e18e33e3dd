//! Which records were withdrawn. Knows only their sequences.

use crate::{ids::Sequence, ledger::lock};
use std::{
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// How many ranges are told apart. Failures come in few long runs; when there are more, the oldest
/// two become one that covers both, so that an answer errs towards "withdrawn".
const RANGES: usize = 1_024;

/// A set of sequences, asked about far more often than added to.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    any: AtomicBool,
    ranges: Mutex<Vec<Range<u64>>>,
}

impl Ranges {
    /// Adds a range that lies behind all others.
    pub(crate) fn add(&self, range: Range<u64>) {
        let mut ranges = lock(&self.ranges);
        match ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => ranges.push(range),
        }
        if ranges.len() > RANGES {
            let oldest = ranges.remove(0);
            if let Some(next) = ranges.first_mut() {
                next.start = oldest.start;
            }
        }
        self.any.store(true, Ordering::Release);
    }

    pub(crate) fn contains(&self, sequence: Sequence) -> bool {
        self.any.load(Ordering::Acquire)
            && lock(&self.ranges).iter().rev().any(|range| range.contains(&sequence.0))
    }
}
