//! `weir build`: makes a module of rule files.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fs, io, process};

use clap::Args;
use weir::rules;

use super::Failure;
use crate::report::{count, say};

/// Compile rule files into a detection module
#[derive(Args)]
pub(crate) struct Build {
    /// Rule files in Elastic's TOML format, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Module to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl Build {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let started = Instant::now();
        let rules = rules::read(&self.paths).map_err(Failure::input)?;
        let module = rules::build(&rules).map_err(Failure::input)?;
        write(&self.output, &module).map_err(|error| {
            let path = self.output.display();
            Failure::run(format_args!("cannot write `{path}`: {error}; check the path, its permissions and the disk"))
        })?;
        let rules = count(rules.len() as u64, "rule");
        let (kilobytes, elapsed) = (module.len() / 1000, started.elapsed().as_millis());
        say(format_args!("weir: {rules} → {} ({kilobytes} kB) in {elapsed} ms", self.output.display()));
        Ok(())
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
