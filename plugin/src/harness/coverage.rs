//! How thoroughly cases test the rules: which parts of a rule they leave untested, and which changes to it they would miss.
//!
//! A rule and its mutants are judged natively, by the engine that modules hold: to make a module of each would take minutes.

use serde::Serialize;
use weir_engine::program::Folding;
use weir_eql::{Coverage, RuleFile, Tree};

use crate::rules::{Refusal, RuleSet, RulesError};

/// How thoroughly the cases test one rule.
#[derive(Debug, Serialize)]
pub struct RuleCoverage {
    /// The rule's id.
    pub rule: String,
    /// The path of its file.
    pub file: String,
    /// What was found.
    #[serde(flatten)]
    pub coverage: Coverage,
}

/// Measures each of the rules by all the events, each one line: a rule is tested as well by an event that is meant for
/// another.
///
/// # Errors
/// If a rule can't be compiled, or is too large together with its mutants.
pub fn measure<'e>(
    RuleSet { rules, mappings, .. }: &RuleSet,
    events: impl Iterator<Item = &'e [u8]> + Clone,
) -> Result<Vec<RuleCoverage>, RulesError> {
    let measure = |rule: &RuleFile| {
        let tree =
            Tree::mapped(rule, mappings, Folding::Unicode).map_err(|wrong| RulesError::Refused(Refusal(wrong)))?;
        let coverage = Coverage::measure(&tree, events.clone()).map_err(|error| RulesError::Build(error.into()))?;
        Ok(RuleCoverage { rule: rule.meta().id.clone(), file: rule.path().to_string_lossy().into_owned(), coverage })
    };
    rules.iter().map(measure).collect()
}
