//! A file of exceptions is read or refused, never more; its exceptions judge any event.

use weir_engine::program::Folding;
use weir_eql::{ExceptionFile, RuleFile};

use super::query::{RULE, judge, render, show};

/// Reads the text as a file of exceptions to a rule with the id `r`.
pub(super) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let rule = format!("{RULE}query = 'any where true'");
    let rules = [RuleFile::parse("fuzzed.toml", &rule).expect("a valid rule")];
    let exceptions = match ExceptionFile::parse("fuzzed.exceptions.toml", text) {
        Ok(exceptions) => [exceptions],
        Err(wrong) => return render(&wrong),
    };
    exceptions[0].expiring(0).iter().for_each(show);
    exceptions[0].warnings(Folding::Unicode).iter().for_each(show);
    match weir_eql::compile_mapped(&rules, &exceptions, &[], Folding::Unicode) {
        Ok(program) => drop(judge(program)),
        Err(wrong) => render(&wrong),
    }
}
