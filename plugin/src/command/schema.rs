//! `weir schema`: prints the config's JSON schema.

use std::io::{Write, stdout};

use clap::Args;
use weir::config;

use super::Failure;

/// Print the JSON schema of the config file, for editors
#[derive(Args)]
pub(crate) struct Schema;

impl Schema {
    pub(super) fn execute(self) -> Result<(), Failure> {
        stdout().write_all(config::schema().as_bytes()).map_err(Failure::stdout)
    }
}
