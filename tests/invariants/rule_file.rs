//! A rule file is read or refused, never more.

use super::query::read_and_judge;

/// Reads the text as a rule file.
pub(super) fn check(bytes: &[u8]) {
    if let Ok(file) = std::str::from_utf8(bytes) {
        read_and_judge(file);
    }
}
