//! Makes one program of many rules: every field and every predicate in it once.

use std::collections::{BTreeSet, HashMap};

use weir_engine::program::{Condition, Folding, Predicate, Program, Rule, Test};

use crate::{Diagnostic, RuleFile, clause::Clause};

/// Compiles the rules in their order; rules may share a file name, but no id.
///
/// The same rules in the same order give the same program.
///
/// # Errors
///
/// All that is wrong with any of the rules.
pub fn compile(rules: &[RuleFile], folding: Folding) -> Result<Program, Vec<Diagnostic>> {
    let mut problems = duplicates(rules);
    let mut clauses = Vec::new();
    for rule in rules {
        match rule.condition() {
            Ok(clause) => clauses.push(clause),
            Err(faults) => problems.extend(faults),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut linker = Linker::new(&clauses);
    let linked = rules.iter().zip(&clauses);
    let rules =
        linked.map(|(rule, clause)| Rule { meta: rule.meta().clone(), condition: linker.link(clause) }).collect();
    let fields = linker.fields.into_iter().map(str::to_owned).collect();
    Ok(Program { folding, fields, calculated: Vec::new(), predicates: linker.predicates, rules })
}

fn duplicates(rules: &[RuleFile]) -> Vec<Diagnostic> {
    let mut first_by_id: HashMap<&str, &RuleFile> = HashMap::new();
    let mut found = Vec::new();
    for rule in rules {
        if let Some(first) = first_by_id.get(&*rule.meta().id) {
            found.push(rule.duplicate_of(first));
        } else {
            first_by_id.insert(&rule.meta().id, rule);
        }
    }
    found
}

/// Numbers fields and predicates.
struct Linker<'c> {
    /// Sorted.
    fields: Vec<&'c str>,
    predicates: Vec<Predicate>,
    /// The predicates on each field.
    by_field: HashMap<u32, Vec<u32>>,
}

impl<'c> Linker<'c> {
    fn new(clauses: &'c [Clause]) -> Self {
        let mut fields = BTreeSet::new();
        clauses.iter().for_each(|clause| collect_fields(clause, &mut fields));
        Self { fields: fields.into_iter().collect(), predicates: Vec::new(), by_field: HashMap::new() }
    }

    fn link(&mut self, clause: &Clause) -> Condition {
        match clause {
            Clause::Constant(value) => Condition::Constant(*value),
            Clause::Test { field, test } => Condition::Predicate(self.predicate(field, test)),
            Clause::Not(negated) => Condition::Not(Box::new(self.link(negated))),
            Clause::All(clauses) => Condition::All(clauses.iter().map(|clause| self.link(clause)).collect()),
            Clause::Any(clauses) => Condition::Any(clauses.iter().map(|clause| self.link(clause)).collect()),
        }
    }

    /// The number of the predicate, which may be new.
    fn predicate(&mut self, field: &str, test: &Test) -> u32 {
        let field = index(self.fields.partition_point(|known| *known < field));
        let on_field = self.by_field.entry(field).or_default();
        if let Some(known) = on_field.iter().find(|known| self.predicates[**known as usize].test == *test) {
            return *known;
        }
        let new = index(self.predicates.len());
        on_field.push(new);
        self.predicates.push(Predicate { field, test: test.clone() });
        new
    }
}

fn collect_fields<'c>(clause: &'c Clause, fields: &mut BTreeSet<&'c str>) {
    match clause {
        Clause::Constant(_) => {}
        Clause::Test { field, .. } => {
            fields.insert(field);
        }
        Clause::Not(negated) => collect_fields(negated, fields),
        Clause::All(clauses) | Clause::Any(clauses) => clauses.iter().for_each(|clause| collect_fields(clause, fields)),
    }
}

fn index(position: usize) -> u32 {
    u32::try_from(position).expect("rules that fit into memory have fewer than 2^32 predicates")
}

#[cfg(test)]
mod tests;
