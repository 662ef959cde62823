//! Which exceptions cover a match, whenever they are in force; knows nothing of time, and judges nothing but matches.

use crate::frequencies::Frequencies;
use crate::hits::Hits;
use crate::predicates::Predicates;
use crate::program::{Coverage, Program};
use crate::rules::{Judged, Verdict};

/// The exceptions of a program, by the rules whose matches they may cover.
#[derive(Debug, Default)]
pub(crate) struct Exceptions {
    conditions: Vec<Judged>,
    of_all: Vec<u32>,
    /// By rule; empty if every exception is for all.
    of_rule: Vec<Vec<u32>>,
}

impl Exceptions {
    pub(crate) fn new(program: &Program, predicates: &Predicates, frequencies: &Frequencies) -> Self {
        let mut exceptions = Self::default();
        for (number, exception) in (0..).zip(&program.exceptions) {
            exceptions.conditions.push(Judged::new(&exception.condition, frequencies, predicates));
            match &exception.meta.rules {
                Coverage::All => exceptions.of_all.push(number),
                Coverage::Rules(rules) => {
                    exceptions.of_rule.resize(program.rules.len(), Vec::new());
                    rules.iter().for_each(|rule| exceptions.of_rule[*rule as usize].push(number));
                }
            }
        }
        exceptions
    }

    /// Puts the numbers of the exceptions that cover a match of `rule` into `covering`, in order. One that can't be decided
    /// doesn't: a match is lost for no doubt.
    pub(crate) fn judge(&self, rule: u32, predicates: &Predicates, hits: &mut Hits, covering: &mut Vec<u32>) {
        covering.clear();
        if self.conditions.is_empty() {
            return;
        }
        let own = self.of_rule.get(rule as usize).map_or(&[][..], Vec::as_slice);
        let candidates = self.of_all.iter().chain(own).copied();
        let mut holds = |number: &u32| self.conditions[*number as usize].judge(predicates, hits) == Verdict::Holds;
        covering.extend(candidates.filter(|number| holds(number)));
        covering.sort_unstable();
    }
}
