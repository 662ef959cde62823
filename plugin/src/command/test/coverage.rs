//! Tells a person what the cases leave untested of each rule.

use std::io::{self, Write};

use weir::harness::RuleNames;
use weir::harness::coverage::RuleCoverage;
use weir_eql::{Place, Untested};

use super::text::{bad, good};
use crate::report::cut;

/// Writes a line for each rule, and below it one for each gap.
pub(super) fn write(coverage: &[RuleCoverage], names: &RuleNames, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\ncoverage:")?;
    for RuleCoverage { rule, file, coverage } in coverage {
        let predicates = share(coverage.predicates, coverage.untested.len());
        let killed = share(coverage.mutants, coverage.survivors.len());
        writeln!(out, "\n{}: predicates {predicates}, mutants killed {killed}", names.stem_or_id(rule))?;
        let mut gap = |Place { line, column }: Place, what: &str, text: &str| {
            writeln!(out, "  {file}:{line}:{column}: {what}: {}", cut(text))
        };
        for test in &coverage.untested {
            gap(test.place, never(test), &format!("`{}`", test.text))?;
        }
        for survivor in &coverage.survivors {
            gap(survivor.place, "survives", &survivor.change)?;
        }
    }
    if coverage.iter().any(|rule| !rule.coverage.survivors.is_empty()) {
        writeln!(out, "\nNo case notices the changes that survive: add one for each, or simplify the rule.")?;
    }
    Ok(())
}

/// Such as `9/10`, if one is left.
fn share(all: usize, left: usize) -> String {
    let share = format!("{}/{all}", all - left);
    if left == 0 { good(share) } else { bad(share) }
}

fn never(test: &Untested) -> &'static str {
    match (test.never_true, test.never_false) {
        (true, true) => "never judged",
        (true, false) => "never true",
        _ => "never false",
    }
}
