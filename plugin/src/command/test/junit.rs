//! Writes how cases went as JUnit's XML, in the part of it that GitLab, Jenkins and GitHub's actions all read.

use std::io::{self, Write};
use std::ptr;

use weir::harness::RuleNames;

use super::run::{Ran, Results};
use super::text;

/// Writes a suite for each file of cases.
pub(super) fn write(results: &Results<'_>, names: &RuleNames, out: &mut impl Write) -> io::Result<()> {
    let (tests, failures, time) = (results.cases.len(), results.failed().count(), results.took.as_secs_f64());
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="weir test" tests="{tests}" failures="{failures}" errors="0" skipped="0" time="{time:.6}">"#
    )?;
    let suites = results.cases.chunk_by(|one, next| ptr::eq(one.selected.file, next.selected.file));
    for suite in suites {
        write_suite(suite, names, out)?;
    }
    writeln!(out, "</testsuites>")
}

fn write_suite(suite: &[Ran<'_>], names: &RuleNames, out: &mut impl Write) -> io::Result<()> {
    let failures = suite.iter().filter(|ran| !ran.verdict.passed()).count();
    let time: f64 = suite.iter().map(|ran| ran.took.as_secs_f64()).sum();
    let name = escape_attribute(&suite[0].selected.file.stem);
    let tests = suite.len();
    writeln!(
        out,
        r#"  <testsuite name="{name}" tests="{tests}" failures="{failures}" errors="0" skipped="0" time="{time:.6}">"#
    )?;
    for ran in suite {
        write_case(ran, names, out)?;
    }
    writeln!(out, "  </testsuite>")
}

fn write_case(ran: &Ran<'_>, names: &RuleNames, out: &mut impl Write) -> io::Result<()> {
    let (file, case) = (ran.selected.file, ran.selected.case);
    write!(
        out,
        r#"    <testcase name="{}" classname="{}" file="{}" line="{}" time="{:.6}""#,
        escape_attribute(&case.name),
        escape_attribute(&file.stem),
        escape_attribute(&file.path.to_string_lossy()),
        case.line,
        ran.took.as_secs_f64(),
    )?;
    if ran.verdict.passed() {
        return writeln!(out, "/>");
    }
    let mut failure = Vec::new();
    text::show_failure(ran, names, &mut anstream::StripStream::new(&mut failure))?;
    let failure = escape(&String::from_utf8_lossy(&failure));
    let kind = if ran.verdict.unjudged.is_some() { "unjudged" } else { "difference" };
    writeln!(out, ">")?;
    writeln!(out, "      <failure type=\"{kind}\" message=\"- expected, + found\">{failure}</failure>")?;
    writeln!(out, "    </testcase>")
}

/// Writes text so that it may stand between tags.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // A reader would make a newline of it.
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(char),
            // XML can't hold these at all.
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(char),
        }
    }
    escaped
}

/// Writes text so that it may stand between quotes, where a reader makes spaces of line breaks and tabs.
fn escape_attribute(text: &str) -> String {
    escape(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_or_would_read_otherwise_is_escaped() {
        for (text, in_text, in_attribute) in [
            ("é<&>\"'", "é&lt;&amp;&gt;&quot;'", "é&lt;&amp;&gt;&quot;'"),
            ("a\nb\tc\r", "a\nb\tc&#13;", "a&#10;b&#9;c&#13;"),
            ("\0\u{1b}[31m\u{b}", "\u{fffd}\u{fffd}[31m\u{fffd}", "\u{fffd}\u{fffd}[31m\u{fffd}"),
            ("\u{fffe}\u{ffff}\u{10ffff}", "\u{fffd}\u{fffd}\u{10ffff}", "\u{fffd}\u{fffd}\u{10ffff}"),
        ] {
            assert_eq!((escape(text).as_str(), escape_attribute(text).as_str()), (in_text, in_attribute), "{text:?}");
        }
    }
}
