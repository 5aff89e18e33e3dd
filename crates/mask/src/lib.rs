//! Labels from evidence, masks for values.
//!
//! Three questions are answered here, all of them pure: what does a column hold ([`weigh`]),
//! how is one value masked without breaking its type ([`ColumnMask`]), and where in a piece of
//! text does something sensitive stand (the content scan behind [`model::Disclosure::Scan`]).
//! [`CopyMask`] does the second and third for a `COPY … TO STDOUT` stream.
//!
//! ```text
//! evidence ─▶ weigh ─▶ label            disclosure + type ─▶ ColumnMask ─┬─▶ label's mask
//!                                                                         └─▶ content scan
//! ```
//!
//! Whatever cannot be understood (a value that is not what its type says, an unknown type, text
//! that is not UTF-8) is masked in full or becomes NULL; it never leaves raw. This crate knows no
//! SQL, no sessions, no policy and no I/O.
//!
//! ```
//! use mask::{Applied, ColumnMask, Format, Key};
//! use model::{Catalog, Disclosure, Label, MaskMethod, TypeId};
//!
//! let disclosure = Disclosure::Masked { label: Label::EMAIL, method: MaskMethod::Partial };
//! let key = Key::new([7; 32]);
//! let mask =
//!     ColumnMask::compile(&disclosure, TypeId(25), &Catalog::default(), Format::Text, &key);
//! let mut out = Vec::new();
//! assert_eq!(mask.apply(b"alice@example.org", &mut out), Applied::Masked);
//! assert_eq!(out, b"a***@***.org");
//! ```

#![forbid(unsafe_code)]
#![deny(clippy::wildcard_enum_match_arm)]

mod back;
mod bytea;
mod checksum;
mod column;
mod copy;
mod cursor;
mod ff1;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod json;
mod key;
mod lexicon;
mod names;
mod nested;
mod number;
mod plain;
mod postcodes;
mod propose;
mod pseudonym;
mod recent;
mod rules;
mod scan;
mod shape;
mod shown;
mod text;
mod time;
mod value;

pub use back::{Found, TurnBack};
pub use column::{Applied, ColumnMask, Format};
pub use copy::{CopyError, CopyFormat, CopyMask, CopyStream, MAX_ROW_BYTES, Tally};
pub use json::find_in_document;
pub use key::{Key, MAX_KEYS};
pub use names::label_of_keys;
pub use plain::plain;
pub use propose::{ColumnEvidence, weigh, weigh_together};
pub use recent::Recent;
pub use rules::{LabelRule, LabelRules, RuleText};
pub use scan::{Find, find};
pub use shown::{MaskedForm, is_masked_form};

#[cfg(test)]
mod testing;
