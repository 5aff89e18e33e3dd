//! What a report rests on: which log, up to where, under which signature, and whether somebody
//! looked. Knows the ledger's public files.

use crate::error::ReportError;
use index::{Answers, Cell, Limits};
use ledger::{Keys, Verification};
use serde::Serialize;
use std::path::Path;

/// How many removals a report tells of one by one, the newest.
const REMOVALS: usize = 1_000;

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
    /// Places of the ledger that are damaged.
    pub unreadable: u64,
    /// Records that were removed because their time was over, in order. Their hashes are in the
    /// tree, so whoever has such a record can still prove it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Removed>,
    /// What a verification of the whole ledger found; none if there was none.
    pub verified: Option<Verified>,
}

/// A range of records that were removed, and what says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// The first of them.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// When the oldest was written, as far as it is known.
    pub oldest: Option<String>,
    /// When the newest was.
    pub newest: Option<String>,
    /// When they were removed.
    pub time: Option<String>,
    /// By which rule.
    pub rule: Option<String>,
    /// The record that says so; none where that one is removed itself.
    pub record: Option<u64>,
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
            removed: removed(answers, ledger::pruned(dir)?)?,
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

/// What was removed, by what records say, up to what the ledger itself says.
fn removed(answers: &Answers, before: u64) -> Result<Vec<Removed>, ReportError> {
    let limits = Limits { rows: REMOVALS, ..Limits::default() };
    let field = |name: &str| format!("json_extract(detail, '$.{name}')");
    let columns = ["from", "before", "oldest", "newest", "rule"].map(field).join(", ");
    let query = format!(
        "SELECT sequence, time, {columns} FROM events WHERE type = 'pruned' ORDER BY sequence DESC"
    );
    let table = answers.sql(&query, &limits)?;
    let mut all = Vec::new();
    for row in table.rows.iter().rev() {
        let number = |at: usize| match row.get(at) {
            Some(Cell::Int(number)) => u64::try_from(*number).unwrap_or(0),
            _ => 0,
        };
        let text = |at: usize| match row.get(at) {
            Some(Cell::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let (first, end) = (number(2), number(3));
        unsaid(&mut all, first);
        let (oldest, newest, time, rule) = (text(4), text(5), text(1), text(6));
        let (last, record) = (end.saturating_sub(1), Some(number(0)));
        all.push(Removed { first, last, oldest, newest, time, rule, record });
    }
    unsaid(&mut all, before);
    Ok(all)
}

/// What lies between the last range and this record was removed too, by records that the index
/// does not have.
fn unsaid(all: &mut Vec<Removed>, end: u64) {
    let first = all.last().map_or(0, |one| one.last + 1);
    if first < end {
        all.push(Removed { first, last: end - 1, ..Removed::default() });
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
