//! The engine against a plain evaluator that shares no code with it, on random rules and random batches.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

mod calculator;
mod evaluator;
mod generate;
#[path = "../support/mod.rs"]
mod support;
mod tree;

use proptest::prelude::*;
use weir_engine::program::{Folding, Program};
use weir_engine::{Detector, Finding, Report};

use self::support::{Rules, validating};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_verdict_is_that_of_the_reference((program, lines) in generate::program_and_lines()) {
        let batch = lines.concat();
        let expected = evaluator::judge(&program, &batch);
        prop_assert_eq!(validating(program).detect(&batch), expected);
    }

    #[test]
    fn nothing_that_matches_is_dismissed((program, lines) in generate::program_and_lines()) {
        let batch = lines.concat();
        // One by one, since a single rule that may match anything keeps every event from being dismissed.
        for rule in &program.rules {
            let program = Program { rules: vec![rule.clone()], exceptions: Vec::new(), ..program.clone() };
            let expected = validating(program.clone()).detect(&batch);
            let Report { findings, malformed } = Detector::new(program).unwrap().detect(&batch);
            prop_assert_eq!(findings, expected.findings);
            prop_assert!(malformed.iter().all(|event| expected.malformed.contains(event)));
        }
    }

    #[test]
    fn a_verdict_does_not_depend_on_the_neighbours((program, lines) in generate::program_and_lines()) {
        let detector = validating(program);
        let mut expected = Report::default();
        let mut before = 0;
        for line in &lines {
            let alone = detector.detect(line);
            let moved = alone.findings.iter().map(|found| Finding { event: before + found.event, ..*found });
            expected.findings.extend(moved);
            expected.malformed.extend(alone.malformed.iter().map(|event| before + event));
            before += line.iter().filter(|byte| **byte == b'\n').count() as u32;
        }
        prop_assert_eq!(detector.detect(&lines.concat()), expected);
    }

    #[test]
    fn the_last_line_needs_no_newline((program, lines) in generate::program_and_lines()) {
        let detector = validating(program);
        let batch = lines.concat();
        prop_assert_eq!(detector.detect(batch.strip_suffix(b"\n").unwrap_or(&batch)), detector.detect(&batch));
    }

    #[test]
    fn no_bytes_make_it_panic((program, _) in generate::program_and_lines(), bytes in any::<Vec<u8>>()) {
        Detector::new(program).unwrap().detect(&bytes);
    }

    #[test]
    fn malformed_is_what_serde_json_refuses(mut event in generate::mutilated_event()) {
        event.retain(|byte| *byte != b'\n');
        let malformed = !without_rules().detect(&event).malformed.is_empty();
        let refused = match serde_json::from_slice::<serde_json::Value>(&event) {
            Ok(value) => !value.is_object(),
            Err(fault) if is_beyond_grammar(&fault) => tree::read(&event).is_none(),
            Err(_) => !event.trim_ascii().is_empty(),
        };
        prop_assert_eq!(malformed, refused);
    }
}

/// A `Value` can't hold lone surrogates and huge numbers, though the grammar allows them.
fn is_beyond_grammar(fault: &serde_json::Error) -> bool {
    ["surrogate", "end of hex", "out of range"].iter().any(|known| fault.to_string().contains(known))
}

/// A detector without rules still tells what is malformed.
fn without_rules() -> Detector {
    validating(Rules::default().program(Folding::Unicode))
}
