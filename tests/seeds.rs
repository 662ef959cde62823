//! The invariants hold for the seeds of the fuzz targets, and for what a moment of random changes makes of them.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use weir_tests::invariants::{INVARIANTS, Invariant};

/// How often the seeds of a target are changed and checked again.
const ROUNDS: u32 = 2_000;
/// What parsers take for more than a letter.
const TOKENS: &[&str] = &[
    "\"", "\\", "'''", "\"\"\"", "{", "}", "[", "]", "(", ")", ":", ",", ".", "*", "?", "~", "-", "0", "9e99", "null",
    "not ", " and ", "\u{0}", "\n", "\u{7f}", "é", "😀", "\\u", "/*", "//", "==", "`", "\\ud83d",
];

#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, Index),
    Repeat(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let token = prop::sample::select(TOKENS).prop_map(|token| token.as_bytes().to_vec());
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<Index>(), token).prop_map(|(at, token)| Change::Insert(at, token)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Remove(from, to)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Repeat(from, to)),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let range = |from: &Index, to: &Index| {
            let (from, to) = (from.index(length + 1), to.index(length + 1));
            from.min(to)..from.max(to)
        };
        match self {
            Self::Set(at, byte) if length > 0 => bytes[at.index(length)] = *byte,
            Self::Set(_, byte) => bytes.push(*byte),
            Self::Insert(at, token) => drop(bytes.splice(at.index(length + 1)..at.index(length + 1), token.clone())),
            Self::Remove(from, to) => drop(bytes.drain(range(from, to))),
            Self::Repeat(from, to) => {
                let part = bytes[range(from, to)].to_vec();
                bytes.extend(part);
            }
        }
    }
}

fn seeds(invariant: &Invariant) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(invariant.name);
    let entries = fs::read_dir(&folder).expect("each target has seeds");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a readable seed")).collect()
}

#[test]
fn every_invariant_holds_for_its_seeds() {
    for invariant in INVARIANTS {
        seeds(&invariant).iter().for_each(|seed| (invariant.check)(seed));
    }
}

#[test]
fn every_invariant_holds_for_its_seeds_with_changes() {
    for invariant in INVARIANTS {
        let seeds = seeds(&invariant);
        let changes = (any::<Index>(), prop::collection::vec(change(), 1..8));
        let config = Config { cases: ROUNDS, failure_persistence: None, ..Config::default() };
        let rng = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
        let outcome = TestRunner::new_with_rng(config, rng).run(&changes, |(seed, changes)| {
            let mut bytes = seed.get(&seeds).clone();
            changes.iter().for_each(|change| change.apply(&mut bytes));
            (invariant.check)(&bytes);
            Ok(())
        });
        outcome.unwrap_or_else(|broken| panic!("{}: {broken}", invariant.name));
    }
}

#[test]
fn every_seed_folder_has_a_fuzz_target() {
    let manifest = include_str!("fuzz/Cargo.toml");
    for Invariant { name, .. } in INVARIANTS {
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
    }
}
