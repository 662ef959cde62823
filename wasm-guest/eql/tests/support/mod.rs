//! Queries, compiled and judged by the engine.
#![allow(dead_code, reason = "each test binary uses its share")]

pub mod golden;

use weir_engine::Detector;
use weir_eql::{RuleFile, compile};

/// All of a rule but its query.
pub const HEAD: &str = r#"[rule]
rule_id = "a"
name = "Test"
severity = "low"
risk_score = 21
type = "eql"
language = "eql""#;

/// Does the event, JSON on any number of lines, match the query?
pub fn matches(query: &str, event: &str) -> bool {
    let rule = RuleFile::parse("rule.toml", &format!("{HEAD}\nquery = '''{query}'''\n"));
    let compiled = rule.and_then(|rule| compile(&[rule], Default::default()));
    let program = compiled.unwrap_or_else(|problems| panic!("{}", problems[0]));
    let report = Detector::new(program).expect("a sound program").detect(event.replace('\n', " ").as_bytes());
    assert!(report.malformed.is_empty(), "{event}");
    !report.findings.is_empty()
}
