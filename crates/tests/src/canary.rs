//! Finds secrets in what a server sent, however a statement disguised them. Knows the forms that
//! SQL can give a value, and nothing of statements, labels or Weir.
//!
//! A canary is a value that occurs once in the world: long and odd enough that a piece of it
//! proves that the value was read. [`Canaries`] looks for pieces, not for whole values, in four
//! readings of the bytes: as they are; without all that is no letter or digit; the letters alone;
//! and, over cells, as a row of bits. What a statement splits over characters, rows or elements
//! meets again there, because what stood between is gone.
//!
//! ```
//! use tests::canary::{Canaries, Secret};
//!
//! let canaries = Canaries::new([Secret::text("email", "zqxvkelm@quuxfjord.se")]).unwrap();
//! assert_eq!(canaries.scan(b"D..{Z,Q,X,V,K,E,L,M}")[0].form, "plain");
//! assert!(canaries.scan(b"z***@***.se").is_empty());
//! ```

mod forms;
mod time;

use crate::wire::Message;
use aho_corasick::AhoCorasick;
use anyhow::{Result, ensure};
use forms::{Patterns, Reading};
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// A value that must not leave, and what to call it.
#[derive(Clone, Debug)]
pub struct Secret {
    label: String,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Number(String),
    Date { year: i32, month: u32, day: u32 },
    Exactly(Vec<u8>),
}

/// A row as it came: the bytes of each value, `None` for NULL.
pub type Row = Vec<Option<Vec<u8>>>;

/// A piece of a secret that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The secret's label.
    pub label: String,
    /// The form it had: `plain`, `hex`, `base64` and so on.
    pub form: &'static str,
    /// The bytes around it, as the reading saw them that found it.
    pub excerpt: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.label, self.form, self.excerpt)
    }
}

/// Bytes shown on each side of what was found.
const AROUND: usize = 24;
/// Letters and digits below which text cannot be told from chance.
const SHORTEST: usize = 8;

impl Secret {
    /// Text: of eight letters and digits at least, or of nine digits.
    pub fn text(label: &str, text: &str) -> Self {
        Self { label: label.to_owned(), value: Value::Text(text.to_owned()) }
    }

    /// A decimal number, of eight digits at least: found in text and in binary types.
    pub fn number(label: &str, digits: &str) -> Self {
        Self { label: label.to_owned(), value: Value::Number(digits.to_owned()) }
    }

    /// A date: found in the usual ways to write it, and as a number or a binary value.
    pub fn date(label: &str, year: i32, month: u32, day: u32) -> Self {
        Self { label: label.to_owned(), value: Value::Date { year, month, day } }
    }

    /// Bytes that give the secret away as they are: a digest that a dictionary would find. ASCII
    /// letters in either case.
    pub fn exactly(label: &str, bytes: &[u8]) -> Self {
        Self { label: label.to_owned(), value: Value::Exactly(bytes.to_ascii_lowercase()) }
    }
}

/// One search over one reading of the bytes.
struct Net {
    automaton: AhoCorasick,
    marks: Vec<(usize, &'static str)>,
}

/// Looks for secrets.
pub struct Canaries {
    labels: Vec<String>,
    raw: Net,
    stripped: Net,
    letters: Net,
    bits: Net,
    /// What proves something only as a whole value or as a whole row, stripped or not.
    whole: HashMap<Vec<u8>, (usize, &'static str)>,
}

impl fmt::Debug for Canaries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Canaries").field(&self.labels).finish()
    }
}

impl Canaries {
    /// Prepares the search. Fails for a secret that is too short to be told from chance.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Result<Self> {
        let mut labels = Vec::new();
        let mut patterns = Patterns::default();
        for (at, secret) in secrets.into_iter().enumerate() {
            patterns.of(at);
            match &secret.value {
                Value::Text(text) => {
                    let length = text.chars().filter(|char| char.is_alphanumeric()).count();
                    ensure!(length >= SHORTEST, "{} is too short a canary", secret.label);
                    patterns.text(text);
                }
                Value::Number(digits) => {
                    let length = digits.bytes().filter(u8::is_ascii_digit).count();
                    ensure!(length >= SHORTEST, "{} is too short a canary", secret.label);
                    patterns.number(digits);
                }
                Value::Date { year, month, day } => patterns.date(*year, *month, *day),
                Value::Exactly(bytes) => {
                    ensure!(bytes.len() >= SHORTEST, "{} is too short a canary", secret.label);
                    patterns.add(Reading::Stripped, "digest", stripped(bytes));
                }
            }
            labels.push(secret.label);
        }
        Ok(Self {
            labels,
            raw: Net::new(patterns.take(Reading::Raw))?,
            stripped: Net::new(patterns.take(Reading::Stripped))?,
            letters: Net::new(patterns.take(Reading::Letters))?,
            bits: Net::new(patterns.take(Reading::Bits))?,
            whole: patterns.take(Reading::Whole).into_iter().map(|(k, a, f)| (k, (a, f))).collect(),
        })
    }

    /// What a stretch of bytes gives away, whatever it is: one finding for each label and form.
    pub fn scan(&self, bytes: &[u8]) -> Vec<Finding> {
        let mut seen = Seen::default();
        self.stretch(bytes, &mut seen);
        seen.findings
    }

    /// What decoded rows give away: in a value, over a row's values, or down a column.
    pub fn scan_rows(&self, rows: &[Row]) -> Vec<Finding> {
        let mut seen = Seen::default();
        self.rows(rows, &mut seen);
        seen.findings
    }

    /// What messages of a server give away, rows taken apart and COPY's pieces put together.
    pub fn scan_messages(&self, messages: &[Message]) -> Vec<Finding> {
        let mut seen = Seen::default();
        let bodies: Vec<&[u8]> = messages.iter().map(|message| message.body.as_slice()).collect();
        self.stretch(&bodies.concat(), &mut seen);
        let copied: Vec<&[u8]> =
            messages.iter().filter(|one| one.tag == b'd').map(|one| one.body.as_slice()).collect();
        self.stretch(&copied.concat(), &mut seen);
        let rows: Vec<Row> = messages
            .iter()
            .filter(|one| one.tag == b'D')
            .filter_map(|one| row(&one.body))
            .collect();
        self.rows(&rows, &mut seen);
        seen.findings
    }

    fn stretch(&self, bytes: &[u8], seen: &mut Seen) {
        self.raw.search(bytes, &self.labels, seen);
        self.stripped.search(&stripped(bytes), &self.labels, seen);
        self.letters.search(&letters(bytes), &self.labels, seen);
    }

    fn rows(&self, rows: &[Row], seen: &mut Seen) {
        let along: Vec<&[u8]> = rows.iter().flatten().flatten().map(Vec::as_slice).collect();
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        let down: Vec<&[u8]> = (0..width)
            .flat_map(|column| rows.iter().filter_map(move |row| row.get(column)?.as_deref()))
            .collect();
        for order in [&along, &down] {
            self.stretch(&order.concat(), seen);
            self.bits.search(&bits(order), &self.labels, seen);
        }
        for row in rows {
            let whole = row.iter().flatten().flatten().copied().collect::<Vec<u8>>();
            for value in row.iter().flatten().chain([&whole]) {
                for value in [value, &stripped(value)] {
                    if let Some((at, form)) = self.whole.get(value) {
                        seen.add(&self.labels[*at], form, value, 0, value.len());
                    }
                }
            }
        }
    }
}

impl Net {
    fn new(patterns: Vec<(Vec<u8>, usize, &'static str)>) -> Result<Self> {
        let marks = patterns.iter().map(|(_, at, form)| (*at, *form)).collect();
        let automaton = AhoCorasick::new(patterns.iter().map(|(pattern, ..)| pattern))?;
        Ok(Self { automaton, marks })
    }

    fn search(&self, bytes: &[u8], labels: &[String], seen: &mut Seen) {
        for found in self.automaton.find_overlapping_iter(bytes) {
            let (at, form) = self.marks[found.pattern().as_usize()];
            let masked = bytes[found.end()..].starts_with(forms::FIRST_OF_JANUARY);
            if form == forms::YEAR_LAST && masked {
                continue;
            }
            seen.add(&labels[at], form, bytes, found.start(), found.end());
        }
    }
}

#[derive(Default)]
struct Seen {
    known: BTreeSet<(String, &'static str)>,
    findings: Vec<Finding>,
}

impl Seen {
    fn add(&mut self, label: &str, form: &'static str, bytes: &[u8], start: usize, end: usize) {
        if self.known.insert((label.to_owned(), form)) {
            let around = &bytes[start.saturating_sub(AROUND)..(end + AROUND).min(bytes.len())];
            let excerpt = String::from_utf8_lossy(around).escape_debug().to_string();
            self.findings.push(Finding { label: label.to_owned(), form, excerpt });
        }
    }
}

/// Letters and digits, ASCII in lower case, and every byte beyond ASCII.
fn stripped(bytes: &[u8]) -> Vec<u8> {
    let kept = bytes.iter().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    kept.map(u8::to_ascii_lowercase).collect()
}

/// The same without digits: where a number stands beside each letter.
fn letters(bytes: &[u8]) -> Vec<u8> {
    let kept = bytes.iter().filter(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    kept.map(u8::to_ascii_lowercase).collect()
}

/// The bits that values spell which are nothing but bits, as text or as binary booleans.
fn bits(values: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::new();
    for value in values {
        // A binary boolean or int4.
        if let [bit @ (0 | 1)] | [0, 0, 0, bit @ (0 | 1)] = value {
            all.push(b'0' + bit);
            continue;
        }
        let word = stripped(value);
        match word.as_slice() {
            b"true" => all.push(b'1'),
            b"false" => all.push(b'0'),
            word if word.iter().all(|byte| b"01tf".contains(byte)) => {
                all.extend(word.iter().map(|byte| if b"1t".contains(byte) { b'1' } else { b'0' }));
            }
            _ => {}
        }
    }
    all
}

/// The values of a DataRow's body.
fn row(body: &[u8]) -> Option<Row> {
    let (count, mut rest) = body.split_first_chunk::<2>()?;
    let mut values = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        rest = behind;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            values.push(None);
            continue;
        };
        let (value, behind) = rest.split_at_checked(length)?;
        rest = behind;
        values.push(Some(value.to_vec()));
    }
    Some(values)
}
