//! What Weir costs between two Vectors: a load generator pushes to it as a `vector` sink would, and it hands on to a
//! receiver that answers as a `vector` source would, against the generator pushing straight to the receiver. All in one
//! run, over loopback, with `weir run` as a process of its own.
//!
//! `WEIR_SOAK_SECONDS` makes the last part, which watches its memory, take as long as that.

#[path = "relay/load.rs"]
mod load;
#[path = "relay/message.rs"]
mod message;
#[path = "relay/process.rs"]
mod process;
#[path = "relay/receiver.rs"]
mod receiver;

use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use weir_native::json::to_native;
use weir_tests::generate::{Shape, events};
use weir_tests::report::{self, Table};

use self::load::{Pushes, Sender};
use self::message::{Compression, pack};
use self::process::Weir;
use self::receiver::Receiver;

/// As Vector's sink has it by default.
const EVENTS_IN_PUSH: usize = 1_000;
/// More than caches hold.
const PUSHES: usize = 40;
const CONCURRENT: usize = 4;
/// Between pushes when they are timed: 25,000 events/s, about what a Vector sends on one core.
const PACE: Duration = Duration::from_millis(40);
/// Parts of the last run, after each of which memory is looked at.
const PARTS: u32 = 10;

/// Growth in percent that is no leak: how many pushes are held at once is a matter of chance.
const FLAT: f64 = 5.0;

type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How much is measured.
struct Scale {
    rounds: usize,
    round: Duration,
    paced: usize,
    soak: Duration,
}

impl Scale {
    fn asked() -> Fallible<Self> {
        if !report::is_bench() {
            let blink = Duration::from_millis(100);
            return Ok(Self { rounds: 1, round: blink, paced: 3, soak: blink });
        }
        let soak = std::env::var("WEIR_SOAK_SECONDS").map_or(Ok(20), |seconds| seconds.parse())?;
        Ok(Self { rounds: 3, round: Duration::from_secs(3), paced: 300, soak: Duration::from_secs(soak) })
    }
}

fn main() -> Fallible<()> {
    let scale = Scale::asked()?;
    let folder = tempfile::tempdir()?;
    let messages = messages();
    let bytes: usize = messages.iter().map(Vec::len).sum();
    println!(
        "{} cores for all; pushes of {EVENTS_IN_PUSH} events, {} kB on average",
        available_parallelism()?,
        bytes / PUSHES / 1000
    );
    println!(
        "throughput and Weir's own CPU: {CONCURRENT} pushes at a time, best of {} rounds of {:?}",
        scale.rounds, scale.round
    );
    println!("time to the answer: {} pushes, one every {PACE:?}", scale.paced);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut table = Table::new("Between two Vectors", &["events/s", "CPU µs/event", "p50 ms", "p99 ms"]);
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            compare(&scale, folder.path(), pushes(&messages, compression)?, &mut table).await?;
        }
        report::write("relay", &[&table])?;
        watch_memory(scale.soak, folder.path(), pushes(&messages, Compression::None)?).await
    })
}

fn messages() -> Vec<Vec<u8>> {
    let mut messages = vec![Vec::new(); PUSHES];
    for (number, event) in events(Shape::Plain, 1609, PUSHES * EVENTS_IN_PUSH).enumerate() {
        to_native(event.json.as_bytes(), &mut messages[number / EVENTS_IN_PUSH]);
    }
    messages
}

fn pushes(messages: &[Vec<u8>], compression: Compression) -> Fallible<Arc<Pushes>> {
    let messages = messages.iter().map(|message| pack(message, compression)).collect::<Fallible<_>>()?;
    Ok(Arc::new(Pushes { messages, compression }))
}

/// Adds what the same costs without Weir and with it.
async fn compare(scale: &Scale, folder: &Path, pushes: Arc<Pushes>, table: &mut Table) -> Fallible<()> {
    let name = pushes.compression.name();
    let receiver = Receiver::start(pushes.compression)?;
    let sender = Sender::connect(receiver.address, Arc::clone(&pushes)).await?;
    let straight = Measured::of(scale, &sender, &receiver, None).await?;
    table.row(format!("{name}, straight to the receiver"), &straight.row());

    let weir = Weir::start(folder, receiver.address, pushes.compression)?;
    let sender = Sender::connect(weir.address, pushes).await?;
    let through = Measured::of(scale, &sender, &receiver, Some(&weir)).await?;
    assert!(through.bytes_per_event > straight.bytes_per_event, "the events that match have gained something");
    table.row(format!("{name}, through Weir"), &through.row());
    let added = |at| (through.latency(at) - straight.latency(at)) * 1e3;
    table.row(format!("{name}, added"), &[f64::NAN, f64::NAN, added(50), added(99)]);
    Ok(())
}

#[derive(Default)]
struct Measured {
    events_per_second: f64,
    /// Seconds of Weir's, if it was in between.
    cpu_per_event: Option<f64>,
    /// As they came to the receiver.
    bytes_per_event: f64,
    /// Of each push, in order.
    latencies: Vec<Duration>,
}

impl Measured {
    async fn of(scale: &Scale, sender: &Sender, receiver: &Receiver, weir: Option<&Weir>) -> Fallible<Self> {
        let mut best = Self::default();
        // The first pushes find everything cold.
        sender.saturate(scale.round / 10, CONCURRENT).await?;
        receiver.take();
        for _ in 0..scale.rounds {
            let (started, cpu) = (Instant::now(), weir.map(Weir::cpu).transpose()?);
            let events = sender.saturate(scale.round, CONCURRENT).await? * EVENTS_IN_PUSH;
            let took = started.elapsed().as_secs_f64();
            best.events_per_second = best.events_per_second.max(events as f64 / took);
            if let (Some(weir), Some(before)) = (weir, cpu) {
                let per_event = (weir.cpu()? - before).as_secs_f64() / events as f64;
                best.cpu_per_event = Some(best.cpu_per_event.map_or(per_event, |best| per_event.min(best)));
            }
            let taken = receiver.take();
            assert_eq!(taken.events, events, "every event that was acknowledged has come, once");
            best.bytes_per_event = taken.bytes as f64 / events as f64;
        }
        best.latencies = sender.pace(PACE, scale.paced).await?;
        receiver.take();
        Ok(best)
    }

    /// In seconds, of all pushes but the slowest `100 - percentile` percent.
    fn latency(&self, percentile: usize) -> f64 {
        self.latencies[(self.latencies.len() - 1) * percentile / 100].as_secs_f64()
    }

    /// A value for each column.
    fn row(&self) -> [f64; 4] {
        let cpu = self.cpu_per_event.map_or(f64::NAN, |seconds| seconds * 1e6);
        [self.events_per_second, cpu, self.latency(50) * 1e3, self.latency(99) * 1e3]
    }
}

/// Prints how much memory Weir holds while it has as much to do as it can.
async fn watch_memory(time: Duration, folder: &Path, pushes: Arc<Pushes>) -> Fallible<()> {
    let receiver = Receiver::start(pushes.compression)?;
    let weir = Weir::start(folder, receiver.address, pushes.compression)?;
    let sender = Sender::connect(weir.address, pushes).await?;
    let start = weir.memory()?;
    let mut events = 0;
    let mut memory = Vec::new();
    for _ in 0..PARTS {
        events += sender.saturate(time / PARTS, CONCURRENT).await? * EVENTS_IN_PUSH;
        memory.push(weir.memory()?);
    }
    let shown: Vec<String> = memory.iter().map(|mebibytes| format!("{mebibytes:.0}")).collect();
    let highest = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
    let (early, late) = memory.split_at(memory.len() / 2);
    let growth = (highest(late) / highest(early) - 1.0) * 100.0;
    println!("\nWeir's memory (VmRSS, MiB) while {events} events passed in {time:?}");
    println!("at its start {start:.0}; after each tenth {}", shown.join(" "));
    println!(
        "{}: {growth:+.1} % from the first half's peak to the second's",
        if growth < FLAT { "flat" } else { "NOT FLAT" }
    );
    Ok(())
}
