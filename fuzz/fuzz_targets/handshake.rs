//! Any bytes against `wire_pg::fuzz::handshake`, which says what must hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wire_pg::fuzz::handshake(data));
