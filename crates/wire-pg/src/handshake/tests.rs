//! Tests of handshake.rs.
