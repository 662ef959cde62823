//! Chooses cases by their names, as `cargo test` does.

use clap::Args;
use weir::harness::cases::{Case, CaseFile};

use crate::command::Failure;
use crate::report::printable;

/// Which cases to run.
#[derive(Args)]
pub(super) struct Selection {
    /// Run only the cases whose `FILE::NAME` contains this text; may be given more than once
    #[arg(short, long = "filter", value_name = "TEXT")]
    filters: Vec<String>,
    /// Take each filter for a whole name
    #[arg(long, requires = "filters")]
    exact: bool,
}

/// A case that is to be run, and the file that holds it.
#[derive(Clone, Copy)]
pub(super) struct Selected<'c> {
    pub(super) file: &'c CaseFile,
    pub(super) case: &'c Case,
}

impl Selection {
    /// The cases that are meant, in their order.
    ///
    /// A filter that lets nothing through is refused: misspelt in a pipeline, it would pass forever.
    pub(super) fn choose<'c>(&self, files: &'c [CaseFile]) -> Result<Vec<Selected<'c>>, Failure> {
        let mut cases: Vec<_> = files.iter().flat_map(Selected::all_of).collect();
        if let Some(filter) = self.filters.iter().find(|filter| !cases.iter().any(|case| self.lets(filter, case))) {
            let verb = if self.exact { "is called" } else { "has a name with" };
            return Err(Failure::input(format_args!("no case {verb} `{filter}`; `--list` shows all names")));
        }
        cases.retain(|case| self.is_all() || self.filters.iter().any(|filter| self.lets(filter, case)));
        Ok(cases)
    }

    /// Are all cases meant?
    pub(super) fn is_all(&self) -> bool {
        self.filters.is_empty()
    }

    fn lets(&self, filter: &str, case: &Selected<'_>) -> bool {
        if self.exact { case.name() == filter } else { case.name().contains(filter) }
    }
}

impl<'c> Selected<'c> {
    fn all_of(file: &'c CaseFile) -> impl Iterator<Item = Self> {
        file.cases.iter().map(move |case| Self { file, case })
    }

    /// What the case is called among those of all files, in one printable line.
    pub(super) fn name(&self) -> String {
        printable(&format!("{}::{}", self.file.stem, self.case.name))
    }
}
