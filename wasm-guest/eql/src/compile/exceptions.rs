//! Fits exceptions to the rules that they are compiled with: numbers the rules that each covers.

use std::collections::{BTreeSet, HashMap};

use toml::Spanned;
use weir_engine::program::{Coverage, ExceptionMeta, Folding};

use crate::clause::Clause;
use crate::exception_file::{ALL, Entry};
use crate::suggest::nearest;
use crate::{Diagnostic, ExceptionFile, Mapping, RuleFile};

/// What is told about each exception, and its condition, in the order of the files.
///
/// # Errors
///
/// All that is wrong with any of them.
pub(super) fn resolve(
    files: &[ExceptionFile],
    rules: &[RuleFile],
    mappings: &[Mapping],
    folding: Folding,
) -> Result<(Vec<ExceptionMeta>, Vec<Clause>), Vec<Diagnostic>> {
    let numbers: HashMap<&str, u32> = rules.iter().map(|rule| &*rule.meta().id).zip(0..).collect();
    let mut problems = duplicates(files);
    let (mut metas, mut clauses) = (Vec::new(), Vec::new());
    for file in files {
        for entry in &file.entries {
            match coverage(file, entry, &numbers) {
                Ok(rules) => metas.push(meta(entry, rules)),
                Err(unknown) => problems.extend(unknown),
            }
            match file.condition(entry, mappings, folding) {
                Ok(clause) => clauses.push(clause),
                Err(faults) => problems.extend(faults),
            }
        }
    }
    if problems.is_empty() { Ok((metas, clauses)) } else { Err(problems) }
}

fn meta(entry: &Entry, rules: Coverage) -> ExceptionMeta {
    let (name, comment) = (entry.name.get_ref().clone(), entry.comment.clone());
    ExceptionMeta { name, comment, rules, window: entry.window }
}

fn duplicates(files: &[ExceptionFile]) -> Vec<Diagnostic> {
    let mut first_by_name: HashMap<&str, (&ExceptionFile, &Entry)> = HashMap::new();
    let mut found = Vec::new();
    for (file, entry) in files.iter().flat_map(|file| file.entries.iter().map(move |entry| (file, entry))) {
        if let Some((other, first)) = first_by_name.get(&**entry.name.get_ref()) {
            found.push(file.duplicate_of(entry, other, first));
        } else {
            first_by_name.insert(entry.name.get_ref(), (file, entry));
        }
    }
    found
}

fn coverage(file: &ExceptionFile, entry: &Entry, numbers: &HashMap<&str, u32>) -> Result<Coverage, Vec<Diagnostic>> {
    if entry.rules.iter().any(|id| id.get_ref() == ALL) {
        return Ok(Coverage::All);
    }
    let (mut covered, mut unknown) = (BTreeSet::new(), Vec::new());
    for id in &entry.rules {
        match numbers.get(&**id.get_ref()) {
            Some(number) => drop(covered.insert(*number)),
            None => unknown.push(unknown_rule(file, id, numbers)),
        }
    }
    if unknown.is_empty() { Ok(Coverage::Rules(covered.into_iter().collect())) } else { Err(unknown) }
}

fn unknown_rule(file: &ExceptionFile, id: &Spanned<String>, numbers: &HashMap<&str, u32>) -> Diagnostic {
    // In order, so that of two that are equally near the same is always suggested.
    let known: BTreeSet<&str> = numbers.keys().copied().chain([ALL]).collect();
    let help = match nearest(id.get_ref(), known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "write the `rule_id` of a rule that is compiled with it, or `all`".to_owned(),
    };
    file.problem(id.span(), format!("there is no rule with the id `{}`", id.get_ref())).help(help)
}
