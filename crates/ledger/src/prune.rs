//! An end to records whose time is over: their entries go, their hashes stay, and a record says so.
//! Knows of records only which ones later ones refer to.
//!
//! It goes by rounds. In each the order is: the record of it, durable; the file that says from
//! where on entries are there and which long records go with them, durable; the entries; the long
//! records; and the file once more, without these. Folders are synced in between. Whoever dies
//! leaves what nobody reads any more, the file tells what that is, and the next round removes it. A
//! legal hold that is set meanwhile waits for the end of the round, and no further one begins.

use crate::{
    entry,
    error::LedgerError,
    fold::{Steps, files},
    ids::{SessionId, StatementId},
    ledger::{Ledger, lock},
    piece,
    pruned::Pruned,
    record::{self, Record},
    segment, tiles,
    time::Time,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Range,
    path::{Path, PathBuf},
};
use tlog::{TILE_WIDTH, Tile, split_entries};

/// How many bundles one round removes at most.
const ROUND: u64 = 256;

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
    /// sessions that were open, statements that had not ended. Gives the range, if there is one;
    /// under a legal hold ([`Ledger::hold`]) there is none, and it ends where one is set.
    pub fn prune(&self, rule: &Rule<'_>) -> Result<Option<Range<u64>>, LedgerError> {
        self.prune_by(rule, ROUND, &mut Steps::default())
    }

    /// By rounds of so many bundles.
    pub(crate) fn prune_by(
        &self,
        rule: &Rule<'_>,
        bundles: u64,
        steps: &mut Steps<'_>,
    ) -> Result<Option<Range<u64>>, LedgerError> {
        let _one_at_a_time = lock(&self.inner().keeping);
        let dir = self.dir();
        if self.unless_held(|| sweep(dir, steps)).transpose()?.is_none() {
            return Ok(None);
        }
        let old = Pruned::read(dir)?;
        let folded = piece::list(dir)?.into_iter().find(|(_, whole)| *whole);
        let end = folded.map_or(0, |(first, _)| first).min(rule.before);
        let mut still = Still::default();
        for (sequence, entry) in &old.kept {
            still.take(dir, *sequence, entry)?;
        }
        let mut before = old.before;
        loop {
            if self.inner().hold.is_over() {
                break;
            }
            let to = end.min(before.saturating_add(bundles * TILE_WIDTH));
            let round = self.unless_held(|| self.round(rule, to, &mut still, steps));
            match round.transpose()? {
                Some(reached) if reached > before => before = reached,
                _ => break,
            }
        }
        Ok((before > old.before).then_some(old.before..before))
    }

    /// Removes whole bundles before this record, and gives the first that stays.
    fn round(
        &self,
        rule: &Rule<'_>,
        end: u64,
        still: &mut Still,
        steps: &mut Steps<'_>,
    ) -> Result<u64, LedgerError> {
        let dir = self.dir();
        let old = Pruned::read(dir)?;
        let mut before = old.before;
        (still.long, still.span) = (BTreeSet::new(), None);
        while before + TILE_WIDTH <= end && still.take_bundle(dir, before, rule.older)? {
            before += TILE_WIDTH;
        }
        if before == old.before {
            return Ok(before);
        }
        let mut new = Pruned { before, kept: still.entries.clone(), going: still.long.clone() };
        new.going
            .extend(old.kept.values().filter_map(|entry| Some(entry::long(entry)?.to_owned())));
        // What stays in the record stays beside it, and two records may be the same to the byte.
        let next = names(dir, before / TILE_WIDTH)?;
        let kept = new.kept.values().filter_map(|entry| entry::long(entry).map(str::to_owned));
        for name in next.into_iter().chain(kept.collect::<Vec<_>>()) {
            new.going.remove(&name);
        }
        steps.next()?;
        let told = self.append(&told(rule, &old, &new, still.span))?;
        self.hand_over(told)?;
        self.synced(told).wait()?;
        steps.next()?;
        new.write(dir)?;
        let gone: Vec<u64> = (old.before / TILE_WIDTH..before / TILE_WIDTH).collect();
        clear(dir, &gone, new, steps)?;
        Ok(before)
    }
}

fn told(
    rule: &Rule<'_>,
    old: &Pruned,
    new: &Pruned,
    span: Option<(Time, Time)>,
) -> Record<'static> {
    record::Pruned {
        time: rule.now,
        by: "weir".into(),
        from: old.before,
        before: new.before,
        rule: rule.words.to_owned().into(),
        oldest: span.map(|(oldest, _)| oldest),
        newest: span.map(|(_, newest)| newest),
        kept: new.kept.len() as u64,
    }
    .into()
}

/// Removes what a round that died has left, and what lay behind the ends of segments whose records
/// are gone.
fn sweep(dir: &Path, steps: &mut Steps<'_>) -> Result<(), LedgerError> {
    let mut pruned = Pruned::read(dir)?;
    let mut left = Vec::new();
    bundles(&dir.join("tile/entries"), 0, &mut left)?;
    left.retain(|index| *index < pruned.before / TILE_WIDTH);
    // A version before this one did not keep their names.
    let mut going = pruned.going.clone();
    for index in &left {
        going.extend(names(dir, *index)?);
    }
    for name in pruned.kept.values().filter_map(|entry| entry::long(entry)) {
        going.remove(name);
    }
    if going != pruned.going {
        pruned.going = going;
        steps.next()?;
        pruned.write(dir)?;
    }
    let before = pruned.before;
    clear(dir, &left, pruned, steps)?;
    for end in segment::named(dir, segment::RUINS)? {
        if end <= before {
            steps.next()?;
            piece::remove(&segment::ruins(dir, end))?;
        }
    }
    Ok(())
}

/// The indices of the full bundles below a folder, `above` being what its name stands for.
fn bundles(folder: &Path, above: u64, found: &mut Vec<u64>) -> Result<(), LedgerError> {
    let failed = |error| LedgerError::io("list", folder, error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        // `x001/067` stands for 1,067; `068.p` holds partial ones.
        let (deeper, digits) = match name.strip_prefix('x') {
            Some(digits) => (true, digits),
            None => (false, name),
        };
        let Some(number) = digits.parse::<u64>().ok().filter(|_| digits.len() == 3) else {
            continue;
        };
        let Some(index) = above.checked_mul(1_000).and_then(|above| above.checked_add(number))
        else {
            continue;
        };
        match deeper {
            true => bundles(&entry.path(), index, found)?,
            false => found.push(index),
        }
    }
    Ok(())
}

/// The names of the long records that entries of a bundle stand for.
fn names(dir: &Path, index: u64) -> Result<BTreeSet<String>, LedgerError> {
    let [path, _] = files(dir, index);
    let bytes = tiles::read(&path)?.unwrap_or_default();
    let entries = split_entries(&bytes).unwrap_or_default();
    Ok(entries.into_iter().filter_map(entry::long).map(str::to_owned).collect())
}

/// Removes bundles, and then the long records that go with them. What was removed is durable before
/// anything that tells of it goes.
fn clear(
    dir: &Path,
    bundles: &[u64],
    mut pruned: Pruned,
    steps: &mut Steps<'_>,
) -> Result<(), LedgerError> {
    let mut folders = BTreeSet::new();
    for index in bundles {
        steps.next()?;
        remove(dir.join(bundle(*index).path()), &mut folders)?;
    }
    sync(&folders)?;
    if pruned.going.is_empty() {
        return Ok(());
    }
    folders.clear();
    for name in &pruned.going {
        steps.next()?;
        remove(tiles::payload_path(dir, name), &mut folders)?;
    }
    sync(&folders)?;
    steps.next()?;
    pruned.going.clear();
    pruned.write(dir)
}

fn bundle(index: u64) -> Tile {
    Tile { level: None, index, width: TILE_WIDTH }
}

fn remove(path: PathBuf, folders: &mut BTreeSet<PathBuf>) -> Result<(), LedgerError> {
    folders.extend(path.parent().filter(|folder| folder.exists()).map(Path::to_owned));
    piece::remove(&path)
}

fn sync(folders: &BTreeSet<PathBuf>) -> Result<(), LedgerError> {
    folders.iter().try_for_each(|folder| segment::sync_dir(folder))
}

/// What later records may refer to.
#[derive(Default)]
struct Still {
    sessions: BTreeMap<SessionId, u64>,
    statements: BTreeMap<StatementId, u64>,
    entries: BTreeMap<u64, Vec<u8>>,
    /// Of this round: the long records that entries stand for, and when the oldest and the newest
    /// record were written.
    long: BTreeSet<String>,
    span: Option<(Time, Time)>,
}

impl Still {
    /// Takes a bundle in if all of its records are older; false if it has to stay.
    fn take_bundle(&mut self, dir: &Path, first: u64, older: Time) -> Result<bool, LedgerError> {
        let [path, _] = files(dir, first / TILE_WIDTH);
        let bytes = tiles::read(&path)?.ok_or_else(|| tiles::missing(&path))?;
        let malformed = |_| LedgerError::NotALedger(path.clone());
        let entries = split_entries(&bytes).map_err(malformed)?;
        let mut span = self.span;
        for entry in &entries {
            // A type of a later version is dated all the same; one without a date is as old as
            // those around it.
            let Some(time) = record::time(&payload(dir, entry)?) else { continue };
            if time >= older {
                return Ok(false);
            }
            let (oldest, newest) = span.unwrap_or((time, time));
            span = Some((oldest.min(time), newest.max(time)));
        }
        self.span = span;
        for (sequence, entry) in (first..).zip(&entries) {
            self.take(dir, sequence, entry)?;
            self.long.extend(entry::long(entry).map(str::to_owned));
        }
        Ok(true)
    }

    fn take(&mut self, dir: &Path, sequence: u64, entry: &[u8]) -> Result<(), LedgerError> {
        match Record::decode(&payload(dir, entry)?) {
            Ok(Record::Started(_)) => {
                // Whatever the run before left is over.
                self.sessions.clear();
                self.statements.clear();
                self.entries.clear();
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
