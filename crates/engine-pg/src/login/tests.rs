//! Sign-in with real clients.
