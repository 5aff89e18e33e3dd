//! Stand-ins among the sources of a value, and what is known of them. Knows no SQL.
//!
//! Two things travel in a flow that are no columns. A *statistic* is what an aggregate over a group
//! of rows lets through of a column. A *set* is an item of FROM that the client made up itself
//! (VALUES, `generate_series`): its values are nobody's, until a predicate compares them with a
//! column. From then on a row of the set that comes back tells the column's value, so whatever
//! carries the set carries the column too.

use crate::flow::{Flow, Sources};
use model::{ColumnId, RelationId, facts::Tie};
use std::collections::{BTreeSet, HashMap};

/// Attribute numbers end at 1,600 and system columns begin at -1, so these are nobody's.
const STATISTIC: i16 = -10_000;
const SET: i16 = -20_000;

/// What a source stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    /// A column.
    Column(ColumnId),
    /// A statistic over this column.
    Statistic(ColumnId),
    /// Something that the client made up.
    Set,
}

/// What a source stands for.
pub(crate) fn stand(source: ColumnId) -> Stand {
    let ColumnId { relation, number } = source;
    match number {
        SET => Stand::Set,
        number if number <= STATISTIC => {
            Stand::Statistic(ColumnId { relation, number: STATISTIC - number })
        }
        _ => Stand::Column(source),
    }
}

/// The source that stands for a statistic over a column.
pub(crate) fn statistic(column: ColumnId) -> ColumnId {
    ColumnId { relation: column.relation, number: STATISTIC - column.number }
}

/// The source that stands for the set of this number.
pub(crate) fn set(index: u32) -> ColumnId {
    ColumnId { relation: RelationId(index), number: SET }
}

/// What was compared with what.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// What sets were compared with.
    sets: HashMap<ColumnId, Sources>,
    /// What columns were compared with.
    pub(crate) ties: BTreeSet<Tie>,
}

impl Relations {
    /// Notes that a predicate ties these values together.
    pub(crate) fn relate(&mut self, flows: &[&Flow]) {
        let sources = || flows.iter().flat_map(|flow| flow.sources.iter().copied());
        for set in sources().filter(|source| stand(*source) == Stand::Set) {
            let known = self.sets.entry(set).or_default();
            for other in sources().filter(|other| *other != set) {
                if !known.contains(&other) {
                    known.push(other);
                }
            }
        }
    }

    /// Notes that two values are compared, `equal` if for equality as they stand.
    pub(crate) fn tie(&mut self, left: &Flow, right: &Flow, equal: bool) {
        let [left, right] = [left, right].map(columns);
        if !left.is_empty() && !right.is_empty() && left != right {
            self.ties.insert(Tie { left, right, equal });
        }
    }

    /// The sets that were compared with something, each with that.
    pub(crate) fn of_sets(&self) -> impl Iterator<Item = (ColumnId, &Sources)> {
        self.sets.iter().map(|(set, sources)| (*set, sources))
    }

    /// Takes over what another walk found.
    pub(crate) fn take(&mut self, other: Relations) {
        self.ties.extend(other.ties);
        for (set, sources) in other.sets {
            let known = self.sets.entry(set).or_default();
            for source in sources {
                if !known.contains(&source) {
                    known.push(source);
                }
            }
        }
    }

    /// Adds to these sources all that the sets among them were compared with, directly or through
    /// other sets. The sets stay: they may be compared again.
    pub(crate) fn widen(&self, sources: &mut Sources) {
        let mut next = 0;
        while let Some(source) = sources.get(next).copied() {
            next += 1;
            for other in self.sets.get(&source).into_iter().flatten() {
                if !sources.contains(other) {
                    sources.push(*other);
                }
            }
        }
    }
}

/// The columns that can be part of a value, those of which it is a statistic included.
fn columns(flow: &Flow) -> Vec<ColumnId> {
    let column = |source: &ColumnId| match stand(*source) {
        Stand::Column(column) | Stand::Statistic(column) => Some(column),
        Stand::Set => None,
    };
    let mut columns: Vec<ColumnId> = flow.sources.iter().filter_map(column).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}
