//! The PostgreSQL protocol: bytes to messages and back, without I/O.
