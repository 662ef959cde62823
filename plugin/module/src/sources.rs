//! The rule files that a module was made of, carried in it for people: in a custom section, which no runtime looks into.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use wasm_encoder::{CustomSection, Encode, SectionId};
use wasmparser::{Parser, Payload};
use weir_engine::limits::MAX_MODULE_BYTES;

use crate::{BuildError, check_length, failed};

/// The custom section: gzip of a JSON array of [`RuleSource`].
const SECTION: &str = "weir:rules";
/// Most that a section may unfold to. Prose and queries shrink to about a third.
const MAX_UNFOLDED_BYTES: u64 = 4 * MAX_MODULE_BYTES as u64;

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
    Damaged(Box<dyn std::error::Error + Send + Sync>),
}

/// Puts rule files into a module. The same files give the same bytes.
///
/// # Errors
/// If that makes the module longer than one may be.
pub fn attach(module: &mut Vec<u8>, sources: &[RuleSource]) -> Result<(), BuildError> {
    let packed = pack(sources).map_err(failed("packing the rule files"))?;
    module.push(SectionId::Custom.into());
    CustomSection { name: SECTION.into(), data: (&packed).into() }.encode(module);
    check_length(module.len())
}

/// The rule files that [`attach`] put into a module.
///
/// # Errors
/// If there are none, or they can't be read.
pub fn sources(module: &[u8]) -> Result<Vec<RuleSource>, SourcesError> {
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(damaged)? {
            // What a nested module carries is its own affair.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::CustomSection(section) if depth == 0 && section.name() == SECTION => {
                return unpack(section.data()).map_err(damaged);
            }
            _ => {}
        }
    }
    Err(SourcesError::Missing)
}

fn pack(sources: &[RuleSource]) -> Result<Vec<u8>, std::io::Error> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&serde_json::to_vec(sources)?)?;
    packer.finish()
}

fn unpack(packed: &[u8]) -> Result<Vec<RuleSource>, std::io::Error> {
    let mut json = Vec::new();
    GzDecoder::new(packed).take(MAX_UNFOLDED_BYTES).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

fn damaged(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SourcesError {
    SourcesError::Damaged(error.into())
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

    #[test]
    fn a_section_within_a_nested_module_is_not_read() {
        let mut nested = wasm_encoder::Module::new();
        let packed = pack(&some()).expect("memory takes everything");
        nested.section(&CustomSection { name: SECTION.into(), data: (&packed).into() });
        let mut component = wasm_encoder::Component::new();
        component.section(&wasm_encoder::ModuleSection(&nested));
        assert!(matches!(sources(&component.finish()), Err(SourcesError::Missing)));
    }
}
