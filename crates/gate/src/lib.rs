//! One governed session: analyse, decide, record, enforce.
