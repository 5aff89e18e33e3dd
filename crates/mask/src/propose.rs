//! From evidence to a label: what a column's name, type, comment and samples say together, with
//! what was considered and lost. Knows no catalog beyond the column's relation and never writes a
//! value into its evidence.

use crate::{rules::LabelRules, scan};
use model::{Label, Labelling, Weighing, catalog::Column};

mod around;
mod crowd;
mod faint;
mod forms;
mod frame;
mod kind;
mod named;
mod numbers;
mod otherwise;
mod samples;

use frame::Frame;
pub(crate) use kind::Kind;
use samples::{Survey, Verdict};

/// Samples of prose of which one that names people is an exception.
const MANY: usize = 10;

/// How sure forms make that tell something only where all values have them.
const FAINT: f32 = 0.6;

/// How often columns are weighed again by what was found beside them.
const MAX_ROUNDS: usize = 4;

/// Everything known of one column.
#[derive(Clone, Debug)]
pub struct ColumnEvidence<'a> {
    /// The schema of its relation.
    pub schema: &'a str,
    /// The relation's name.
    pub relation: &'a str,
    /// What is said about the relation.
    pub relation_comment: Option<&'a str>,
    /// All columns of the relation, this one among them.
    pub siblings: &'a [Column],
    /// The relation keeps its rows; a view's come from elsewhere and are not sampled.
    pub stored: bool,
    /// The column as the catalog describes it.
    pub column: &'a Column,
    /// The type's name (`int4`, `text`), of a domain its base type's.
    pub type_name: &'a str,
    /// `typcategory` of that type.
    pub type_category: char,
    /// For arrays: the element type's name.
    pub element_type_name: Option<&'a str>,
    /// Sampled values in text form, NULLs left out.
    pub samples: &'a [String],
}

/// Weighs columns of one relation: each by itself, and then those in which nothing was found again,
/// by what the others hold. `known`: what its other columns were found to hold before.
pub fn weigh_together(
    columns: &[ColumnEvidence<'_>],
    known: &[Labelling],
    rules: &LabelRules,
) -> Vec<Weighing> {
    // What is faint itself speaks for nothing else: one wrong guess must not bring others.
    let speaks = |one: &Labelling| (one.confidence > FAINT).then(|| one.label.clone());
    let known: Vec<Label> = known.iter().filter_map(speaks).collect();
    let mut surveys: Vec<Survey> = columns.iter().map(Survey::of).collect();
    let banks = surveys.iter().any(Survey::are_banks);
    let mut found = Vec::with_capacity(columns.len());
    for (survey, one) in surveys.iter_mut().zip(columns) {
        survey.frame = Frame { banks, ..Frame::of(one, &known) };
        found.push(weigh_surveyed(one, survey, rules));
    }
    // What is found beside others may speak for further ones. Values are looked at once.
    for _ in 0..MAX_ROUNDS {
        let labels = found.iter().filter_map(|one: &Weighing| speaks(one.labelling.as_ref()?));
        let known: Vec<Label> = known.iter().cloned().chain(labels).collect();
        let income = holds(&found, &Label::INCOME);
        let payroll = income && holds(&found, &Label::NATIONAL_ID);
        let mut more = false;
        for ((weighing, survey), one) in found.iter_mut().zip(&mut surveys).zip(columns) {
            let frame = Frame { banks, income, payroll, ..Frame::of(one, &known) };
            if weighing.labelling.is_none() && frame != survey.frame {
                survey.frame = frame;
                *weighing = weigh_surveyed(one, survey, rules);
                more |= weighing.labelling.is_some();
            }
        }
        if !more {
            break;
        }
    }
    found
}

/// True if a column holds the label, however faintly. For what takes two of them: together they
/// hardly err.
fn holds(found: &[Weighing], label: &Label) -> bool {
    found.iter().filter_map(|one| one.labelling.as_ref()).any(|one| one.label == *label)
}

/// Weighs everything known of a column into a label, or none. Depends on its arguments alone: what
/// a rule gives holds, then what name and values say together.
pub fn weigh(evidence: &ColumnEvidence<'_>, rules: &LabelRules) -> Weighing {
    weigh_surveyed(evidence, &Survey::of(evidence), rules)
}

fn weigh_surveyed(evidence: &ColumnEvidence<'_>, survey: &Survey, rules: &LabelRules) -> Weighing {
    let found = find(evidence, survey);
    let Some(mut given) = rules.weigh(evidence) else { return found };
    if let Some(labelling) = found.labelling {
        given.against.push(format!("{}: {}", labelling.label, labelling.evidence.join("; ")));
    }
    given.against.extend(found.against);
    given
}

/// What is found without rules.
fn find(evidence: &ColumnEvidence<'_>, survey: &Survey) -> Weighing {
    let kind = Kind::of(evidence);
    let mut against = Vec::new();
    let named = named::by_name(evidence, kind, survey, &mut against);
    let sampled = by_samples(evidence, kind, survey, &mut against);
    let by_samples = named.is_none();
    let (labelling, by_samples) = match (named, sampled) {
        (Some(named), Some(sampled)) if named.label == sampled.label => {
            let labelling = Labelling {
                confidence: (named.confidence + sampled.confidence / 2.0).min(0.99),
                evidence: named.evidence.into_iter().chain(sampled.evidence).collect(),
                label: named.label,
            };
            (Some(labelling), by_samples)
        }
        (Some(named), Some(sampled)) => (Some(stronger(named, sampled, &mut against)), by_samples),
        (Some(named), None) => (Some(named), false),
        (None, Some(sampled)) => (Some(sampled), true),
        (None, None) => match named::by_comment(evidence, kind, survey) {
            Some(commented) => (Some(commented), false),
            None => free_text(evidence, survey),
        },
    };
    against.push(survey.extent());
    Weighing { labelling, against, by_rule: false, by_samples }
}

/// Where name and values disagree, values that prove themselves win; otherwise the name.
fn stronger(named: Labelling, sampled: Labelling, against: &mut Vec<String>) -> Labelling {
    let proves = sampled.confidence >= 0.9 && sampled.label.strength() > named.label.strength();
    let (winner, loser) = if proves { (sampled, named) } else { (named, sampled) };
    against.push(format!("{}: {}", loser.label, loser.evidence.join("; ")));
    winner
}

fn by_samples(
    evidence: &ColumnEvidence<'_>,
    kind: Kind,
    survey: &Survey,
    against: &mut Vec<String>,
) -> Option<Labelling> {
    let Verdict { label, share, why, faint } = survey.verdict()?;
    // A key of the table's own is a number of the system's, unless it proves itself.
    let weak = share < 0.9 && evidence.column.references.is_some();
    if weak || !kind.can_hold(&label) {
        against.push(format!(
            "{label}: {why}, but it refers to another table or is of a type that holds none"
        ));
        return None;
    }
    if let Some(obstacle) = otherwise::than_samples(evidence, &label) {
        against.push(format!("{label}: {why}, but {obstacle}"));
        return None;
    }
    let confidence = if faint { FAINT } else { (0.5 + share * 0.45).min(0.95) };
    Some(Labelling { label, confidence, evidence: vec![why] })
}

/// Prose in which people are named: what the scan cannot find must be hidden by the label. True if
/// the label rests on samples.
fn free_text(evidence: &ColumnEvidence<'_>, survey: &Survey) -> (Option<Labelling>, bool) {
    if Kind::of(evidence) != Kind::Text {
        return (None, false);
    }
    let labelling = |confidence, why: String| {
        Some(Labelling { label: Label::FREE_TEXT, confidence, evidence: vec![why] })
    };
    let (named, total) = survey.prose_with_names();
    // One of many may begin with a word that is a name too.
    let least = if total >= MANY { 2 } else { 1 };
    if named >= least && named * 50 >= total {
        let why = format!("{named} of {total} samples are prose that names people");
        return (labelling(0.8, why), true);
    }
    let talks = named::is_for_prose(evidence) && !around::holds_things(evidence.relation);
    if talks && evidence.stored && evidence.samples.is_empty() {
        let why = format!("column name \"{}\" and no values yet", evidence.column.name);
        return (labelling(0.5, why), false);
    }
    (None, false)
}

/// What one value is, by itself.
pub(crate) fn recognise(value: &str) -> Option<Label> {
    scan::whole(value)
}

#[cfg(test)]
mod tests;
