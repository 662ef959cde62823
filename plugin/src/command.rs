//! The subcommands, and how each of them may end.

mod attack_layer;
mod build;
mod explain;
mod guide;
mod inspect;
mod module;
mod run;
mod schema;
mod test;
mod validate;

use std::path::Path;
use std::process::ExitCode;
use std::{fmt, io};

use clap::Subcommand;

#[derive(Subcommand)]
pub(super) enum Command {
    Run(run::Run),
    Build(build::Build),
    Test(test::Test),
    Explain(explain::Explain),
    Inspect(inspect::Inspect),
    Guide(guide::Guide),
    AttackLayer(attack_layer::AttackLayer),
    Validate(validate::Validate),
    Schema(schema::Schema),
}

impl Command {
    pub(super) fn execute(self) -> Result<(), Failure> {
        match self {
            Self::Run(run) => run.execute(),
            Self::Build(build) => build.execute(),
            Self::Test(test) => test.execute(),
            Self::Explain(explain) => explain.execute(),
            Self::Inspect(inspect) => inspect.execute(),
            Self::Guide(guide) => guide.execute(),
            Self::AttackLayer(layer) => layer.execute(),
            Self::Validate(validate) => validate.execute(),
            Self::Schema(schema) => schema.execute(),
        }
    }
}

/// How a command failed; the text is for the user.
pub(super) enum Failure {
    /// What it was given is wrong: a config, a rule, a module; or a test failed.
    Input(String),
    /// Something failed while it ran.
    Run(String),
    /// One of these, which the logs tell already.
    Logged(u8),
    /// Whoever read stdout has read enough, as `head` does, and gone.
    Unread,
}

impl Failure {
    /// What it was given is wrong.
    pub(super) fn input(error: impl fmt::Display) -> Self {
        Self::Input(error.to_string())
    }

    /// Something failed while it ran.
    pub(super) fn run(error: impl fmt::Display) -> Self {
        Self::Run(error.to_string())
    }

    /// Stdout didn't take what was printed.
    pub(super) fn stdout(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Unread;
        }
        Self::run(format_args!("writing stdout failed: {error}"))
    }

    /// The file at `path` couldn't be written.
    pub(super) fn unwritable(path: &Path, error: &io::Error) -> Self {
        let path = path.display();
        Self::run(format_args!("cannot write `{path}`: {error}; check the path, its permissions and the disk"))
    }

    /// Tells the logs, for those who expect nothing else on stderr.
    pub(super) fn logged(self) -> Self {
        tracing::error!("{self}");
        Self::Logged(self.code())
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// Vector's exit codes (its `src/exitcode.rs`, after sysexits.h): 78 is a bad config.
    fn code(&self) -> u8 {
        match self {
            Self::Input(_) => 78,
            Self::Run(_) => 1,
            Self::Logged(code) => *code,
            // As a shell calls the end by SIGPIPE, of which `cat` would die: no pipeline takes it for "all tests passed".
            Self::Unread => 141,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Reports on files come with their own headline.
            Self::Input(text) if text.starts_with("error") => f.write_str(text),
            Self::Input(text) | Self::Run(text) => write!(f, "error: {text}"),
            Self::Logged(_) | Self::Unread => Ok(()),
        }
    }
}
