//! The rule files that a module carries for whoever reads its alerts; no verdict depends on them.

use weir_eql::RuleFile;
use weir_module::RuleSource;

use super::shipped::select;
use super::{BuildError, RulesError};

/// Puts the files of its `rules` into a module.
///
/// # Errors
/// If that makes the module longer than one may be.
pub fn attach(module: &mut Vec<u8>, rules: &[RuleFile]) -> Result<(), BuildError> {
    let sources: Vec<_> = rules.iter().map(source).collect();
    weir_module::attach(module, &sources)
}

/// Reads the rule file that the module called `name` carries for the rule with that id, name or file stem.
///
/// # Errors
/// If there is none, or the module carries no rule files.
pub fn find_in_module(rule: &str, name: &str, module: &[u8]) -> Result<RuleFile, RulesError> {
    let sources =
        weir_module::sources(module).map_err(|source| RulesError::Sources { module: name.to_owned(), source })?;
    let files = sources.iter().map(|source| (source.file.as_str(), source.text.as_str()));
    select(rule, files)?.ok_or_else(|| RulesError::UnknownInModule { rule: rule.to_owned(), module: name.to_owned() })
}

fn source(rule: &RuleFile) -> RuleSource {
    let file = rule.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    RuleSource { file, text: rule.text().to_owned() }
}
