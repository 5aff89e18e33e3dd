//! What a column's name and its comment say. Knows values by their counts alone.

use super::{
    ColumnEvidence, Kind, Survey,
    around::{self, People},
    otherwise,
};
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
        Said::NameOfSomething if names_people(&words, evidence, survey, against) => {
            let why = format!("column name \"{name}\" in relation \"{}\"", evidence.relation);
            (Label::PERSON_NAME, why)
        }
        Said::NameOfSomething | Said::Person | Said::Nothing => {
            return weak_name(&words, evidence, survey)
                .or_else(|| around::by_surroundings(&words, evidence, kind, survey));
        }
    };
    let obstacle = if !kind.can_hold(&label) {
        Some(format!("a value of type {} cannot be one", evidence.type_name))
    } else if is_reference(evidence, kind, &label) {
        Some("it is a key that refers to another table".to_owned())
    } else {
        let other = otherwise::than_its_name(evidence, kind, &label, survey);
        other.map(str::to_owned).or_else(|| survey.contradicts(&label))
    };
    if let Some(obstacle) = obstacle {
        against.push(format!("{label}, by its name: {obstacle}"));
        return None;
    }
    let confidence = if survey.supports(&label) { SURE } else { NAMED };
    Some(Labelling { label, confidence, evidence: vec![why] })
}

/// True if a `name` or a `login` is a person's: by the relation, where that is clear, and by the
/// values where it may be organisations as well.
fn names_people(
    words: &Words,
    evidence: &ColumnEvidence<'_>,
    survey: &Survey,
    against: &mut Vec<String>,
) -> bool {
    let login = lexicon::LOGINS.split_whitespace().any(|word| words.has(word));
    let why = match around::people(evidence) {
        People::Surely => return true,
        People::Likely if login => return true,
        People::Likely if !survey.unlike_names() => return true,
        People::Likely => "its values do not look like names of persons",
        People::Beside if login => return true,
        People::Beside | People::Unsaid => "nothing says that its relation holds persons",
    };
    against.push(format!("person_name, by its name: {why}"));
    false
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
