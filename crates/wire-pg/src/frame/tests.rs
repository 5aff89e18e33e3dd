//! Tests of frame.rs.
