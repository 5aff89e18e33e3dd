//! The PostgreSQL engine: sessions, relay, upstreams.
