//! Makes one program of many rules: every field and every predicate in it once.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use weir_engine::program::{Condition, Exception, Expression, Folding, Predicate, Program, Rule, Test, Validate};

use crate::clause::Clause;
use crate::{Diagnostic, ExceptionFile, Mapping, RuleFile};

mod exceptions;

/// Compiles the rules in their order; rules may share a file name, but no id.
///
/// The same rules in the same order give the same program.
///
/// # Errors
///
/// All that is wrong with any of the rules.
pub fn compile(rules: &[RuleFile], folding: Folding) -> Result<Program, Vec<Diagnostic>> {
    compile_mapped(rules, &[], &[], folding)
}

/// Compiles the rules, and exceptions to them, in their order, for events whose source has names of its own for fields:
/// the `mappings` tell them.
///
/// # Errors
///
/// All that is wrong with any of them.
pub fn compile_mapped(
    rules: &[RuleFile],
    exceptions: &[ExceptionFile],
    mappings: &[Mapping],
    folding: Folding,
) -> Result<Program, Vec<Diagnostic>> {
    let mut problems = duplicates(rules);
    let mut clauses = Vec::new();
    for rule in rules {
        match rule.condition(mappings, folding) {
            Ok(clause) => clauses.push(clause),
            Err(faults) => problems.extend(faults),
        }
    }
    let exceptions = exceptions::resolve(exceptions, rules, mappings, folding).unwrap_or_else(|faults| {
        problems.extend(faults);
        Default::default()
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let (metas, mut of_exceptions) = exceptions;
    clauses.append(&mut of_exceptions);
    let (program, conditions) = share(&clauses, folding);
    let mut conditions = conditions.into_iter();
    let linked = rules.iter().zip(conditions.by_ref());
    let rules = linked.map(|(rule, condition)| Rule { meta: rule.meta().clone(), condition }).collect();
    let exceptions = metas.into_iter().zip(conditions).map(|(meta, condition)| Exception { meta, condition }).collect();
    Ok(Program { rules, exceptions, ..program })
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

/// The program of rules about which nothing is told: one a condition. It finds out of every event whether it is malformed.
pub(crate) fn link(conditions: &[Clause], folding: Folding) -> Program {
    let (program, conditions) = share(conditions, folding);
    let rules = conditions.into_iter().map(|condition| Rule { meta: Default::default(), condition });
    Program { rules: rules.collect(), validate: Validate::All, ..program }
}

/// What the clauses share, as a program without rules yet; and the condition that each is in it.
fn share(clauses: &[Clause], folding: Folding) -> (Program, Vec<Condition>) {
    let mut linker = Linker::new(clauses);
    let conditions = clauses.iter().map(|clause| linker.link(clause)).collect();
    let fields = linker.fields.iter().map(|field| (*field).to_owned()).collect();
    let (calculated, predicates) = (linker.calculated.items, linker.predicates.items);
    (Program { folding, fields, calculated, predicates, ..Program::default() }, conditions)
}

/// Numbers fields and predicates.
struct Linker<'c> {
    /// Sorted.
    fields: Vec<&'c str>,
    calculated: Numbered<Expression>,
    predicates: Numbered<Predicate>,
}

/// Items in the order in which they came first, each once.
struct Numbered<T> {
    items: Vec<T>,
    /// By the serialised item: one that holds floats has no hash.
    numbers: HashMap<Vec<u8>, u32>,
}

impl<'c> Linker<'c> {
    fn new(clauses: &'c [Clause]) -> Self {
        let mut fields = BTreeSet::new();
        clauses.iter().for_each(|clause| collect_fields(clause, &mut fields));
        let fields = fields.into_iter().collect();
        Self { fields, calculated: Numbered::new(), predicates: Numbered::new() }
    }

    fn link(&mut self, clause: &Clause) -> Condition {
        match clause {
            Clause::Constant(value) => Condition::Constant(*value),
            Clause::Test { subject, test } => Condition::Predicate(self.predicate(subject, test)),
            Clause::Not(negated) => Condition::Not(Box::new(self.link(negated))),
            Clause::All(clauses) => Condition::All(clauses.iter().map(|clause| self.link(clause)).collect()),
            Clause::Any(clauses) => Condition::Any(clauses.iter().map(|clause| self.link(clause)).collect()),
        }
    }

    /// The number of the predicate, which may be new.
    fn predicate(&mut self, subject: &Expression<String>, test: &Test) -> u32 {
        let field = self.field(subject);
        self.predicates.number(Predicate { field, test: test.clone() })
    }

    /// The number of the field that the subject is, or that is calculated as it says; the latter may be new.
    fn field(&mut self, subject: &Expression<String>) -> u32 {
        let fields = &self.fields;
        let number = |field: &String| index(fields.partition_point(|known| **known < **field));
        match subject.map_fields(&mut |field| number(field)) {
            Expression::Field(field) => field,
            calculation => index(fields.len()) + self.calculated.number(calculation),
        }
    }
}

impl<T: Serialize> Numbered<T> {
    fn new() -> Self {
        Self { items: Vec::new(), numbers: HashMap::new() }
    }

    /// The number of `item`, which may be new.
    fn number(&mut self, item: T) -> u32 {
        let key = postcard::to_allocvec(&item).expect("all parts of a program can be serialised");
        *self.numbers.entry(key).or_insert_with(|| {
            self.items.push(item);
            index(self.items.len() - 1)
        })
    }
}

/// Adds the fields that are read.
pub(crate) fn collect_fields<'c>(clause: &'c Clause, fields: &mut BTreeSet<&'c str>) {
    match clause {
        Clause::Constant(_) => {}
        Clause::Test { subject, .. } => subject.each_field(&mut |field| {
            fields.insert(field);
        }),
        Clause::Not(negated) => collect_fields(negated, fields),
        Clause::All(clauses) | Clause::Any(clauses) => clauses.iter().for_each(|clause| collect_fields(clause, fields)),
    }
}

fn index(position: usize) -> u32 {
    u32::try_from(position).expect("rules that fit into memory have fewer than 2^32 predicates")
}

#[cfg(test)]
mod tests;
