//! The rule files that a module was made of, carried in it for people.

use serde::{Deserialize, Serialize};

use crate::section::{self, Damage};
use crate::{BuildError, check_length, failed};

/// The custom section: an array of [`RuleSource`].
const SECTION: &str = "weir:rules";

/// A rule file as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSource {
    /// Its name, without the folder.
    pub file: String,
    /// All of it.
    pub text: String,
}

/// Why a module doesn't tell its rule files.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// It was made by another tool, or of a program.
    #[error("carries no rule files; rebuild it with `weir build`, or give the rule file itself")]
    Missing,
    /// It isn't WebAssembly, or the section isn't what Weir writes.
    #[error("carries no readable rule files ({0}); rebuild it with `weir build`")]
    Damaged(Damage),
}

/// Puts rule files into a module. The same files give the same bytes.
///
/// # Errors
/// If that makes the module longer than one may be.
pub fn attach(module: &mut Vec<u8>, sources: &[RuleSource]) -> Result<(), BuildError> {
    section::append(module, SECTION, &sources).map_err(failed("packing the rule files"))?;
    check_length(module.len())
}

/// The rule files that [`attach`] put into a module.
///
/// # Errors
/// If there are none, or they can't be read.
pub fn sources(module: &[u8]) -> Result<Vec<RuleSource>, SourcesError> {
    section::find(module, SECTION).map_err(SourcesError::Damaged)?.ok_or(SourcesError::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shortest component.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn some() -> Vec<RuleSource> {
        ["a.toml", "b.toml"].map(|file| RuleSource { file: file.into(), text: format!("# {file}\n").repeat(99) }).into()
    }

    #[test]
    fn what_was_attached_is_read_again_and_lies_behind_the_module() {
        let mut module = EMPTY.to_vec();
        attach(&mut module, &some()).expect("short");
        assert_eq!(sources(&module).expect("just attached"), some());
        assert!(module.starts_with(EMPTY));
        let mut again = EMPTY.to_vec();
        attach(&mut again, &some()).expect("short");
        assert_eq!(module, again);
    }

    #[test]
    fn what_carries_none_or_is_damaged_is_refused() {
        let mut module = EMPTY.to_vec();
        attach(&mut module, &some()).expect("short");
        let cut = &module[..module.len() - 1];
        let flipped = [&module[..module.len() - 20], &[0xff; 20]].concat();
        for (module, refusal) in [
            (EMPTY, "carries no rule files"),
            (b"garbage", "carries no readable rule files"),
            (cut, "carries no readable rule files"),
            (&flipped, "carries no readable rule files"),
        ] {
            let error = sources(module).expect_err(refusal).to_string();
            assert!(error.starts_with(refusal), "{error}");
        }
    }
}
