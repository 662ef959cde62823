//! How fast events are judged: the whole command, the guest alone and the engine alone, against what one would write
//! without Weir: `serde_json::Value` and a predicate in Rust. All in one run, on the same events, one rule, one worker.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use weir::batch::Batch;
use weir::guest::{Guest, Limits, Module};
use weir::rules::build_program;
use weir_engine::Detector;
use weir_engine::program::{Folding, Program, Validate};
use weir_eql::RuleFile;
use weir_tests::generate::{Shape, events};
use weir_tests::report::{self, Load, Plot, Race, Table};

const EVENTS: usize = 1_000_000;
const ROUNDS: usize = 3;
/// As `detect.batch_bytes` is by default.
const BATCH: usize = 1 << 20;
/// So many bytes are judged in batches of each size.
const BYTES_PER_SIZE: usize = 64 << 20;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Fallible<()> {
    let (count, rounds) = if report::is_bench() { (EVENTS, ROUNDS) } else { (2_000, 1) };
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("events.ndjson");
    let (bytes, matching) = generate(&input, count)?;
    let batches = split(&bytes, BATCH);
    let program = seed_rule()?;
    let compiled = build_program(&program)?;
    let module = folder.path().join("rule.wasm");
    fs::write(&module, &compiled)?;
    let guest = load(&compiled)?;
    let parsing = Program { validate: Validate::All, ..program.clone() };
    let parsing_guest = load(&build_program(&parsing)?)?;
    let (detector, parsing) = (Detector::new(program)?, Detector::new(parsing)?);
    let output = folder.path().join("tagged.ndjson");

    let mut race = Race::new(Load { events: count, bytes: bytes.len() });
    race.add("memcpy", || copy(&bytes));
    race.add("engine alone, native", || detect(&detector, &batches, matching));
    race.add("the same, every line parsed", || detect(&parsing, &batches, matching));
    race.add("guest alone, copy into it included", || judge(&guest, &batches, matching));
    race.add("the same guest, every line parsed", || judge(&parsing_guest, &batches, matching));
    race.add("weir run, file → file, one worker", || command(&module, &input, &output));
    race.add("serde_json::Value and a predicate, file → file", || baseline(&input, &output, matching));
    let one_rule = race.run(rounds, "One rule")?;
    let sizes = batch_sizes(&guest, &bytes, rounds)?;
    Ok(report::write("throughput", &[&one_rule, &sizes])?)
}

/// What the guest costs in batches of other sizes: each has an instance of its own.
fn batch_sizes(guest: &Guest, bytes: &[u8], rounds: usize) -> Fallible<Table> {
    let bytes = &bytes[..BYTES_PER_SIZE.min(bytes.len())];
    let sizes = (10..=22).step_by(2).map(|power| 1_usize << power);
    let sizes: Vec<_> = sizes.map(|size| (size, split(bytes, size))).collect();
    let mut fastest = vec![Duration::MAX; sizes.len()];
    for _ in 0..rounds {
        for ((_, batches), fastest) in sizes.iter().zip(&mut fastest) {
            let started = Instant::now();
            batches.iter().for_each(|batch| drop(guest.judge(batch.bytes(), batch.ends())));
            *fastest = started.elapsed().min(*fastest);
        }
    }
    let mut table = Table::new("Batch sizes, guest alone", &["KiB", "ns/event", "MB/s"]);
    for ((size, batches), took) in sizes.iter().zip(fastest) {
        let events: usize = batches.iter().map(Batch::lines).sum();
        let seconds = took.as_secs_f64();
        let kibibytes = (size / 1024) as f64;
        table.row("", &[kibibytes, seconds * 1e9 / events as f64, bytes.len() as f64 / 1e6 / seconds]);
    }
    report::draw(
        "batch-size",
        &Plot {
            title: "The guest, by the size of its batches",
            table: &table,
            x: ("KiB", "KiB in a batch"),
            curves: &[("ns/event", "one rule, copy into the guest included")],
            y: "ns per event",
        },
    )?;
    Ok(table)
}

fn generate(path: &Path, count: usize) -> Fallible<(Vec<u8>, usize)> {
    let mut text = String::new();
    let mut matching = 0;
    for event in events(Shape::Plain, 1609, count) {
        writeln!(text, "{}", event.json)?;
        matching += usize::from(event.matches);
    }
    fs::write(path, &text)?;
    Ok((text.into_bytes(), matching))
}

/// Batches of at most `size` bytes, but one event at least.
fn split(bytes: &[u8], size: usize) -> Vec<Batch> {
    let mut rest = bytes;
    let mut batches = Vec::new();
    while !rest.is_empty() {
        let newline = |byte: &u8| *byte == b'\n';
        let last = rest[..size.min(rest.len())].iter().rposition(newline);
        let end = last.or_else(|| rest.iter().position(newline)).map_or(rest.len(), |end| end + 1);
        batches.push(Batch::new(Bytes::copy_from_slice(&rest[..end])));
        rest = &rest[end..];
    }
    batches
}

/// The one that the events are made for.
fn seed_rule() -> Fallible<Program> {
    let path = root().join("wasm-guest/rules/container_management_utility.toml");
    let rule = RuleFile::parse(&path, &fs::read_to_string(&path)?).map_err(|wrong| wrong[0].to_string())?;
    Ok(weir_eql::compile(&[rule], Folding::Unicode).map_err(|wrong| wrong[0].to_string())?)
}

fn load(bytes: &[u8]) -> Fallible<Guest> {
    let module = Module { name: "rule.wasm", bytes, pinned: None, cache: None };
    Ok(Guest::load(&module, &Limits::default())?)
}

fn detect(detector: &Detector, batches: &[Batch], matching: usize) -> Fallible<Duration> {
    let started = Instant::now();
    let found: usize = batches.iter().map(|batch| detector.detect(batch.bytes()).findings.len()).sum();
    let took = started.elapsed();
    assert_eq!(found, matching);
    Ok(took)
}

fn judge(guest: &Guest, batches: &[Batch], matching: usize) -> Fallible<Duration> {
    let started = Instant::now();
    let found: usize = batches.iter().map(|batch| guest.judge(batch.bytes(), batch.ends()).findings.len()).sum();
    let took = started.elapsed();
    assert_eq!(found, matching);
    Ok(took)
}

fn copy(bytes: &[u8]) -> Fallible<Duration> {
    let mut copy = vec![0; BATCH];
    let started = Instant::now();
    for chunk in bytes.chunks(BATCH) {
        std::hint::black_box(&mut copy[..chunk.len()]).copy_from_slice(std::hint::black_box(chunk));
    }
    Ok(started.elapsed())
}

/// What the command took: wall time, its start included.
fn command(module: &Path, input: &Path, output: &Path) -> Fallible<Duration> {
    let started = Instant::now();
    let status = Command::new(binary()?)
        .args(["run", "--quiet", "--workers=1", "--module"])
        .arg(module)
        .arg("--input")
        .arg(input)
        .arg("--output")
        .arg(output)
        .status()?;
    let took = started.elapsed();
    assert!(status.success());
    Ok(took)
}

/// `cargo bench` puts its programs into `deps`, beside which the command lies.
fn binary() -> Fallible<PathBuf> {
    let binary = std::env::current_exe()?.ancestors().nth(2).ok_or("no target folder")?.join("weir");
    if !binary.exists() {
        return Err(format!("{} isn't there; run `make bench`, which builds it", binary.display()).into());
    }
    Ok(binary)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The detection as one would write it by hand: every line becomes a tree, a matching one is written anew.
fn baseline(input: &Path, output: &Path, matching: usize) -> Fallible<Duration> {
    let started = Instant::now();
    let mut lines = BufReader::with_capacity(BATCH, File::open(input)?);
    let mut output = BufWriter::with_capacity(BATCH, File::create(output)?);
    let (mut line, mut found) = (Vec::new(), 0);
    while lines.read_until(b'\n', &mut line)? > 0 {
        let mut event: Value = serde_json::from_slice(&line)?;
        if is_match(&event) {
            found += 1;
            event["tags"] = json!(["TA0002", "T1609", "6c6bb7ea-0636-44ca-b541-201478ef6b50"]);
            serde_json::to_writer(&mut output, &event)?;
            output.write_all(b"\n")?;
        } else {
            output.write_all(&line)?;
        }
        line.clear();
    }
    output.flush()?;
    let took = started.elapsed();
    assert_eq!(found, matching);
    Ok(took)
}

fn is_match(event: &Value) -> bool {
    const NAMES: [&str; 9] =
        ["dockerd", "docker", "kubelet", "kube-proxy", "kubectl", "containerd", "runc", "systemd", "crictl"];
    let any = |value: &Value, test: &dyn Fn(&str) -> bool| match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).any(test),
        value => value.as_str().is_some_and(test),
    };
    any(&event["event"]["category"], &|category| category == "process")
        && any(&event["event"]["type"], &|kind| kind == "start")
        && !event["container"]["id"].is_null()
        && any(&event["process"]["name"], &|name| NAMES.iter().any(|tool| tool.eq_ignore_ascii_case(name)))
}
