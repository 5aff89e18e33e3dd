//! Whether a value may hold an instruction that somebody else wrote. Knows values, and no
//! statement.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What may be in the values of a column, as they leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextIn {
    /// Numbers, moments, codes of a fixed set, or nothing of what was there.
    Nothing,
    /// What things are called in the database.
    Names(Form),
    /// What the client itself said, and what the server makes of it.
    Given(Form),
    /// Perhaps sentences.
    Sentences(Form),
    /// What people write.
    Always,
}

/// How a value holds its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It is one.
    Whole,
    /// An array of texts.
    Array {
        /// As PostgreSQL sends it in binary, or as text.
        binary: bool,
        /// Whose texts are they?
        held: Held,
    },
    /// A JSON document.
    Document {
        /// True of `jsonb` in binary: a byte says its version first.
        versioned: bool,
        /// Whose texts are they?
        held: Held,
    },
}

/// Whether one who wrote a text of a document or an array may have written those beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It may have come from one hand: its texts are read as one.
    Together,
    /// The statement put them together, from values that are no documents; keys are its own.
    Apart,
    /// The same, with keys that are values.
    ApartWithKeys,
}

impl TextIn {
    /// True if a value may hold an instruction.
    pub(crate) fn may_instruct(self, value: &[u8]) -> bool {
        let judge = |form: Form, judge: &dyn Fn(&[u8]) -> bool| form.any(value, judge);
        match self {
            Self::Nothing => false,
            Self::Names(form) => judge(form, &|text| !is_plain_name(text) && may_instruct(text)),
            // A name of another's that the server made of a number stands in quotes.
            Self::Given(form) => judge(form, &|text| text.contains(&b'"') && may_instruct(text)),
            Self::Sentences(form) => judge(form, &may_instruct),
            Self::Always => true,
        }
    }
}

impl Form {
    /// True if a text of a value is judged so; what cannot be taken apart is one text.
    fn any(self, value: &[u8], judge: &dyn Fn(&[u8]) -> bool) -> bool {
        let (texts, held) = match self {
            Self::Whole => return judge(value),
            Self::Array { binary: true, held } => (binary_array(value), held),
            Self::Array { binary: false, held } => (text_array(value), held),
            Self::Document { versioned, held } => {
                let value = if versioned { value.strip_prefix(&[1]) } else { Some(value) };
                (value.and_then(|value| document(value, held)), held)
            }
        };
        match (texts, held) {
            (None, _) => judge(value),
            (Some(texts), Held::Together) => judge(&texts.join(&b' ')),
            (Some(texts), Held::Apart | Held::ApartWithKeys) => {
                texts.iter().any(|text| judge(text))
            }
        }
    }
}

/// True if a text that others wrote may hold an instruction: three words, or more letters than a
/// code, a number or a name has.
fn may_instruct(value: &[u8]) -> bool {
    /// The longest that a UUID, a moment or a name is: bytes.
    const SHORT: usize = 40;
    let apart = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'_' | b'-' | b'/');
    let words = || value.split(apart);
    let said = |word: &&[u8]| word.iter().any(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    (value.len() > SHORT || words().filter(|word| !word.is_empty()).filter(said).count() >= 3)
        && !is_uuid(value)
        && !is_type(value)
}

/// True if it is a name as nobody needs to quote it. Only whoever changes the schema chooses such,
/// and every catalog has some of three words.
fn is_plain_name(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'))
}

/// True if it is a UUID as the server writes it.
fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// True if it is the name of a type that takes several words, as `format_type` and
/// `information_schema` give it (PostgreSQL manual, 8. Data Types): `timestamp(3) with time
/// zone[]`.
fn is_type(value: &[u8]) -> bool {
    const WORDS: &[&str] = &["timestamp with time zone", "timestamp without time zone"];
    const TIMES: &[&str] = &["time with time zone", "time without time zone"];
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let text = text.strip_suffix("[]").unwrap_or(text);
    let bare: String = match text.split_once('(') {
        Some((before, rest)) => match rest.split_once(')') {
            Some((digits, after)) if matches!(digits.as_bytes(), [b'0'..=b'9']) => {
                format!("{before}{after}")
            }
            Some(_) | None => return false,
        },
        None => text.to_owned(),
    };
    let fields = bare.strip_prefix("interval ").and_then(|fields| fields.split_once(" to "));
    let unit = |word: &str| matches!(word, "year" | "month" | "day" | "hour" | "minute" | "second");
    WORDS.contains(&bare.as_str())
        || TIMES.contains(&bare.as_str())
        || fields.is_some_and(|(from, to)| unit(from) && unit(to))
}

/// The elements of an array as the server writes it: `{a,"b c",NULL}` (PostgreSQL manual, 8.15.6).
fn text_array(value: &[u8]) -> Option<Vec<Vec<u8>>> {
    let start = value.iter().position(|byte| *byte == b'{')?;
    // Bounds that do not begin with 1 stand before it.
    let (bounds, value) = value.split_at(start);
    if !bounds.iter().all(|byte| b"[]:=-0123456789".contains(byte)) {
        return None;
    }
    let (mut texts, mut text, mut quoted) = (Vec::new(), Vec::new(), false);
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        match (byte, quoted) {
            (b'\\', _) => text.push(*bytes.next()?),
            (b'"', _) => quoted = !quoted,
            (b'{' | b'}' | b',', false) => texts.push(std::mem::take(&mut text)),
            (byte, _) => text.push(*byte),
        }
    }
    texts.push(text);
    texts.retain(|text| !text.is_empty());
    (!quoted).then_some(texts)
}

/// The same in binary: dimensions, flags, type, a length and a bound of each dimension, then the
/// elements, each after its length (`array_send`).
fn binary_array(value: &[u8]) -> Option<Vec<Vec<u8>>> {
    let word = |at: usize| Some(i32::from_be_bytes(*value.get(at..at + 4)?.first_chunk()?));
    let dimensions = usize::try_from(word(0)?).ok().filter(|dimensions| *dimensions <= 6)?;
    let mut at = 12 + 8 * dimensions;
    let mut texts = Vec::new();
    while at < value.len() {
        let length = word(at)?;
        at += 4;
        if let Ok(length) = usize::try_from(length) {
            texts.push(value.get(at..at.checked_add(length)?)?.to_vec());
            at += length;
        }
    }
    Some(texts)
}

/// The texts of a document, keys among them if somebody else may have written them.
fn document(value: &[u8], held: Held) -> Option<Vec<Vec<u8>>> {
    let Texts { keys, leaves } = serde_json::from_slice(value).ok()?;
    let keys = if held == Held::Apart { Vec::new() } else { keys };
    Some(keys.into_iter().chain(leaves).map(String::into_bytes).collect())
}

/// The keys and the texts of a document, all of them, also where a key comes twice.
#[derive(Default)]
struct Texts {
    keys: Vec<String>,
    leaves: Vec<String>,
}

impl Texts {
    fn add(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.leaves.extend(other.leaves);
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_unit<E>(self) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts { keys: Vec::new(), leaves: vec![text.to_owned()] })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
        let mut all = Texts::default();
        while let Some(one) = seq.next_element()? {
            all.add(one);
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        let mut all = Texts::default();
        while let Some((key, one)) = map.next_entry()? {
            all.keys.push(key);
            all.add(one);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
