//! `weir explain`: shows what each part of a rule's condition says of an event.

mod event;
mod explanation;
mod json;
mod text;

use std::io::stdout;
use std::path::PathBuf;

use anstream::AutoStream;
use clap::{Args, ColorChoice};
use weir::rules;

use super::Failure;
use event::Source;
use explanation::Explanation;

/// Show why a rule matches an event, or doesn't
///
/// Prints the rule's condition as a tree: the verdict of each part, and the values that it read. The last line says what
/// decided, or which tests would have had to turn out otherwise. Everything is judged by the engine that modules hold,
/// natively. Exits with 0 whatever the verdict. Exceptions aren't looked at: a match that is shown may be suppressed.
#[derive(Args)]
pub(crate) struct Explain {
    /// Rule file; or the id, name or file stem of a rule that Weir ships
    #[arg(value_name = "RULE")]
    rule: String,
    /// How the event spells ECS fields, as for `weir build`; may be given several times
    #[arg(long = "mapping", value_name = "NAME|FILE")]
    mappings: Vec<PathBuf>,
    #[command(flatten)]
    source: Source,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
    /// When to print colours; `auto` heeds the terminal and NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
}

impl Explain {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let rule = rules::find(&self.rule).map_err(Failure::input)?;
        let mappings = rules::read_mappings(&self.mappings).map_err(Failure::input)?;
        let event = self.source.read()?;
        // It is a JSON object, so what is left is that it is too much.
        let too_much = || self.source.refuse("the event has so many or so long values that the rule can't judge it");
        let explanation = Explanation::new(&rule, &mappings, &event)?.ok_or_else(too_much)?;
        let mut out = stdout().lock();
        let printed = if self.json {
            json::write(&explanation, &mut out)
        } else {
            let choice = match self.color {
                ColorChoice::Auto => AutoStream::choice(&out),
                ColorChoice::Always => anstream::ColorChoice::Always,
                ColorChoice::Never => anstream::ColorChoice::Never,
            };
            text::write(&explanation, &mut AutoStream::new(out, choice))
        };
        printed.map_err(Failure::stdout)
    }
}
