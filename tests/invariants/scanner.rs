//! The scanner takes every line for an event that `serde_json` takes for an object, and no other; lines don't influence
//! each other.

use std::sync::LazyLock;

use weir_engine::program::{Folding, Program, Validate};
use weir_engine::{Detector, Report};
use weir_eql::RuleFile;

use super::is_event;
use super::query::RULE;

/// Tests of all kinds, on fields that an event may nest or dot.
static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    let query = r#"process where not (a.b : "x*z" or a.b == "é" or a >= 5 or startsWith~(a, "pre") or
  a.b.c regex "[0-9]+" or length(a) == 3 or a.b != null or user.name in~ ("root", "admin"))"#;
    let file = format!("{RULE}query = '''{query}'''");
    let rule = RuleFile::parse("scanner.toml", &file).expect("a valid rule");
    let program = weir_eql::compile(&[rule], Folding::Unicode).expect("a valid rule");
    Detector::new(Program { validate: Validate::All, ..program }).expect("what is compiled can run")
});

/// Judges the bytes as a batch.
pub(super) fn check(batch: &[u8]) {
    let report = DETECTOR.detect(batch);
    let lines: Vec<&[u8]> = batch.split(|byte| *byte == b'\n').collect();
    let is_malformed = |line: &[u8]| !line.trim_ascii().is_empty() && !is_event(line);
    let malformed: Vec<u32> =
        (0..).zip(&lines).filter(|(_, line)| is_malformed(line)).map(|(event, _)| event).collect();
    assert_eq!(report.malformed, malformed, "{}", String::from_utf8_lossy(batch));

    let matching = |line: &[u8]| DETECTOR.detect(line) != Report::default() && !is_malformed(line);
    let alone: Vec<u32> = (0..).zip(&lines).filter(|(_, line)| matching(line)).map(|(event, _)| event).collect();
    assert!(report.findings.iter().map(|found| found.event).eq(alone), "{}", String::from_utf8_lossy(batch));
}
