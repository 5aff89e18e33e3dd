//! The PostgreSQL protocol: bytes to messages and back, without I/O.
//!
//! Protocol 3.0 and 3.2 as PostgreSQL's manual describes them in "Frontend/Backend Protocol".
//! This crate knows no sockets, no clock, no SQL, no session state; it depends on nothing of ours.
//!
//! ```text
//!            ┌ handshake::parse ─▶ First (SSLRequest, cancel, start-up, direct TLS)
//! bytes ─────┤
//!            └ frame::peek ─▶ Frame ─▶ frontend::*::parse(payload) / backend::*::parse(payload)
//! bytes ◀──── frontend::encode, backend::encode
//! ```
//!
//! Views borrow; nothing is copied and nothing is allocated on the way in. A payload that has a
//! view is well formed to its last byte, because bytes that we did not judge must not reach the
//! other side. `consumed <= given` holds for every parser.
//!
//! ```
//! use wire_pg::{frame, frontend};
//! let mut out = Vec::new();
//! frontend::encode::query(&mut out, b"SELECT 1")?;
//! let (message, rest) = frame::split(&out, 1 << 20)?.unwrap();
//! assert_eq!(frontend::Query::parse(message.payload)?.text.utf8(), Some("SELECT 1"));
//! assert!(rest.is_empty());
//! # Ok::<(), wire_pg::WireError>(())
//! ```

pub mod backend;
pub mod error;
pub mod frame;
pub mod frontend;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod handshake;
mod put;
pub mod value;

pub use error::{Fault, Sender, WireError};
pub use put::Buffer;
pub use value::{Format, Formats, Oids, Text, Values};
