//! `weir guide`: what an analyst needs to know about a rule.

mod document;
mod terminal;

use std::io::{IsTerminal, Write, stdout};
use std::path::PathBuf;

use clap::Args;
use weir::rules;

use self::document::document;
use self::terminal::{Style, render};
use super::Failure;
use super::module::Opened;

/// Widest text that is still easy to read.
const MOST_COLUMNS: usize = 100;

/// Show a rule's meaning, triage steps, false positives, setup and links
///
/// On a terminal the text is wrapped and its headings are bold; elsewhere it is Markdown.
#[derive(Args)]
pub(crate) struct Guide {
    /// Rule file; or the id, name or file stem of a rule that Weir ships, or that the module holds
    #[arg(value_name = "RULE")]
    rule: String,
    /// Look the rule up in this module, which carries the rule files that it was made of
    #[arg(short, long, value_name = "FILE")]
    module: Option<PathBuf>,
}

impl Guide {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let rule = match &self.module {
            None => rules::find(&self.rule),
            Some(path) => {
                let Opened { name, bytes, .. } = Opened::read(path)?;
                rules::find_in_module(&self.rule, &name, &bytes)
            }
        };
        let markdown = document(&rule.map_err(Failure::input)?);
        let mut out = stdout().lock();
        let text = if out.is_terminal() { render(&markdown, columns(), Style::of_terminal()) } else { markdown };
        out.write_all(text.as_bytes()).map_err(Failure::stdout)
    }
}

/// How many columns the text may take on the terminal that stdout is.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(stdout());
    let width = size.map_or(0, |size| usize::from(size.ws_col));
    // A terminal that doesn't know its width says 0.
    if width == 0 { MOST_COLUMNS } else { width.min(MOST_COLUMNS) }
}
