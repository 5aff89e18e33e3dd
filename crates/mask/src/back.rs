//! The way back: what a pseudonym that a client sends stands for. Knows types and formats, and
//! neither statements nor who may ask.
//!
//! A pseudonym that bears a proof or a mark is turned back by whichever kept key made it. One that
//! looks like any other value is taken for one of the key in force; one of an older key is written
//! `key2:` and the pseudonym.

use crate::{
    bytea::unhex,
    column::{Action, Applied, Format},
    ff1::Way,
    key::{Key, Secret},
    number, pseudonym,
    shape::Shape,
    time, value,
};
use model::{Catalog, Label, TypeId};

/// Turns values of one label and type back.
#[derive(Clone, Debug)]
pub struct TurnBack {
    any: Action,
    certain: Action,
    shape: Shape,
    format: Format,
}

/// What was turned back. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// What stands for it in the database, in the form in which it was sent.
    pub value: Vec<u8>,
    /// True if its form alone tells that it is a pseudonym: by a proof that only Weir can make, or
    /// because no real value looks so.
    pub certain: bool,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Found(***)")
    }
}

/// What leaves are turned back by.
#[derive(Clone, Debug)]
pub(crate) struct Returning {
    label: Label,
    /// Of the key in force first.
    secrets: Vec<Secret>,
    /// Of the column that is compared, or of its elements.
    column: Shape,
    /// Only what is certain to be a pseudonym.
    certain: bool,
}

impl TurnBack {
    /// Prepares for values of this type and format that are compared with a column of this label.
    /// `column` is its type: an integer's pseudonym depends on how large the column's may be, and
    /// drivers send the smallest type that holds a number.
    pub fn compile(
        label: &Label,
        ty: TypeId,
        column: TypeId,
        catalog: &Catalog,
        format: Format,
        key: &Key,
    ) -> Self {
        let secrets: Vec<Secret> = Secret::all(key, label).collect();
        let column = Shape::of(column, catalog);
        let column = if let Shape::Array { element, .. } = column { *element } else { column };
        let action = |certain| {
            let (label, secrets, column) = (label.clone(), secrets.clone(), column.clone());
            Action::Back(Box::new(Returning { label, secrets, column, certain }))
        };
        let shape = Shape::of(ty, catalog);
        Self { any: action(false), certain: action(true), shape, format }
    }

    /// What a value stands for; of an array, each element. `None` if nothing in it can be a
    /// pseudonym.
    pub fn apply(&self, value: &[u8]) -> Option<Found> {
        let mut out = Vec::new();
        if self.run(&self.any, value, &mut out) != Applied::Masked {
            return None;
        }
        let certain = self.run(&self.certain, value, &mut Vec::new()) == Applied::Masked;
        Some(Found { value: out, certain })
    }

    fn run(&self, action: &Action, value: &[u8], out: &mut Vec<u8>) -> Applied {
        value::apply(action, &self.shape, self.format, value, out)
    }
}

impl Returning {
    /// One value that is no array. Appends what it stands for.
    pub(crate) fn leaf(
        &self,
        shape: &Shape,
        format: Format,
        value: &[u8],
        out: &mut Vec<u8>,
    ) -> Applied {
        let (named, value) = match format {
            Format::Text => named_key(value),
            Format::Binary => (None, value),
        };
        let mut plain = None;
        for (place, secret) in self.secrets.iter().enumerate() {
            if named.is_some_and(|number| number != secret.number) {
                continue;
            }
            match self.one(secret, shape, format, value) {
                Some((real, true)) => {
                    out.extend_from_slice(&real);
                    return Applied::Masked;
                }
                Some((real, false)) if place == 0 || named.is_some() => {
                    plain = plain.or(Some(real))
                }
                Some((_, false)) | None => {}
            }
        }
        let Some(real) = plain.filter(|_| !self.certain) else { return Applied::Raw };
        out.extend_from_slice(&real);
        Applied::Masked
    }

    fn one(
        &self,
        secret: &Secret,
        shape: &Shape,
        format: Format,
        value: &[u8],
    ) -> Option<(Vec<u8>, bool)> {
        match shape {
            Shape::Text | Shape::Identifier => {
                let found = pseudonym::back(&self.label, secret, std::str::from_utf8(value).ok()?)?;
                Some((found.value.into_bytes(), found.certain))
            }
            Shape::Number(kind) => {
                let column = if let Shape::Number(column) = &self.column { column } else { kind };
                number::back(*kind, *column, &self.label, secret, format, value)
            }
            Shape::Time(kind) => time::back(*kind, secret, format, value).map(|real| (real, false)),
            Shape::Uuid => uuid(secret, format, value).map(|real| (real, false)),
            Shape::Char
            | Shape::Json { .. }
            | Shape::Bytes
            | Shape::Bool
            | Shape::Network
            | Shape::Mac
            | Shape::Point
            | Shape::Bits
            | Shape::Lexemes
            | Shape::Vector
            | Shape::Constant { .. }
            | Shape::Closed
            | Shape::Array { .. }
            | Shape::Composite(_)
            | Shape::Record
            | Shape::Range(_)
            | Shape::Multirange(_)
            | Shape::Opaque => None,
        }
    }
}

/// `key2:…`: the number of an older key and what follows.
fn named_key(value: &[u8]) -> (Option<u32>, &[u8]) {
    let parts = || {
        let rest = value.strip_prefix(b"key")?;
        let colon = memchr::memchr(b':', rest).filter(|colon| *colon <= 10)?;
        let (number, rest) = rest.split_at_checked(colon)?;
        let number = std::str::from_utf8(number).ok()?.parse().ok()?;
        Some((Some(number), rest.get(1..)?))
    };
    parts().unwrap_or((None, value))
}

fn uuid(secret: &Secret, format: Format, value: &[u8]) -> Option<Vec<u8>> {
    let bytes: [u8; 16] = match format {
        Format::Binary => value.try_into().ok()?,
        Format::Text => {
            let digits: Vec<u8> = value.iter().filter(|byte| **byte != b'-').copied().collect();
            unhex(&digits)?.try_into().ok()?
        }
    };
    let real = pseudonym::uuid(secret, Way::Back, bytes);
    let mut out = Vec::new();
    value::write_uuid(format, &real, &mut out);
    Some(out)
}

#[cfg(test)]
mod tests;
