//! A module that a command was given by its path.

use std::fs;
use std::path::Path;

use weir::guest::{Guest, Limits, Module};

use super::Failure;

/// A module that was found to be a detector.
pub(super) struct Opened {
    /// Its path, as errors call it.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) guest: Guest,
}

impl Opened {
    /// Reads and loads it.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let bytes = fs::read(path)
            .map_err(|error| Failure::input(format_args!("cannot read module `{name}`: {error}; check the path")))?;
        let module = Module { name: &name, bytes: &bytes, pinned: None, cache: None };
        let guest = Guest::load(&module, &Limits::default()).map_err(Failure::input)?;
        Ok(Self { name, bytes, guest })
    }
}
