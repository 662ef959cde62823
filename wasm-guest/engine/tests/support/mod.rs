//! Programs for tests, written as one would say them.
#![allow(dead_code, reason = "each test binary uses its share")]
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise, and so may what they share")]

use weir_engine::Detector;
use weir_engine::program::{
    Case, Comparison, Condition, Constant, Coverage, Exception, ExceptionMeta, Expression, Folding, Function, Number,
    Predicate, Program, Rule, RuleMeta, Test, Validate,
};

/// Rules in the making: predicates by what they test, conditions by the number of their predicate.
#[derive(Debug, Default)]
pub struct Rules {
    predicates: Vec<(Expression<String>, Test)>,
    conditions: Vec<Condition>,
    exceptions: Vec<(Coverage, Condition)>,
}

impl Rules {
    /// The condition that a value of `field` passes `test`.
    pub fn when(&mut self, field: &str, test: Test) -> Condition {
        self.when_calculated(Expression::Field(field.to_owned()), test)
    }

    /// The condition that a value of `subject` passes `test`.
    pub fn when_calculated(&mut self, subject: Expression<String>, test: Test) -> Condition {
        let wanted = (subject, test);
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

    /// Excepts what fulfils the condition from the rules with these numbers.
    pub fn except(&mut self, rules: Coverage, condition: Condition) {
        self.exceptions.push((rules, condition));
    }

    pub fn detector(self, folding: Folding) -> Detector {
        Detector::new(self.program(folding)).unwrap()
    }

    pub fn program(self, folding: Folding) -> Program {
        let mut fields = Vec::new();
        self.predicates.iter().for_each(|(subject, _)| subject.each_field(&mut |field| fields.push(field.clone())));
        fields.sort();
        fields.dedup();
        let mut calculated = Vec::new();
        let mut predicate = |(subject, test): (Expression<String>, Test)| {
            let field = match subject.map_fields(&mut |field| fields.binary_search(field).unwrap() as u32) {
                Expression::Field(field) => field,
                calculation => {
                    calculated.push(calculation);
                    (fields.len() + calculated.len() - 1) as u32
                }
            };
            Predicate { field, test }
        };
        let predicates = self.predicates.into_iter().map(&mut predicate).collect();
        let rule = |condition| Rule { meta: RuleMeta::default(), condition };
        let rules = self.conditions.into_iter().map(rule).collect();
        let exception =
            |(rules, condition)| Exception { meta: ExceptionMeta { rules, ..Default::default() }, condition };
        let exceptions = self.exceptions.into_iter().map(exception).collect();
        Program { folding, fields, calculated, predicates, rules, exceptions, ..Program::default() }
    }
}

/// A detector that reads every line to its end.
pub fn validating(program: Program) -> Detector {
    Detector::new(Program { validate: Validate::All, ..program }).unwrap()
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

pub fn field(name: &str) -> Expression<String> {
    Expression::Field(name.to_owned())
}

pub fn text(text: &str) -> Expression<String> {
    Expression::Constant(Constant::Text(text.to_owned()))
}

pub fn call<const N: usize>(function: Function, arguments: [Expression<String>; N]) -> Expression<String> {
    Expression::Call(function, arguments.into())
}
