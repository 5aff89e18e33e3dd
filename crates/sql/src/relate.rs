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
    /// What sets were compared with of which each value is counted as one that is looked up: it is
    /// part of what comes back of them, and of nothing that is put somewhere.
    counted: HashMap<ColumnId, Sources>,
    /// What columns were compared with.
    pub(crate) ties: BTreeSet<Tie>,
    /// The columns of each query whose rows come together with another's, as UNION makes them: a
    /// value that has several of these is of one of them in each row.
    arms: BTreeSet<Vec<ColumnId>>,
}

/// How many queries' rows may come together in a value that is compared, so that each of them is
/// still looked at by itself.
const MAX_ARMS: usize = 32;

impl Relations {
    /// Notes that a predicate ties these values together.
    pub(crate) fn relate(&mut self, flows: &[&Flow]) {
        note(&mut self.sets, flows);
    }

    /// Notes the same of a set whose values are counted.
    pub(crate) fn count(&mut self, flows: &[&Flow]) {
        note(&mut self.counted, flows);
    }

    /// Notes that two values are compared, `equal` if for equality as they stand. False if they
    /// come from too many queries to say of each what it is compared with.
    pub(crate) fn tie(&mut self, left: &Flow, right: &Flow, equal: bool) -> bool {
        let [lefts, rights] = [left, right].map(|side| self.alternatives(columns(side)));
        let (Some(lefts), Some(rights)) = (lefts, rights) else { return false };
        for left in &lefts {
            for right in rights.iter().filter(|right| *right != left) {
                let (left, right) = (left.clone(), right.clone());
                self.ties.insert(Tie { left, right, equal, asked: true });
            }
        }
        true
    }

    /// Notes that the rows of two queries come together.
    pub(crate) fn unite(&mut self, left: &Flow, right: &Flow) {
        let [left, right] = [left, right].map(columns);
        if !left.is_empty() && !right.is_empty() && left != right {
            self.arms.extend([left, right]);
        }
    }

    /// Notes that a value's rows are compared with each other; false as in [`Relations::tie`].
    pub(crate) fn tie_within(&mut self, flow: &Flow) -> bool {
        if self.arms.is_empty() {
            return true;
        }
        let Some(arms) = self.alternatives(columns(flow)) else { return false };
        for (place, left) in arms.iter().enumerate().skip(1) {
            for right in arms.iter().skip(place + 1) {
                let (left, right) = (left.clone(), right.clone());
                self.ties.insert(Tie { left, right, equal: true, asked: true });
            }
        }
        true
    }

    /// All of these columns, and behind them those of each query of which the value can be.
    fn alternatives(&self, columns: Vec<ColumnId>) -> Option<Vec<Vec<ColumnId>>> {
        if columns.is_empty() {
            return Some(Vec::new());
        }
        let of = |arm: &&Vec<ColumnId>| {
            arm.len() < columns.len() && arm.iter().all(|one| columns.contains(one))
        };
        let arms: Vec<_> = match self.arms.is_empty() {
            true => Vec::new(),
            false => self.arms.iter().filter(of).take(MAX_ARMS + 1).cloned().collect(),
        };
        (arms.len() <= MAX_ARMS).then(|| std::iter::once(columns).chain(arms).collect())
    }

    /// What was compared here is its author's question, and not the client's.
    pub(crate) fn of_an_author(&mut self) {
        let ties = std::mem::take(&mut self.ties);
        self.ties = ties.into_iter().map(|tie| Tie { asked: false, ..tie }).collect();
    }

    /// The sets that were compared with something, each with that.
    pub(crate) fn of_sets(&self) -> impl Iterator<Item = (ColumnId, &Sources)> {
        self.sets.iter().map(|(set, sources)| (*set, sources))
    }

    /// Takes over what another walk found.
    pub(crate) fn take(&mut self, other: Relations) {
        self.ties.extend(other.ties);
        self.arms.extend(other.arms);
        for (own, theirs) in [(&mut self.sets, other.sets), (&mut self.counted, other.counted)] {
            for (set, sources) in theirs {
                add(own.entry(set).or_default(), sources);
            }
        }
    }

    /// Adds to the sources of what comes back all that the sets among them were compared with,
    /// directly or through other sets. The sets stay: they may be compared again.
    pub(crate) fn widen(&self, sources: &mut Sources) {
        widen(&[&self.sets, &self.counted], sources);
    }

    /// The same for what is put somewhere.
    pub(crate) fn widen_put(&self, sources: &mut Sources) {
        widen(&[&self.sets], sources);
    }
}

/// Notes for each set among the sources of these values what else is among them.
fn note(sets: &mut HashMap<ColumnId, Sources>, flows: &[&Flow]) {
    let sources = || flows.iter().flat_map(|flow| flow.sources.iter().copied());
    for set in sources().filter(|source| stand(*source) == Stand::Set) {
        add(sets.entry(set).or_default(), sources().filter(|other| *other != set));
    }
}

fn add(known: &mut Sources, more: impl IntoIterator<Item = ColumnId>) {
    for source in more {
        if !known.contains(&source) {
            known.push(source);
        }
    }
}

fn widen(sets: &[&HashMap<ColumnId, Sources>], sources: &mut Sources) {
    let mut next = 0;
    while let Some(source) = sources.get(next).copied() {
        next += 1;
        for known in sets.iter().filter_map(|sets| sets.get(&source)) {
            add(sources, known.iter().copied());
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
