//! The events that all peers get, and the CPU time that they take.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use tempfile::TempDir;
use weir_tests::generate::{Shape, events};

use crate::Fallible;

/// Generated events, in memory and as a file.
pub struct Events {
    lines: Vec<String>,
    folder: TempDir,
    /// How many of them the rule matches.
    pub matching: usize,
}

impl Events {
    /// The first `count`, the same on every machine.
    pub fn generate(count: usize) -> Fallible<Self> {
        let (mut lines, mut matching) = (Vec::with_capacity(count), 0);
        for event in events(Shape::Plain, 1609, count) {
            matching += usize::from(event.matches);
            lines.push(event.json);
        }
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("events.ndjson"), lines.join("\n") + "\n")?;
        Ok(Self { lines, folder, matching })
    }

    /// One line each, without a newline.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(String::as_bytes)
    }

    /// All lines, as a file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("events.ndjson")
    }

    /// A folder for what a peer writes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Of all lines, with their newlines.
    pub fn bytes(&self) -> usize {
        self.lines.iter().map(|line| line.len() + 1).sum()
    }

    /// The mean length of a line.
    pub fn mean(&self) -> usize {
        self.bytes() / self.lines.len().max(1)
    }
}

/// The CPU time that `who` has taken so far, in user code and in the kernel.
pub fn cpu_time(who: UsageWho) -> Fallible<Duration> {
    let usage = getrusage(who)?;
    let microseconds = [usage.user_time(), usage.system_time()].map(|time| time.tv_sec() * 1_000_000 + time.tv_usec());
    Ok(Duration::from_micros(u64::try_from(microseconds.iter().sum::<i64>())?))
}
