//! A mapping is read or refused, never more; what it maps is judged.

use weir_engine::program::Folding;
use weir_eql::{Mapping, RuleFile};

use super::query::{RULE, judge, render, show};

/// Reads the text as a mapping for a rule that reads a few fields.
pub(super) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let query = r#"process where process.name : ("sh", "b*") and event.type != "end" and length(process.args) > 2"#;
    let rules = [RuleFile::parse("fuzzed.toml", &format!("{RULE}query = '{query}'")).expect("a valid rule")];
    for folding in [Folding::Unicode, Folding::Ascii] {
        let mappings = match Mapping::parse("fuzzed.mapping.toml", text, folding) {
            Ok(mapping) => [mapping],
            Err(wrong) => return render(&wrong),
        };
        mappings[0].warnings().iter().for_each(show);
        match weir_eql::compile_mapped(&rules, &[], &mappings, folding) {
            Ok(program) => drop(judge(program)),
            Err(wrong) => render(&wrong),
        }
    }
}
