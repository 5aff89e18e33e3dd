//! What sampled values say: how many of them are what. Knows no names.

use super::{ColumnEvidence, Kind, recognise};
use crate::{checksum, scan, time};
use model::Label;
use unicode_segmentation::UnicodeSegmentation;

/// Samples that are looked at; more do not change a share that matters.
const MAX_SAMPLES: usize = 1_000;
/// Characters of a sample that are looked at.
const MAX_SAMPLE: usize = 4_096;
/// A share below this says nothing about a column.
const LEAST_SHARE: f32 = 0.6;

/// Counts over the samples.
#[derive(Debug, Default)]
pub(super) struct Survey {
    total: usize,
    kind: Option<Kind>,
    counts: Vec<(Label, usize)>,
    prose: usize,
    prose_with_names: usize,
    digits_only: usize,
    short_codes: usize,
    /// Shaped like a full name, and of these the ones with a given name that many bear.
    name_shaped: usize,
    given_names: usize,
    streets: usize,
    distinct: usize,
    vectors: usize,
}

impl Survey {
    pub(super) fn of(evidence: &ColumnEvidence<'_>, kind: Kind) -> Self {
        let samples = evidence.samples;
        let mut survey = Self { kind: Some(kind), ..Self::default() };
        let mut seen = std::collections::HashSet::new();
        for sample in samples.iter().take(MAX_SAMPLES) {
            let value: String = sample.trim().chars().take(MAX_SAMPLE).collect();
            if value.is_empty() {
                continue;
            }
            survey.total += 1;
            survey.add(&value, kind);
            seen.insert(value);
        }
        survey.distinct = seen.len();
        survey
    }

    fn add(&mut self, value: &str, kind: Kind) {
        match kind {
            Kind::Text => self.add_text(value),
            Kind::Integer | Kind::Decimal => {
                let digits: Vec<u8> = value.bytes().map(|b| b.wrapping_sub(b'0')).collect();
                if digits.iter().all(|digit| *digit < 10) && checksum::card(&digits) {
                    self.count(Label::PAYMENT_CARD);
                }
            }
            Kind::Float
            | Kind::Date
            | Kind::Timestamp
            | Kind::Boolean
            | Kind::Network
            | Kind::Bytes
            | Kind::Json
            | Kind::Point
            | Kind::Uuid
            | Kind::Vector
            | Kind::FloatArray
            | Kind::Other => {}
        }
    }

    fn add_text(&mut self, value: &str) {
        if let Some(label) = recognise(value).or_else(|| by_form(value)) {
            self.count(label);
        }
        let words = value.unicode_words().count();
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        self.digits_only += usize::from(digits == value.len());
        self.short_codes += usize::from(value.len() <= 3);
        self.streets += usize::from(is_street(value));
        let shaped = is_name_shaped(value);
        self.name_shaped += usize::from(shaped);
        self.given_names += usize::from(shaped && has_given_name(value));
        self.vectors += usize::from(value.starts_with('[') && value.len() > 100 && digits > 50);
        if words >= 5 {
            self.prose += 1;
            self.prose_with_names += usize::from(scan::holds_names(value) || has_given_name(value));
        }
    }

    fn count(&mut self, label: Label) {
        match self.counts.iter_mut().find(|(known, _)| *known == label) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((label, 1)),
        }
    }

    fn share(&self, count: usize) -> f32 {
        if self.total == 0 { 0.0 } else { count as f32 / self.total as f32 }
    }

    fn of_label(&self, label: &Label) -> usize {
        self.counts.iter().find(|(known, _)| known == label).map_or(0, |(_, count)| *count)
    }

    /// True if at least half of the samples are what the label says.
    pub(super) fn supports(&self, label: &Label) -> bool {
        self.total > 0 && self.share(self.of_label(label)) >= 0.5
    }

    /// Why the samples cannot be what a name promised: a `phone` of three letters, a name of
    /// digits. Needs a handful of samples; a doubt is no contradiction.
    pub(super) fn contradicts(&self, label: &Label) -> Option<String> {
        if self.total < 5 || self.kind != Some(Kind::Text) {
            return None;
        }
        let of_few = [Label::CREDENTIAL, Label::POSTAL_ADDRESS].contains(label);
        let numbers = [Label::PHONE, Label::PAYMENT_CARD].contains(label);
        if numbers && self.of_label(label) == 0 && self.share(self.short_codes) > 0.5 {
            return Some(format!("most of {} samples are too short", self.total));
        }
        if of_few && self.distinct <= 3 && self.total >= 20 {
            return Some(format!("{} samples have {} values", self.total, self.distinct));
        }
        let digits = *label == Label::PERSON_NAME && self.share(self.digits_only) > 0.9;
        digits.then(|| format!("nearly all of {} samples are digits", self.total))
    }

    /// What was looked at, in words.
    pub(super) fn extent(&self) -> String {
        match self.total {
            0 => "there were no values to sample".to_owned(),
            total => format!("{total} values were sampled, {} of them different", self.distinct),
        }
    }

    /// The label that most samples are, with its share and the evidence in words.
    pub(super) fn verdict(&self) -> Option<(Label, f32, String)> {
        if self.total < 3 {
            return None;
        }
        let found = self.counts.iter().max_by_key(|(_, count)| *count);
        let found = found.map(|(label, count)| (label.clone(), *count));
        let streets = (self.streets > 0).then_some((Label::POSTAL_ADDRESS, self.streets));
        // Many languages have more given names than any list: a fifth of known ones is enough
        // where nearly all values have the shape of a name and differ.
        let names = (self.distinct * 10 >= self.total * 3
            && self.given_names > 2
            && self.share(self.given_names) >= 0.2
            && self.share(self.name_shaped) >= 0.8)
            .then_some((Label::PERSON_NAME, self.name_shaped));
        let vectors = (self.vectors > 0).then_some((Label::EMBEDDING, self.vectors));
        let (label, count) = [found, streets, names, vectors]
            .into_iter()
            .flatten()
            .find(|(_, count)| self.share(*count) >= LEAST_SHARE)?;
        let why = format!("{count} of {} samples are {label}", self.total);
        Some((label, self.share(count), why))
    }

    /// Samples of prose that name people, and samples of prose.
    pub(super) fn prose_with_names(&self) -> (usize, usize) {
        (self.prose_with_names, self.prose)
    }
}

/// Forms that are telling when a whole column has them, though not in running text.
fn by_form(value: &str) -> Option<Label> {
    if value.parse::<std::net::IpAddr>().is_ok() && value.contains(['.', ':']) {
        return Some(Label::NETWORK_ADDRESS);
    }
    let hex = value.len() == 17
        && value.split([':', '-']).count() == 6
        && value
            .split([':', '-'])
            .all(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()));
    if hex {
        return Some(Label::NETWORK_ADDRESS);
    }
    let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    if digits.len() == value.len() {
        return bare_digits(&digits);
    }
    let separated = value.bytes().all(|b| b.is_ascii_digit() || b" -()/.+".contains(&b));
    let phone = separated
        && (9..=15).contains(&digits.len())
        && (value.starts_with(['+', '0', '(']))
        && time::parse_date(value.get(..10).unwrap_or_default()).is_none();
    phone.then_some(Label::PHONE)
}

/// Digits alone need a checksum that most numbers fail.
fn bare_digits(digits: &[u8]) -> Option<Label> {
    let national = checksum::cpf(digits)
        || checksum::cnpj(digits)
        || checksum::nir(digits)
        || checksum::steuer_id(digits)
        || checksum::pesel(digits)
        || checksum::bsn(digits)
        || checksum::aadhaar(digits);
    national.then_some(Label::NATIONAL_ID)
}

/// `12 Main Street`, `Hauptstraße 7`, `4, rue de la Paix`.
fn is_street(value: &str) -> bool {
    let lower = value.to_lowercase();
    let ways = [
        "street",
        " st",
        " ave",
        "avenue",
        " road",
        " rd",
        "lane",
        " drive",
        "blvd",
        "boulevard",
        "straße",
        "strasse",
        "str.",
        "weg ",
        "platz",
        "gasse",
        "allee",
        "rue ",
        "chemin",
        "calle ",
        "avenida",
        "plaza",
        "via ",
        "viale",
        "piazza",
        "corso",
        "rua ",
        "travessa",
        "straat",
        "laan",
        "gracht",
        "plein",
        "ulica",
        "ul.",
        "aleja",
        "apt",
        "suite",
    ];
    lower.bytes().any(|byte| byte.is_ascii_digit())
        && value.chars().filter(|c| c.is_alphabetic()).count() >= 5
        && value.len() < 200
        && ways.iter().any(|way| lower.contains(way))
}

/// Two to five words of letters, capitalised where the script has capitals.
fn is_name_shaped(value: &str) -> bool {
    let words: Vec<&str> = value.split_whitespace().collect();
    let lettered = |word: &&str| {
        word.chars().all(|c| c.is_alphabetic() || ".'’-".contains(c))
            && word.chars().next().is_some_and(|first| !first.is_lowercase())
    };
    let particles = words.iter().filter(|word| !lettered(word)).count();
    (2..=5).contains(&words.len())
        && particles + 2 <= words.len()
        && value.chars().all(|c| c.is_alphabetic() || " .'’-".contains(c))
}

/// True if one of the words is a capitalised given name that many bear.
fn has_given_name(value: &str) -> bool {
    value
        .unicode_words()
        .filter(|word| word.chars().next().is_some_and(char::is_uppercase))
        .any(crate::lexicon::is_given_name)
}
