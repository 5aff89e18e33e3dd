//! Any bytes against `mask::fuzz::scan`, which says what must hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mask::fuzz::scan(data));
