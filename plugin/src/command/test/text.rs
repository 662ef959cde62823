//! Tells a person how cases go, as `cargo test` would, and shows what differs line by line.

use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use weir::harness::RuleNames;
use weir::harness::cases::Line;

use super::coverage;
use super::run::{Ran, Report, Results};
use crate::report::{count, printable};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const STRONG: Style = Style::new().bold();

/// Writes in colour; a writer that isn't a terminal takes the colours away.
pub(super) struct Text<'n, W> {
    pub(super) out: W,
    pub(super) names: &'n RuleNames,
}

impl<W: Write> Report for Text<'_, W> {
    fn begin(&mut self, cases: usize, rules: usize) -> io::Result<()> {
        writeln!(self.out, "running {} on {}", count(cases as u64, "test"), count(rules as u64, "rule"))
    }

    fn case(&mut self, ran: &Ran<'_>) -> io::Result<()> {
        let verdict = if ran.verdict.passed() { good("ok") } else { bad("FAILED") };
        writeln!(self.out, "test {} ... {verdict}", ran.selected.name())
    }

    fn end(&mut self, results: &Results<'_>) -> io::Result<()> {
        let failures = results.failed().count();
        if failures > 0 {
            writeln!(self.out, "\nfailures ({}, {}):", bad("- expected"), good("+ found"))?;
        }
        for ran in results.failed() {
            writeln!(self.out, "\n{STRONG}---- {} ----{STRONG:#}", ran.selected.name())?;
            show_failure(ran, self.names, &mut self.out)?;
        }
        if !results.coverage.is_empty() {
            coverage::write(&results.coverage, self.names, &mut self.out)?;
        }
        let verdict = if failures == 0 { good("ok") } else { bad("FAILED") };
        let passed = results.cases.len() - failures;
        write!(self.out, "\ntest result: {verdict}. {passed} passed; {failures} failed; ")?;
        if results.filtered_out > 0 {
            write!(self.out, "{} filtered out; ", results.filtered_out)?;
        }
        writeln!(self.out, "finished in {:.2}s", results.took.as_secs_f64())
    }
}

/// Shows where a case stands, its event, and what differs.
pub(super) fn show_failure(ran: &Ran<'_>, names: &RuleNames, out: &mut impl Write) -> io::Result<()> {
    let (file, case) = (ran.selected.file, ran.selected.case);
    writeln!(out, "at:       {}:{}", printable(&file.path.to_string_lossy()), case.line)?;
    writeln!(out, "event:    {}", printable(&String::from_utf8_lossy(&case.event)))?;
    if let Some(reason) = ran.verdict.unjudged {
        writeln!(out, "unjudged: {}", bad(reason))?;
    }
    show_difference("matches", &ran.verdict.matches, |id| printable(names.stem_or_id(id)), out)?;
    show_difference("suppressed", &ran.verdict.suppressed, |id| printable(names.stem_or_id(id)), out)?;
    show_difference("expect", &ran.verdict.expect, |member| printable(&member.to_string()), out)?;
    ran.notes.iter().try_for_each(|note| writeln!(out, "note:     {}", printable(note)))
}

fn show_difference<'l, T, D: Display>(
    key: &str,
    lines: &'l [Line<T>],
    show: impl Fn(&'l T) -> D,
    out: &mut impl Write,
) -> io::Result<()> {
    if lines.iter().all(Line::is_same) {
        return Ok(());
    }
    writeln!(out, "{key}:")?;
    lines.iter().try_for_each(|line| match line {
        Line::Same(it) => writeln!(out, "    {}", show(it)),
        Line::Missing(it) => writeln!(out, "  {}", bad(format_args!("- {}", show(it)))),
        Line::Unexpected(it) => writeln!(out, "  {}", good(format_args!("+ {}", show(it)))),
    })
}

pub(super) fn good(text: impl Display) -> String {
    format!("{GOOD}{text}{GOOD:#}")
}

pub(super) fn bad(text: impl Display) -> String {
    format!("{BAD}{text}{BAD:#}")
}
