//! Takes one event out of a file or stdin; knows nothing of rules.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader, stdin};

use clap::Args;
use serde::de::IgnoredAny;

use crate::command::Failure;

/// Where the event is.
#[derive(Args)]
pub(super) struct Source {
    /// File whose first event to judge, or `-` for stdin: newline-delimited JSON, or one object on several lines
    #[arg(value_name = "EVENT")]
    file: String,
    /// Judge the event on this line, counted from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    line: Option<u64>,
}

impl Source {
    /// The event, on one line.
    pub(super) fn read(&self) -> Result<Vec<u8>, Failure> {
        let unreadable = |error| Failure::input(format_args!("cannot read `{}`: {error}; check the path", self.file));
        let reader = self.open().map_err(unreadable)?;
        let mut event = match self.line {
            Some(line) => on_line(reader, line),
            None => first(reader),
        }
        .map_err(unreadable)?;
        check(&event).map_err(|why| self.refuse(why))?;
        // Between tokens, where JSON has its newlines, they are but blanks.
        event.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
        Ok(event)
    }

    /// Says why what is there can't be judged.
    pub(super) fn refuse(&self, why: impl Display) -> Failure {
        let line = self.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let file = if self.file == "-" { "stdin".to_owned() } else { format!("`{}`", self.file) };
        Failure::input(format_args!("{file}{line}: {why}; give an event as a JSON object"))
    }

    fn open(&self) -> io::Result<Box<dyn BufRead>> {
        Ok(if self.file == "-" { Box::new(stdin().lock()) } else { Box::new(BufReader::new(File::open(&self.file)?)) })
    }
}

/// The line with this number; empty if there are fewer.
fn on_line(mut reader: impl BufRead, number: u64) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    for _ in 0..number {
        line.clear();
        reader.read_until(b'\n', &mut line)?;
    }
    Ok(line)
}

/// As many lines as it takes to complete a JSON value, or to make one impossible; blank ones before it are left out.
fn first(mut reader: impl BufRead) -> io::Result<Vec<u8>> {
    let mut event = Vec::new();
    while reader.read_until(b'\n', &mut event)? > 0 {
        if event.trim_ascii().is_empty() {
            event.clear();
        } else if !serde_json::from_slice::<IgnoredAny>(&event).is_err_and(|error| error.is_eof()) {
            break;
        }
    }
    Ok(event)
}

fn check(event: &[u8]) -> Result<(), String> {
    if event.trim_ascii().is_empty() {
        return Err("there is no event".to_owned());
    }
    std::str::from_utf8(event).map_err(|error| format!("the event isn't UTF-8: {error}"))?;
    serde_json::from_slice::<IgnoredAny>(event).map_err(|error| format!("the event isn't JSON: {error}"))?;
    if event.trim_ascii().starts_with(b"{") { Ok(()) } else { Err("the event is JSON, but no object".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_event_is_taken_whole() {
        for (text, expected) in [
            ("{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n"),
            ("\n \n{\"a\":1}", "{\"a\":1}"),
            ("{\n  \"a\": 1\n}\n{}\n", "{\n  \"a\": 1\n}\n"),
            ("{\"a\":1} x\n{}", "{\"a\":1} x\n"),
            ("{\"a\"\n", "{\"a\"\n"),
            ("", ""),
        ] {
            assert_eq!(first(text.as_bytes()).unwrap(), expected.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn a_line_is_taken_by_its_number() {
        for (number, expected) in [(1, "{}\n"), (2, "\n"), (3, "x"), (4, ""), (9, "")] {
            assert_eq!(on_line("{}\n\nx".as_bytes(), number).unwrap(), expected.as_bytes(), "{number}");
        }
    }

    #[test]
    fn only_one_json_object_is_an_event() {
        check(b" {\"a\":\n1}\n").unwrap();
        for event in [&b""[..], b" \n", b"[]", b"1", b"{", b"{} {}", b"{\"a\":\"\xff\"}"] {
            check(event).unwrap_err();
        }
    }
}
