//! Mapping files, which say how a source's events spell ECS fields: those that Weir ships by their names, and a user's own.

use std::path::{Path, PathBuf};

use weir_engine::program::Folding;
use weir_eql::Mapping;

use super::files::read_text;
use super::{Refusal, RulesError};

/// The names and texts of the files in `configs/mappings`.
static SHIPPED: [(&str, &str); 2] = [
    ("falco", include_str!("../../../configs/mappings/falco.toml")),
    ("tetragon", include_str!("../../../configs/mappings/tetragon.toml")),
];

/// Is this the name of a mapping that Weir ships? A file of the same name goes by `./falco`.
pub fn is_shipped_mapping(mapping: &Path) -> bool {
    shipped(mapping).is_some()
}

/// Reads mappings, each the name of a shipped one or the path of a file.
///
/// # Errors
/// If one is given twice or can't be read, or some are wrong: then everything that is wrong in any of them is told.
pub fn read_mappings(mappings: &[PathBuf]) -> Result<Vec<Mapping>, RulesError> {
    let (mut read, mut wrong) = (Vec::new(), Vec::new());
    for (number, mapping) in mappings.iter().enumerate() {
        if mappings[..number].contains(mapping) {
            return Err(RulesError::MappingTwice(mapping.clone()));
        }
        let text = match shipped(mapping) {
            Some(text) => text.to_owned(),
            None => read_text(mapping).map_err(|source| unreadable(mapping, source))?,
        };
        match Mapping::parse(mapping, &text, Folding::Unicode) {
            Ok(mapping) => read.push(mapping),
            Err(diagnostics) => wrong.extend(diagnostics),
        }
    }
    if wrong.is_empty() { Ok(read) } else { Err(RulesError::Refused(Refusal(wrong))) }
}

fn shipped(mapping: &Path) -> Option<&'static str> {
    SHIPPED.iter().find(|(name, _)| Path::new(name) == mapping).map(|(_, text)| *text)
}

fn unreadable(mapping: &Path, source: std::io::Error) -> RulesError {
    let names: Vec<_> = SHIPPED.iter().map(|(name, _)| format!("`{name}`")).collect();
    RulesError::NoMapping { mapping: mapping.to_owned(), source, shipped: names.join(", ") }
}
