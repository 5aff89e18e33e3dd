//! Answers from the ledger: an index in SQLite that is derived from it, and questions to it.
//!
//! ```text
//! ledger ──Reader──▶ catch_up ──▶ index.sqlite ──▶ search, sql, trace
//!                    one writer    read only         with the place up to which they know
//! ```
//!
//! The index is never evidence: it can be deleted at any time and is made again from the log. Each
//! row names the record that it comes from. What a shape says (text, columns, verdict) is stored
//! once; a statement is a row of numbers; days are summed up while they are filled, so that no
//! question has to walk over all statements.
//!
//! The crate reads records and fills tables. It knows no SQL facts, no policy and no wire format.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use index::{Answers, Index, Limits};
//! # use ledger::{Ledger, Options, Time};
//! # let dir = tempfile::tempdir()?;
//! # let now = Time::from(std::time::SystemTime::now());
//! # let log = dir.path().join("ledger");
//! # let (ledger, _) = Ledger::open(&log, Options::new("node-1", "0.1.0", now))?;
//! let file = dir.path().join("index.sqlite");
//! Index::open(&file)?.catch_up(&log, u64::MAX)?;
//! let answers = Answers::open(&file)?;
//! let table = answers.sql("SELECT type FROM events", &Limits::default())?;
//! assert_eq!(table.rows.len(), 1);
//! # Ok(())
//! # }
//! ```

mod answers;
mod compile;
mod count;
mod counted;
mod error;
mod fill;
mod index;
mod parts;
mod question;
mod reached;
mod rows;
mod schema;
mod search;
mod sql;
mod suggest;
mod sums;
#[cfg(test)]
mod tests;
mod trace;
mod views;
mod waiting;
mod words;

pub use answers::{Answers, Cell, State, Table};
pub use count::{BY, By};
pub use error::IndexError;
pub use index::{Caught, Index, step_back};
pub use parts::Take;
pub use question::{Question, WORDS, value_number};
pub use search::DEFAULT_ROWS;
pub use sql::Limits;
pub use suggest::Suggested;
pub use trace::Direction;
pub use views::{VIEWS, View};
