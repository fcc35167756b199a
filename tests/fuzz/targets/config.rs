//! See `toolkeep_fuzz::config`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| toolkeep_fuzz::config(bytes));
