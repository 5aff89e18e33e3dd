//! TLS in both directions.
