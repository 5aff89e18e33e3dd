//! The records behind figures: each with its exact bytes and the proof that the log has it, which
//! is checked here as a third party would. Knows tiles and proofs.

use crate::{
    basis::{Basis, hex},
    error::ReportError,
};
use ledger::{Keys, Tiles};
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

/// A record behind a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sampled {
    /// Its place in the log, which is its leaf's index in the tree.
    pub sequence: u64,
    /// What it is: `intent`, `session_opened`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was written.
    pub time: String,
    /// The entry's exact bytes, as the tree has them; absent where it is not proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The leaf's hash (RFC 6962), in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<String>,
    /// The proof, as `weir audit proof` prints it, if it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unproven: Option<String>,
    /// What makes the proof anew.
    pub command: String,
}

/// The records with these places, in order, each once.
pub(crate) fn read(dir: &Path, basis: &Basis, places: &BTreeSet<u64>) -> Vec<Sampled> {
    places.iter().map(|place| sampled(dir, basis, *place)).collect()
}

fn sampled(dir: &Path, basis: &Basis, sequence: u64) -> Sampled {
    let command = format!("weir audit proof {sequence} --entry {sequence}.json");
    let mut sampled = Sampled {
        sequence,
        kind: String::new(),
        time: String::new(),
        entry: None,
        leaf: None,
        proof: None,
        unproven: None,
        command,
    };
    match proven(dir, basis, sequence) {
        Ok((entry, leaf, proof)) => {
            let value: Value = serde_json::from_slice(&entry).unwrap_or_default();
            let text =
                |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            (sampled.kind, sampled.time) = (text("type"), text("time"));
            sampled.entry = Some(String::from_utf8_lossy(&entry).into_owned());
            sampled.leaf = Some(hex(&leaf));
            sampled.proof = Some(proof);
        }
        Err(why) => sampled.unproven = Some(why.to_string()),
    }
    sampled
}

/// The entry, its leaf's hash and the proof, which was checked.
fn proven(
    dir: &Path,
    basis: &Basis,
    sequence: u64,
) -> Result<(Vec<u8>, tlog::Hash, String), ReportError> {
    let Some(note) = &basis.checkpoint else {
        return Err(ReportError::Asked("the ledger has no checkpoint".to_owned()));
    };
    if sequence >= basis.records {
        let why = "newer than the checkpoint: a moment later it can be proven";
        return Err(ReportError::Asked(why.to_owned()));
    }
    let head = ledger::open_checkpoint(note, &Keys::read(dir)?.log)?;
    let mut tiles = Tiles::new(dir, head.size);
    let entry = tiles.entry(sequence)?;
    let (leaf, proof) = (tlog::leaf(&entry), tiles.proof(sequence, note)?);
    if !tlog::verify_inclusion(&leaf, sequence, head.size, &proof.hashes, &head.root) {
        let why = "its proof does not hold: the ledger is not sound";
        return Err(ReportError::Asked(why.to_owned()));
    }
    Ok((entry, leaf, proof.text()))
}
