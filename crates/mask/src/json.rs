//! `json` and `jsonb` in text: walked once, leaves replaced in place, everything else as it came.
//! Knows no SQL type around it.

use crate::{
    column::{Applied, Format, Rule},
    names::{self, Said},
    number, scan, text,
};
use model::{Label, MaskMethod};

mod find;
mod place;
mod walk;

pub use find::find_in_document;
use place::Place;
use walk::{Leaf, Visitor};

/// Masks what is found in the leaves, and all leaves below a key that names something personal.
/// What cannot be read becomes NULL.
pub(crate) fn scan(input: &[u8], out: &mut Vec<u8>) -> Applied {
    match by_key(input, out) {
        Some(true) => Applied::Masked,
        Some(false) => Applied::Raw,
        None => Applied::Null,
    }
}

/// The same for text, which may be a document; what else is found in it is masked too.
pub(crate) fn scan_text(input: &[u8], out: &mut Vec<u8>) -> Applied {
    let first = input.iter().find(|byte| !byte.is_ascii_whitespace());
    if !matches!(first, Some(b'{' | b'[')) {
        return scan::text(input, out);
    }
    let mut document = Vec::new();
    if by_key(input, &mut document) != Some(true) {
        return scan::text(input, out);
    }
    if scan::text(&document, out) == Applied::Raw {
        out.extend_from_slice(&document);
    }
    Applied::Masked
}

/// Whether anything was masked; `None` if it is no document.
fn by_key(input: &[u8], out: &mut Vec<u8>) -> Option<bool> {
    walk::walk(input, out, &mut Scanner::new(input))
}

/// True if a text in a document is as asked. False for what is no document.
pub(crate) fn any_text(input: &[u8], asked: impl Fn(&str) -> bool) -> bool {
    struct Texts<F> {
        asked: F,
        found: bool,
    }
    impl<F: Fn(&str) -> bool> Visitor for Texts<F> {
        fn key(&mut self, _key: &str) -> Option<String> {
            None
        }

        fn leaf(&mut self, leaf: Leaf<'_>) -> Option<String> {
            self.found |= matches!(leaf, Leaf::Text(text) if (self.asked)(text));
            None
        }

        fn enter(&mut self, _object: bool) {}

        fn leave(&mut self) {}
    }
    let mut texts = Texts { asked, found: false };
    walk::walk(input, &mut Vec::new(), &mut texts).is_some() && texts.found
}

/// Masks every leaf by the rule, but for those that stand in an open place. Keys stay if they look
/// like column names or lead to an open place; keys that look like data, and all others of what is
/// not understood, are numbered instead.
pub(crate) fn mask(rule: &Rule, input: &[u8], out: &mut Vec<u8>) -> Applied {
    let mut masker = Masker { rule, keys: 0, place: Place::default() };
    match walk::walk(input, out, &mut masker) {
        Some(true) => Applied::Masked,
        // Nothing but structure and nulls.
        Some(false) => Applied::Raw,
        None => Applied::Null,
    }
}

struct Masker<'a> {
    rule: &'a Rule,
    keys: usize,
    place: Place,
}

impl Visitor for Masker<'_> {
    fn key(&mut self, key: &str) -> Option<String> {
        let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && key.bytes().any(|b| b.is_ascii_alphabetic())
            && key.bytes().filter(u8::is_ascii_digit).count() < 5
            && key.len() <= 63;
        let certain = !self.rule.open.is_empty() && {
            self.place.key(key);
            self.place.leads_to(&self.rule.open)
        };
        if certain || plain && self.rule.label != Label::UNKNOWN {
            return None;
        }
        self.keys += 1;
        Some(format!("key{}", self.keys))
    }

    fn leaf(&mut self, leaf: Leaf<'_>) -> Option<String> {
        self.place.value();
        if let Some(listed) = self.place.open(&self.rule.open) {
            return scanned(&leaf, listed);
        }
        match leaf {
            _ if self.rule.method == MaskMethod::Null => Some("null".to_owned()),
            Leaf::Text(value) => {
                let mut out = Vec::new();
                let rule = self.rule;
                text::mask(&rule.label, rule.method, &rule.secret, value, &mut out);
                Some(walk::quoted(&String::from_utf8_lossy(&out)))
            }
            Leaf::Number(value) => {
                let mut out = Vec::new();
                let kind = number::Kind::Numeric;
                number::mask(kind, self.rule, Format::Text, value.as_bytes(), &mut out);
                Some(String::from_utf8_lossy(&out).into_owned())
            }
            Leaf::Bool => Some("false".to_owned()),
        }
    }

    fn null(&mut self) {
        self.place.value();
    }

    fn enter(&mut self, object: bool) {
        self.place.enter(object);
    }

    fn leave(&mut self) {
        self.place.leave();
    }
}

/// A value that bears no label. Numbers of a column pass; those in an array may be a document's.
fn scanned(leaf: &Leaf<'_>, listed: bool) -> Option<String> {
    let found = |value: &str| {
        let mut out = Vec::new();
        let masked = scan_text(value.as_bytes(), &mut out) == Applied::Masked;
        masked.then(|| String::from_utf8_lossy(&out).into_owned())
    };
    match leaf {
        Leaf::Text(value) => found(value).map(|text| walk::quoted(&text)),
        Leaf::Number(value) if listed => found(value).map(|_| "0".to_owned()),
        Leaf::Number(_) | Leaf::Bool => None,
    }
}

/// A walk ahead of the other: which objects, in order of their opening, describe persons. Taken
/// only when a name occurs whose meaning depends on what stands beside it.
#[derive(Default)]
struct Survey {
    persons: Vec<bool>,
    stack: Vec<Level>,
    under_person: bool,
}

enum Level {
    /// The object of this number.
    Object(usize),
    /// An array, and whether its key said that persons stand in it.
    Array(bool),
}

/// Labels that only persons have; a place has coordinates and a name too.
fn tells_a_person(label: &Label) -> bool {
    let others = [Label::LOCATION, Label::NETWORK_ADDRESS, Label::CREDENTIAL, Label::EMBEDDING];
    !others.contains(label)
}

impl Visitor for Survey {
    fn key(&mut self, key: &str) -> Option<String> {
        let said = names::of_key(key);
        self.under_person = said == Said::Person;
        if matches!(said, Said::Label(label) if tells_a_person(&label))
            && let Some(Level::Object(object)) = self.stack.last()
            && let Some(person) = self.persons.get_mut(*object)
        {
            *person = true;
        }
        None
    }

    fn leaf(&mut self, _leaf: Leaf<'_>) -> Option<String> {
        self.under_person = false;
        None
    }

    fn enter(&mut self, object: bool) {
        let inside = matches!(self.stack.last(), Some(Level::Array(true)));
        let person = std::mem::take(&mut self.under_person) || inside;
        if object {
            self.stack.push(Level::Object(self.persons.len()));
            self.persons.push(person);
        } else {
            self.stack.push(Level::Array(person));
        }
    }

    fn leave(&mut self) {
        self.stack.pop();
    }
}

/// Masks by key and by content.
struct Scanner<'a> {
    input: &'a [u8],
    persons: Option<Vec<bool>>,
    /// Objects opened so far.
    object: usize,
    stack: Vec<Frame>,
}

impl<'a> Scanner<'a> {
    fn new(input: &'a [u8]) -> Self {
        Self { input, persons: None, object: 0, stack: Vec::new() }
    }

    /// The label by which all of a leaf is masked, because a key says so.
    fn said(&self, leaf: &Leaf<'_>) -> Option<&Label> {
        let label = self.stack.last()?.label.as_ref()?;
        (!matches!(leaf, Leaf::Text(""))).then_some(label)
    }

    /// True if the object of this number describes a person.
    fn is_person(&mut self, object: usize) -> bool {
        let input = self.input;
        let persons = self.persons.get_or_insert_with(|| {
            let mut survey = Survey::default();
            walk::walk(input, &mut Vec::new(), &mut survey);
            survey.persons
        });
        persons.get(object).copied().unwrap_or(false)
    }
}

#[derive(Clone, Default)]
struct Frame {
    /// The number of the object; meaningless for arrays, which have no keys.
    object: usize,
    /// What the last key said, for the value or all that lies below it.
    label: Option<Label>,
}

impl Visitor for Scanner<'_> {
    fn key(&mut self, key: &str) -> Option<String> {
        let said = names::of_key(key);
        let inherited = self.stack.iter().rev().nth(1).and_then(|frame| frame.label.clone());
        let object = self.stack.last().map_or(0, |frame| frame.object);
        let label = match said {
            Said::Label(label) => Some(label),
            Said::NameOfSomething if self.is_person(object) => Some(Label::PERSON_NAME),
            Said::NameOfSomething | Said::Person | Said::Nothing => inherited,
        };
        if let Some(frame) = self.stack.last_mut() {
            frame.label = label;
        }
        let mut out = Vec::new();
        match scan::text(key.as_bytes(), &mut out) {
            Applied::Masked => Some(String::from_utf8_lossy(&out).into_owned()),
            Applied::Raw | Applied::Null => None,
        }
    }

    fn leaf(&mut self, leaf: Leaf<'_>) -> Option<String> {
        match (&leaf, self.said(&leaf)) {
            (Leaf::Bool, Some(_)) => Some("false".to_owned()),
            (Leaf::Text(value), Some(label)) => Some(walk::quoted(&text::partial(label, value))),
            (Leaf::Number(_), Some(_)) => Some("0".to_owned()),
            (Leaf::Bool, None) => None,
            (Leaf::Text(value), None) => {
                let mut out = Vec::new();
                (scan::text(value.as_bytes(), &mut out) == Applied::Masked)
                    .then(|| walk::quoted(&String::from_utf8_lossy(&out)))
            }
            (Leaf::Number(value), None) => {
                let mut out = Vec::new();
                (scan::text(value.as_bytes(), &mut out) == Applied::Masked).then(|| "0".to_owned())
            }
        }
    }

    fn enter(&mut self, object: bool) {
        let label = self.stack.last().and_then(|frame| frame.label.clone());
        self.stack.push(Frame { object: self.object, label });
        self.object += usize::from(object);
    }

    fn leave(&mut self) {
        self.stack.pop();
    }
}

#[cfg(test)]
mod tests;
