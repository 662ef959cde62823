//! What many rules cost in one module, on the same events: 1 to 3,000 made-up ones, and those of the folder that
//! `WEIR_RULES` names. All in one run, on one thread, beside the rule that Weir ships alone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use bytes::Bytes;
use weir::batch::Batch;
use weir::guest::{Guest, Limits, Module};
use weir_engine::Detector;
use weir_engine::program::Folding;
use weir_eql::RuleFile;
use weir_tests::generate::{Shape, events, rules::rule_set};
use weir_tests::report::{self, Plot, Table};

const SEED: u64 = 1609;
/// So that a batch has about 256 KiB.
const EVENTS_PER_BATCH: usize = 340;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Fallible<()> {
    let (sizes, count, rounds): (&[usize], _, _) =
        if report::is_bench() { (&[1, 10, 100, 823, 3_000], 50_000, 5) } else { (&[1, 10], 500, 1) };
    let bench = Bench { batches: batches(count), events: count, rounds };
    let mut table = Table::new(bench.title(), &COLUMNS);
    let mut one = None;
    for size in sizes {
        let costs = bench.measure(&rule_set(SEED, *size)?)?;
        table.row("made-up", &costs.row(*size, one.get_or_insert(costs)));
    }
    draw(&table)?;
    if let (Some(folder), Some(one)) = (env::var_os("WEIR_RULES"), &one) {
        let rules = usable(Path::new(&folder))?;
        table.row("public", &bench.measure(&rules)?.row(rules.len(), one));
    }
    Ok(report::write("rules", &[&table])?)
}

fn parse(path: PathBuf, text: &str) -> Result<RuleFile, String> {
    RuleFile::parse(path, text).map_err(|wrong| wrong[0].to_string())
}

/// Those rules of a folder that Weir can run: a public set has others among them.
fn usable(folder: &Path) -> Fallible<Vec<RuleFile>> {
    let mut rules = Vec::new();
    let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Fallible<Vec<_>>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rules.extend(usable(&path)?);
        } else if let Ok(rule) =
            fs::read_to_string(&path).map_err(|error| error.to_string()).and_then(|text| parse(path, &text))
            && weir_eql::compile(std::slice::from_ref(&rule), Folding::Unicode).is_ok()
        {
            rules.push(rule);
        }
    }
    Ok(rules)
}

fn batches(count: usize) -> Vec<Batch> {
    let lines: Vec<_> = events(Shape::Plain, SEED, count).map(|event| event.json + "\n").collect();
    lines.chunks(EVENTS_PER_BATCH).map(|lines| Batch::new(Bytes::from(lines.concat()))).collect()
}

struct Bench {
    batches: Vec<Batch>,
    events: usize,
    rounds: usize,
}

impl Bench {
    fn title(&self) -> String {
        let bytes: usize = self.batches.iter().map(|batch| batch.bytes().len()).sum();
        let Self { events, rounds, .. } = self;
        format!("Rules in one module: {events} events of {} bytes on average; best of {rounds} rounds", bytes / events)
    }

    fn measure(&self, rules: &[RuleFile]) -> Fallible<Costs> {
        let (program, compile) = timed(|| weir_eql::compile(rules, Folding::Unicode));
        let program = program.map_err(|wrong| wrong[0].to_string())?;
        let predicates = program.predicates.len();
        let (module, build) = timed(|| weir::rules::build_program(&program));
        let module = module?;
        let (guest, load) = timed(|| {
            let module = Module { name: "rules", bytes: &module, pinned: None, cache: None };
            Guest::load(&module, &Limits::default())
        });
        let (guest, native) = (guest?, Detector::new(program)?);
        let in_guest = |batch: &Batch| guest.judge(batch.bytes(), batch.ends()).findings.len();
        let natively = |batch: &Batch| native.detect(batch.bytes()).findings.len();
        let ((findings, guest), (expected, native)) = (self.fastest(in_guest), self.fastest(natively));
        assert_eq!(findings, expected, "the guest and the native engine must agree");
        Ok(Costs {
            predicates,
            findings: findings as f64 / self.events as f64,
            guest,
            native,
            module: module.len(),
            compile,
            build,
            load,
        })
    }

    /// What all batches amount to, and nanoseconds an event.
    fn fastest(&self, judge: impl Fn(&Batch) -> usize) -> (usize, f64) {
        let round = |_| timed(|| self.batches.iter().map(&judge).sum::<usize>());
        let (findings, took) = (0..self.rounds).map(round).min_by_key(|(_, took)| *took).unwrap_or_default();
        (findings, took.as_secs_f64() * 1e9 / self.events as f64)
    }
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let result = run();
    (result, started.elapsed())
}

/// What a set of rules costs.
#[derive(Clone, Copy)]
struct Costs {
    predicates: usize,
    /// An event.
    findings: f64,
    /// Nanoseconds an event, the copy into the guest included.
    guest: f64,
    native: f64,
    /// Bytes.
    module: usize,
    compile: Duration,
    build: Duration,
    load: Duration,
}

const COLUMNS: [&str; 11] = [
    "rules",
    "guest ns/event",
    "guest ratio",
    "native ns/event",
    "native ratio",
    "predicates",
    "matches/event",
    "compile ms",
    "build ms",
    "load ms",
    "module kB",
];

impl Costs {
    /// A value for each of the [`COLUMNS`]; ratios are to `one` rule.
    fn row(&self, rules: usize, one: &Self) -> [f64; COLUMNS.len()] {
        let [compile, build, load] = [self.compile, self.build, self.load].map(|took| took.as_secs_f64() * 1e3);
        [
            rules as f64,
            self.guest,
            self.guest / one.guest,
            self.native,
            self.native / one.native,
            self.predicates as f64,
            self.findings,
            compile,
            build,
            load,
            self.module as f64 / 1e3,
        ]
    }
}

fn draw(table: &Table) -> Fallible<()> {
    let plot = Plot {
        title: "Many rules in one module",
        table,
        x: ("rules", "rules"),
        curves: &[
            ("guest ns/event", "as WebAssembly, copy into it included"),
            ("native ns/event", "the same engine, native"),
        ],
        y: "ns per event",
    };
    Ok(report::draw("rules", &plot)?)
}
