//! The engine gives the same report natively and as WebAssembly, for programs and events that nobody thought of.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise, and so may what they share")]

#[path = "../wasm-guest/engine/tests/reference/generate.rs"]
#[expect(dead_code, reason = "the engine's own tests use the rest")]
mod generate;
#[path = "../wasm-guest/engine/tests/support/mod.rs"]
mod support;

use bytes::Bytes;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use weir::batch::Batch;
use weir::guest::{Guest, Limits, Module};
use weir_engine::Detector;
use weir_engine::program::{Program, Window};

/// A module takes a moment to make in a debug build, so each judges other programs' events, too.
const PROGRAMS: usize = 40;
const OTHER_BATCHES: usize = 20;

#[test]
fn native_equals_wasm() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..PROGRAMS {
        let (mut program, its_lines) = draw(&mut runner);
        name_all(&mut program);
        let native = Detector::new(program.clone()).unwrap();
        let bytes = weir::rules::build_program(&program).unwrap();
        let module = Module { name: "generated", bytes: &bytes, pinned: None, cache: None };
        let guest = Guest::load(&module, &Limits::default()).unwrap();
        let other_lines = (0..OTHER_BATCHES).map(|_| draw(&mut runner).1);
        for lines in std::iter::once(its_lines).chain(other_lines) {
            let batch = Batch::new(Bytes::from(lines.join(&b'\n')));
            let report = native.detect(batch.bytes());
            let judgement = guest.judge(batch.bytes(), batch.ends());
            let findings: Vec<_> =
                judgement.findings.iter().map(|found| (found.event, found.rule, found.exception)).collect();
            let expected: Vec<_> =
                report.findings.iter().map(|found| (found.event, found.rule, found.exception)).collect();
            assert_eq!(findings, expected, "{program:?}\n{batch:?}");
            assert_eq!(judgement.malformed, report.malformed, "{batch:?}");
            assert_eq!(guest.exceptions(), native.exceptions());
            assert!(judgement.unjudged.is_empty(), "{:?}", judgement.failure);
        }
    }
}

/// The host takes no module whose rules or exceptions can't be told apart.
fn name_all(program: &mut Program) {
    for (number, rule) in program.rules.iter_mut().enumerate() {
        rule.meta.id = number.to_string();
        rule.meta.name = format!("Rule {number}");
        rule.meta.severity = "low".to_owned();
    }
    for (number, exception) in program.exceptions.iter_mut().enumerate() {
        exception.meta.name = format!("Exception {number}");
        exception.meta.window = Window { not_before: None, expires: Some(number as i64 - 1) };
    }
}

/// The host takes no nameless field either.
fn draw(runner: &mut TestRunner) -> (Program, Vec<Vec<u8>>) {
    let named = |(program, _): &(Program, _)| program.fields.iter().all(|field| !field.is_empty());
    generate::program_and_lines().prop_filter("nameless field", named).new_tree(runner).unwrap().current()
}
