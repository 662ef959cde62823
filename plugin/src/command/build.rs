//! `weir build`: makes a module of rule files, and of files of exceptions to them.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fs, io, process};

use clap::Args;
use weir::exceptions;
use weir::rules::{self, RuleSet};
use weir_eql::ExceptionFile;

use super::Failure;
use crate::report::{count, say};

/// Compile rule files into a detection module
#[derive(Args)]
pub(crate) struct Build {
    /// Rule files in Elastic's TOML format, files of exceptions (NAME.exceptions.toml), or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Module to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl Build {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let started = Instant::now();
        let set = rules::read(&self.paths).map_err(Failure::input)?;
        let module = rules::build(&set).map_err(Failure::input)?;
        warn_of_expiry(&set);
        write(&self.output, &module).map_err(|error| {
            let path = self.output.display();
            Failure::run(format_args!("cannot write `{path}`: {error}; check the path, its permissions and the disk"))
        })?;
        let (kilobytes, elapsed) = (module.len() / 1000, started.elapsed().as_millis());
        let what = contents(&set);
        say(format_args!("weir: {what} → {} ({kilobytes} kB) in {elapsed} ms", self.output.display()));
        Ok(())
    }
}

/// Says which exceptions have expired, or soon will.
fn warn_of_expiry(set: &RuleSet) {
    let now = exceptions::now();
    for warning in set.exceptions.iter().flat_map(|file| file.expiring(now)) {
        say(format_args!("{warning}\n"));
    }
}

/// Such as `2 rules` or `2 rules with 1 exception`.
fn contents(set: &RuleSet) -> String {
    let rules = count(set.rules.len() as u64, "rule");
    match set.exceptions.iter().map(ExceptionFile::len).sum::<usize>() {
        0 => rules,
        exceptions => format!("{rules} with {}", count(exceptions as u64, "exception")),
    }
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
