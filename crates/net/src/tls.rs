//! TLS in both directions, with one crypto library and no process-wide state. Knows nothing of
//! what is said inside.
//!
//! Two modes towards upstreams, as libpq names them: `require` encrypts, `verify-full` also proves
//! who answers. There is nothing in between that would look safer than it is.

pub mod authority;
mod certificate;
mod client;
mod server;
mod subject;

pub use certificate::end_point_hash;
pub use client::{ClientTls, Mode, connect};
pub use server::{ServerTls, accept};
pub(crate) use subject::{begins, common_name, ends};

use std::sync::Arc;

/// The protocol name that PostgreSQL registered for ALPN.
pub const ALPN_POSTGRESQL: &[u8] = b"postgresql";
/// HTTP/1.1 in ALPN (RFC 7301).
pub const ALPN_HTTP: &[u8] = b"http/1.1";

/// The provider is named each time instead of installed once: nothing another crate installs can
/// then change which crypto library runs.
fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(test)]
mod tests;
