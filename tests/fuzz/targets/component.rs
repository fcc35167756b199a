//! See `toolkeep_fuzz::component`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| toolkeep_fuzz::component(bytes));
