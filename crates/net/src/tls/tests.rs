//! TLS in both directions.


