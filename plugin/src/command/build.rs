//! `weir build`: makes a module of rule files and exceptions to them, and says what is doubtful.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fs, io, process};

use clap::{Args, ValueEnum};
use weir::exceptions;
use weir::rules::{self, RuleSet};
use weir_engine::program::{Folding, Validate};
use weir_eql::{Diagnostic, ExceptionFile, Mapping};

use super::Failure;
use crate::report::{Stage, count, say};

/// Compile rule files into a detection module
///
/// What is wrong with a rule fails the build, what is doubtful is a warning. Files in a folder that aren't rules which
/// Weir can run (sequences, other languages) are skipped and listed.
#[derive(Args)]
pub(crate) struct Build {
    /// Rule files in Elastic's TOML format, files of exceptions (NAME.exceptions.toml), or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Module to write
    #[arg(short, long, value_name = "FILE", required_unless_present = "check")]
    output: Option<PathBuf>,
    /// Only say what is wrong or doubtful, and write nothing
    #[arg(long, conflicts_with = "output")]
    check: bool,
    /// How the events spell ECS fields, if otherwise: `falco`, `tetragon`, or a mapping file; may be given several times
    #[arg(long = "mapping", value_name = "NAME|FILE")]
    mappings: Vec<PathBuf>,
    /// Lines of which the module finds out whether they are events
    #[arg(long, value_enum, default_value = "candidates", value_name = "LINES")]
    validate: Lines,
    /// Who loads the module
    #[arg(long = "for", value_name = "HOST", default_value = "weir")]
    host: Host,
}

/// See [`Validate`].
#[derive(Clone, Copy, ValueEnum)]
enum Lines {
    /// Those that may match a rule: the rest is dismissed without being parsed, and goes on as it came
    Candidates,
    /// All, so that each one that is malformed is counted as such, at the price of parsing all
    All,
}

/// Who loads a module.
#[derive(Clone, Copy, ValueEnum)]
enum Host {
    /// `weir run`, and programs that embed Weir
    Weir,
    /// The `wasm` filter of stock Fluent Bit: a core module with the function `weir_filter`
    FluentBit,
}

impl From<Host> for rules::Host {
    fn from(host: Host) -> Self {
        match host {
            Host::Weir => Self::Weir,
            Host::FluentBit => Self::FluentBit,
        }
    }
}

impl Build {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let started = Instant::now();
        let stage = Stage::begin("reading the rules");
        let mut set = rules::read(&self.paths).map_err(Failure::input)?;
        set.mappings = rules::read_mappings(&self.mappings).map_err(Failure::input)?;
        set.validate = match self.validate {
            Lines::Candidates => Validate::Candidates,
            Lines::All => Validate::All,
        };
        let what = contents(&set);
        let stage = stage.next(format_args!("checking {what}"));
        let warnings = warnings(&set);
        let stage = stage.next(format_args!("making a module of {what}"));
        let mut module = rules::build_for(self.host.into(), &set).map_err(Failure::input)?;
        rules::attach(&mut module, &set.rules).map_err(Failure::input)?;
        drop(stage);

        set.skipped.iter().for_each(|skipped| say(format_args!("skipped {skipped}")));
        warnings.iter().for_each(|warning| say(format_args!("{warning}\n")));
        if let Some(output) = &self.output {
            write(output, &module).map_err(|error| Failure::unwritable(output, &error))?;
        }
        let result = self.output.as_ref().map_or("nothing written".into(), |output| output.to_string_lossy());
        let (kilobytes, elapsed) = (module.len() / 1000, started.elapsed().as_millis());
        let also = also(set.skipped.len(), warnings.len());
        say(format_args!("weir: {what}{also} → {result} ({kilobytes} kB) in {elapsed} ms"));
        Ok(())
    }
}

/// What is doubtful in rules, exceptions and mappings, and which exceptions have expired or soon will.
fn warnings(set: &RuleSet) -> Vec<Diagnostic> {
    let now = exceptions::now();
    let of_rules = set.rules.iter().flat_map(|rule| rule.warnings(Folding::Unicode));
    let of_exceptions =
        set.exceptions.iter().flat_map(|file| [file.warnings(Folding::Unicode), file.expiring(now)].concat());
    let of_mappings = set.mappings.iter().flat_map(Mapping::warnings).cloned();
    of_rules.chain(of_exceptions).chain(of_mappings).collect()
}

/// Such as `2 rules` or `2 rules with 1 exception`.
fn contents(set: &RuleSet) -> String {
    let rules = count(set.rules.len() as u64, "rule");
    match set.exceptions.iter().map(ExceptionFile::len).sum::<usize>() {
        0 => rules,
        exceptions => format!("{rules} with {}", count(exceptions as u64, "exception")),
    }
}

/// What is said beside that.
fn also(skipped: usize, warnings: usize) -> String {
    let skipped = (skipped > 0).then(|| format!(", {} skipped", count(skipped as u64, "file")));
    let warnings = (warnings > 0).then(|| format!(", {}", count(warnings as u64, "warning")));
    [skipped, warnings].into_iter().flatten().collect()
}

/// Puts the module in the place of an earlier one, which stays if anything fails.
fn write(output: &Path, module: &[u8]) -> io::Result<()> {
    // A link stays one; a device or a pipe can only be written to.
    let output = fs::canonicalize(output).unwrap_or_else(|_| output.to_owned());
    if output.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return fs::write(output, module);
    }
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", process::id()));
    let part = output.with_file_name(name);
    let written = fs::write(&part, module).and_then(|()| fs::rename(&part, &output));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}
