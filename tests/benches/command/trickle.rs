//! How long one event takes that comes alone, from the write into Weir's stdin to the line on its stdout.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use weir_tests::generate::{Shape, events};
use weir_tests::report::Table;

use crate::process::cpu_of;
use crate::{Fallible, SEED, Scale};

/// Between events.
const PAUSE: Duration = Duration::from_millis(20);

/// Sends events one by one, and waits for each.
pub fn latency(mut weir: Command, scale: &Scale) -> Fallible<Table> {
    let mut child = weir.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().ok_or("no stdin")?;
    let mut stdout = BufReader::new(child.stdout.take().ok_or("no stdout")?);
    let mut line = String::new();
    let mut pass = |event: String| -> Fallible<Duration> {
        let started = Instant::now();
        stdin.write_all((event + "\n").as_bytes())?;
        line.clear();
        stdout.read_line(&mut line)?;
        Ok(started.elapsed())
    };
    let mut events = events(Shape::Plain, SEED, scale.single_events + 1).map(|event| event.json);
    // The first one waits for the start.
    events.next().map(&mut pass).transpose()?;
    let (began, cpu) = (Instant::now(), cpu_of(&child)?);
    let mut latencies = Vec::new();
    for event in events {
        thread::sleep(PAUSE);
        latencies.push(pass(event)?);
    }
    let busy = (cpu_of(&child)? - cpu).as_secs_f64() / began.elapsed().as_secs_f64();
    drop(stdin);
    assert!(child.wait()?.success());
    latencies.sort();
    let milliseconds = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    let columns = ["p50 ms", "p99 ms", "worst ms", "% of a core"];
    let mut table = Table::new(format!("One event every {PAUSE:?}, stdin → stdout, one worker"), &columns);
    table.row("weir run, one rule", &[milliseconds(50), milliseconds(99), milliseconds(100), busy * 100.0]);
    Ok(table)
}
