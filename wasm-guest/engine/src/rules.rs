//! Which rules match, given the predicates that an event made true; knows nothing of events.

use crate::frequencies::Frequencies;
use crate::hits::Hits;
use crate::predicates::Predicates;
use crate::program::{Condition, Program};

/// The conditions of all rules, and which of them an event can possibly fulfil.
#[derive(Debug)]
pub(crate) struct Conditions {
    rules: Vec<Judged>,
    /// For each predicate, the rules that it makes worth a look.
    woken_by: Vec<Vec<u32>>,
    /// Rules that may match though no predicate is true.
    always: Vec<u32>,
}

/// A condition that is judged once an event has been read.
#[derive(Debug)]
pub(crate) struct Judged {
    condition: Condition,
    /// The calculations that are made only if a rule depends on them.
    waits_for: Vec<u32>,
}

/// What a condition says of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    Fails,
    /// There is no budget to find out.
    Undecided,
}

impl Conditions {
    pub(crate) fn new(program: &Program, predicates: &Predicates, frequencies: &Frequencies) -> Self {
        let mut woken_by = vec![Vec::new(); program.predicates.len()];
        let mut always = Vec::new();
        for (rule, number) in program.rules.iter().zip(0..) {
            match witnesses(&rule.condition, true, frequencies) {
                Some(witnesses) => witnesses.predicates.iter().for_each(|p| woken_by[*p as usize].push(number)),
                None => always.push(number),
            }
        }
        let rules = program.rules.iter().map(|rule| Judged::new(&rule.condition, frequencies, predicates));
        Self { rules: rules.collect(), woken_by, always }
    }

    /// Puts the numbers of the rules that match into `matching`, in order. Says if every rule could be judged.
    pub(crate) fn judge(&self, predicates: &Predicates, hits: &mut Hits, matching: &mut Vec<u32>) -> bool {
        self.list_woken(hits, matching);
        let mut all_judged = true;
        matching.retain(|rule| {
            let verdict = self.rules[*rule as usize].judge(predicates, hits);
            all_judged &= verdict != Verdict::Undecided;
            verdict == Verdict::Holds
        });
        all_judged
    }

    /// Puts the numbers of the rules that may match into `woken`, in order.
    fn list_woken(&self, hits: &Hits, woken: &mut Vec<u32>) {
        woken.clear();
        if hits.budget.is_short() {
            // What isn't decided might wake any of them.
            woken.extend((0..).zip(&self.rules).map(|(number, _)| number));
            return;
        }
        woken.extend_from_slice(&self.always);
        for predicate in hits.list() {
            // One by one: most predicates wake no rule or one, and WebAssembly's copying has a price.
            self.woken_by[*predicate as usize].iter().for_each(|rule| woken.push(*rule));
        }
        woken.sort_unstable();
        woken.dedup();
    }
}

impl Judged {
    pub(crate) fn new(condition: &Condition, frequencies: &Frequencies, predicates: &Predicates) -> Self {
        let mut waits_for = Vec::new();
        condition.each_predicate(&mut |predicate| waits_for.extend(predicates.waits_for(predicate)));
        Self { condition: frequencies.rarest_first(condition), waits_for }
    }

    /// Is the condition true? What waits is calculated only if it can be.
    pub(crate) fn judge(&self, predicates: &Predicates, hits: &mut Hits) -> Verdict {
        if !self.waits_for.is_empty() {
            let waits = |predicate| predicates.waits_for(predicate).is_some();
            let can_be = |predicate, wanted| predicates.may_be(predicate, wanted, hits) || waits(predicate);
            if !may_be(&self.condition, true, &can_be) {
                return Verdict::Fails;
            }
            self.waits_for.iter().for_each(|number| predicates.judge_waiting(*number, hits));
        }
        if !hits.budget.is_short() {
            return if holds(&self.condition, hits) { Verdict::Holds } else { Verdict::Fails };
        }
        let may_be =
            |wanted| may_be(&self.condition, wanted, &|predicate, wanted| predicates.may_be(predicate, wanted, hits));
        match (may_be(true), may_be(false)) {
            (true, true) => Verdict::Undecided,
            (may_hold, _) => {
                if may_hold {
                    Verdict::Holds
                } else {
                    Verdict::Fails
                }
            }
        }
    }
}

/// Can `condition` be as wanted, if its predicates can be as `can_be` says?
fn may_be(condition: &Condition, wanted: bool, can_be: &impl Fn(u32, bool) -> bool) -> bool {
    let may_be = |part: &Condition, wanted| may_be(part, wanted, can_be);
    match condition {
        Condition::Constant(value) => *value == wanted,
        Condition::Predicate(predicate) => can_be(*predicate, wanted),
        Condition::Not(inner) => may_be(inner, !wanted),
        Condition::All(parts) if wanted => parts.iter().all(|part| may_be(part, true)),
        Condition::All(parts) => parts.iter().any(|part| may_be(part, false)),
        Condition::Any(parts) if wanted => parts.iter().any(|part| may_be(part, true)),
        Condition::Any(parts) => parts.iter().all(|part| may_be(part, false)),
    }
}

fn holds(condition: &Condition, hits: &Hits) -> bool {
    match condition {
        Condition::Constant(value) => *value,
        Condition::Predicate(predicate) => hits.has(*predicate),
        Condition::Not(inner) => !holds(inner, hits),
        Condition::All(all) => all.iter().all(|inner| holds(inner, hits)),
        Condition::Any(any) => any.iter().any(|inner| holds(inner, hits)),
    }
}

/// Predicates of which at least one must be true for a condition to be as wanted.
struct Witnesses {
    predicates: Vec<u32>,
    /// How often that is so: the rarer, the less often a rule is looked at in vain.
    frequency: u64,
}

/// The witnesses for `condition` being `wanted`; none if it can be so without any true predicate.
fn witnesses(condition: &Condition, wanted: bool, frequencies: &Frequencies) -> Option<Witnesses> {
    match (condition, wanted) {
        (Condition::Constant(value), _) => {
            (*value != wanted).then_some(Witnesses { predicates: Vec::new(), frequency: 0 })
        }
        (Condition::Predicate(predicate), true) => {
            Some(Witnesses { predicates: vec![*predicate], frequency: frequencies.of(*predicate)? })
        }
        (Condition::Predicate(_), false) => None,
        (Condition::Not(inner), _) => witnesses(inner, !wanted, frequencies),
        (Condition::All(parts), true) | (Condition::Any(parts), false) => {
            let each = parts.iter().filter_map(|part| witnesses(part, wanted, frequencies));
            each.min_by_key(|witnesses| witnesses.frequency)
        }
        (Condition::Any(parts), true) | (Condition::All(parts), false) => {
            let all = parts.iter().map(|part| witnesses(part, wanted, frequencies)).collect::<Option<Vec<_>>>()?;
            let frequency = all.iter().map(|witnesses| witnesses.frequency).sum();
            let mut predicates: Vec<_> = all.into_iter().flat_map(|witnesses| witnesses.predicates).collect();
            predicates.sort_unstable();
            predicates.dedup();
            Some(Witnesses { predicates, frequency })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::program::{Predicate, Rule, RuleMeta, Test};
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
            fields: (0..PREDICATES).map(|field| field.to_string()).collect(),
            predicates: (0..PREDICATES).map(|field| Predicate { field, test: Test::Exists }).collect(),
            rules: conditions.iter().map(rule).collect(),
            ..Program::default()
        }
    }

    proptest! {
        #[test]
        fn no_rule_that_holds_is_left_asleep(conditions in vec(condition(), 1..5)) {
            let program = program(&conditions);
            let predicates = Predicates::new(&program);
            let rules = Conditions::new(&program, &predicates, &Frequencies::new(&program, &predicates));
            let mut matching = Vec::new();
            for true_ones in 0..1 << PREDICATES {
                let mut hits = predicates.no_hits();
                let true_fields = (0..PREDICATES as usize).filter(|field| true_ones >> field & 1 == 1);
                true_fields.for_each(|field| predicates.judge(field, Value::Bool(true), &mut hits));
                rules.judge(&predicates, &mut hits, &mut matching);
                let all = conditions.iter().zip(0..).filter(|(condition, _)| holds(condition, &hits));
                prop_assert_eq!(&matching, &all.map(|(_, rule)| rule).collect::<Vec<u32>>());
            }
        }
    }
}
