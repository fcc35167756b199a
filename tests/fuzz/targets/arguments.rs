//! See `toolkeep_fuzz::arguments`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| toolkeep_fuzz::arguments(bytes));
