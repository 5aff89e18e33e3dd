//! From evidence to a label: what a column's name, type, comment and samples say together.
//! Knows no catalog beyond the column and never writes a value into its evidence.

use crate::{
    lexicon,
    names::{self, Said, Words},
    scan,
};
use model::{Label, Labelling, catalog::Column};

mod samples;

use samples::Survey;

/// Everything known of one column.
#[derive(Clone, Debug)]
pub struct ColumnEvidence<'a> {
    /// The schema of its relation.
    pub schema: &'a str,
    /// The relation's name.
    pub relation: &'a str,
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

/// Proposes a label with its evidence, or none. Depends on its argument alone.
pub fn propose(evidence: &ColumnEvidence<'_>) -> Option<Labelling> {
    let kind = Kind::of(evidence);
    let survey = Survey::of(evidence.samples, kind);
    let named = by_name(evidence, kind, &survey);
    let sampled = by_samples(evidence, kind, &survey);
    let commented = by_comment(evidence, kind, &survey);
    match (named, sampled) {
        (Some(named), Some(sampled)) if named.label == sampled.label => Some(Labelling {
            confidence: (named.confidence + sampled.confidence / 2.0).min(0.99),
            evidence: named.evidence.into_iter().chain(sampled.evidence).collect(),
            label: named.label,
        }),
        (Some(named), Some(sampled)) => Some(stronger(named, sampled)),
        (named, sampled) => {
            named.or(sampled).or(commented).or_else(|| free_text(evidence, &survey))
        }
    }
}

/// Where name and values disagree, values that prove themselves win; otherwise the name.
fn stronger(named: Labelling, sampled: Labelling) -> Labelling {
    let proves = sampled.confidence >= 0.9 && sampled.label.strength() > named.label.strength();
    let (mut winner, loser) = if proves { (sampled, named) } else { (named, sampled) };
    winner.evidence.push(format!("outweighs {}: {}", loser.label, loser.evidence.join("; ")));
    winner
}

/// What kind of values a type can hold at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Decimal,
    Float,
    Date,
    Timestamp,
    Boolean,
    Network,
    Bytes,
    Json,
    Point,
    Uuid,
    Vector,
    FloatArray,
    Other,
}

impl Kind {
    fn of(evidence: &ColumnEvidence<'_>) -> Self {
        let name = evidence.element_type_name.unwrap_or(evidence.type_name);
        let is_array = evidence.element_type_name.is_some() || evidence.type_category == 'A';
        let name = name.trim_start_matches('_');
        match name {
            "float4" | "float8" if is_array => Self::FloatArray,
            "int2" | "int4" | "int8" => Self::Integer,
            "numeric" | "money" => Self::Decimal,
            "float4" | "float8" => Self::Float,
            "date" => Self::Date,
            "timestamp" | "timestamptz" => Self::Timestamp,
            "bool" => Self::Boolean,
            "inet" | "cidr" | "macaddr" | "macaddr8" => Self::Network,
            "bytea" => Self::Bytes,
            "json" | "jsonb" => Self::Json,
            "point" | "geography" | "geometry" => Self::Point,
            "uuid" => Self::Uuid,
            "vector" | "halfvec" | "sparsevec" => Self::Vector,
            "text" | "varchar" | "bpchar" | "citext" | "name" => Self::Text,
            _ if evidence.type_category == 'S' => Self::Text,
            _ => Self::Other,
        }
    }

    /// True if values under this label can be of this kind.
    fn can_hold(self, label: &Label) -> bool {
        let any = |labels: &[Label]| labels.contains(label);
        match self {
            Self::Text => true,
            Self::Integer => any(&[
                Label::PHONE,
                Label::PAYMENT_CARD,
                Label::CARD_SECURITY,
                Label::BANK_ACCOUNT,
                Label::NATIONAL_ID,
                Label::INCOME,
                Label::BIRTH_DATE,
                Label::HEALTH,
                Label::POSTAL_ADDRESS,
            ]),
            Self::Decimal => any(&[
                Label::PHONE,
                Label::PAYMENT_CARD,
                Label::BANK_ACCOUNT,
                Label::NATIONAL_ID,
                Label::INCOME,
                Label::LOCATION,
                Label::HEALTH,
            ]),
            Self::Float => any(&[Label::INCOME, Label::LOCATION, Label::HEALTH]),
            Self::Date => any(&[Label::BIRTH_DATE, Label::CARD_SECURITY]),
            Self::Timestamp => any(&[Label::BIRTH_DATE]),
            Self::Boolean => any(&[Label::HEALTH]),
            Self::Network => any(&[Label::NETWORK_ADDRESS]),
            Self::Bytes => any(&[Label::CREDENTIAL, Label::EMBEDDING]),
            // Documents keep their structure: the content scan masks by key inside.
            Self::Json => any(&[Label::EMBEDDING, Label::LOCATION]),
            Self::Point => any(&[Label::LOCATION]),
            Self::Uuid => any(&[Label::CREDENTIAL]),
            Self::Vector | Self::FloatArray => any(&[Label::EMBEDDING, Label::LOCATION]),
            Self::Other => any(&[Label::LOCATION, Label::EMBEDDING]),
        }
    }
}

fn by_name(evidence: &ColumnEvidence<'_>, kind: Kind, survey: &Survey) -> Option<Labelling> {
    let words = Words::of(&evidence.column.name);
    let said = names::said(&words);
    let (label, why) = match said {
        Said::Label(label) => {
            let why = format!("column name \"{}\"", evidence.column.name);
            (label, why)
        }
        Said::NameOfSomething if holds_people(evidence.relation) => {
            let name = &evidence.column.name;
            let why = format!("column name \"{name}\" in relation \"{}\"", evidence.relation);
            (Label::PERSON_NAME, why)
        }
        Said::NameOfSomething | Said::Person | Said::Nothing => {
            return weak_name(evidence, survey).or_else(|| by_surroundings(evidence, kind));
        }
    };
    if !kind.can_hold(&label) || survey.contradicts(&label) || is_reference(evidence, kind, &label)
    {
        return None;
    }
    let confidence = if survey.supports(&label) { 0.97 } else { 0.85 };
    Some(Labelling { label, confidence, evidence: vec![why] })
}

/// A number that other tables point to or that points elsewhere is a key, whatever it is called.
fn is_reference(evidence: &ColumnEvidence<'_>, kind: Kind, label: &Label) -> bool {
    let numeric = matches!(kind, Kind::Integer | Kind::Uuid);
    let identifies = [Label::NATIONAL_ID, Label::PAYMENT_CARD].contains(label);
    numeric && evidence.column.references.is_some() && !identifies
}

/// Words that mean a label only where the values agree (`via`, `pan`, `cap`).
fn weak_name(evidence: &ColumnEvidence<'_>, survey: &Survey) -> Option<Labelling> {
    let words = Words::of(&evidence.column.name);
    let (label, _) = lexicon::WEAK.iter().find(|(label, all)| {
        all.split_whitespace().any(|word| words.has(word)) && survey.supports(label)
    })?;
    let why = format!("column name \"{}\" and values that agree", evidence.column.name);
    Some(Labelling { label: label.clone(), confidence: 0.8, evidence: vec![why] })
}

/// What neither name nor values say, but the relation or the type does: an amount in a payroll, a
/// position on earth.
fn by_surroundings(evidence: &ColumnEvidence<'_>, kind: Kind) -> Option<Labelling> {
    let has = |name: &str, all: &str| {
        let words = Words::of(name);
        all.split_whitespace().any(|word| words.has(word))
    };
    let (label, why) = if matches!(kind, Kind::Decimal | Kind::Integer | Kind::Float)
        && has(evidence.relation, lexicon::PAYROLL)
        && has(&evidence.column.name, lexicon::AMOUNTS)
    {
        (Label::INCOME, format!("an amount in relation \"{}\"", evidence.relation))
    } else if kind == Kind::Other && has(evidence.type_name, lexicon::PLACES) {
        (Label::LOCATION, format!("type \"{}\"", evidence.type_name))
    } else {
        return None;
    };
    Some(Labelling { label, confidence: 0.7, evidence: vec![why] })
}

/// True if a relation of this name holds persons: `customers`, `crm_contact`, `tbl_mitarbeiter`.
fn holds_people(relation: &str) -> bool {
    let words = Words::of(relation);
    let thing =
        |word: &[u8]| lexicon::THINGS.split_whitespace().any(|known| known.as_bytes() == word);
    let all: Vec<&[u8]> = (0..words.len()).map(|at| words.gram(at, at + 1)).collect();
    all.iter().any(|word| names::is_person(word)) && !all.last().is_some_and(|word| thing(word))
}

fn by_samples(evidence: &ColumnEvidence<'_>, kind: Kind, survey: &Survey) -> Option<Labelling> {
    let (label, share, why) = survey.verdict()?;
    // A key of the table's own is a number of the system's, unless it proves itself.
    let weak = share < 0.9 && evidence.column.references.is_some();
    if weak || !kind.can_hold(&label) {
        return None;
    }
    Some(Labelling { label, confidence: (0.5 + share * 0.45).min(0.95), evidence: vec![why] })
}

/// A comment that names a label in its own words ("The customer's email address").
fn by_comment(evidence: &ColumnEvidence<'_>, kind: Kind, survey: &Survey) -> Option<Labelling> {
    let comment = evidence.column.comment.as_deref()?;
    let mut best: Option<Label> = None;
    for sentence in comment.split(['.', ',', ';', '(', ')', ':']).take(8) {
        let words = Words::of(sentence);
        if let Said::Label(label) = names::said(&words)
            && kind.can_hold(&label)
            && !survey.contradicts(&label)
            && best.as_ref().is_none_or(|best| best.strength() < label.strength())
        {
            best = Some(label);
        }
    }
    let evidence = vec!["the column's comment names it".to_owned()];
    best.map(|label| Labelling { label, confidence: 0.7, evidence })
}

/// Prose in which people are named: what the scan cannot find must be hidden by the label.
fn free_text(evidence: &ColumnEvidence<'_>, survey: &Survey) -> Option<Labelling> {
    if Kind::of(evidence) != Kind::Text {
        return None;
    }
    let words = Words::of(&evidence.column.name);
    let talks = lexicon::PROSE.split_whitespace().any(|word| words.has(word));
    let (named, total) = survey.prose_with_names();
    if named > 0 && named * 50 >= total {
        let why = format!("{named} of {total} samples are prose that names people");
        return Some(Labelling { label: Label::FREE_TEXT, confidence: 0.8, evidence: vec![why] });
    }
    if talks && evidence.samples.is_empty() && !holds_things(evidence.relation) {
        let why = format!("column name \"{}\" and no values yet", evidence.column.name);
        return Some(Labelling { label: Label::FREE_TEXT, confidence: 0.5, evidence: vec![why] });
    }
    None
}

fn holds_things(relation: &str) -> bool {
    let words = Words::of(relation);
    let thing = |word: &str| words.has(word) || words.has(&format!("{word}s"));
    lexicon::THINGS.split_whitespace().any(thing)
}

/// What one value is, by itself.
pub(crate) fn recognise(value: &str) -> Option<Label> {
    scan::whole(value)
}

#[cfg(test)]
mod tests;
