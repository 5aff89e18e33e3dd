//! An end to records whose time is over: their entries go, their hashes stay, and a record says so.
//! Knows of records only which ones later ones refer to.
//!
//! The order is: the record of it, durable; the file that says from where on entries are there,
//! durable; and only then the entries. Whoever dies in between leaves entries that nobody reads any
//! more, and the next round removes them.

use crate::{
    entry,
    error::LedgerError,
    fold::{Steps, files},
    ids::{SessionId, StatementId},
    ledger::{Ledger, lock},
    piece,
    pruned::Pruned,
    record::{self, Record},
    tiles,
    time::Time,
};
use std::{collections::BTreeMap, ops::Range, path::Path};
use tlog::{TILE_WIDTH, split_entries};

/// The first record of this log that was not removed because its time was over.
pub fn pruned(dir: &Path) -> Result<u64, LedgerError> {
    Pruned::read(dir).map(|pruned| pruned.before)
}

/// What is to be removed, and why.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// Records that are older than this may go.
    pub older: Time,
    /// No record from here on goes: somebody has not read it yet.
    pub before: u64,
    /// The rule in words, for the record.
    pub words: &'a str,
    /// The time, for the record.
    pub now: Time,
}

impl Ledger {
    /// Removes the entries of whole bundles in folded segments, from the first record on, whose
    /// records are all older. Those stay that later records of the same run refer to: shapes,
    /// sessions that were open, statements that had not ended. Gives the range, if there is one.
    pub fn prune(&self, rule: &Rule<'_>) -> Result<Option<Range<u64>>, LedgerError> {
        self.prune_until(rule, &mut Steps::default())
    }

    pub(crate) fn prune_until(
        &self,
        rule: &Rule<'_>,
        steps: &mut Steps,
    ) -> Result<Option<Range<u64>>, LedgerError> {
        let _one_at_a_time = lock(&self.inner().keeping);
        let dir = self.dir();
        let old = Pruned::read(dir)?;
        sweep(dir, &old, steps)?;
        let folded = piece::list(dir)?.into_iter().find(|(_, whole)| *whole);
        let end = folded.map_or(0, |(first, _)| first).min(rule.before);
        let mut still = Still::default();
        for (sequence, entry) in &old.kept {
            still.take(dir, *sequence, entry)?;
        }
        let mut before = old.before;
        while before + TILE_WIDTH <= end && still.take_bundle(dir, before, rule.older)? {
            before += TILE_WIDTH;
        }
        if before == old.before {
            return Ok(None);
        }
        let new = Pruned { before, kept: still.entries };
        steps.next()?;
        let told = self.append(&told(rule, &old, &new))?;
        self.hand_over(told)?;
        self.synced(told).wait()?;
        steps.next()?;
        new.write(dir)?;
        for (_, entry) in old.kept.iter().filter(|(sequence, _)| !new.kept.contains_key(sequence)) {
            forget(dir, entry, &new)?;
        }
        for index in old.before / TILE_WIDTH..before / TILE_WIDTH {
            steps.next()?;
            remove(dir, index, &new)?;
        }
        Ok(Some(old.before..before))
    }
}

fn told(rule: &Rule<'_>, old: &Pruned, new: &Pruned) -> Record<'static> {
    record::Pruned {
        time: rule.now,
        by: "weir".into(),
        from: old.before,
        before: new.before,
        rule: rule.words.to_owned().into(),
        kept: new.kept.len() as u64,
    }
    .into()
}

/// Removes what a round that died has left: entries go from the first on, so what is left are the
/// last ones.
fn sweep(dir: &Path, pruned: &Pruned, steps: &mut Steps) -> Result<(), LedgerError> {
    // What a removal that died left lies together; a sweep that died left the end of it.
    let count = pruned.before / TILE_WIDTH;
    let there = |index: &u64| files(dir, *index).first().is_some_and(|entries| entries.exists());
    let left = (0..count).rev().take_while(there).last();
    for index in left.unwrap_or(count)..count {
        steps.next()?;
        remove(dir, index, pruned)?;
    }
    Ok(())
}

/// Removes a bundle, and before it the long records that it stands for: it alone tells which.
fn remove(dir: &Path, index: u64, pruned: &Pruned) -> Result<(), LedgerError> {
    let [entries, _] = files(dir, index);
    let bytes = tiles::read(&entries)?.unwrap_or_default();
    for entry in split_entries(&bytes).unwrap_or_default() {
        forget(dir, entry, pruned)?;
    }
    piece::remove(&entries)
}

/// Removes the long record that this entry stands for, unless it stays.
fn forget(dir: &Path, entry: &[u8], pruned: &Pruned) -> Result<(), LedgerError> {
    match entry::long(entry) {
        Some(name) if !pruned.kept.values().any(|kept| kept == entry) => {
            piece::remove(&tiles::payload_path(dir, name))
        }
        _ => Ok(()),
    }
}

/// What later records may refer to.
#[derive(Default)]
struct Still {
    sessions: BTreeMap<SessionId, u64>,
    statements: BTreeMap<StatementId, u64>,
    entries: BTreeMap<u64, Vec<u8>>,
}

impl Still {
    /// Takes a bundle in if all of its records are older; false if it has to stay.
    fn take_bundle(&mut self, dir: &Path, first: u64, older: Time) -> Result<bool, LedgerError> {
        let [path, _] = files(dir, first / TILE_WIDTH);
        let bytes = tiles::read(&path)?.ok_or_else(|| tiles::missing(&path))?;
        let malformed = |_| LedgerError::NotALedger(path.clone());
        let entries = split_entries(&bytes).map_err(malformed)?;
        for entry in &entries {
            // A type of a later version is dated all the same; one without a date is as old as
            // those around it.
            let payload = payload(dir, entry)?;
            if record::time(&payload).is_some_and(|time| time >= older) {
                return Ok(false);
            }
        }
        for (sequence, entry) in (first..).zip(&entries) {
            self.take(dir, sequence, entry)?;
        }
        Ok(true)
    }

    fn take(&mut self, dir: &Path, sequence: u64, entry: &[u8]) -> Result<(), LedgerError> {
        match Record::decode(&payload(dir, entry)?) {
            Ok(Record::Started(_)) => {
                // Whatever the run before left is over.
                *self = Self::default();
            }
            Ok(Record::Shape(_)) => {}
            Ok(Record::SessionOpened(opened)) => {
                self.sessions.insert(opened.session, sequence);
            }
            Ok(Record::SessionClosed(closed)) => {
                let opened = self.sessions.remove(&closed.session);
                self.drop(opened);
                return Ok(());
            }
            Ok(Record::Intent(intent)) => {
                self.statements.insert(intent.statement, sequence);
            }
            Ok(Record::Outcome(outcome)) => {
                let intent = self.statements.remove(&outcome.statement);
                self.drop(intent);
                return Ok(());
            }
            // Nothing refers to any other.
            _ => return Ok(()),
        }
        self.entries.insert(sequence, entry.to_vec());
        Ok(())
    }

    fn drop(&mut self, sequence: Option<u64>) {
        if let Some(sequence) = sequence {
            self.entries.remove(&sequence);
        }
    }
}

fn payload(dir: &Path, entry: &[u8]) -> Result<Vec<u8>, LedgerError> {
    let beside = match entry::long(entry) {
        Some(name) => tiles::read(&tiles::payload_path(dir, name))?,
        None => None,
    };
    Ok(beside.unwrap_or_else(|| entry.to_vec()))
}

#[cfg(test)]
mod tests;
