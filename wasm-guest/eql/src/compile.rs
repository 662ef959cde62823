//! Makes one program of many rules: every field and every predicate in it once.

use std::collections::{BTreeSet, HashMap};

use weir_engine::program::{Condition, Exception, Expression, Folding, Predicate, Program, Rule, Test};

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
    compile_with_exceptions(rules, &[], folding)
}

/// Compiles the rules, and exceptions to them, in their order.
///
/// # Errors
///
/// All that is wrong with any of them.
pub fn compile_with_exceptions(
    rules: &[RuleFile],
    exceptions: &[ExceptionFile],
    folding: Folding,
) -> Result<Program, Vec<Diagnostic>> {
    compile_mapped(rules, exceptions, &[], folding)
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
    let mut linker = Linker::new(&clauses);
    let mut conditions = clauses.iter().map(|clause| linker.link(clause)).collect::<Vec<_>>().into_iter();
    let linked = rules.iter().zip(conditions.by_ref());
    let rules = linked.map(|(rule, condition)| Rule { meta: rule.meta().clone(), condition }).collect();
    let exceptions = metas.into_iter().zip(conditions).map(|(meta, condition)| Exception { meta, condition }).collect();
    let fields = linker.fields.iter().map(|field| (*field).to_owned()).collect();
    let Linker { calculated, predicates, .. } = linker;
    Ok(Program { folding, fields, calculated, predicates, rules, exceptions })
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

/// The program of rules about which nothing is told: one a condition.
pub(crate) fn link(conditions: &[Clause], folding: Folding) -> Program {
    let mut linker = Linker::new(conditions);
    let rule = |clause| Rule { meta: Default::default(), condition: linker.link(clause) };
    let rules = conditions.iter().map(rule).collect();
    let fields = linker.fields.iter().map(|field| (*field).to_owned()).collect();
    let Linker { calculated, predicates, .. } = linker;
    Program { folding, fields, calculated, predicates, rules, exceptions: Vec::new() }
}

/// Numbers fields and predicates.
struct Linker<'c> {
    /// Sorted.
    fields: Vec<&'c str>,
    calculated: Vec<Expression>,
    predicates: Vec<Predicate>,
    /// The predicates on each field, also the calculated ones.
    by_field: HashMap<u32, Vec<u32>>,
}

impl<'c> Linker<'c> {
    fn new(clauses: &'c [Clause]) -> Self {
        let mut fields = BTreeSet::new();
        clauses.iter().for_each(|clause| collect_fields(clause, &mut fields));
        let fields = fields.into_iter().collect();
        Self { fields, calculated: Vec::new(), predicates: Vec::new(), by_field: HashMap::new() }
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
        let on_field = self.by_field.entry(field).or_default();
        if let Some(known) = on_field.iter().find(|known| self.predicates[**known as usize].test == *test) {
            return *known;
        }
        let new = index(self.predicates.len());
        on_field.push(new);
        self.predicates.push(Predicate { field, test: test.clone() });
        new
    }

    /// The number of the field that the subject is, or that is calculated as it says; the latter may be new.
    fn field(&mut self, subject: &Expression<String>) -> u32 {
        let fields = &self.fields;
        let number = |field: &String| index(fields.partition_point(|known| **known < **field));
        let calculation = match subject.map_fields(&mut |field| number(field)) {
            Expression::Field(field) => return field,
            calculation => calculation,
        };
        let known = self.calculated.iter().position(|known| *known == calculation);
        let place = known.unwrap_or_else(|| {
            self.calculated.push(calculation);
            self.calculated.len() - 1
        });
        index(self.fields.len() + place)
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
