//! Tests of frontend.rs.
