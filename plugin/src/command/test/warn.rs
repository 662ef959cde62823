//! Says what makes the cases prove less than one might think.

use std::path::{Path, PathBuf};

use weir::exceptions;
use weir::harness::Harness;
use weir::harness::cases::{self, Case, CaseFile};
use weir::rules::{self, RuleSet};
use weir_eql::RuleFile;

use crate::report::say;

/// Names the rules of which no case shows that they match at all.
pub(super) fn of_untested(rules: &[RuleFile], files: &[CaseFile]) {
    let cases = || files.iter().flat_map(|file| &file.cases);
    let matches = |case: &Case, id| case.matches.contains(id) || case.suppressed.contains(id);
    for rule in rules.iter().filter(|rule| !cases().any(|case| matches(case, &rule.meta().id))) {
        let (rule, cases) = (rule.path().display(), cases::beside(rule.path()));
        say(format_args!("warning: no case expects `{rule}` to match; add one to `{}`", cases.display()));
    }
}

/// Says which exceptions have expired or soon will, and which files of them beside the rules aren't used.
pub(super) fn of_exceptions(set: &RuleSet, paths: &[PathBuf]) {
    let now = exceptions::now();
    set.exceptions.iter().flat_map(|file| file.expiring(now)).for_each(|warning| say(format_args!("{warning}\n")));
    for file in rules::unused_exceptions(set, paths) {
        let file = file.display();
        say(format_args!("warning: the exceptions in `{file}` aren't used; give that file too, or its folder"));
    }
}

/// Says which exceptions of the module have expired or soon will, and which rule files it wasn't made of.
pub(super) fn of_module(harness: &Harness, module: &Path, rules: &[RuleFile]) {
    for warning in exceptions::expiring(harness.exceptions(), exceptions::now()) {
        say(format_args!("warning: {warning}"));
    }
    let module = module.display();
    for rule in rules.iter().filter(|rule| !harness.rules().contains(rule.meta())) {
        let rule = rule.path().display();
        say(format_args!("warning: module `{module}` wasn't made of `{rule}` as it is now; build it anew"));
    }
}
