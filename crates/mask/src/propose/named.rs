//! What a column's name says, together with the things around it: its relation, the columns beside
//! it, its comment. Knows values by their counts alone.

use super::{ColumnEvidence, Kind, Survey};
use crate::{
    lexicon,
    names::{self, Said, Words},
};
use model::{Label, Labelling};

/// How sure a name makes with values that agree, and without.
const SURE: f32 = 0.97;
const NAMED: f32 = 0.85;

/// The label that a column's name gives it. What it says and what does not hold goes to `against`.
pub(super) fn by_name(
    evidence: &ColumnEvidence<'_>,
    kind: Kind,
    survey: &Survey,
    against: &mut Vec<String>,
) -> Option<Labelling> {
    let name = &evidence.column.name;
    let words = Words::of(name);
    let (label, why) = match names::said(&words) {
        Said::Label(label) => (label, format!("column name \"{name}\"")),
        Said::NameOfSomething if holds_people(evidence) => {
            let why = format!("column name \"{name}\" in relation \"{}\"", evidence.relation);
            (Label::PERSON_NAME, why)
        }
        said => {
            if said == Said::NameOfSomething {
                let why = "nothing says that its relation holds persons";
                against.push(format!("person_name, by its name: {why}"));
            }
            return weak_name(&words, evidence, survey)
                .or_else(|| by_surroundings(&words, evidence, kind));
        }
    };
    let obstacle = if !kind.can_hold(&label) {
        Some(format!("a value of type {} cannot be one", evidence.type_name))
    } else if is_reference(evidence, kind, &label) {
        Some("it is a key that refers to another table".to_owned())
    } else {
        survey.contradicts(&label)
    };
    if let Some(obstacle) = obstacle {
        against.push(format!("{label}, by its name: {obstacle}"));
        return None;
    }
    let confidence = if survey.supports(&label) { SURE } else { NAMED };
    Some(Labelling { label, confidence, evidence: vec![why] })
}

/// A number that points elsewhere is a key, whatever it is called.
fn is_reference(evidence: &ColumnEvidence<'_>, kind: Kind, label: &Label) -> bool {
    let numeric = matches!(kind, Kind::Integer | Kind::Uuid);
    let identifies = [Label::NATIONAL_ID, Label::PAYMENT_CARD].contains(label);
    numeric && evidence.column.references.is_some() && !identifies
}

/// Words that mean a label only where the values agree (`via`, `pan`, `cap`).
fn weak_name(words: &Words, evidence: &ColumnEvidence<'_>, survey: &Survey) -> Option<Labelling> {
    let (label, _) = lexicon::WEAK.iter().find(|(label, all)| {
        all.split_whitespace().any(|word| words.has(word)) && survey.supports(label)
    })?;
    let why = format!("column name \"{}\" and values that agree", evidence.column.name);
    Some(Labelling { label: label.clone(), confidence: 0.8, evidence: vec![why] })
}

/// What neither name nor values say, but the relation or the type does: an amount in a payroll, a
/// position on earth.
fn by_surroundings(words: &Words, evidence: &ColumnEvidence<'_>, kind: Kind) -> Option<Labelling> {
    let any = |words: &Words, all: &str| all.split_whitespace().any(|word| words.has(word));
    let (label, why) = if matches!(kind, Kind::Decimal | Kind::Integer | Kind::Float)
        && any(&Words::of(evidence.relation), lexicon::PAYROLL)
        && any(words, lexicon::AMOUNTS)
    {
        (Label::INCOME, format!("an amount in relation \"{}\"", evidence.relation))
    } else if kind == Kind::Other && any(&Words::of(evidence.type_name), lexicon::PLACES) {
        (Label::LOCATION, format!("type \"{}\"", evidence.type_name))
    } else {
        return None;
    };
    Some(Labelling { label, confidence: 0.7, evidence: vec![why] })
}

/// True if the relation holds persons, by its own name (`customers`, `crm_contact`,
/// `tbl_mitarbeiter`).
fn holds_people(evidence: &ColumnEvidence<'_>) -> bool {
    let words = Words::of(evidence.relation);
    let thing =
        |word: &[u8]| lexicon::THINGS.split_whitespace().any(|known| known.as_bytes() == word);
    let all: Vec<&[u8]> = (0..words.len()).map(|at| words.gram(at, at + 1)).collect();
    all.iter().any(|word| names::is_person(word)) && !all.last().is_some_and(|word| thing(word))
}

/// A comment that names a label in its own words ("The customer's email address").
pub(super) fn by_comment(
    evidence: &ColumnEvidence<'_>,
    kind: Kind,
    survey: &Survey,
) -> Option<Labelling> {
    let comment = evidence.column.comment.as_deref()?;
    let mut best: Option<Label> = None;
    for sentence in comment.split(['.', ',', ';', '(', ')', ':']).take(8) {
        let words = Words::of(sentence);
        if let Said::Label(label) = names::said(&words)
            && kind.can_hold(&label)
            && survey.contradicts(&label).is_none()
            && best.as_ref().is_none_or(|best| best.strength() < label.strength())
        {
            best = Some(label);
        }
    }
    let evidence = vec!["the column's comment names it".to_owned()];
    best.map(|label| Labelling { label, confidence: 0.7, evidence })
}

/// True if the column is one in which people write.
pub(super) fn is_for_prose(evidence: &ColumnEvidence<'_>) -> bool {
    let words = Words::of(&evidence.column.name);
    lexicon::PROSE.split_whitespace().any(|word| words.has(word))
}

/// True if the relation holds things.
pub(super) fn holds_things(relation: &str) -> bool {
    let words = Words::of(relation);
    let thing = |word: &str| words.has(word) || words.has(&format!("{word}s"));
    lexicon::THINGS.split_whitespace().any(thing)
}
