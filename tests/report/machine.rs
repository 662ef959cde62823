//! Where and when something was measured; without it, a number means nothing.

use std::process::Command;
use std::{fs, thread};

use serde::Serialize;
use time::OffsetDateTime;

#[derive(Debug, Serialize)]
pub(super) struct Circumstances {
    machine: String,
    cores: usize,
    date: String,
    commit: String,
    command: &'static str,
}

impl Circumstances {
    pub(super) fn now() -> Self {
        Self {
            machine: processor(),
            cores: thread::available_parallelism().map_or(1, usize::from),
            date: OffsetDateTime::now_utc().date().to_string(),
            commit: commit(),
            command: "make bench",
        }
    }
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    named.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// What was built, as git names it; empty outside of a clone.
fn commit() -> String {
    let git = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    git.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
