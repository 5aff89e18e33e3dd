//! Control state in SQLite.
