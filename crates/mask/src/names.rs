//! What a name says: column names and JSON keys taken apart into words and looked up. Knows no
//! types and no values.

use crate::lexicon;
use model::Label;
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

/// Names are read up to this many bytes; PostgreSQL's own limit is 63.
const MAX_NAME_BYTES: usize = 64;
/// Words of a name that are looked at.
const MAX_WORDS: usize = 10;
/// Words that are looked up together: `date of birth`, `social security number`.
const MAX_GRAM: usize = 4;

/// What a name says about its values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// It names the label outright.
    Label(Label),
    /// A person's name if the things around it are persons, otherwise the name of a thing.
    NameOfSomething,
    /// A person: what lies below it describes somebody (`customer`, `patient`).
    Person,
    /// Nothing.
    Nothing,
}

#[derive(Clone, Copy)]
enum Entry {
    Label(usize),
    Name,
    Person,
}

static DICTIONARY: LazyLock<HashMap<&'static [u8], Entry>> = LazyLock::new(|| {
    let mut map = HashMap::new();
    for (place, (_, words)) in lexicon::LABELS.iter().enumerate() {
        for word in words.split_whitespace() {
            map.insert(word.as_bytes(), Entry::Label(place));
        }
    }
    for word in lexicon::NAMES.split_whitespace() {
        map.insert(word.as_bytes(), Entry::Name);
    }
    for word in lexicon::PERSONS.split_whitespace() {
        map.insert(word.as_bytes(), Entry::Person);
    }
    map
});

static ABOUT: LazyLock<HashSet<&'static [u8]>> =
    LazyLock::new(|| lexicon::ABOUT.split_whitespace().map(str::as_bytes).collect());

/// A name in lower case, its words one after the other without separators.
pub(crate) struct Words {
    bytes: [u8; MAX_NAME_BYTES],
    ends: [usize; MAX_WORDS],
    count: usize,
}

impl Words {
    /// Splits at `_`, `-`, `.`, spaces, changes of case and before digits. Accents are folded for
    /// the letters that occur in the languages of the lexicon.
    pub(crate) fn of(name: &str) -> Self {
        let mut words = Self { bytes: [0; MAX_NAME_BYTES], ends: [0; MAX_WORDS], count: 0 };
        let mut end = 0;
        let mut before = '_';
        let mut chars = name.chars().peekable();
        while let Some(c) = chars.next() {
            let next_lower = chars.peek().is_some_and(|next| next.is_lowercase());
            let starts = (c.is_uppercase() && (before.is_lowercase() || next_lower))
                || (c.is_ascii_digit() != before.is_ascii_digit() && before.is_alphanumeric());
            if starts || !c.is_alphanumeric() {
                words.close(end);
            }
            before = c;
            if !c.is_alphanumeric() {
                continue;
            }
            for folded in fold(c, &mut [0; 4]) {
                if let Some(slot) = words.bytes.get_mut(end) {
                    *slot = *folded;
                    end += 1;
                }
            }
        }
        words.close(end);
        words
    }

    fn close(&mut self, end: usize) {
        let last = self.count.checked_sub(1).and_then(|at| self.ends.get(at)).copied();
        if end > last.unwrap_or(0)
            && let Some(slot) = self.ends.get_mut(self.count)
        {
            *slot = end;
            self.count += 1;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The words `from..to` without anything between them.
    pub(crate) fn gram(&self, from: usize, to: usize) -> &[u8] {
        let at = |word: usize| match word.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(0),
            None => 0,
        };
        self.bytes.get(at(from)..at(to)).unwrap_or_default()
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        (0..self.count).any(|at| self.gram(at, at + 1) == word.as_bytes())
    }

    fn last(&self) -> &[u8] {
        self.gram(self.count.saturating_sub(1), self.count)
    }
}

/// ASCII letters without accents; other scripts as they are, in lower case where that is one
/// character.
fn fold(c: char, room: &mut [u8; 4]) -> &[u8] {
    let plain = match c {
        c if c.is_ascii() => c.to_ascii_lowercase(),
        'ä' | 'á' | 'à' | 'â' | 'ã' | 'å' | 'ą' | 'Ä' | 'Á' | 'À' | 'Â' | 'Ã' | 'Å' | 'Ą' => {
            'a'
        }
        'é' | 'è' | 'ê' | 'ë' | 'ę' | 'É' | 'È' | 'Ê' | 'Ë' | 'Ę' => 'e',
        'í' | 'ì' | 'î' | 'ï' | 'Í' | 'Ì' | 'Î' | 'Ï' => 'i',
        'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' | 'Ö' | 'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ø' => 'o',
        'ü' | 'ú' | 'ù' | 'û' | 'Ü' | 'Ú' | 'Ù' | 'Û' => 'u',
        'ç' | 'ć' | 'Ç' | 'Ć' => 'c',
        'ñ' | 'ń' | 'Ñ' | 'Ń' => 'n',
        'ß' => return b"ss",
        'ł' | 'Ł' => 'l',
        'ś' | 'Ś' => 's',
        'ź' | 'ż' | 'Ź' | 'Ż' => 'z',
        _ => c.to_lowercase().next().unwrap_or(c),
    };
    plain.encode_utf8(room).as_bytes()
}

/// What the name says, with the words that said it.
pub(crate) fn said(words: &Words) -> Said {
    if words.len() == 0 || is_about(words) {
        return Said::Nothing;
    }
    for size in (1..=MAX_GRAM.min(words.len())).rev() {
        // The head of a compound stands last in most schemas, so later words are asked first.
        for from in (0..=words.len() - size).rev() {
            let Some(entry) = DICTIONARY.get(words.gram(from, from + size)) else { continue };
            match entry {
                Entry::Label(place) => {
                    if let Some((label, _)) = lexicon::LABELS.get(*place) {
                        return Said::Label(label.clone());
                    }
                }
                Entry::Name => return name_of(words, from, size),
                Entry::Person => {}
            }
        }
    }
    // A person's word says something only where nothing follows it.
    if is_person(words.last()) { Said::Person } else { Said::Nothing }
}

/// `customer_name` names a person, `product_name` a thing, `name` depends.
fn name_of(words: &Words, from: usize, size: usize) -> Said {
    let others: Vec<&[u8]> = (0..words.len())
        .filter(|at| *at < from || *at >= from + size)
        .map(|at| words.gram(at, at + 1))
        .collect();
    if others.iter().any(|word| is_person(word)) {
        Said::Label(Label::PERSON_NAME)
    } else if others.is_empty() {
        Said::NameOfSomething
    } else {
        Said::Nothing
    }
}

/// True if the word, in the singular or plural, means persons.
pub(crate) fn is_person(word: &[u8]) -> bool {
    let known = |word: &[u8]| matches!(DICTIONARY.get(word), Some(Entry::Person));
    let stems = [b"s".as_slice(), b"es", b"n", b"en", b"e"];
    known(word)
        || stems.iter().any(|ending| word.strip_suffix(*ending).is_some_and(known))
        || word == b"people"
}

/// True for names that speak *about* a label's values rather than holding them:
/// `email_verified`, `phone_type`, `is_email`, `address_count`.
fn is_about(words: &Words) -> bool {
    let first = words.gram(0, 1);
    let asks = [b"is".as_slice(), b"has", b"can", b"allow", b"num", b"count", b"requires", b"n"];
    if words.len() > 1 && asks.contains(&first) {
        return true;
    }
    // The whole name may be a word of its own: `birth_date`, `card_type` are looked up first.
    words.len() > 1 && ABOUT.contains(words.last()) && !ends_in_label(words)
}

/// True if a compound that includes the last word names a label (`national_id`, `birth_date`).
fn ends_in_label(words: &Words) -> bool {
    (2..=MAX_GRAM.min(words.len())).any(|size| {
        let gram = words.gram(words.len() - size, words.len());
        matches!(DICTIONARY.get(gram), Some(Entry::Label(_)))
    })
}

/// Keys whose meaning is remembered per thread. Documents of one column have the same keys over
/// and over; a stream of ever new ones must not fill the memory.
const MAX_REMEMBERED: usize = 4_096;

thread_local! {
    static REMEMBERED: RefCell<HashMap<String, Said>> = RefCell::new(HashMap::new());
}

/// The label that the keys on the way to a value in a document give it, from the outermost on.
pub fn label_of_keys<'k>(keys: impl IntoIterator<Item = &'k str>) -> Option<Label> {
    let mut label = None;
    let mut person = false;
    for key in keys {
        let said = of_key(key);
        match &said {
            Said::Label(own) => label = Some(own.clone()),
            Said::NameOfSomething if person => label = Some(Label::PERSON_NAME),
            Said::NameOfSomething | Said::Person | Said::Nothing => {}
        }
        person = said == Said::Person;
    }
    label
}

/// What a JSON key says.
pub(crate) fn of_key(key: &str) -> Said {
    if key.len() > MAX_NAME_BYTES {
        return said(&Words::of(key));
    }
    REMEMBERED.with_borrow_mut(|remembered| {
        if let Some(known) = remembered.get(key) {
            return known.clone();
        }
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        let said = said(&Words::of(key));
        remembered.insert(key.to_owned(), said.clone());
        said
    })
}
