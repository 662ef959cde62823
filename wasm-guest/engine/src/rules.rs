//! Which rules match, given the predicates that an event made true; knows nothing of events.

use crate::hits::Hits;
use crate::program::{Condition, Program};

/// The conditions of all rules, and which of them an event can possibly fulfil.
#[derive(Debug)]
pub(crate) struct Conditions {
    conditions: Vec<Condition>,
    /// For each predicate, the rules that it makes worth a look.
    woken_by: Vec<Vec<u32>>,
    /// Rules that may match though no predicate is true.
    always: Vec<u32>,
}

impl Conditions {
    pub(crate) fn new(program: &Program) -> Self {
        let mut uses = vec![0; program.predicates.len()];
        program.rules.iter().for_each(|rule| count_uses(&rule.condition, &mut uses));
        let mut woken_by = vec![Vec::new(); program.predicates.len()];
        let mut always = Vec::new();
        for (rule, number) in program.rules.iter().zip(0..) {
            match witnesses(&rule.condition, true, &uses) {
                Some(witnesses) => witnesses.predicates.iter().for_each(|p| woken_by[*p as usize].push(number)),
                None => always.push(number),
            }
        }
        Self { conditions: program.rules.iter().map(|rule| rule.condition.clone()).collect(), woken_by, always }
    }

    /// Puts the numbers of the rules that match into `matching`, in order.
    pub(crate) fn judge(&self, hits: &Hits, matching: &mut Vec<u32>) {
        matching.clear();
        matching.extend_from_slice(&self.always);
        for predicate in hits.list() {
            matching.extend_from_slice(&self.woken_by[*predicate as usize]);
        }
        matching.sort_unstable();
        matching.dedup();
        matching.retain(|rule| holds(&self.conditions[*rule as usize], hits));
    }
}

/// Is the condition true?
pub(crate) fn holds(condition: &Condition, hits: &Hits) -> bool {
    match condition {
        Condition::Constant(value) => *value,
        Condition::Predicate(predicate) => hits.has(*predicate),
        Condition::Not(inner) => !holds(inner, hits),
        Condition::All(all) => all.iter().all(|inner| holds(inner, hits)),
        Condition::Any(any) => any.iter().any(|inner| holds(inner, hits)),
    }
}

fn count_uses(condition: &Condition, uses: &mut [usize]) {
    match condition {
        Condition::Constant(_) => {}
        Condition::Predicate(predicate) => uses[*predicate as usize] += 1,
        Condition::Not(inner) => count_uses(inner, uses),
        Condition::All(all) => all.iter().for_each(|inner| count_uses(inner, uses)),
        Condition::Any(any) => any.iter().for_each(|inner| count_uses(inner, uses)),
    }
}

/// Predicates of which at least one must be true for a condition to be as wanted.
struct Witnesses {
    predicates: Vec<u32>,
    /// How often rules use them: the fewer, the less often a rule is looked at in vain.
    uses: usize,
}

/// The witnesses for `condition` being `wanted`; none if it can be so without any true predicate.
fn witnesses(condition: &Condition, wanted: bool, uses: &[usize]) -> Option<Witnesses> {
    match (condition, wanted) {
        (Condition::Constant(value), _) => (*value != wanted).then_some(Witnesses { predicates: Vec::new(), uses: 0 }),
        (Condition::Predicate(p), true) => Some(Witnesses { predicates: vec![*p], uses: uses[*p as usize] }),
        (Condition::Predicate(_), false) => None,
        (Condition::Not(inner), _) => witnesses(inner, !wanted, uses),
        (Condition::All(parts), true) | (Condition::Any(parts), false) => {
            parts.iter().filter_map(|part| witnesses(part, wanted, uses)).min_by_key(|witnesses| witnesses.uses)
        }
        (Condition::Any(parts), true) | (Condition::All(parts), false) => {
            let all = parts.iter().map(|part| witnesses(part, wanted, uses)).collect::<Option<Vec<_>>>()?;
            let uses = all.iter().map(|witnesses| witnesses.uses).sum();
            let mut predicates: Vec<_> = all.into_iter().flat_map(|witnesses| witnesses.predicates).collect();
            predicates.sort_unstable();
            predicates.dedup();
            Some(Witnesses { predicates, uses })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::predicates::Predicates;
    use crate::program::{Folding, Predicate, Rule, RuleMeta, Test};
    use crate::scan::Value;

    const PREDICATES: u32 = 4;

    fn condition() -> impl Strategy<Value = Condition> {
        let leaf = prop_oneof![
            4 => (0..PREDICATES).prop_map(Condition::Predicate),
            1 => any::<bool>().prop_map(Condition::Constant),
        ];
        leaf.prop_recursive(5, 24, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|inner| Condition::Not(Box::new(inner))),
                vec(inner.clone(), 0..4).prop_map(Condition::All),
                vec(inner, 0..4).prop_map(Condition::Any),
            ]
        })
    }

    fn program(conditions: &[Condition]) -> Program {
        let rule = |condition: &Condition| Rule { meta: RuleMeta::default(), condition: condition.clone() };
        Program {
            folding: Folding::Unicode,
            fields: (0..PREDICATES).map(|field| field.to_string()).collect(),
            calculated: Vec::new(),
            predicates: (0..PREDICATES).map(|field| Predicate { field, test: Test::Exists }).collect(),
            rules: conditions.iter().map(rule).collect(),
            exceptions: Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn no_rule_that_holds_is_left_asleep(conditions in vec(condition(), 1..5)) {
            let program = program(&conditions);
            let (predicates, rules) = (Predicates::new(&program), Conditions::new(&program));
            let mut matching = Vec::new();
            for true_ones in 0..1 << PREDICATES {
                let mut hits = predicates.no_hits();
                let true_fields = (0..PREDICATES as usize).filter(|field| true_ones >> field & 1 == 1);
                true_fields.for_each(|field| predicates.judge(field, Value::Bool(true), &mut hits));
                rules.judge(&hits, &mut matching);
                let all = conditions.iter().zip(0..).filter(|(condition, _)| holds(condition, &hits));
                prop_assert_eq!(&matching, &all.map(|(_, rule)| rule).collect::<Vec<u32>>());
            }
        }
    }
}
