//! The nouns that rooms share: data only.
//!
//! A type lives here when two crates that may not see each other both need it. This crate knows
//! no I/O, no SQL text, no wire format and no policy; it has no behaviour beyond small, total
//! functions over its own data.
//!
//! ```text
//! catalog ─┐                        ┌─▶ facts ──┐
//! label   ─┼─▶ what analysis reads ─┘           ├─▶ what policy reads ─▶ verdict
//! identity ─────────────────────────────────────┘
//! ```
//!
//! ```
//! use model::{Label, Class};
//! assert_eq!(Label::EMAIL.class(), Class::Pii);
//! ```

pub mod blame;
pub mod catalog;
pub mod code;
pub mod facts;
pub mod identity;
pub mod ids;
pub mod label;
pub mod task;
pub mod verdict;

pub use blame::Blame;
pub use catalog::Catalog;
pub use facts::{Facts, Operation, Use};
pub use identity::{CredentialKind, Granted, Identity, IdentityKind};
pub use ids::{ColumnId, DatabaseName, FunctionId, IdentityName, PolicyId, RelationId, TypeId};
pub use label::{Class, Label, LabelMap, Labelling, Weighing, stronger};
pub use task::{Access, Budget, Spent, Task, TaskDetails, TaskTable, TaskType};
pub use verdict::{Disclosure, Durability, MaskMethod, Outcome, Verdict};
