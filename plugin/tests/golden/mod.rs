//! Golden files: what is expected word for word, and what `UPDATE_GOLDEN=1` writes anew.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;
use std::{env, fs};

/// Asserts that the text is the one in the golden file.
pub fn assert_golden(file: impl AsRef<Path>, actual: &str) {
    let file = file.as_ref();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(file, actual).unwrap();
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    assert_eq!(actual, expected, "{} is out of date; run again with UPDATE_GOLDEN=1", file.display());
}
