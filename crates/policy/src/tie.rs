//! What one value tells of another because a statement compared them. Knows no SQL.
//!
//! Where rows of two tables come together because `guess = ssn`, whoever sees the guess has seen
//! the number. The guess bears no label, so nothing else would hide it; and the row number beside
//! it is as good as the guess to the one who wrote both down. Between columns that bear labels of
//! their own a comparison is ordinary work: a payment's email is the customer's.

use model::{ColumnId, Facts, Label, LabelMap, RelationId, facts::Tie};
use std::collections::HashSet;

/// Each side with the other.
fn sides(tie: &Tie) -> [(&[ColumnId], &[ColumnId]); 2] {
    [(&tie.left, &tie.right), (&tie.right, &tie.left)]
}

/// True if no column here bears a label.
fn is_bare(side: &[ColumnId], labels: &LabelMap) -> bool {
    side.iter().all(|column| labels.label(*column).is_none())
}

/// True if a value of this side tells which row of the relation it stands in: one that bears no
/// label of its own, compared for equality with a column of another table.
fn finds_rows(tie: &Tie, side: &[ColumnId], other: &[ColumnId], labels: &LabelMap) -> bool {
    let apart = |column: &ColumnId| other.iter().all(|there| there.relation != column.relation);
    tie.equal && is_bare(side, labels) && side.iter().all(apart)
}

/// True if the statement asks which values of a labelled column are those of something that bears
/// no label: whoever knows that, or chose it, asks as by a pattern.
pub(crate) fn is_guessed(facts: &Facts, column: ColumnId, labels: &LabelMap) -> bool {
    facts.ties.iter().filter(|tie| tie.asked).any(|tie| {
        let mut sides = sides(tie).into_iter();
        sides.any(|(side, other)| side.contains(&column) && is_bare(other, labels))
    })
}

/// The labelled columns of which these values tell through what the statement compares. Those
/// of the values' own label are left out: they are hidden as well as it is. Sorted.
pub fn told(facts: &Facts, sources: &[ColumnId], labels: &LabelMap) -> Vec<ColumnId> {
    let own: HashSet<&Label> = sources.iter().filter_map(|id| labels.label(*id)).collect();
    let mut told = Vec::new();
    if facts.ties.is_empty() {
        return told;
    }
    let mut seen: HashSet<ColumnId> = sources.iter().copied().collect();
    let mut todo = sources.to_vec();
    while let Some(at) = todo.pop() {
        for tie in &facts.ties {
            for (side, other) in sides(tie) {
                let meets = side.contains(&at)
                    || side.iter().any(|column| column.relation == at.relation)
                        && finds_rows(tie, side, other, labels);
                if !meets {
                    continue;
                }
                for column in other.iter().filter(|column| seen.insert(**column)) {
                    match labels.label(*column) {
                        Some(label) if own.contains(label) => {}
                        Some(_) => told.push(*column),
                        None => todo.push(*column),
                    }
                }
            }
        }
    }
    told.sort_unstable();
    told
}

/// The labelled columns by which a write chooses rows of a relation through a column of it that
/// bears no label: which rows are changed, or left, tells their values. Sorted.
pub(crate) fn chosen_by(facts: &Facts, relation: RelationId, labels: &LabelMap) -> Vec<ColumnId> {
    let here = |side: &[ColumnId]| side.iter().any(|column| column.relation == relation);
    let mut found: Vec<ColumnId> = facts
        .ties
        .iter()
        .flat_map(|tie| sides(tie).map(|(side, other)| (tie, side, other)))
        .filter(|(tie, side, other)| here(side) && finds_rows(tie, side, other, labels))
        .flat_map(|(_, _, other)| other.iter().copied())
        .filter(|column| labels.label(*column).is_some())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests;
