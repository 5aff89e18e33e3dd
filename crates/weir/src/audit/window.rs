//! Where to begin reading so that the last entries can be joined: shapes and sessions are written
//! once and may lie far back. Knows no output format.

use super::{
    join::{Join, Joined},
    warn,
};
use crate::exit::Failure;
use ledger::{LedgerError, Reader, Sequence};
use std::{collections::VecDeque, path::Path};

/// How many records the first try reads; each further try reads eight times as many.
const FIRST_TRY: u64 = 4096;

/// The last entries, with a reader and a join that go on from there.
pub(super) struct Window {
    pub(super) entries: VecDeque<Joined>,
    pub(super) join: Join,
    pub(super) reader: Reader,
}

/// The last `count` entries that `wanted` accepts. Reads back until there are as many and each is
/// complete, or the log has no more.
pub(super) fn last(
    dir: &Path,
    count: usize,
    wanted: impl Fn(&Joined) -> bool,
) -> Result<Window, Failure> {
    let mut records = FIRST_TRY.max((count as u64).saturating_mul(8));
    loop {
        super::open(dir, Sequence(u64::MAX))?;
        let mut reader = Reader::open_last(dir, records)?;
        let mut join = Join::default();
        let mut entries = VecDeque::new();
        let mut first = None;
        let mut damage = Vec::new();
        for entry in reader.by_ref() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error @ LedgerError::Damaged(_)) => {
                    damage.push(error);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            first.get_or_insert(entry.sequence);
            // What was incomplete further back than what is shown does no harm.
            let before = std::mem::take(&mut join.incomplete);
            let joined = join.feed(entry).filter(|joined| wanted(joined));
            match joined {
                Some(joined) => {
                    let incomplete = std::mem::take(&mut join.incomplete);
                    entries.push_back((joined, incomplete));
                    if entries.len() > count {
                        entries.pop_front();
                    }
                }
                None => join.incomplete = before || join.incomplete,
            }
        }
        let whole = first.is_none_or(|first| first == Sequence(0));
        // With a filter an incomplete entry may have been dropped for want of its session.
        let short = entries.len() < count || join.incomplete;
        let incomplete = entries.iter().any(|(_, incomplete)| *incomplete);
        if whole || !(short || incomplete) {
            damage.iter().for_each(warn);
            let entries = entries.into_iter().map(|(joined, _)| joined).collect();
            return Ok(Window { entries, join, reader });
        }
        records = records.saturating_mul(8);
    }
}
