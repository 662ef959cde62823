//! `weir test`: runs the cases that live beside rules.

mod coverage;
mod json;
mod junit;
mod run;
mod select;
mod text;
mod warn;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write, stdout};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anstream::AutoStream;
use clap::Args;
use weir::harness::cases::{self, CaseFile, CasesError};
use weir::harness::coverage::{RuleCoverage, measure};
use weir::harness::{Harness, RuleNames};
use weir::rules::{self, RuleSet, RulesError};
use weir_engine::program::Validate;

use super::Failure;
use crate::report::{count, say};
use json::Json;
use run::{Ran, Report, Results};
use select::{Selected, Selection};
use text::Text;

/// Run the test cases beside rules through the compiled module
///
/// The cases of `some_rule.toml` are in `some_rule.test.yaml`; in folders, all `*.test.yaml` are run. Each names an
/// event, the rules that must match it, and what it must hold then. Exits with 78 if a case fails.
#[derive(Args)]
pub(crate) struct Test {
    /// Rule files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run the cases through this module, instead of one made of the rule files
    #[arg(short, long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// How the events of the cases spell ECS fields, as for `weir build`; may be given several times
    #[arg(long = "mapping", value_name = "NAME|FILE", conflicts_with = "module")]
    mappings: Vec<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    /// Say of each rule what the cases leave untested, and which small changes to it they wouldn't notice
    #[arg(long)]
    coverage: bool,
    /// Print the names of the cases, and run none
    #[arg(long, conflicts_with_all = ["coverage", "json", "junit"])]
    list: bool,
    /// Print a JSON object a line: each case, and at the end a summary
    ///
    /// A case has the `type` "case", `suite` (its file's stem), `name`, `file`, `line`, `passed`, the ids of rules under
    /// `matches` and `suppressed`, `unjudged` (a reason, or null), `differences` (each with the case's `key`, and what was
    /// `expected` or `found`), `notes` (such as of an exception that isn't in force), and `seconds`. With `--coverage`, each rule has an object of the `type` "coverage". The summary
    /// has the `type` "summary", `passed`, `failed`, `filtered_out`, and `seconds`.
    #[arg(long)]
    json: bool,
    /// Write a JUnit report to this file as well
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

impl Test {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let started = Instant::now();
        let mut set = self.read_rules()?;
        set.mappings = rules::read_mappings(&self.mappings).map_err(Failure::input)?;
        // A case whose event is malformed has to hear of it.
        set.validate = Validate::All;
        let harness = self.load(&set)?;
        if !set.skipped.is_empty() {
            let files = count(set.skipped.len() as u64, "file");
            say(format_args!("weir: {files} skipped; `weir build --check` lists them"));
        }
        let names = RuleNames::new(&set.rules, harness.rules());
        let files = self.read_cases(&names)?;
        let selected = self.selection.choose(&files)?;
        if self.list {
            return selected.iter().try_for_each(|case| writeln!(stdout(), "{}", case.name())).map_err(Failure::stdout);
        }
        if self.selection.is_all() {
            warn::of_untested(&set.rules, &files);
        }
        match &self.module {
            None => warn::of_exceptions(&set, &self.paths),
            Some(module) => warn::of_module(&harness, module, &set.rules),
        }
        let mut report = self.report(&names);
        let cases = run(&harness, &selected, report.as_mut()).map_err(Failure::stdout)?;
        let filtered_out = files.iter().map(|file| file.cases.len()).sum::<usize>() - cases.len();
        let coverage = self.measure(&set, &selected)?;
        let results = Results { cases, filtered_out, coverage, took: started.elapsed() };
        report.end(&results).map_err(Failure::stdout)?;
        if let Some(path) = &self.junit {
            write_junit(path, &results, &names)?;
        }
        match results.failed().count() {
            0 => Ok(()),
            failed => Err(Failure::input(format_args!("{} failed", count(failed as u64, "test")))),
        }
    }

    /// How thoroughly the chosen cases test each rule, if that is asked for.
    fn measure(&self, rules: &RuleSet, cases: &[Selected<'_>]) -> Result<Vec<RuleCoverage>, Failure> {
        if !self.coverage {
            return Ok(Vec::new());
        }
        measure(rules, cases.iter().map(|selected| &*selected.case.event)).map_err(Failure::input)
    }

    fn report<'n>(&self, names: &'n RuleNames) -> Box<dyn Report + 'n> {
        if self.json {
            Box::new(Json { out: stdout().lock() })
        } else {
            Box::new(Text { out: AutoStream::auto(stdout().lock()), names })
        }
    }

    fn read_rules(&self) -> Result<RuleSet, Failure> {
        if let Some(path) = self.paths.iter().find(|path| cases::is_case_file(path)) {
            let error = format_args!("`{}` holds cases; give the rule beside it, or their folder", path.display());
            return Err(Failure::input(error));
        }
        match rules::read(&self.paths) {
            // A module may have been made without rule files; its cases name its rules by id. What they cover is seen in rule
            // files only.
            Err(RulesError::Empty(_) | RulesError::OnlyExceptions(_) | RulesError::NoneFits(_))
                if self.module.is_some() && !self.coverage =>
            {
                Ok(RuleSet::default())
            }
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
        for path in cases::find_misnamed(&self.paths).map_err(Failure::input)? {
            say(format_args!(
                "warning: `{}` isn't read; rename it to `….test.yaml`, as cases are called",
                path.display()
            ));
        }
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

/// Runs the cases, and reports each at once.
fn run<'c>(harness: &Harness, cases: &[Selected<'c>], report: &mut dyn Report) -> io::Result<Vec<Ran<'c>>> {
    report.begin(cases.len(), harness.rules().len())?;
    cases
        .iter()
        .map(|case| {
            let ran = Ran::run(harness, *case);
            report.case(&ran).map(|()| ran)
        })
        .collect()
}

fn write_junit(path: &Path, results: &Results<'_>, names: &RuleNames) -> Result<(), Failure> {
    let written = File::create(path).and_then(|file| {
        let mut out = BufWriter::new(file);
        junit::write(results, names, &mut out).and_then(|()| out.flush())
    });
    written.map_err(|error| Failure::unwritable(path, &error))
}
