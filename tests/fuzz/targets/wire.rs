//! Fuzzes `weir_tests::invariants`' `wire`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| weir_tests::invariants::check("wire", bytes));
