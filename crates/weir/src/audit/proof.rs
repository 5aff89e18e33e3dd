//! `weir audit proof|check-proof|key|checkpoint`: what somebody else needs to be sure of a record.

use super::warn;
use crate::{exit::Failure, out::Out};
use ledger::{Keys, LedgerError, Record, Sequence, StatementId, Tiles};
use std::{fs, path::Path};

pub(crate) fn key(dir: &Path) -> Result<(), Failure> {
    super::open(dir, Sequence(u64::MAX))?;
    print(&Keys::read(dir)?.to_string())
}

pub(crate) fn checkpoint(dir: &Path) -> Result<(), Failure> {
    print(&newest(dir)?)
}

/// Prints the proof, and writes the entry that it proves.
pub(crate) fn proof(
    dir: &Path,
    id: &str,
    outcome: bool,
    entry: Option<&Path>,
) -> Result<(), Failure> {
    let log = Keys::read(dir)?.log;
    let sequence = match id.parse::<u64>() {
        Ok(sequence) => sequence,
        Err(_) => find(dir, id, outcome)?.0,
    };
    // A checkpoint with cosignatures proves more, if it covers the record.
    let witnessed = ledger::witnessed(dir)?.unwrap_or_default();
    let (note, head) = match ledger::open_checkpoint(&witnessed, &log) {
        Ok(head) if head.size > sequence => (witnessed, head),
        _ => {
            let note = newest(dir)?;
            let head = ledger::open_checkpoint(&note, &log)?;
            (note, head)
        }
    };
    let mut tiles = Tiles::new(dir, head.size);
    let proof = tiles.proof(sequence, &note)?;
    match entry {
        Some(path) => fs::write(path, tiles.entry(sequence)?)?,
        None => eprintln!(
            "weir: to check this proof others need the entry too, to the byte: --entry FILE \
             writes it"
        ),
    }
    print(&proof.text())
}

pub(crate) fn check_proof(proof: &Path, entry: &Path, key: &Path) -> Result<(), Failure> {
    let keys: Keys = fs::read_to_string(key)?.parse()?;
    let refused = |why: &str| Failure::Refused(format!("{}: {why}", proof.display()));
    let proof = tlog::Proof::parse(&fs::read_to_string(proof)?).map_err(|why| refused(why.0))?;
    let head = ledger::open_checkpoint(&proof.checkpoint, &keys.log)?;
    let leaf = tlog::leaf(&fs::read(entry)?);
    if !tlog::verify_inclusion(&leaf, proof.index, head.size, &proof.hashes, &head.root) {
        let why = format!("{} is not record {} of that checkpoint", entry.display(), proof.index);
        return Err(refused(&why));
    }
    let (index, size, origin) = (proof.index, head.size, head.origin);
    print(&format!("{} is record {index} of {size} of {origin}.\n", entry.display()))
}

fn newest(dir: &Path) -> Result<String, Failure> {
    super::open(dir, Sequence(u64::MAX))?;
    let none = || Failure::Refused(format!("there is no checkpoint in {}", dir.display()));
    ledger::checkpoint(dir)?.ok_or_else(none)
}

/// Where the record of a statement is.
fn find(dir: &Path, id: &str, outcome: bool) -> Result<Sequence, Failure> {
    let wanted: StatementId = id.parse().map_err(|_| {
        Failure::Refused(format!("\"{id}\" is neither a record's number nor a statement's id"))
    })?;
    for entry in super::open(dir, Sequence(0))? {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error @ LedgerError::Damaged(_)) => {
                warn(&error);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let is_it = match entry.record() {
            Ok(Record::Intent(intent)) => !outcome && intent.statement == wanted,
            Ok(Record::Refused(refused)) => !outcome && refused.statement == wanted,
            Ok(Record::Outcome(found)) => outcome && found.statement == wanted,
            _ => false,
        };
        if is_it {
            return Ok(entry.sequence);
        }
    }
    let what = if outcome { "outcome" } else { "record" };
    Err(Failure::Refused(format!("the ledger has no {what} of the statement {id}")))
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = Out::new();
    out.data(text.trim_end_matches('\n'))?;
    Ok(out.flush()?)
}
