//! Whether a value that a client sends is of the very form that a mask makes: what it was shown in
//! a real value's place. Knows types and formats, and neither statements nor who may write.
//!
//! Told is what no real value looks like: stars where the label's masks put them, and pseudonyms
//! that bear a proof or a mark. Constants that are values like others (0, 1970-01-01, the empty
//! text, NULL), rounded numbers, cut coordinates and plain pseudonyms are not told.

use crate::{
    back::TurnBack,
    bytea,
    column::{Action, Applied, Format},
    json,
    key::Key,
    shape::Shape,
    text, value,
};
use model::{Catalog, Label, MaskMethod, TypeId};

/// Tells masked values of one label and type.
#[derive(Clone, Debug)]
pub struct MaskedForm {
    action: Action,
    shape: Shape,
    format: Format,
    pseudonyms: Option<TurnBack>,
}

impl MaskedForm {
    /// Prepares for values of a type that go into a column of this label, whose values leave by
    /// this method. `column` is the column's type.
    pub fn compile(
        (label, method): (&Label, MaskMethod),
        (ty, column): (TypeId, TypeId),
        catalog: &Catalog,
        format: Format,
        key: &Key,
    ) -> Self {
        let back = || TurnBack::compile(label, ty, column, catalog, format, key);
        Self {
            action: Action::Tell(Box::new(label.clone())),
            shape: Shape::of(ty, catalog),
            format,
            pseudonyms: (method == MaskMethod::Pseudonym).then(back),
        }
    }

    /// The format of the values that are told.
    pub fn format(&self) -> Format {
        self.format
    }

    /// True if a value, or one within it (an element of an array, a text of a document), is of a
    /// masked form.
    pub fn is(&self, value: &[u8]) -> bool {
        let told = value::apply(&self.action, &self.shape, self.format, value, &mut Vec::new());
        let pseudonym = || self.pseudonyms.as_ref().and_then(|back| back.apply(value));
        told == Applied::Masked || pseudonym().is_some_and(|found| found.certain)
    }
}

/// True if a text is of a form that the masks of a label make of texts, by whichever method that
/// stars or replaces: somebody may have been shown it by another one before.
pub fn is_masked_form(label: &Label, value: &[u8]) -> bool {
    // Nothing without a star is of such a form, and nearly all values have none.
    memchr::memchr(b'*', value).is_some()
        && std::str::from_utf8(value).is_ok_and(|value| text::is_masked(label, value))
}

/// One value that is no array: masked if it is of a masked form.
pub(crate) fn leaf(label: &Label, shape: &Shape, format: Format, value: &[u8]) -> Applied {
    let told = match shape {
        Shape::Text | Shape::Identifier => is_masked_form(label, value),
        Shape::Json { versioned } => {
            let version = usize::from(*versioned && format == Format::Binary);
            let found = |text: &str| is_masked_form(label, text.as_bytes());
            value.get(version..).is_some_and(|text| json::any_text(text, found))
        }
        Shape::Bytes => match format {
            Format::Binary => is_masked_form(label, value),
            Format::Text => bytea::decode(value).is_some_and(|it| is_masked_form(label, &it)),
        },
        Shape::Char => value == b"*",
        Shape::Lexemes => format == Format::Text && value == b"'***'",
        Shape::Bool
        | Shape::Number(_)
        | Shape::Time(_)
        | Shape::Uuid
        | Shape::Network
        | Shape::Mac
        | Shape::Point
        | Shape::Bits
        | Shape::Vector
        | Shape::Constant { .. }
        | Shape::Closed
        | Shape::Array { .. }
        | Shape::Composite(_)
        | Shape::Record
        | Shape::Range(_)
        | Shape::Multirange(_)
        | Shape::Opaque => false,
    };
    if told { Applied::Masked } else { Applied::Raw }
}

#[cfg(test)]
mod tests;
