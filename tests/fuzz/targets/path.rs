//! See `toolkeep_fuzz::path`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| toolkeep_fuzz::path(bytes));
