//! What the filter for Fluent Bit costs in an interpreter, beside a filter that only answers the record: both called, and
//! given memory, as Fluent Bit does it.

#[path = "../fluent_bit/host.rs"]
mod host;
#[path = "../fluent_bit/interpreters.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod interpreters;

use std::time::{Duration, Instant};

use weir::rules::{self, RuleSet};
use weir_tests::generate::{Shape, events};
use weir_tests::report::{self, Load, Race, Table};

use host::{Host, Runtime};
use interpreters::{Tinywasm, Wasmi};

const EVENTS: usize = 100_000;
const ROUNDS: usize = 5;
/// So many are enough to count instructions.
const COUNTED: usize = 10_000;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// A filter that answers the record, with the least that its host asks for.
const IDENTITY: &str = r#"
    (module
        (memory (export "memory") 2)
        (global $top (mut i32) (i32.const 8))
        (func (export "weir_filter") (param i32 i32 i32 i32 i32 i32) (result i32) local.get 4)
        (func (export "malloc") (param $size i32) (result i32)
            global.get $top
            (global.set $top (i32.add (global.get $top) (i32.and (i32.add (local.get $size) (i32.const 7)) (i32.const -8)))))
        (func (export "free") (param i32) (global.set $top (i32.const 8))))
"#;

fn main() -> Fallible<()> {
    let (count, rounds) = if report::is_bench() { (EVENTS, ROUNDS) } else { (200, 1) };
    let records: Vec<_> = events(Shape::Plain, 1609, count).map(|event| event.json).collect();
    let one = RuleSet { rules: vec![rules::find("container_management_utility")?], ..RuleSet::default() };
    let filters = [
        ("identity", IDENTITY.as_bytes().to_vec()),
        ("one rule", rules::build_for(rules::Host::FluentBit, &one)?),
        ("the shipped rules", rules::build_for(rules::Host::FluentBit, &rules::all_shipped()?)?),
    ];
    let mut race = Race::new(Load { events: count, bytes: records.iter().map(String::len).sum() });
    for (name, module) in &filters {
        let mut host = Host { runtime: Box::new(Wasmi::new(module)?) };
        let records = &records;
        race.add(*name, move || Ok(pass(&mut host, records)));
    }
    let times = race.run(rounds, "Filters for Fluent Bit in wasmi")?;
    // Fuel of wasmi is no count of these: it is taken for what a function might do, too.
    let mut instructions = Table::new("Instructions of WebAssembly, to 128 a call", &["per event"]);
    let records = &records[..COUNTED.min(count)];
    for (name, module) in &filters {
        let mut host = Host { runtime: Box::new(Tinywasm::new(&wat::parse_bytes(module)?)?) };
        pass(&mut host, records);
        instructions.row(*name, &[host.runtime.instructions as f64 / records.len() as f64]);
    }
    Ok(report::write("fluent_bit", &[&times, &instructions])?)
}

fn pass(host: &mut Host<impl Runtime>, records: &[String]) -> Duration {
    let started = Instant::now();
    for record in records {
        let answer = host.filter(record.as_bytes()).expect("no record is lost");
        assert!(answer.len() >= record.len());
    }
    started.elapsed()
}
