//! Runs a command to its end, and says what it took by the kernel's count.

use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Fallible;

/// In which the kernel counts a process's time, on every machine that has Linux and Rust.
const TICK: Duration = Duration::from_millis(10);

/// What a command took.
pub struct Used {
    /// From its start to its end.
    pub wall: Duration,
    /// On all cores, the kernel's time for it included.
    pub cpu: Duration,
    /// As seen every few milliseconds.
    pub peak_mebibytes: f64,
}

/// One of Weir's programs, which `make bench` has built.
pub fn command(name: &str) -> Fallible<Command> {
    // `cargo bench` puts its programs into `deps`, beside which the command lies.
    let binary = std::env::current_exe()?.ancestors().nth(2).ok_or("no target folder")?.join(name);
    if !binary.exists() {
        return Err(format!("{} isn't there; run `make bench`, which builds it", binary.display()).into());
    }
    Ok(Command::new(binary))
}

/// Runs a command alone.
pub fn run(command: &mut Command) -> Fallible<Used> {
    let before = Before::now()?;
    let child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    before.end(child)
}

/// Runs a command, writes `input` to it, and reads what it writes.
pub fn run_through_pipes(command: &mut Command, input: &[u8]) -> Fallible<Used> {
    let before = Before::now()?;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    thread::scope(|scope| {
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        scope.spawn(move || stdout.map(drain));
        before.end(child)
    })
}

fn drain(mut from: impl Read) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    while from.read(&mut buffer)? > 0 {}
    Ok(())
}

/// What things were before a command was started.
struct Before {
    started: Instant,
    cpu: Duration,
}

impl Before {
    fn now() -> Fallible<Self> {
        Ok(Self { started: Instant::now(), cpu: cpu_of_children()? })
    }

    fn end(self, mut child: Child) -> Fallible<Used> {
        let mut peak_mebibytes = 0.0;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            peak_mebibytes = peak(&child).unwrap_or(peak_mebibytes);
            thread::sleep(Duration::from_millis(1));
        };
        let wall = self.started.elapsed();
        assert!(status.success(), "{status}");
        Ok(Used { wall, cpu: cpu_of_children()? - self.cpu, peak_mebibytes })
    }
}

/// Of those that have ended.
fn cpu_of_children() -> Fallible<Duration> {
    times("/proc/self/stat", 13)
}

/// What a process has taken so far.
pub fn cpu_of(child: &Child) -> Fallible<Duration> {
    times(&format!("/proc/{}/stat", child.id()), 11)
}

/// The sum of a time in user mode and one in kernel mode: two fields, by the number of the first one after the name.
fn times(stat: &str, first: usize) -> Fallible<Duration> {
    let stat = fs::read_to_string(stat)?;
    // The name may hold blanks, and brackets too.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/PID/stat")?;
    let times: Vec<u32> = fields.split_whitespace().skip(first).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(TICK * times.iter().sum())
}

/// Nothing of one that has ended.
fn peak(child: &Child) -> Option<f64> {
    let status: PathBuf = ["/proc", &child.id().to_string(), "status"].iter().collect();
    let status = fs::read_to_string(status).ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"))?;
    Some(kibibytes.trim().parse::<f64>().ok()? / 1024.0)
}
