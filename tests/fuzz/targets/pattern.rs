//! See `toolkeep_fuzz::pattern`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| toolkeep_fuzz::pattern(bytes));
