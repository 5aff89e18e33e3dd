//! Changes of labels, and sentences as they are stored. Knows no record format.

use crate::LabelPlace;
use model::Label;

/// One change of the label that is in force for a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelChange {
    /// Which column.
    pub place: LabelPlace,
    /// Before.
    pub before: Option<Label>,
    /// Now.
    pub after: Option<Label>,
    /// Why, in sentences that hold no value.
    pub evidence: Vec<String>,
}

/// Sentences as one text, a line each.
pub(crate) fn lines(sentences: &[String]) -> String {
    let one_line = |sentence: &String| sentence.replace(['\n', '\r'], " ");
    sentences.iter().map(one_line).collect::<Vec<_>>().join("\n")
}

/// The sentences back.
pub(crate) fn sentences(lines: String) -> Vec<String> {
    lines.lines().map(str::to_owned).collect()
}
