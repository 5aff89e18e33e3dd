//! Byte streams: listeners, TLS in both directions, deadlines.
//!
//! This crate carries bytes and proves who owns a certificate. It knows no database protocol and
//! no identity: who a client claims to be is read by the engines, from the bytes that arrive here.
//!
//! ```text
//! Listener ─▶ TcpStream ─▶ tls::accept ─▶ Stream ─▶ engine ─▶ Stream ◀─ tls::connect ◀─ upstream
//!    └─ Pending: one place among those who have not signed in yet
//! ```
//!
//! ```
//! # async fn example() -> std::io::Result<()> {
//! use net::listen::{Limits, Listener};
//! let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), Limits::default()).await?;
//! println!("listening on {}", listener.address());
//! # Ok(()) }
//! ```

pub mod error;
pub mod listen;
pub mod stream;
pub mod tls;

pub use error::NetError;
pub use stream::{ClientCertificate, Stream};
