//! A module that a command was given by its path.

use std::fs;
use std::path::Path;

use weir::guest::{self, Guest, Limits, Module};
use weir_engine::program::{ExceptionMeta, RuleMeta};
use weir_module::fluent_bit::{self, Description};

use super::Failure;

/// What a core module of WebAssembly begins with; a component has another version.
const CORE: &[u8] = b"\0asm\x01\0\0\0";

/// A module that was found to be one of Weir's.
pub(super) struct Opened {
    /// Its path, as errors call it.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
    pub(super) sha256: String,
    pub(super) rules: Vec<RuleMeta>,
    pub(super) fields: Vec<String>,
    pub(super) exceptions: Vec<ExceptionMeta>,
}

/// Who loads a module.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Weir,
    FluentBit,
}

impl Opened {
    /// Reads it, and has it say what it detects.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let bytes = fs::read(path)
            .map_err(|error| Failure::input(format_args!("cannot read module `{name}`: {error}; check the path")))?;
        let (kind, Description { rules, fields, exceptions }) = if bytes.starts_with(CORE) {
            let described = fluent_bit::describe(&bytes);
            (Kind::FluentBit, described.map_err(|error| Failure::input(format_args!("module `{name}` {error}")))?)
        } else {
            let module = Module { name: &name, bytes: &bytes, pinned: None, cache: None };
            let guest = Guest::load(&module, &Limits::default()).map_err(Failure::input)?;
            let (rules, fields) = (guest.rules().to_vec(), guest.fields().to_vec());
            (Kind::Weir, Description { rules, fields, exceptions: guest.exceptions().to_vec() })
        };
        Ok(Self { name, kind, sha256: guest::sha256(&bytes), bytes, rules, fields, exceptions })
    }
}
