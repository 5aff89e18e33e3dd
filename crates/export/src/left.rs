//! What left with a statement's result, column by column. Knows shapes and outcomes, no format.

use crate::join::{End, Statement};
use ledger::record::{Disclosed, Shape};
use model::{Disclosure, Label};
use std::collections::BTreeSet;

/// The label of what was found in content that bears none.
pub(crate) const FOUND: &str = "found_in_content";

/// One column of a result, with how many of its values left how.
#[derive(Debug)]
pub(crate) struct Left<'s> {
    /// Its name; none if it was not foreseen.
    pub(crate) name: Option<&'s str>,
    /// The columns whose values can be in it; of one that was not foreseen, all that the statement
    /// touches. With their labels.
    pub(crate) origins: Vec<(&'s str, Option<&'s Label>)>,
    /// Its own labels and those of its origins.
    pub(crate) labels: BTreeSet<String>,
    /// As they are.
    pub(crate) raw: u64,
    pub(crate) masked: u64,
    /// Looked into, and nothing to hide in them.
    pub(crate) unchanged: u64,
    pub(crate) nulls: u64,
}

/// What left with a statement; nothing of one that has no outcome.
pub(crate) fn left(statement: &Statement) -> Vec<Left<'_>> {
    let (Some(shape), End::Outcome(outcome)) = (statement.shape.as_deref(), &statement.end) else {
        return Vec::new();
    };
    // Rows that nobody looked into left as the upstream sent them.
    let all_raw = shape.disclosures.iter().all(|one| matches!(one, Disclosure::Raw { .. }));
    let each = Disclosed { raw: outcome.rows, ..Disclosed::default() };
    let relayed = vec![each; shape.disclosures.len()];
    let counts = match outcome.disclosed.is_empty() && all_raw {
        true => relayed.as_slice(),
        false => &outcome.disclosed,
    };
    let places = counts.iter().enumerate().filter(|(_, counted)| **counted != Disclosed::default());
    places.map(|(place, counted)| one(shape, place, *counted)).collect()
}

fn one<'s>(shape: &'s Shape<'_>, place: usize, counted: Disclosed) -> Left<'s> {
    let shown = shape.disclosures.get(place).unwrap_or(&shape.fallback);
    let output = shape.outputs.get(place);
    let touched = shape.columns.iter().map(|one| (one.column.as_ref(), one.label.as_ref()));
    let origins: Vec<(&str, Option<&Label>)> = match output {
        Some(output) => {
            let label = |of: &str| touched.clone().find(|(column, _)| *column == of)?.1;
            output.sources.iter().map(|of| (of.as_ref(), label(of))).collect()
        }
        None => touched.collect(),
    };
    let mut labels: BTreeSet<String> =
        origins.iter().filter_map(|(_, label)| label.map(ToString::to_string)).collect();
    match shown {
        Disclosure::Raw { labels: own } => labels.extend(own.iter().map(ToString::to_string)),
        Disclosure::Masked { label, .. } => labels.extend([label.to_string()]),
        Disclosure::Scan if counted.masked > 0 => labels.extend([FOUND.to_owned()]),
        Disclosure::Scan => {}
    }
    let raw = matches!(shown, Disclosure::Raw { .. });
    Left {
        name: output.map(|output| output.name.as_ref()),
        origins,
        labels,
        raw: if raw { counted.raw } else { 0 },
        masked: counted.masked,
        unchanged: if raw { 0 } else { counted.raw },
        nulls: counted.null,
    }
}
