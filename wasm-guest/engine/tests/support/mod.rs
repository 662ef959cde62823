//! Programs for tests, written as one would say them.
#![allow(dead_code, reason = "each test binary uses its share")]
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise, and so may what they share")]

use weir_engine::Detector;
use weir_engine::program::{Case, Comparison, Condition, Folding, Number, Predicate, Program, Rule, RuleMeta, Test};

/// Rules in the making: predicates by the name of their field, conditions by the number of their predicate.
#[derive(Debug, Default)]
pub struct Rules {
    predicates: Vec<(String, Test)>,
    conditions: Vec<Condition>,
}

impl Rules {
    /// The condition that a value of `field` passes `test`.
    pub fn when(&mut self, field: &str, test: Test) -> Condition {
        let wanted = (field.to_owned(), test);
        let known = self.predicates.iter().position(|predicate| *predicate == wanted);
        let number = known.unwrap_or_else(|| {
            self.predicates.push(wanted);
            self.predicates.len() - 1
        });
        Condition::Predicate(number as u32)
    }

    pub fn add(&mut self, condition: Condition) {
        self.conditions.push(condition);
    }

    pub fn detector(self, folding: Folding) -> Detector {
        Detector::new(self.program(folding)).unwrap()
    }

    pub fn program(self, folding: Folding) -> Program {
        let mut fields: Vec<String> = self.predicates.iter().map(|(field, _)| field.clone()).collect();
        fields.sort();
        fields.dedup();
        let predicate =
            |(field, test): (String, Test)| Predicate { field: fields.binary_search(&field).unwrap() as u32, test };
        Program {
            folding,
            predicates: self.predicates.into_iter().map(predicate).collect(),
            rules: self.conditions.into_iter().map(|condition| Rule { meta: RuleMeta::default(), condition }).collect(),
            fields,
        }
    }
}

/// A detector with one rule: a value of `field` passes `test`.
pub fn one_test(field: &str, test: Test, folding: Folding) -> Detector {
    let mut rules = Rules::default();
    let condition = rules.when(field, test);
    rules.add(condition);
    rules.detector(folding)
}

pub fn equals(literals: &[&str], case: Case) -> Test {
    Test::Equals { literals: literals.iter().map(|text| text.to_string()).collect(), case }
}

pub fn like(patterns: &[&str], case: Case) -> Test {
    Test::Like { patterns: patterns.iter().map(|text| text.to_string()).collect(), case }
}

pub fn int(is: Comparison, than: i64) -> Test {
    Test::Number { is, than: Number::Int(than) }
}

pub fn float(is: Comparison, than: f64) -> Test {
    Test::Number { is, than: Number::Float(than) }
}
