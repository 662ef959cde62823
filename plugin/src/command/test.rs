//! `weir test`: runs the cases that live beside rules.

use std::fs;
use std::io::{self, Write, stdout};
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use weir::harness::cases::{self, Case, CaseFile, CasesError};
use weir::harness::{Harness, Outcome, RuleNames};
use weir::rules::{self, RuleSet, RulesError};
use weir_eql::RuleFile;

use super::Failure;
use crate::report::{count, say};

/// Run the test cases beside rules through the compiled module
///
/// The cases of `some_rule.toml` are in `some_rule.test.yaml`; in folders, all `*.test.yaml` are run. Each names an
/// event, and the rules that must match it.
#[derive(Args)]
pub(crate) struct Test {
    /// Rule files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run the cases through this module, instead of one made of the rule files
    #[arg(short, long, value_name = "FILE")]
    module: Option<PathBuf>,
}

/// A case that failed, and how.
struct Failed<'c> {
    name: String,
    case: &'c Case,
    outcome: Outcome,
}

impl Test {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let started = Instant::now();
        let set = self.read_rules()?;
        let harness = self.load(&set)?;
        let RuleSet { rules, skipped, .. } = set;
        if !skipped.is_empty() {
            let files = count(skipped.len() as u64, "file");
            say(format_args!("weir: {files} skipped; `weir build --check` lists them"));
        }
        let names = RuleNames::new(&rules, harness.rules());
        let files = self.read_cases(&names)?;
        warn_of_untested(&rules, &files);

        let total: usize = files.iter().map(|file| file.cases.len()).sum();
        let mut out = stdout().lock();
        let unwritable = |error| Failure::run(format_args!("writing stdout failed: {error}"));
        let (tests, rules) = (count(total as u64, "test"), count(harness.rules().len() as u64, "rule"));
        writeln!(out, "running {tests} on {rules}").map_err(unwritable)?;
        let failed = run(&harness, &files, &mut out).map_err(unwritable)?;
        show(&failed, &names, &mut out).map_err(unwritable)?;
        let (verdict, passed) = (if failed.is_empty() { "ok" } else { "FAILED" }, total - failed.len());
        let (failures, elapsed) = (failed.len(), started.elapsed().as_secs_f64());
        writeln!(out, "\ntest result: {verdict}. {passed} passed; {failures} failed; finished in {elapsed:.2}s")
            .map_err(unwritable)?;
        if failed.is_empty() {
            Ok(())
        } else {
            Err(Failure::input(format_args!("{} failed", count(failures as u64, "test"))))
        }
    }

    fn read_rules(&self) -> Result<RuleSet, Failure> {
        if let Some(path) = self.paths.iter().find(|path| cases::is_case_file(path)) {
            let error = format_args!("`{}` holds cases; give the rule beside it, or their folder", path.display());
            return Err(Failure::input(error));
        }
        match rules::read(&self.paths) {
            // A module may have been made without rule files; its cases name its rules by id.
            Err(RulesError::Empty(_) | RulesError::NoneFits(_)) if self.module.is_some() => Ok(RuleSet::default()),
            read => read.map_err(Failure::input),
        }
    }

    fn load(&self, rules: &RuleSet) -> Result<Harness, Failure> {
        let (name, module) = match &self.module {
            None => ("compiled rules".to_owned(), rules::build(rules).map_err(Failure::input)?),
            Some(path) => {
                let name = path.display().to_string();
                let refuse = |error| {
                    Failure::input(format_args!("cannot read module `{name}`: {error}; build one with `weir build`"))
                };
                let module = fs::read(path).map_err(refuse)?;
                (name, module)
            }
        };
        Harness::load(&name, &module).map_err(Failure::input)
    }

    /// Reads all case files, or says what is wrong with any of them.
    fn read_cases(&self, names: &RuleNames) -> Result<Vec<CaseFile>, Failure> {
        let (mut files, mut errors) = (Vec::new(), Vec::new());
        for path in cases::find(&self.paths).map_err(Failure::input)? {
            match cases::read(&path, names) {
                Ok(file) => files.push(file),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            let errors: Vec<_> = errors.iter().map(CasesError::to_string).collect();
            return Err(Failure::Input(errors.join("\n\n")));
        }
        if files.iter().all(|file| file.cases.is_empty()) {
            return Err(Failure::input(
                "there are no cases to run; write those of `some_rule.toml` to `some_rule.test.yaml`",
            ));
        }
        Ok(files)
    }
}

/// Names the rules of which no case shows that they match at all.
fn warn_of_untested(rules: &[RuleFile], files: &[CaseFile]) {
    let cases = || files.iter().flat_map(|file| &file.cases);
    for rule in rules.iter().filter(|rule| !cases().any(|case| case.matches.contains(&rule.meta().id))) {
        let (rule, cases) = (rule.path().display(), cases::beside(rule.path()));
        say(format_args!("warning: no case expects `{rule}` to match; add one to `{}`", cases.display()));
    }
}

/// Runs all cases, and says of each at once whether it passed.
fn run<'c>(harness: &Harness, files: &'c [CaseFile], out: &mut impl Write) -> io::Result<Vec<Failed<'c>>> {
    let mut failed = Vec::new();
    for file in files {
        for case in &file.cases {
            let name = format!("{}::{}", file.stem, case.name);
            let outcome = harness.run_one(case.event.clone());
            let passed = case.passes(&outcome);
            writeln!(out, "test {name} ... {}", if passed { "ok" } else { "FAILED" })?;
            if !passed {
                failed.push(Failed { name, case, outcome });
            }
        }
    }
    Ok(failed)
}

fn show(failed: &[Failed<'_>], names: &RuleNames, out: &mut impl Write) -> io::Result<()> {
    if !failed.is_empty() {
        writeln!(out, "\nfailures:")?;
    }
    for Failed { name, case, outcome } in failed {
        writeln!(out, "\n---- {name} ----")?;
        writeln!(out, "event:    {}", String::from_utf8_lossy(&case.event))?;
        writeln!(out, "expected: {}", list(&case.matches, names))?;
        writeln!(out, "matched:  {}", list(&outcome.matches, names))?;
        if let Some(reason) = outcome.unjudged {
            writeln!(out, "unjudged: {reason}")?;
        }
    }
    Ok(())
}

fn list<'i>(ids: impl IntoIterator<Item = &'i String>, names: &RuleNames) -> String {
    let rules: Vec<_> = ids.into_iter().map(|id| names.stem_or_id(id)).collect();
    if rules.is_empty() { "nothing".to_owned() } else { rules.join(", ") }
}
