//! Guesses how often events make predicates true, from the rules alone: so that rules are woken and judged by what is rare.

use std::collections::BTreeMap;

use crate::predicates::Predicates;
use crate::program::{Comparison, Condition, Predicate, Program, Test};

/// For each predicate, how often it is true, compared with others.
#[derive(Debug)]
pub(crate) struct Frequencies {
    /// None for those that are only judged when they are asked for.
    by_predicate: Vec<Option<u64>>,
    /// That of what nearly every event has.
    highest: u64,
}

impl Frequencies {
    /// A text is taken to be as frequent in events as in rules: a list with `bash` in it is true more often than one
    /// without. What isn't a matter of certain texts is taken to be true always.
    pub(crate) fn new(program: &Program, predicates: &Predicates) -> Self {
        let mut uses = vec![0; program.predicates.len()];
        let mut count = |predicate| uses[predicate as usize] += 1;
        program.rules.iter().for_each(|rule| rule.condition.each_predicate(&mut count));
        let highest = uses.iter().sum();
        let mut by_text = BTreeMap::<_, u64>::new();
        for (predicate, uses) in program.predicates.iter().zip(&uses) {
            for text in texts(predicate) {
                *by_text.entry((predicate.field, text)).or_default() += uses;
            }
        }
        let guess = |(predicate, uses): (&Predicate, &u64)| match &predicate.test {
            Test::Equals { .. } | Test::Like { .. } => {
                let texts = texts(predicate).iter().map(|text| by_text[&(predicate.field, text)]);
                texts.sum::<u64>().min(highest)
            }
            Test::Regex { .. } | Test::Number { is: Comparison::Equal, .. } => *uses,
            _ => highest,
        };
        let guesses = program.predicates.iter().zip(&uses).map(guess);
        let known = |(number, guess)| predicates.waits_for(number).is_none().then_some(guess);
        Self { by_predicate: (0..).zip(guesses).map(known).collect(), highest }
    }

    /// None if it is only judged when it is asked for.
    pub(crate) fn of(&self, predicate: u32) -> Option<u64> {
        self.by_predicate[predicate as usize]
    }

    /// The same condition, but what decides it comes first, as far as that can be told.
    pub(crate) fn rarest_first(&self, condition: &Condition) -> Condition {
        let each = |parts: &[Condition]| parts.iter().map(|part| self.rarest_first(part)).collect::<Vec<_>>();
        match condition {
            Condition::Constant(_) | Condition::Predicate(_) => condition.clone(),
            Condition::Not(inner) => Condition::Not(Box::new(self.rarest_first(inner))),
            Condition::All(parts) => {
                let mut parts = each(parts);
                parts.sort_by_cached_key(|part| self.of_condition(part));
                Condition::All(parts)
            }
            Condition::Any(parts) => {
                let mut parts = each(parts);
                parts.sort_by_cached_key(|part| self.highest - self.of_condition(part));
                Condition::Any(parts)
            }
        }
    }

    fn of_condition(&self, condition: &Condition) -> u64 {
        let each = |parts: &[Condition]| parts.iter().map(|part| self.of_condition(part)).collect::<Vec<_>>();
        match condition {
            Condition::Constant(value) => u64::from(*value) * self.highest,
            Condition::Predicate(predicate) => self.of(*predicate).unwrap_or(self.highest),
            Condition::Not(inner) => self.highest - self.of_condition(inner),
            Condition::All(parts) => each(parts).into_iter().min().unwrap_or(self.highest),
            Condition::Any(parts) => each(parts).into_iter().sum::<u64>().min(self.highest),
        }
    }
}

fn texts(predicate: &Predicate) -> &[String] {
    match &predicate.test {
        Test::Equals { literals: texts, .. } | Test::Like { patterns: texts, .. } => texts,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Case, Rule, RuleMeta};

    fn equals(field: u32, literals: &[&str]) -> Predicate {
        let literals = literals.iter().map(|text| text.to_string()).collect();
        Predicate { field, test: Test::Equals { literals, case: Case::Sensitive } }
    }

    /// Rules that each want all of their predicates.
    fn program(predicates: Vec<Predicate>, rules: &[&[u32]]) -> Program {
        let all = |parts: &&[u32]| Condition::All(parts.iter().copied().map(Condition::Predicate).collect());
        let rule = |parts: &&[u32]| Rule { meta: RuleMeta::default(), condition: all(parts) };
        let fields = ["event.type", "process.name"].map(String::from).into();
        let rules = rules.iter().map(rule).collect();
        Program { fields, predicates, rules, ..Program::default() }
    }

    #[test]
    fn what_few_rules_ask_for_is_rare_and_comes_first() {
        let exists = Predicate { field: 1, test: Test::Exists };
        let predicates =
            vec![exists, equals(0, &["start"]), equals(1, &["sh", "bash"]), equals(1, &["sh"]), equals(1, &["nc"])];
        let program = program(predicates, &[&[0, 1, 2], &[0, 1, 3], &[0, 1, 4]]);
        let frequencies = Frequencies::new(&program, &Predicates::new(&program));
        assert_eq!([0, 1, 2, 3, 4].map(|predicate| frequencies.of(predicate)), [9, 3, 3, 2, 1].map(Some));
        let last = &program.rules[2].condition;
        assert_eq!(frequencies.rarest_first(last), Condition::All([4, 1, 0].map(Condition::Predicate).into()));
        let other_way_round = Condition::Not(Box::new(Condition::Any([4, 1, 0].map(Condition::Predicate).into())));
        let expected = Condition::Not(Box::new(Condition::Any([0, 1, 4].map(Condition::Predicate).into())));
        assert_eq!(frequencies.rarest_first(&other_way_round), expected);
    }
}
