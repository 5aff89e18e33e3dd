//! What an earlier run left, and what is done about it before anything new is written.

use crate::{
    error::LedgerError,
    folded::Rest,
    ids::{Sequence, SessionId, StatementId},
    piece,
    reader::{Damage, Reader},
    scan::{Scan, Step},
    seal::Seal,
    segment::{self, FIRST, Header},
    time::Time,
    tracker::{self, Tracker},
    walk::{Item, Walk},
};
use std::{
    fs::{self, File},
    path::Path,
};

/// In how many of the last records it is looked when they were written: events of control state are
/// dated before.
const LOOKED_AT: u64 = 16;

/// What was found at start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// How many records the log holds: the sequence of the next.
    pub records: u64,
    /// The last record, if there is one.
    pub last_sequence: Option<Sequence>,
    /// Bytes of an incomplete record at the end; removed.
    pub torn_bytes: u64,
    /// The first damage in the last two segments that is not a torn end. It stays where it is;
    /// `verify` finds all of it.
    pub first_bad: Option<Damage>,
    /// Statements of the run before that have an intent and no outcome: they may have run or not.
    pub unknown: Vec<StatementId>,
    /// Sessions of the run before that were not closed.
    pub open_sessions: Vec<SessionId>,
    /// True if the run before ended with `stopped`, or there was none.
    pub clean: bool,
    /// When the newest of the last records was written, by what they say.
    pub newest: Option<Time>,
    /// What does not fit together, in words: seals, the checkpoint, keys.
    pub trouble: Vec<String>,
    /// True if the key of the hashes that stand for values was not there: those of records from
    /// before are found no more.
    pub new_hashes: bool,
    /// The last seal.
    pub(crate) last_seal: Option<Seal>,
}

impl Recovery {
    /// Everything that is wrong, in words; `None` if nothing is.
    pub fn damage(&self) -> Option<String> {
        let mut all: Vec<String> = self.first_bad.iter().map(ToString::to_string).collect();
        all.extend(self.trouble.iter().cloned());
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// A checkpoint covers more records than there are: their places stay theirs.
    pub(crate) fn skip_to(&mut self, size: u64, tail: &mut Tail) {
        if size <= self.records {
            return;
        }
        self.trouble.push(format!(
            "records {} to {} are gone: a checkpoint covers them",
            self.records,
            size - 1
        ));
        self.records = size;
        self.last_sequence = size.checked_sub(1).map(Sequence);
        *tail = Tail { segment: None, header: Header { first: size, ..tail.header }, size: 0 };
    }
}

/// Where the writer goes on.
#[derive(Debug)]
pub(crate) struct Tail {
    /// The segment to go on with, by its first sequence; `None` to begin one.
    pub(crate) segment: Option<u64>,
    /// The next record's sequence and the chain before it.
    pub(crate) header: Header,
    /// Where the next frame goes in that segment.
    pub(crate) size: u64,
}

/// Reads the end of the log, cuts off a torn record, and syncs what the run before may have left
/// in the kernel alone.
pub(crate) fn recover(dir: &Path) -> Result<(Recovery, Tail), LedgerError> {
    let mut recovery = Recovery { clean: true, ..Recovery::default() };
    drop_stillborn(dir, segment::list(dir)?, &mut recovery)?;
    let mut pieces = piece::list(dir)?;
    let Some((last, whole)) = pieces.last().copied() else {
        return Ok((recovery, Tail { segment: None, header: FIRST, size: 0 }));
    };
    let mut checked: Vec<(u64, bool)> = pieces.iter().rev().take(2).rev().copied().collect();
    let begin = checked.first().map_or(0, |(first, _)| *first);
    let mut walk = Walk::new(dir, Sequence(begin), true);
    while let Some(item) = walk.step()? {
        if let (Item::Damage(damage) | Item::Unlike(damage, _), None) = (item, &recovery.first_bad)
        {
            recovery.first_bad = Some(damage);
        }
    }
    let header = Header { first: walk.at(), before: walk.chain() };
    let mut tail = Tail { segment: whole.then_some(last), header, size: 0 };
    if let Some(scan) = walk.scan() {
        finish(scan, &mut recovery, &mut tail)?;
    }
    if whole && tail.segment.is_none() && last == header.first {
        // Nothing of it can be read, and the segment that takes over has its name.
        let (path, ruins) = (segment::path(dir, last), segment::ruins(dir, last));
        fs::rename(&path, &ruins).map_err(|error| LedgerError::io("rename", &path, error))?;
        segment::sync_dir(dir)?;
        pieces.pop();
        checked.pop();
    }
    for (first, _) in checked.into_iter().filter(|(_, whole)| *whole) {
        let path = segment::path(dir, first);
        let synced = File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|error| LedgerError::io("sync", &path, error))?;
    }
    recovery.last_seal = last_seal(dir, &pieces)?;
    recovery.records = header.first;
    recovery.last_sequence = header.first.checked_sub(1).map(Sequence);
    let last = Reader::open_last(dir, LOOKED_AT)?.flatten();
    recovery.newest = last.filter_map(|entry| entry.time()).max();
    let tracker = last_run(dir, &pieces)?;
    recovery.clean = tracker.is_clean();
    (recovery.unknown, recovery.open_sessions) = tracker.under_way();
    Ok((recovery, tail))
}

/// A crash between a segment's creation and its header leaves a file that never held a record.
fn drop_stillborn(
    dir: &Path,
    firsts: Vec<u64>,
    recovery: &mut Recovery,
) -> Result<(), LedgerError> {
    if let Some(last) = firsts.last().copied() {
        let mut scan = Scan::open(dir, last)?;
        if scan.header().is_none() && !scan.frame_follows()? {
            recovery.torn_bytes += scan.offset() + scan.left()?;
            let path = segment::path(dir, last);
            fs::remove_file(&path).map_err(|error| LedgerError::io("remove", &path, error))?;
        }
    }
    Ok(())
}

/// Decides what stands behind the last readable record.
fn finish(scan: &mut Scan, recovery: &mut Recovery, tail: &mut Tail) -> Result<(), LedgerError> {
    tail.size = scan.offset();
    let left = scan.left()?;
    if left == 0 {
        return Ok(());
    }
    if scan.frame_follows()? {
        // Records lie behind the damage: they stay as evidence, and the log goes on in a new
        // segment, at which this one ends.
        tail.segment = None;
        return Ok(());
    }
    recovery.torn_bytes += left;
    // What the walk took for damage is the torn end.
    let offset = scan.offset();
    let same = |damage: &Damage| damage.file == scan.path() && damage.offset == offset;
    if recovery.first_bad.as_ref().is_some_and(same) {
        recovery.first_bad = None;
    }
    let cut = File::options().write(true).open(scan.path()).and_then(|file| file.set_len(offset));
    cut.map_err(|error| LedgerError::io("truncate", scan.path(), error))
}

/// The last seal that can be read: usually in the last segment, but many segments may fill up
/// while the disk syncs.
fn last_seal(dir: &Path, pieces: &[(u64, bool)]) -> Result<Option<Seal>, LedgerError> {
    for (first, whole) in pieces.iter().rev() {
        if !whole {
            let last = Rest::read(dir, *first)?.and_then(|rest| rest.last_seal());
            if last.is_some() {
                return Ok(last);
            }
            continue;
        }
        let (mut scan, mut at, mut last) = (Scan::open(dir, *first)?, *first, None);
        loop {
            match scan.step()? {
                Step::Record(_) | Step::Skipped => at += 1,
                Step::Seal(chain) => last = Seal::parse(scan.payload(), at, chain),
                _ => break,
            }
        }
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}

/// Observes the records since the last `started`.
fn last_run(dir: &Path, pieces: &[(u64, bool)]) -> Result<Tracker, LedgerError> {
    let mut from = 0;
    for (first, whole) in pieces.iter().rev() {
        let begins = if *whole {
            begins_run(dir, *first)?
        } else {
            Rest::read(dir, *first)?.is_some_and(|rest| rest.run.is_some())
        };
        if begins {
            from = *first;
            break;
        }
    }
    let mut walk = Walk::new(dir, Sequence(from), false);
    let mut tracker = Tracker::default();
    while let Some(item) = walk.step()? {
        if let Item::Record(_) = item {
            tracker.observe(walk.payload());
        }
    }
    Ok(tracker)
}

fn begins_run(dir: &Path, first: u64) -> Result<bool, LedgerError> {
    let mut scan = Scan::open(dir, first)?;
    loop {
        match scan.step()? {
            Step::Record(_) if tracker::is_type(scan.payload(), "started") => return Ok(true),
            Step::Record(_) | Step::Seal(_) | Step::Skipped => {}
            _ => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests;
