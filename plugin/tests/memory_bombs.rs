//! Memory that detectors took is given back. A process of its own, so that no other test's memory is counted.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::time::Duration;

use support::{BOMB, Detector};
use weir::guest::{Limits, Reason};

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_hundred_memory_bombs_leave_the_process_as_small_as_it_was() {
    let guest = Detector::poisoned(BOMB).load(&Limits { rest_after: Duration::MAX, ..Limits::default() }).unwrap();
    let before = resident_kib();
    for _ in 0..100 {
        let judgement = guest.judge(b"!\n", &[2]);
        assert_eq!(judgement.unjudged[0].reason, Reason::Memory);
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 16 << 10, "grew by {grown} KiB");
}
