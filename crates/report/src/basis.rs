//! What a report rests on: which log, up to where, under which signature, and whether somebody
//! looked. Knows the ledger's public files.

use crate::error::ReportError;
use index::Answers;
use ledger::{Keys, Verification};
use serde::Serialize;
use std::path::Path;

/// What a report rests on.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Basis {
    /// The log's public key, `name+id+key`; none if it was made by a version that had none.
    pub key: Option<String>,
    /// The newest checkpoint, as the signed note that it is.
    pub checkpoint: Option<String>,
    /// How many records it covers.
    pub records: u64,
    /// The tree's root hash, in hexadecimal.
    pub root: Option<String>,
    /// How many records the figures are from.
    pub indexed: u64,
    /// How many newer records there were.
    pub behind: u64,
    /// Places of the ledger that could not be read.
    pub unreadable: u64,
    /// What a verification of the whole ledger found; none if there was none.
    pub verified: Option<Verified>,
}

/// What a verification of the whole ledger found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verified {
    /// Nothing is damaged, missing or changed.
    pub sound: bool,
    /// Whether the keys were kept elsewhere, and not taken from the ledger itself.
    pub own_key: bool,
    /// Records that could be read.
    pub records: u64,
    /// How many of them are under a seal.
    pub sealed: u64,
    /// Statements of which nobody knows whether they ran.
    pub unknown: usize,
    /// Witnesses that cosigned.
    pub cosigned: Vec<String>,
    /// What is wrong.
    pub damage: Vec<String>,
}

impl Basis {
    /// Reads it from a ledger's folder and its index.
    pub fn read(
        dir: &Path,
        answers: &Answers,
        verified: Option<Verified>,
    ) -> Result<Self, ReportError> {
        let state = answers.state()?;
        let mut basis = Self {
            indexed: state.next,
            behind: state.lag(dir)?,
            unreadable: state.damage,
            verified,
            ..Self::default()
        };
        if let Ok(keys) = Keys::read(dir) {
            basis.key = Some(keys.log.to_string());
            if let Some(note) = ledger::checkpoint(dir)? {
                let head = ledger::open_checkpoint(&note, &keys.log)?;
                basis.records = head.size;
                basis.root = Some(hex(&head.root));
                basis.checkpoint = Some(note);
            }
        }
        Ok(basis)
    }

    /// The log's name.
    pub(crate) fn log(&self) -> &str {
        let name = self.key.as_deref().and_then(|key| key.split('+').next());
        name.unwrap_or("a ledger without keys")
    }
}

impl Verified {
    /// What a verification found; `own_key` if its keys were kept elsewhere.
    pub fn new(found: &Verification, own_key: bool) -> Self {
        Self {
            sound: found.damage.is_empty(),
            own_key,
            records: found.records,
            sealed: found.sealed,
            unknown: found.unknown.len(),
            cosigned: found.cosigned.iter().map(|(name, _)| name.clone()).collect(),
            damage: found.damage.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
