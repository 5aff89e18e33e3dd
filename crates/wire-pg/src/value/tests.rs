//! Tests of value.rs.
