//! What the test cases of a rule leave untested: parts of its condition, and changes to it that they wouldn't notice.

use serde::Serialize;
use weir_engine::{Detector, ProgramError};

use crate::mutants::{Mutant, mutants};
use crate::tree::{Node, Place, Tree, detector, verdicts};

/// How many mutants one program holds: few enough to bound memory, enough for the events to be read seldom.
const MUTANTS_AT_ONCE: usize = 128;

/// How thoroughly some events test a rule.
#[derive(Debug, Serialize)]
pub struct Coverage {
    /// How many tests the condition consists of, that of the category included.
    pub predicates: usize,
    /// Those that weren't both true of an event and false of another.
    pub untested: Vec<Untested>,
    /// How many changes to the condition were tried, each by itself.
    pub mutants: usize,
    /// Those that change the verdict on no event: either an event is missing, or what was changed is needless.
    pub survivors: Vec<Survivor>,
}

/// A test that always had the same verdict.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Untested {
    /// Where it stands in the rule file.
    #[serde(flatten)]
    pub place: Place,
    /// As it is written.
    pub text: String,
    /// Is there no event of which it is true?
    pub never_true: bool,
    /// Is there no event of which it is false?
    pub never_false: bool,
}

/// A change that no event brings to light.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Survivor {
    /// Where in the rule file something was changed.
    #[serde(flatten)]
    pub place: Place,
    /// Such as: drop `"docker"`.
    pub change: String,
}

impl Coverage {
    /// Judges the `events`, each one line, by every test of a condition and by every mutant of it, as a module would.
    ///
    /// # Errors
    ///
    /// If a condition reads more fields than the engine numbers.
    pub fn measure<'e>(
        condition: &Tree<'_>,
        events: impl Iterator<Item = &'e [u8]> + Clone,
    ) -> Result<Self, ProgramError> {
        let seen = watch(&condition.detector()?, events.clone());
        let tests = condition.nodes.iter().zip(seen).filter(|(node, _)| node.is_test());
        let tests: Vec<_> = tests.map(|(node, seen)| Untested::new(node, &seen)).collect();
        let mutants = mutants(condition);
        let survivors = survivors(condition, &mutants, events)?;
        let (predicates, untested) = (tests.len(), tests.into_iter().flatten().collect());
        Ok(Self { predicates, untested, mutants: mutants.len(), survivors })
    }
}

fn survivors<'e>(
    condition: &Tree<'_>,
    mutants: &[Mutant],
    events: impl Iterator<Item = &'e [u8]> + Clone,
) -> Result<Vec<Survivor>, ProgramError> {
    let mut survivors = Vec::new();
    for some in mutants.chunks(MUTANTS_AT_ONCE) {
        let original = condition.nodes[0].clause.clone();
        let clauses = [original].into_iter().chain(some.iter().map(|mutant| mutant.condition(condition)));
        let seen = watch(&detector(clauses, condition.folding)?, events.clone());
        let surviving = some.iter().zip(&seen[1..]).filter(|(_, seen)| !seen.apart);
        survivors.extend(surviving.map(|(mutant, _)| Survivor { place: mutant.place, change: mutant.change.clone() }));
    }
    Ok(survivors)
}

impl Untested {
    /// What is untested of a test, if anything is.
    fn new(node: &Node, seen: &Seen) -> Option<Self> {
        let (never_true, never_false) = (!seen.holding, !seen.failing);
        let untested = Self { place: node.place, text: node.text.clone(), never_true, never_false };
        (never_true || never_false).then_some(untested)
    }
}

/// What the verdicts of one condition have been.
#[derive(Clone, Default)]
struct Seen {
    holding: bool,
    failing: bool,
    /// Other than the first condition's.
    apart: bool,
}

fn watch<'e>(detector: &Detector, events: impl Iterator<Item = &'e [u8]>) -> Vec<Seen> {
    let mut seen = vec![Seen::default(); detector.rules().len()];
    for verdicts in events.filter_map(|event| verdicts(detector, event)) {
        for (seen, holds) in seen.iter_mut().zip(&verdicts) {
            seen.holding |= holds;
            seen.failing |= !holds;
            seen.apart |= *holds != verdicts[0];
        }
    }
    seen
}

#[cfg(test)]
mod tests;
