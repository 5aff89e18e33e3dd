//! Values as records keep them: keyed hashes, the same for a value however it was written or sent.

use ledger::record::HASHED_PARAMETERS;
use model::Label;
use std::{borrow::Cow, ops::Range};

/// A bind value as it came.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    /// None is NULL.
    pub bytes: Option<&'a [u8]>,
    /// Of a value in binary format the number of its type, 0 if nobody said which.
    pub binary: Option<u32>,
}

impl<'a> Value<'a> {
    /// The text of a value in binary format, where its type is known.
    pub(crate) fn plain(self) -> Option<String> {
        mask::plain(self.binary?, self.bytes?)
    }

    /// What it is called in text, so that a value has one hash however it is sent.
    fn text(self) -> Cow<'a, [u8]> {
        let bytes = self.bytes.unwrap_or_default();
        let Some(ty) = self.binary else { return Cow::Borrowed(bytes) };
        let guessed = match (ty, bytes.len()) {
            (0, 2) => 21,
            (0, 4) => 23,
            (0, 8) => 20,
            (0, 16) => 2950,
            _ => ty,
        };
        match mask::plain(guessed, bytes) {
            Some(text) => Cow::Owned(text.into_bytes()),
            None => Cow::Borrowed(bytes),
        }
    }
}

/// The literals of a statement's text as the record keeps them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Literals {
    pub(crate) hashes: Box<[ledger::Hash]>,
    pub(super) count: u64,
}

impl Literals {
    /// Of those that stand at these places of a text.
    pub(crate) fn of(redactor: &ledger::Redactor, text: &str, places: &[Range<usize>]) -> Self {
        let piece = |at: &Range<usize>| text.get(at.clone()).unwrap_or_default();
        let first = places.iter().take(HASHED_PARAMETERS).map(piece);
        let hashes = first.map(|piece| redactor.value(&sql::literal(piece))).collect();
        Self { hashes, count: places.len() as u64 }
    }
}

/// Bind values as the record keeps them.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pub(super) hashes: Vec<ledger::Hash>,
    pub(super) count: u64,
    /// How many more values than parameters there are, arrays taken apart.
    pub(crate) elements: u64,
    /// Labels of which pseudonyms among them were turned back.
    pub(crate) turned_back: Vec<Label>,
}

impl Parameters {
    /// For values that came in a message too long to be held: nothing is known of them, so they may
    /// be any number.
    pub fn uncounted() -> Self {
        Self { elements: u64::MAX, ..Self::default() }
    }

    /// Keyed hashes of the first values, and how many there are.
    pub(crate) fn of<'a>(
        redactor: &ledger::Redactor,
        values: impl Iterator<Item = Value<'a>>,
    ) -> Self {
        let mut parameters = Self::default();
        for value in values {
            if parameters.hashes.len() < HASHED_PARAMETERS {
                parameters.hashes.push(redactor.value(&value.text()));
            }
            parameters.count += 1;
            let more = crate::look_ups::elements(value.bytes.unwrap_or_default());
            parameters.elements = parameters.elements.saturating_add(more);
        }
        parameters
    }
}
