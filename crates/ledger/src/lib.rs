//! The log of records.
