//! What stands around a column: its relation's name and the columns beside it. Knows values by
//! their counts alone.

use super::{ColumnEvidence, Kind, Survey};
use crate::{
    lexicon,
    names::{self, Said, Words},
};
use model::{Label, Labelling};

/// How sure the surroundings make.
const SURE: f32 = 0.7;

/// Whether a relation holds persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum People {
    /// Its name says so (`employees`, `crm_contact`), or what stands beside the column.
    Surely,
    /// Its name may mean organisations too (`payers`, `tenants`, `clients`).
    Likely,
    /// Persons are named in it, but it may be about something else (`events` with a contact).
    Beside,
    /// Nothing says so.
    Unsaid,
}

/// Whether the relation of a column holds persons.
pub(super) fn people(evidence: &ColumnEvidence<'_>) -> People {
    let words = Words::of(evidence.relation);
    let all: Vec<&[u8]> = (0..words.len()).map(|at| words.gram(at, at + 1)).collect();
    let about_things = all.last().is_some_and(|word| is_of(word, lexicon::THINGS));
    let persons = all.iter().filter(|word| names::is_person(word) || ends_in_person(word));
    let mut persons = persons.peekable();
    let named = persons.peek().is_some() && !about_things;
    let doubtful = persons.all(|word| is_of(word, lexicon::ORGANISATIONS));
    let beside = beside(evidence);
    match (named, doubtful, beside) {
        (true, false, _) | (_, _, People::Surely) if !about_things => People::Surely,
        (true, true, _) => People::Likely,
        (_, _, beside) => beside,
    }
}

/// What the other columns' names say. A person has a birth date or a number of the state's; a name
/// or an address beside may be a contact's.
fn beside(evidence: &ColumnEvidence<'_>) -> People {
    let mut found = People::Unsaid;
    for sibling in evidence.siblings.iter().filter(|one| one.number != evidence.column.number) {
        let words = Words::of(&sibling.name);
        let bare = words.len() <= 3;
        match names::said(&words) {
            Said::Label(label) if label == Label::BIRTH_DATE && bare => return People::Surely,
            Said::Label(label) if label == Label::PERSON_NAME && bare => found = People::Beside,
            Said::Label(_) | Said::NameOfSomething | Said::Person | Said::Nothing => {}
        }
    }
    found
}

/// `appuser`, `superuser`, `hauptkunde`: a compound that ends in a person.
fn ends_in_person(word: &[u8]) -> bool {
    let ends = |person: &str| {
        let tail = |word: &[u8]| word.len() > person.len() + 2 && word.ends_with(person.as_bytes());
        tail(word) || word.strip_suffix(b"s").is_some_and(tail)
    };
    ["user", "customer", "client", "employee", "member", "patient", "kunde", "person"]
        .iter()
        .any(|person| ends(person))
}

/// True if the word, in the singular or plural, is one of the list.
fn is_of(word: &[u8], list: &str) -> bool {
    let one = |word: &[u8]| list.split_whitespace().any(|known| known.as_bytes() == word);
    one(word) || word.strip_suffix(b"s").is_some_and(one)
}

/// True if the relation holds things.
pub(super) fn holds_things(relation: &str) -> bool {
    let words = Words::of(relation);
    (0..words.len()).any(|at| is_of(words.gram(at, at + 1), lexicon::THINGS))
}

/// What neither name nor values say, but the relation, the columns beside or the type does.
pub(super) fn by_surroundings(
    words: &Words,
    evidence: &ColumnEvidence<'_>,
    kind: Kind,
    survey: &Survey,
) -> Option<Labelling> {
    let relation = Words::of(evidence.relation);
    let (label, why) = of_a_relation(words, &relation, evidence, kind)
        .or_else(|| of_a_person(words, evidence, kind))
        .or_else(|| of_a_patient(words, &relation, evidence, kind))?;
    if survey.contradicts(&label).is_some() {
        return None;
    }
    Some(Labelling { label, confidence: SURE, evidence: vec![why] })
}

fn any(words: &Words, all: &str) -> bool {
    all.split_whitespace().any(|word| words.has(word))
}

/// An amount in a payroll, the expiry of a card, a position on earth, a vector.
fn of_a_relation(
    words: &Words,
    relation: &Words,
    evidence: &ColumnEvidence<'_>,
    kind: Kind,
) -> Option<(Label, String)> {
    let name = &evidence.column.name;
    let number = matches!(kind, Kind::Decimal | Kind::Integer | Kind::Float);
    let vector = matches!(kind, Kind::Vector | Kind::FloatArray | Kind::Bytes);
    let in_relation = |what: &str| format!("{what} in relation \"{}\"", evidence.relation);
    if number && any(relation, lexicon::PAYROLL) && any(words, lexicon::AMOUNTS) {
        return Some((Label::INCOME, in_relation("an amount")));
    }
    let expiry = matches!(kind, Kind::Text | Kind::Date) && any(words, lexicon::EXPIRY);
    if expiry && any(relation, lexicon::CARDS) {
        return Some((Label::CARD_SECURITY, in_relation(&format!("column name \"{name}\""))));
    }
    if vector && any(relation, lexicon::BODY) && any(words, lexicon::TEMPLATES) {
        return Some((Label::EMBEDDING, in_relation(&format!("column name \"{name}\""))));
    }
    if kind == Kind::Vector {
        return Some((Label::EMBEDDING, format!("type \"{}\"", evidence.type_name)));
    }
    let place = kind == Kind::Other && any(&Words::of(evidence.type_name), lexicon::PLACES);
    place.then(|| (Label::LOCATION, format!("type \"{}\"", evidence.type_name)))
}

/// Words that mean something of a person where persons are held: `first`, `drivers`, a `picture`.
fn of_a_person(
    words: &Words,
    evidence: &ColumnEvidence<'_>,
    kind: Kind,
) -> Option<(Label, String)> {
    let dated = matches!(kind, Kind::Date | Kind::Timestamp);
    let said = lexicon::OF_PERSONS.iter().find(|(label, all)| {
        let fits = kind == Kind::Text || dated && *label == Label::HEALTH;
        words.len() == 1 && any(words, all) && fits
    });
    let pictured = || {
        let picture = kind == Kind::Bytes && any(words, lexicon::PICTURES);
        picture.then_some(&lexicon::PICTURE)
    };
    let (label, _) = said.or_else(pictured)?;
    if !matches!(people(evidence), People::Surely | People::Likely) {
        return None;
    }
    let name = &evidence.column.name;
    let why = format!("column name \"{name}\" in relation \"{}\"", evidence.relation);
    Some((label.clone(), why))
}

/// Codes, descriptions, values in a relation whose rows belong to a patient.
fn of_a_patient(
    words: &Words,
    relation: &Words,
    evidence: &ColumnEvidence<'_>,
    kind: Kind,
) -> Option<(Label, String)> {
    // `confirmation_code` is no code of a disease.
    let formal = any(words, lexicon::FORMAL);
    let clinical = (0..words.len()).any(|at| {
        let word = words.gram(at, at + 1);
        is_of(word, lexicon::CLINICAL) && !(formal && word == b"code")
            || lexicon::CLINICAL_STEMS.split_whitespace().any(|s| word.starts_with(s.as_bytes()))
    });
    if !clinical || !kind.can_hold(&Label::HEALTH) || any(relation, lexicon::PATIENTS) {
        return None;
    }
    let belongs = evidence.siblings.iter().find(|sibling| {
        let words = Words::of(&sibling.name);
        words.len() <= 2 && any(&words, lexicon::PATIENTS)
    })?;
    let why = format!("column name \"{}\" beside \"{}\"", evidence.column.name, belongs.name);
    Some((Label::HEALTH, why))
}
