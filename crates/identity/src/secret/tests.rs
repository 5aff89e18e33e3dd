//! Secrets are random and do not print.
