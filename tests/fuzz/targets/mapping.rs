//! Fuzzes `weir_tests::invariants`' `mapping`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| weir_tests::invariants::check("mapping", bytes));
