//! Fuzzes `weir_tests::invariants`' `tagger`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| weir_tests::invariants::check("tagger", bytes));
