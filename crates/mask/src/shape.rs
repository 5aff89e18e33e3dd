//! What a type looks like to a mask: the catalog's types folded to the few forms that differ on
//! the wire. Knows no values.

use crate::{number, time};
use model::{
    Catalog, TypeId,
    catalog::{Relation, TypeKind},
};

pub(crate) mod builtin;

/// Types inside types are followed this far. PostgreSQL has no limit of its own; what lies deeper
/// is treated as unknown.
const MAX_DEPTH: usize = 16;

/// The form of a type's values.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Characters and nothing else, in text and binary alike.
    Text,
    /// As `Text`, but never holds what people write (`name`).
    Identifier,
    /// `"char"`: one byte.
    Char,
    /// `json`, and `jsonb` whose binary form begins with a version byte.
    Json { versioned: bool },
    /// `bytea`.
    Bytes,
    /// `bool`.
    Bool,
    /// Numbers.
    Number(number::Kind),
    /// Dates and times.
    Time(time::Kind),
    /// `uuid`.
    Uuid,
    /// `inet` and `cidr`.
    Network,
    /// `macaddr` (6 bytes) and `macaddr8` (8).
    Mac,
    /// `point`.
    Point,
    /// `bit` and `varbit`.
    Bits,
    /// `tsvector`: holds words of text.
    Lexemes,
    /// pgvector's `vector`: as many zeros as there were numbers.
    Vector,
    /// A base type of which only a constant is known; of some it can hold words of text.
    Constant { text: &'static str, binary: &'static [u8], words: bool },
    /// An enum or another type that cannot hold people's text and has no neutral value.
    Closed,
    /// An array; `box` alone has another delimiter than a comma.
    Array { element: Box<Shape>, delimiter: u8 },
    /// A composite type with its fields in order.
    Composite(Vec<Shape>),
    /// `record`: fields without a declaration.
    Record,
    /// A range over this.
    Range(Box<Shape>),
    /// A multirange over this.
    Multirange(Box<Shape>),
    /// A type that is not known. It may hold anything.
    Opaque,
}

impl Shape {
    /// The form of a type, through domains, arrays, composites and ranges.
    pub(crate) fn of(ty: TypeId, catalog: &Catalog) -> Self {
        Self::at_depth(ty, catalog, 0)
    }

    fn at_depth(ty: TypeId, catalog: &Catalog, depth: usize) -> Self {
        if let Some(shape) = builtin::shape(ty.0) {
            return shape;
        }
        let Some(found) = catalog.type_by_id(ty).filter(|_| depth < MAX_DEPTH) else {
            return Self::Opaque;
        };
        let inner = |ty: TypeId| Self::at_depth(ty, catalog, depth + 1);
        match &found.kind {
            TypeKind::Base => match (found.category, found.name.as_str()) {
                ('S', _) => Self::Text,
                (_, "vector") => Self::Vector,
                _ => Self::Opaque,
            },
            TypeKind::Array(element) => {
                let delimiter = if element.0 == builtin::BOX { b';' } else { b',' };
                Self::Array { element: Box::new(inner(*element)), delimiter }
            }
            TypeKind::Composite(relation) => match catalog.relation(*relation) {
                Some(relation) => Self::Composite(fields(relation, inner)),
                None => Self::Record,
            },
            TypeKind::Domain(base) => inner(*base),
            TypeKind::Enum(_) => Self::Closed,
            TypeKind::Range(subtype) => Self::Range(Box::new(inner(*subtype))),
            TypeKind::Multirange(range) => Self::Multirange(Box::new(inner(*range))),
            TypeKind::Pseudo => Self::Opaque,
        }
    }

    /// True if a value of this form can hold a document.
    pub(crate) fn holds_document(&self) -> bool {
        match self {
            Self::Json { .. } | Self::Record | Self::Opaque => true,
            Self::Array { element: inner, .. } | Self::Range(inner) | Self::Multirange(inner) => {
                inner.holds_document()
            }
            Self::Composite(fields) => fields.iter().any(Self::holds_document),
            Self::Text
            | Self::Identifier
            | Self::Char
            | Self::Bytes
            | Self::Bool
            | Self::Number(_)
            | Self::Time(_)
            | Self::Uuid
            | Self::Network
            | Self::Mac
            | Self::Point
            | Self::Bits
            | Self::Lexemes
            | Self::Vector
            | Self::Constant { .. }
            | Self::Closed => false,
        }
    }

    /// True if a value of this form can hold text that somebody wrote.
    pub(crate) fn carries_text(&self) -> bool {
        match self {
            Self::Text
            | Self::Json { .. }
            | Self::Bytes
            | Self::Lexemes
            | Self::Record
            | Self::Opaque => true,
            Self::Identifier
            | Self::Char
            | Self::Bool
            | Self::Number(_)
            | Self::Time(_)
            | Self::Uuid
            | Self::Network
            | Self::Mac
            | Self::Point
            | Self::Bits
            | Self::Vector
            | Self::Closed => false,
            Self::Constant { words, .. } => *words,
            Self::Array { element: inner, .. } | Self::Range(inner) | Self::Multirange(inner) => {
                inner.carries_text()
            }
            Self::Composite(fields) => fields.iter().any(Self::carries_text),
        }
    }
}

fn fields(relation: &Relation, inner: impl Fn(TypeId) -> Shape) -> Vec<Shape> {
    relation.columns.iter().map(|column| inner(column.type_id)).collect()
}
