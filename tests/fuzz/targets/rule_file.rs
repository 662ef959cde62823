//! Fuzzes `weir_tests::invariants`' `rule_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| weir_tests::invariants::check("rule_file", bytes));
