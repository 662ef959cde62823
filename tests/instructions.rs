//! The guest takes no more instructions than was recorded. They are counted as wasmtime's fuel: that doesn't depend on the
//! machine, on what else it does, or on whether the host is a debug build, so two counts of one guest are always equal.
//!
//! `UPDATE_GOLDEN=1` records them anew, which is all that `make record-instructions` does.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store};
use weir_engine::program::Folding;
use weir_tests::generate::{Event, Shape, events, rules::rule_set};

use self::bindings::ModulePre;

mod bindings {
    wasmtime::component::bindgen!({ world: "module", path: "../wasm-guest/wit" });
}

const SEED: u64 = 1609;
const EVENTS: usize = 2_000;
/// In percent. What is within it isn't worth a word in the commit; there is no noise that it would have to cover.
const TOLERANCE: u64 = 1;

/// Instructions an event, by workload.
type Counts = BTreeMap<String, u64>;

#[test]
fn the_guest_takes_the_instructions_that_were_recorded() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/instructions.json");
    let found = count_all();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
    }
    let recorded = serde_json::from_slice(&fs::read(&path).unwrap_or_default()).unwrap_or_default();
    if let Some(difference) = difference(&recorded, &found) {
        panic!("{difference}");
    }
}

fn count_all() -> Counts {
    let one_rule = Guest::new(1);
    let many_rules = Guest::new(823);
    let all = |_: &Event| true;
    [
        ("one rule, no event matches", &one_rule, (|event| !event.matches) as fn(&Event) -> bool),
        ("one rule, every event matches", &one_rule, |event| event.matches),
        ("823 rules, 1 % of events match the first", &many_rules, all),
    ]
    .map(|(workload, guest, wanted)| (workload.to_owned(), guest.count(wanted)))
    .into()
}

/// A guest whose instructions are counted.
struct Guest {
    engine: Engine,
    prepared: ModulePre<()>,
}

impl Guest {
    /// With so many rules, the one that the events are made for among them.
    fn new(rules: usize) -> Self {
        let program = weir_eql::compile(&rule_set(SEED, rules).unwrap(), Folding::Unicode).unwrap();
        let module = weir::rules::build_program(&program).unwrap();
        let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
        let component = Component::from_binary(&engine, &module).unwrap();
        let prepared = ModulePre::new(Linker::new(&engine).instantiate_pre(&component).unwrap()).unwrap();
        Self { engine, prepared }
    }

    /// Instructions an event, for those that are `wanted`, in one batch.
    fn count(&self, wanted: impl Fn(&Event) -> bool) -> u64 {
        let wanted = events(Shape::Plain, SEED, usize::MAX).filter(wanted).take(EVENTS);
        let batch: String = wanted.map(|event| event.json + "\n").collect();
        let mut store = Store::new(&self.engine, ());
        store.set_fuel(u64::MAX).unwrap();
        let module = self.prepared.instantiate(&mut store).unwrap();
        module.weir_detector_detector().call_detect(&mut store, batch.as_bytes()).unwrap();
        (u64::MAX - store.get_fuel().unwrap()) / EVENTS as u64
    }
}

/// What has changed by more than is tolerated, for a reader who has to decide whether it was meant to.
fn difference(recorded: &Counts, found: &Counts) -> Option<String> {
    let before = |workload: &String| recorded.get(workload).copied().unwrap_or_default();
    let tolerated =
        |(workload, count): (&String, &u64)| count.abs_diff(before(workload)) * 100 <= before(workload) * TOLERANCE;
    if found.iter().all(tolerated) {
        return None;
    }
    let mut text = format!("instructions an event have changed by more than {TOLERANCE} %:\n");
    let _ = writeln!(text, "{:<44} {:>10} {:>10} {:>10}", "", "recorded", "found", "change");
    for (workload, count) in found {
        let before = before(workload);
        let percent = (*count as f64 / before as f64 - 1.0) * 100.0;
        let _ = writeln!(text, "{workload:<44} {before:>10} {count:>10} {percent:>+8.1} %");
    }
    Some(text + "if that is meant, run `make record-instructions`, and say why in the commit")
}

#[test]
fn a_difference_says_what_changed_and_what_to_do() {
    let counts = |one, many| Counts::from([("one rule".to_owned(), one), ("many rules".to_owned(), many)]);
    assert_eq!(difference(&counts(1000, 5000), &counts(1010, 4950)), None);
    let expected = "\
instructions an event have changed by more than 1 %:
                                               recorded      found     change
many rules                                         5000       6000    +20.0 %
one rule                                           1000        985     -1.5 %
if that is meant, run `make record-instructions`, and say why in the commit";
    assert_eq!(difference(&counts(1000, 5000), &counts(985, 6000)).unwrap(), expected);
}
