//! What the end-to-end tests share: a place with PostgreSQL, the shop and Weir in front of it.
//!
//! Each test file is one promise or one kind of client. Nothing here may know Weir's crates: the
//! tests see what a user sees.
