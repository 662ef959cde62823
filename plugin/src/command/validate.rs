//! `weir validate`: says what is wrong with configs, without running them.

mod checks;
mod probe;

use std::fmt;
use std::io::{self, Write, stdout};
use std::path::{Path, PathBuf};

use clap::Args;
use weir::config::{Config, Sink, Source};

use self::checks::Checks;
use super::Failure;
use crate::report::{count, say};

/// Check config files, and everything that they name, without running them
///
/// Reads the module or the rules, certificates and tokens, and looks whether files and addresses can be used. Nothing is
/// written, and nobody is connected to.
#[derive(Args)]
pub(crate) struct Validate {
    /// Config files (YAML)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Validate {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let mut errors = 0;
        for file in &self.files {
            let found = match Config::load(file) {
                Ok(config) => validate(file, &config).map_err(Failure::stdout)?,
                Err(error) => vec![error.to_string()],
            };
            found.iter().for_each(|error| say(format_args!("{error}\n")));
            errors += found.len();
        }
        match errors {
            0 => Ok(()),
            _ => Err(Failure::input(format_args!(
                "{} in {}; nothing was run",
                count(errors as u64, "error"),
                count(self.files.len() as u64, "file")
            ))),
        }
    }
}

/// Checks what a config names; says so if all is well, and else gives the errors.
fn validate(file: &Path, config: &Config) -> io::Result<Vec<String>> {
    let Checks { errors, warnings, rules, .. } = Checks::of(config);
    for warning in warnings {
        say(format_args!("warning: {}: {warning}", file.display()));
    }
    if errors.is_empty() {
        let mut out = stdout().lock();
        writeln!(out, "{}: ok", file.display())?;
        let rules = count(rules as u64, "rule");
        writeln!(out, "  {} → {rules} → {}", SourceName(&config.source), SinkName(&config.sink))?;
        if let Some(alerts) = &config.alerts {
            writeln!(out, "  alerts → {}", SinkName(alerts))?;
        }
    }
    Ok(errors)
}

/// A source in few words.
struct SourceName<'c>(&'c Source);

impl fmt::Display for SourceName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.type_name())?;
        match self.0 {
            Source::Stdin => Ok(()),
            Source::File { path } => write!(f, " {}", path.display()),
            Source::Vector(listen) | Source::Http(listen) => write!(f, " at {}", listen.address),
        }
    }
}

/// A sink in few words.
struct SinkName<'c>(&'c Sink);

impl fmt::Display for SinkName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.type_name())?;
        match self.0 {
            Sink::Stdout => Ok(()),
            Sink::File { path } => write!(f, " {}", path.display()),
            // What follows may be a key to the service.
            Sink::Vector(remote) | Sink::Http(remote) => {
                write!(f, " at {}", remote.address.split('?').next().unwrap_or_default())
            }
        }
    }
}
