//! Fuzzes `weir_tests::invariants`' `exception_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| weir_tests::invariants::check("exception_file", bytes));
