//! Writes made-up process events as NDJSON to stdout, for benches and the bundled sample.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use weir_tests::generate::{Shape, events};

const USAGE: &str = "\
usage: gen-events COUNT SEED [plain|enriched]
  COUNT   how many events, such as 1000000
  SEED    a whole number; the same seed gives the same events
  plain events (the default) have about 760 bytes, enriched ones about 1,030";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (shape, seed, count) = match parse(&args) {
        Ok(parsed) => parsed,
        Err(problem) => {
            eprintln!("gen-events: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match write(shape, seed, count) {
        // The reader has all it wants, like `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gen-events: can't write to stdout: {error}");
            ExitCode::FAILURE
        }
        Ok(()) => ExitCode::SUCCESS,
    }
}

fn parse(args: &[String]) -> Result<(Shape, u64, usize), String> {
    let (count, seed, shape) = match args {
        [count, seed] => (count, seed, "plain"),
        [count, seed, shape] => (count, seed, shape.as_str()),
        _ => return Err(format!("takes two or three arguments, got {}", args.len())),
    };
    let shape = match shape {
        "plain" => Shape::Plain,
        "enriched" => Shape::Enriched,
        other => return Err(format!("no shape is called `{other}`")),
    };
    let seed = seed.parse().map_err(|_| format!("SEED must be a whole number, got `{seed}`"))?;
    let count = count.parse().map_err(|_| format!("COUNT must be a whole number, got `{count}`"))?;
    Ok((shape, seed, count))
}

fn write(shape: Shape, seed: u64, count: usize) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    for event in events(shape, seed, count) {
        out.write_all(event.json.as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
