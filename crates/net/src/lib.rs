//! Byte streams: listeners, TLS in both directions, deadlines.
