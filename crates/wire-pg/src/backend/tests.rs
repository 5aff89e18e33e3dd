//! Tests of backend.rs.
