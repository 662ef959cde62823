//! What the whole command costs, as a user runs it: CPU time against `cat`, what a second worker brings, memory, the latency
//! of single events, and the start. One rule where nothing else is said.

#[path = "command/idle.rs"]
mod idle;
#[path = "command/process.rs"]
mod process;
#[path = "command/trickle.rs"]
mod trickle;

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use weir::rules::build_program;
use weir_engine::program::Folding;
use weir_tests::generate::{Shape, events, rules::rule_set};
use weir_tests::report::{self, Load, Race, Table};

use self::process::{Used, command, run, run_through_pipes};

const SEED: u64 = 1609;
/// Of the public set that the made-up rules are like.
const MANY_RULES: usize = 823;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// How much is measured.
struct Scale {
    events: usize,
    rounds: usize,
    single_events: usize,
}

fn main() -> Fallible<()> {
    let scale = if report::is_bench() {
        Scale { events: 1_000_000, rounds: 5, single_events: 300 }
    } else {
        Scale { events: 2_000, rounds: 1, single_events: 3 }
    };
    let folder = tempfile::tempdir()?;
    let files = Files::write(folder.path(), &scale)?;
    let tables = [
        files.against_cat(&scale, Ends::Files)?,
        files.against_cat(&scale, Ends::Pipes)?,
        files.workers(&scale)?,
        files.memory()?,
        trickle::latency(files.weir(&files.one_rule, 1)?, &scale)?,
        files.start(&scale)?,
    ];
    Ok(report::write("command", &tables.each_ref())?)
}

/// What a command has at both of its ends.
#[derive(Clone, Copy)]
enum Ends {
    Files,
    Pipes,
}

/// What runs need, in a folder.
struct Files {
    load: Load,
    input: PathBuf,
    /// The first eighth of it.
    start_of_input: PathBuf,
    empty: PathBuf,
    output: PathBuf,
    /// Says where machine code is kept: to compile isn't what most of these tables are about.
    config: PathBuf,
    cache: PathBuf,
    idle: PathBuf,
    one_rule: PathBuf,
    many_rules: PathBuf,
}

impl Files {
    fn write(folder: &Path, scale: &Scale) -> Fallible<Self> {
        let file = |name: &str| folder.join(name);
        let mut files = Self {
            load: Load { events: scale.events, bytes: 0 },
            input: file("events.ndjson"),
            start_of_input: file("start.ndjson"),
            empty: file("empty.ndjson"),
            output: file("tagged.ndjson"),
            config: file("weir.yaml"),
            cache: file("cache"),
            idle: file("idle.wasm"),
            one_rule: file("one.wasm"),
            many_rules: file("many.wasm"),
        };
        files.load.bytes = generate(&files.input, scale.events)?;
        generate(&files.start_of_input, scale.events / 8)?;
        fs::write(&files.empty, "")?;
        fs::write(&files.config, format!("detect: {{cache_dir: '{}'}}\n", files.cache.display()))?;
        fs::write(&files.idle, idle::module()?)?;
        fs::write(&files.one_rule, module(1)?)?;
        fs::write(&files.many_rules, module(MANY_RULES)?)?;
        Ok(files)
    }

    /// `weir run` with machine code that is there already, after the first time.
    fn weir(&self, module: &Path, workers: usize) -> Fallible<Command> {
        let mut weir = self.weir_without_cache(module, workers)?;
        weir.arg("--config").arg(&self.config);
        Ok(weir)
    }

    fn weir_without_cache(&self, module: &Path, workers: usize) -> Fallible<Command> {
        let mut weir = command("weir")?;
        weir.args(["run", "--quiet", "--module"]).arg(module).arg(format!("--workers={workers}"));
        Ok(weir)
    }

    fn run_on(&self, mut weir: Command, input: &Path) -> Fallible<Used> {
        run(weir.arg("--input").arg(input).arg("--output").arg(&self.output))
    }

    fn against_cat(&self, scale: &Scale, ends: Ends) -> Fallible<Table> {
        let bytes = match ends {
            Ends::Files => Vec::new(),
            Ends::Pipes => fs::read(&self.input)?,
        };
        let weir = |module: &Path| match ends {
            Ends::Files => Ok(self.run_on(self.weir(module, 1)?, &self.input)?.cpu),
            Ends::Pipes => Ok(run_through_pipes(&mut self.weir(module, 1)?, &bytes)?.cpu),
        };
        let cat = || match ends {
            Ends::Files => Ok(run(Command::new("cat").arg(&self.input).stdout(fs::File::create(&self.output)?))?.cpu),
            Ends::Pipes => Ok(run_through_pipes(&mut Command::new("cat"), &bytes)?.cpu),
        };
        let mut race = Race::new(self.load);
        race.add("cat", cat);
        race.add("weir run, a guest that does nothing", || weir(&self.idle));
        race.add("weir run, one rule", || weir(&self.one_rule));
        let between = match ends {
            Ends::Files => "file → file",
            Ends::Pipes => "stdin → stdout, through pipes",
        };
        race.run(scale.rounds, &format!("CPU time of all threads, {between}, one worker"))
    }

    /// One worker has one core for all that it does, two have two: else the reader and the writer, who have threads of
    /// their own, would make one worker look better than it is.
    fn workers(&self, scale: &Scale) -> Fallible<Table> {
        let on_cores = |cores: &str, workers: usize| {
            let weir = self.weir(&self.one_rule, workers)?;
            let mut pinned = Command::new("taskset");
            pinned.args(["--cpu-list", cores]).arg(weir.get_program()).args(weir.get_args());
            Ok(self.run_on(pinned, &self.input)?.wall)
        };
        let mut race = Race::new(self.load);
        race.add("two workers on two cores", || on_cores("0,1", 2));
        race.add("one worker on one core", || on_cores("0", 1));
        race.run(scale.rounds, "Wall time, file → file")
    }

    fn memory(&self) -> Fallible<Table> {
        let mut table = Table::new("Peak memory, file → file, one worker", &["MB read", "MiB"]);
        for (name, module) in self.rules() {
            let compiling = self.run_on(self.weir_without_cache(module, 1)?, &self.empty)?;
            table.row(format!("{name}, compiled anew"), &[0.0, compiling.peak_mebibytes]);
            // Fills the cache.
            self.run_on(self.weir(module, 1)?, &self.empty)?;
            for input in [&self.start_of_input, &self.input] {
                let used = self.run_on(self.weir(module, 1)?, input)?;
                table.row(name, &[fs::metadata(input)?.len() as f64 / 1e6, used.peak_mebibytes]);
            }
        }
        Ok(table)
    }

    fn rules(&self) -> [(&'static str, &Path); 2] {
        [("one rule", &self.one_rule), ("823 rules", &self.many_rules)]
    }

    fn start(&self, scale: &Scale) -> Fallible<Table> {
        let mut table = Table::new("From start to end on an empty file", &["no code cache, ms", "warm cache, ms"]);
        for (name, module) in self.rules() {
            let best = |weir: &dyn Fn() -> Fallible<Command>| {
                let runs = (0..scale.rounds).map(|_| Ok(self.run_on(weir()?, &self.empty)?.wall));
                let wall = runs.collect::<Fallible<Vec<Duration>>>()?.into_iter().min().unwrap_or_default();
                Ok::<f64, Box<dyn std::error::Error>>(wall.as_secs_f64() * 1e3)
            };
            let cold = best(&|| self.weir_without_cache(module, 1))?;
            let warm = best(&|| self.weir(module, 1))?;
            table.row(name, &[cold, warm]);
        }
        Ok(table)
    }
}

/// Writes events, and says how many bytes they have.
fn generate(path: &Path, count: usize) -> Fallible<usize> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    let mut bytes = 0;
    for event in events(Shape::Plain, SEED, count) {
        writeln!(file, "{}", event.json)?;
        bytes += event.json.len() + 1;
    }
    file.flush()?;
    Ok(bytes)
}

fn module(rules: usize) -> Fallible<Vec<u8>> {
    let program = weir_eql::compile(&rule_set(SEED, rules)?, Folding::Unicode);
    Ok(build_program(&program.map_err(|wrong| wrong[0].to_string())?)?)
}
