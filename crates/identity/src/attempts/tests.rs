//! Limits, with time as an argument.
