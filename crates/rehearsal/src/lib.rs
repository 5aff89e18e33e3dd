//! Policies before they are trusted: cases with the verdict they must get, what recorded statements
//! would have got under other policies, and the least that a record shows to be needed.
//!
//! ```text
//! case (Markdown) ─▶ schema ─▶ catalog ─┐
//!                                       ├─▶ sql::analyse ─▶ policy::decide ─▶ verdict
//! a running database's own catalog ─────┘                         ▲
//! records ─▶ facts as they were recorded ─────────────────────────┘
//! ```
//!
//! There is no second engine here: a statement is analysed and decided by what analyses and decides
//! on the wire. This crate knows no connection and no clock, and writes nothing.
//!
//! ````text
//! let policies = policy::PolicySet::baseline().map_err(|problems| problems[0].clone())?;
//! let text = "\
//! ## Emails leave masked
//! ```schema
//! table public.customers
//!   id integer
//!   email text email
//! ```
//! ```request
//! as: person alice
//! ```
//! ```sql
//! SELECT email FROM customers
//! ```
//! ```verdict
//! outcome: modify
//! outputs: email partial
//! ```
//! ";
//! let file = rehearsal::CaseFile::read("emails.md", text, |_| None)?;
//! assert!(file.run(&policies).iter().all(|outcome| outcome.differences.is_empty()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ````
#![deny(clippy::wildcard_enum_match_arm)]

mod backtest;
mod base;
mod case;
mod decide;
mod log;
mod mistake;
mod request;
mod schema;
mod suggest;
mod verdict;

pub use backtest::{Backtest, Change, Direction, Report};
pub use base::postgresql;
pub use case::{CaseFile, Difference, Ran};
pub use decide::{Circumstances, Decided, Explained, decide, explain};
pub use log::{Asked, KnownShape, Log, Unknowable};
pub use mistake::Mistake;
pub use request::identity;
pub use schema::Schema;
pub use suggest::{NoSuggestion, Suggestion};
pub use verdict::{approvals, disclosure};

#[cfg(test)]
mod tests;
