//! What a person reads on stderr about a run: the live line, the summary, an example.

use std::fmt;
use std::io::{self, IsTerminal, Write, stderr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use annotate_snippets::normalize_untrusted_str;
use serde::Serialize;
use tokio::task::JoinHandle;
use tracing::level_filters::LevelFilter;
use weir::config::{LogLevel, Sink};
use weir::summary::{Summary, Totals};

/// The logs' level, as `tracing` has it.
pub(crate) fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// Writes a line to stderr. Whoever reads it may have gone: that is no reason to stop, and `eprintln!` would panic.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = writeln!(stderr(), "{line}");
}

/// Such as `1 event` or `2 events`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Writes `value` as JSON that a person can read as well, and ends the line.
pub(crate) fn write_json(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// The text, or as much of it as a reader can take in at a glance.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The text in one line that commands a terminal nothing.
pub(crate) fn printable(text: &str) -> String {
    // Only the first 32 of the control characters have pictures for all.
    let shown = |char: char| match char {
        '\n' => '␊',
        '\t' => '␉',
        '\u{80}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
        _ => char,
    };
    normalize_untrusted_str(&text.chars().map(shown).collect::<String>())
}

/// What is being done right now, as a line on a terminal; it goes when this is dropped.
pub(crate) struct Stage {
    is_shown: bool,
}

impl Stage {
    /// Shows the first stage.
    pub(crate) fn begin(doing: impl fmt::Display) -> Self {
        Self { is_shown: stderr().is_terminal() }.next(doing)
    }

    /// Shows the stage after this one in its place.
    pub(crate) fn next(self, doing: impl fmt::Display) -> Self {
        if self.is_shown {
            let _ = write!(stderr(), "\r\x1b[Kweir: {doing} …");
        }
        self
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

/// A line on a terminal that tells how far a run is.
pub(crate) struct ProgressLine(JoinHandle<()>);

/// Shows the line, anew twice a second.
pub(crate) fn show_progress(totals: Arc<Totals>) -> ProgressLine {
    ProgressLine(tokio::spawn(async move {
        let started = Instant::now();
        let mut tick = tokio::time::interval(Duration::from_millis(500));
        loop {
            tick.tick().await;
            let now = totals.now();
            let (events, matching) = (now.events_out, now.matching_events);
            let megabytes = now.bytes_out as f64 / 1e6;
            let rate = events as f64 / started.elapsed().as_secs_f64();
            let _ = write!(
                stderr(),
                "\r\x1b[Kweir: {events} events, {megabytes:.0} MB, {matching} matching, {rate:.0} events/s"
            );
        }
    }))
}

impl ProgressLine {
    /// Takes the line away.
    pub(crate) async fn clear(self) {
        self.0.abort();
        let _ = self.0.await;
        let _ = write!(stderr(), "\r\x1b[K");
    }
}

/// Says what a run did.
pub(crate) fn summarise(summary: &Summary, sink: &Sink) {
    let seconds = summary.elapsed.as_secs_f64().max(1e-6);
    let megabytes = summary.bytes_in as f64 / 1e6;
    say(format_args!(
        "weir: {} in, {} out: {megabytes:.1} MB in {seconds:.3} s ({:.0} MB/s, {:.0} events/s)",
        count(summary.events_in, "event"),
        summary.events_out,
        megabytes / seconds,
        summary.events_in as f64 / seconds,
    ));
    let verb = if summary.matching_events == 1 { "matches" } else { "match" };
    say(format_args!("weir: {} {verb}", count(summary.matching_events, "event")));
    for (id, rule) in &summary.matches {
        say(format_args!("weir: {:>8}  {} ({id})", rule.events, rule.name));
    }
    if summary.suppressed > 0 {
        let matches = if summary.suppressed == 1 { "match" } else { "matches" };
        say(format_args!("weir: {:>8}  {matches} suppressed by exceptions", summary.suppressed));
    }
    for (reason, events) in &summary.unjudged {
        say(format_args!("weir: {events:>8}  not judged: {reason}"));
    }
    if summary.returned > 0 {
        say(format_args!("weir: {:>8}  not delivered, and left with their senders", summary.returned));
    }
    if summary.rejected > 0 {
        say(format_args!("weir: {:>8}  refused for good further down; their senders were told", summary.rejected));
    }
    if summary.alerts_lost > 0 {
        say(format_args!("weir: {:>8}  alerts refused for good; their events went on", summary.alerts_lost));
    }
    if let Sink::File { path } = sink {
        say(format_args!("weir: written to {}", path.display()));
    }
}

/// The same as a message of the logs, for who reads them by machine.
pub(crate) fn log(summary: &Summary) {
    tracing::info!(
        events_in = summary.events_in,
        events_out = summary.events_out,
        bytes_in = summary.bytes_in,
        bytes_out = summary.bytes_out,
        matching_events = summary.matching_events,
        suppressed_matches = summary.suppressed,
        returned_events = summary.returned,
        rejected_events = summary.rejected,
        lost_events = summary.lost,
        lost_alerts = summary.alerts_lost,
        unjudged_events = summary.unjudged.values().sum::<u64>(),
        seconds = summary.elapsed.as_secs_f64(),
        "done"
    );
}

/// Prints a tagged event, readably.
pub(crate) fn show_example(event: Option<&[u8]>) {
    let Some(event) = event else {
        say("weir: no event matched");
        return;
    };
    // Transcoded, not parsed into a tree: keys keep their order.
    let mut pretty = Vec::new();
    let mut serializer = serde_json::Serializer::pretty(&mut pretty);
    let shown = serde_transcode::transcode(&mut serde_json::Deserializer::from_slice(event), &mut serializer);
    let text = if shown.is_ok() { &pretty } else { event };
    say(format_args!("weir: the first event that matched, tagged:\n{}", String::from_utf8_lossy(text)));
}
