//! Tells a machine how cases go: a JSON object a line, whose form stays as it is.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};
use weir::harness::cases::Line;
use weir::harness::coverage::RuleCoverage;

use super::run::{Ran, Report, Results};

/// Writes one object for each case, for each rule whose coverage is asked for, and for all.
pub(super) struct Json<W> {
    pub(super) out: W,
}

/// What a line tells of.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Told<'r> {
    /// A case that was run.
    Case {
        /// The stem of its file.
        suite: &'r str,
        name: &'r str,
        file: String,
        line: usize,
        passed: bool,
        /// The ids of the rules that matched, and weren't suppressed.
        matches: &'r [String],
        /// The ids of the rules that matched, but were suppressed by an exception.
        suppressed: &'r [String],
        /// Why the event couldn't be judged, or null.
        unjudged: Option<&'static str>,
        /// Empty if it passed, unless the event couldn't be judged.
        differences: Vec<Difference>,
        /// Why an exception doesn't suppress what it should.
        notes: &'r [String],
        seconds: f64,
    },
    /// How thoroughly the cases test a rule.
    Coverage(&'r RuleCoverage),
    /// All cases; the last line.
    Summary { passed: usize, failed: usize, filtered_out: usize, seconds: f64 },
}

/// What was expected and not found, or found and not expected.
#[derive(Serialize)]
struct Difference {
    /// The case's key of which this is a part: `matches`, `suppressed` or `expect`.
    key: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Value>,
}

impl<W: Write> Report for Json<W> {
    fn begin(&mut self, _cases: usize, _rules: usize) -> io::Result<()> {
        Ok(())
    }

    fn case(&mut self, ran: &Ran<'_>) -> io::Result<()> {
        let (file, case) = (ran.selected.file, ran.selected.case);
        let matches = differences("matches", &ran.verdict.matches, |id| json!(id));
        let suppressed = differences("suppressed", &ran.verdict.suppressed, |id| json!(id));
        let members = differences("expect", &ran.verdict.expect, |member| json!({&member.path: member.value}));
        self.write(&Told::Case {
            suite: &file.stem,
            name: &case.name,
            file: file.path.to_string_lossy().into_owned(),
            line: case.line,
            passed: ran.verdict.passed(),
            matches: &ran.outcome.matches,
            suppressed: &ran.outcome.suppressed,
            unjudged: ran.verdict.unjudged,
            differences: matches.chain(suppressed).chain(members).collect(),
            notes: &ran.notes,
            seconds: ran.took.as_secs_f64(),
        })
    }

    fn end(&mut self, results: &Results<'_>) -> io::Result<()> {
        results.coverage.iter().try_for_each(|rule| self.write(&Told::Coverage(rule)))?;
        let failed = results.failed().count();
        self.write(&Told::Summary {
            passed: results.cases.len() - failed,
            failed,
            filtered_out: results.filtered_out,
            seconds: results.took.as_secs_f64(),
        })
    }
}

impl<W: Write> Json<W> {
    fn write(&mut self, told: &Told<'_>) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, told)?;
        self.out.write_all(b"\n")
    }
}

fn differences<T>(
    key: &'static str,
    lines: &[Line<T>],
    show: impl Fn(&T) -> Value,
) -> impl Iterator<Item = Difference> {
    lines.iter().filter_map(move |line| match line {
        Line::Same(_) => None,
        Line::Missing(it) => Some(Difference { key, expected: Some(show(it)), found: None }),
        Line::Unexpected(it) => Some(Difference { key, expected: None, found: Some(show(it)) }),
    })
}
