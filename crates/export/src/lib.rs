//! Records as events for other systems: a SIEM, a log server, a queue.
//!
//! ```text
//! ledger ─▶ Source ─▶ join ─▶ ocsf, lineage ─▶ sink ─▶ file, syslog, webhook, NATS
//!   durable records    events and runs         │
//!                                   cursor ◀───┘ acknowledged
//! ```
//!
//! Every sink has a thread of its own, a place in the log of its own, and keeps it in a file once
//! the other side has acknowledged what was sent. The ledger is the buffer: a sink that is down is
//! tried again for as long as it takes, loses nothing, and nobody else waits for it. What was sent
//! and not acknowledged is sent again, so an event may come twice and never not at all; its `uid`
//! is the record's sequence.
//!
//! The crate knows records and the protocols of sinks. It knows no SQL, no policy and no wire
//! protocol of a database, and puts nothing into an event that is not in a record.
//!
//! ```no_run
//! # fn example(ledger: ledger::Ledger) -> Result<(), export::ExportError> {
//! use export::{About, Begin, Exports, Format, Settings, To};
//! let about = About { node: "db-gw-1".into(), version: "0.1.0".into() };
//! let to = To::File { path: "/var/log/weir.jsonl".into(), rotate_bytes: 100 << 20, keep: 10 };
//! let format = Format::Ocsf;
//! let sinks = [Settings { name: "siem".into(), to, format, begin: Begin::Start }];
//! let exports = Exports::start(&ledger, &about, "state/export".as_ref(), sinks)?;
//! exports.stop();
//! # Ok(())
//! # }
//! ```

mod circumstance;
mod connect;
mod cursor;
mod error;
mod event;
mod format;
mod join;
mod left;
mod lineage;
mod ocsf;
mod post;
mod pump;
mod settings;
mod shapes;
mod shorten;
mod signature;
mod sink;
mod source;
mod spans;

pub use error::ExportError;
pub use event::Event;
pub use post::{Answer, Post};
pub use pump::{BACKOFF_FIRST, BACKOFF_LONGEST, BATCH_EVENTS, Exports, Lag};
pub use settings::{About, Begin, Format, Key, Settings, To};
pub use signature::{SigningKey, SlackSecret, TOLERANCE_SECONDS};
