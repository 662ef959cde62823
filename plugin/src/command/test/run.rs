//! Runs cases, and keeps of each how it went. Knows neither files nor forms of reports.

use std::io;
use std::time::{Duration, Instant};

use weir::exceptions;
use weir::harness::cases::{Line, Verdict};
use weir::harness::coverage::RuleCoverage;
use weir::harness::{Harness, Outcome};

use super::select::Selected;

/// A case that was run.
pub(super) struct Ran<'c> {
    pub(super) selected: Selected<'c>,
    pub(super) outcome: Outcome,
    pub(super) verdict: Verdict,
    /// Why an exception doesn't suppress what it should.
    pub(super) notes: Vec<String>,
    pub(super) took: Duration,
}

/// How all cases went.
pub(super) struct Results<'c> {
    pub(super) cases: Vec<Ran<'c>>,
    /// How many others no filter let through.
    pub(super) filtered_out: usize,
    /// By rule, if asked for.
    pub(super) coverage: Vec<RuleCoverage>,
    /// From the start of the command on, for to compile rules takes longer than to run cases.
    pub(super) took: Duration,
}

/// Tells how it goes, in one form or another.
pub(super) trait Report {
    /// Before the first case.
    fn begin(&mut self, cases: usize, rules: usize) -> io::Result<()>;
    /// After each case.
    fn case(&mut self, ran: &Ran<'_>) -> io::Result<()>;
    /// After the last.
    fn end(&mut self, results: &Results<'_>) -> io::Result<()>;
}

impl<'c> Ran<'c> {
    /// Runs a case, and compares what became of its event with what was expected.
    pub(super) fn run(harness: &Harness, selected: Selected<'c>) -> Self {
        let started = Instant::now();
        let outcome = harness.run_one(selected.case.event.clone());
        let verdict = selected.case.compare(&outcome);
        let notes = notes(harness, selected, &verdict);
        Self { selected, outcome, verdict, notes, took: started.elapsed() }
    }
}

/// Names the exceptions that would suppress what is expected to be, were they in force.
fn notes(harness: &Harness, selected: Selected<'_>, verdict: &Verdict) -> Vec<String> {
    let missing = verdict.suppressed.iter().filter_map(|line| match line {
        Line::Missing(rule) => Some(rule),
        Line::Same(_) | Line::Unexpected(_) => None,
    });
    let covering = missing.flat_map(|rule| harness.covering_exceptions(selected.case.event.clone(), rule));
    covering.filter_map(|exception| exceptions::idle(exception, exceptions::now())).collect()
}

impl Results<'_> {
    pub(super) fn failed(&self) -> impl Iterator<Item = &Ran<'_>> {
        self.cases.iter().filter(|ran| !ran.verdict.passed())
    }
}
