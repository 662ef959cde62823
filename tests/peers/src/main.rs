//! What Weir's users would run instead, on the same events, with the same rule, in the same run.
//!
//! Every row is the CPU time, of all threads, from an event's bytes to its bytes with tags; what a row does less is said.

mod events;
mod fluvio;
mod process;
mod sigma;
mod vector;

use std::time::Duration;

use events::Events;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// A rival: what it is called, and how it is run once.
type Peer = (&'static str, fn(&Events) -> Fallible<Outcome>);

/// What became of a run.
enum Outcome {
    /// It went through all events.
    Ran {
        /// CPU time, its start excluded where it runs in this process.
        took: Duration,
        /// How many events it found.
        matching: usize,
    },
    /// It isn't installed: why, and the remedy.
    Skipped(String),
}

const EVENTS: usize = 200_000;
const ROUNDS: usize = 3;

const PEERS: [Peer; 7] = [
    ("cat", process::cat),
    ("weir run, file → file", process::weir),
    ("RSigma, parse and evaluate; no tag, no output", sigma::run),
    ("Fluvio's smartengine, a map in serde_json", fluvio::run),
    ("VRL, parse, remap, serialise", vector::run),
    ("jq, file → file", process::jq),
    ("Python eql, parse and evaluate; no tag, no output", process::eql),
];

fn main() -> Fallible<()> {
    let count = std::env::var("WEIR_PEERS_EVENTS").map_or(Ok(EVENTS), |count| count.parse())?;
    let events = Events::generate(count)?;
    println!("{count} events of {} bytes, {} matching; CPU time, best of {ROUNDS}\n", events.mean(), events.matching);
    println!("| | ns/event | MB/s | ratio to weir | |\n|---|---|---|---|---|");
    let mut weir = None;
    for (name, run) in PEERS {
        let (took, found) = match best(&events, run)? {
            Outcome::Ran { took, matching } => (took, matching),
            Outcome::Skipped(reason) => {
                println!("| {name} | | | | skipped: {reason} |");
                continue;
            }
        };
        if name.starts_with("weir") {
            weir = Some(took);
        }
        let nanoseconds = took.as_secs_f64() * 1e9 / count as f64;
        let megabytes = events.bytes() as f64 / 1e6 / took.as_secs_f64();
        let ratio = weir.map_or(String::new(), |weir| format!("{:.1}", took.as_secs_f64() / weir.as_secs_f64()));
        let remark = if found == events.matching { String::new() } else { format!("found {found}") };
        println!("| {name} | {nanoseconds:.0} | {megabytes:.0} | {ratio} | {remark} |");
    }
    Ok(())
}

fn best(events: &Events, run: fn(&Events) -> Fallible<Outcome>) -> Fallible<Outcome> {
    let mut best = run(events)?;
    for _ in 1..ROUNDS {
        let (Outcome::Ran { took: least, .. }, next) = (&best, run(events)?) else { break };
        if matches!(next, Outcome::Ran { took, .. } if took < *least) {
            best = next;
        }
    }
    Ok(best)
}
