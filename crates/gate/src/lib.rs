//! One governed session, engine-neutral: analyse, decide, record, enforce.
//!
//! An engine (PostgreSQL, MySQL) speaks its protocol and calls this crate at four moments. It
//! cannot skip one: what it may send upstream is a [`Cleared`] statement, and only this crate makes
//! those, after the intent has been handed to the kernel.
//!
//! ```text
//!            text                    plan                     Cleared<Statement>
//! engine ───────────▶ Session::plan ───────▶ Session::submit ───────────────────▶ engine
//!                       │      │                   │
//!                      sql   policy              ledger (intent)
//!
//!           fields, rows                                   counts
//! engine ───────────────▶ masks (mask)     engine ─────────▶ Session::finish ─▶ ledger
//! ```
//!
//! What is absent: no I/O but the ledger's, no protocol, no clock (time is an argument), no rule.
//!
//! A `Cleared` cannot be made elsewhere:
//!
//! ```compile_fail
//! let forged = gate::Cleared { inner: (), seal: () };
//! ```
#![deny(clippy::wildcard_enum_match_arm)]

mod book;
mod cache;
pub mod canary;
mod carry;
pub mod change;
mod clearance;
pub mod counters;
mod database;
mod flight;
pub mod history;
pub mod hold;
mod line;
mod lingering;
mod look_ups;
mod plan;
mod preview;
mod record;
mod refusal;
mod result;
pub mod risk;
mod session;
mod turning;
mod words;
pub mod work;
mod written;

pub use book::{CarriedLabel, DecidedLabel, FoundBefore, Place};
pub use carry::{Keep, Keeping};
pub use clearance::{Cleared, Statement, StatementPart, may_leave, only_transaction};
pub use counters::Counters;
pub use database::{Database, Knowledge};
pub use flight::Touched;
pub use ledger::{
    Sequence, Synced,
    record::{Disclosed, Via},
};
pub use line::Gate;
pub use mask::{
    Applied, ColumnEvidence, ColumnMask, CopyError, CopyMask, Format, LabelRule, LabelRules,
    Recent, RuleText, Tally, weigh_together,
};
pub use plan::{Part, Plan};
pub use policy::ProtocolFeature;
pub use preview::{Preview, reads_alone, reads_whole};
pub use record::{Parameters, Value};
pub use refusal::Refusal;
pub use result::{Field, Masks};
pub use session::{Client, Counts, Readiness, RowRoom, Seen, Session, Working, WorksAs};
pub use sql::{END_USER_SAID, EndUser, end_user};
pub use turning::{Bound, Real, Turned, Values};
pub use words::{Form, Held, TextIn};

#[cfg(test)]
mod tests;
