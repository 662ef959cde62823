//! The command: arguments in, exit code out. Data goes to stdout, everything else to stderr.

mod attack;
mod command;
mod report;

use std::process::ExitCode;

use clap::Parser;

use command::{Command, Failure};

/// Security detections that run inside the log stream, as WebAssembly.
#[derive(Parser)]
#[command(name = "weir", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    match Arguments::parse().command.execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::Logged(_) | Failure::Unread) {
                report::say(&failure);
            }
            failure.exit_code()
        }
    }
}
