//! Events that are too much for a rule: what becomes of their other matches and of their neighbours, through a module.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fmt::Display;

use weir::batch::Batch;
use weir::guest::{Finding, Guest, Limits, Module};
use weir::harness::Harness;
use weir::rules;
use weir_engine::Detector;
use weir_engine::program::{Folding, Program};
use weir_eql::{ExceptionFile, RuleFile, compile_mapped};

const CALCULATING: u32 = 50;

/// Fifty rules that each calculate with two arrays, and a last one that doesn't; and an exception that does.
fn program() -> Program {
    let joined = |n| format!(r#"process where concat(process.args, "{n}", process.env_vars) == "x""#);
    let mut rules: Vec<_> = (0..CALCULATING).map(|n| rule(n, &joined(n))).collect();
    rules.push(rule(CALCULATING, r#"process where process.name == "nc""#));
    let exception = r#"
[[exceptions]]
name = "Known"
comment = "Nobody minds."
rules = "all"
condition = 'not (concat(process.args, process.env_vars) == "x")'
"#;
    let exceptions = [sound(ExceptionFile::parse("known.exceptions.toml", exception))];
    sound(compile_mapped(&rules, &exceptions, &[], Folding::Unicode))
}

fn rule(number: u32, query: &str) -> RuleFile {
    let text = format!(
        r#"
[rule]
rule_id = "rule-{number}"
name = "Rule {number}"
severity = "low"
risk_score = 21
type = "eql"
language = "eql"
query = '''{query}'''
"#
    );
    sound(RuleFile::parse("rule.toml", &text))
}

fn sound<T>(parsed: Result<T, Vec<impl Display>>) -> T {
    parsed.unwrap_or_else(|problems| panic!("{}", problems[0]))
}

/// An `nc` with so many arguments, and as many variables.
fn event(values: usize) -> String {
    let values = vec!["1"; values];
    format!(r#"{{"event.category":"process","process":{{"name":"nc","args":{values:?},"env_vars":{values:?}}}}}"#)
}

#[test]
fn an_event_that_is_too_much_for_fifty_rules_keeps_its_other_matches_and_its_neighbours() {
    let program = program();
    let module = rules::build_program(&program).unwrap();
    let events = [event(1), event(1000), event(2)].join("\n");

    let guest = Module { name: "calculating", bytes: &module, pinned: None, cache: None };
    let guest = Guest::load(&guest, &Limits::default()).unwrap();
    let batch = Batch::new(events.clone().into());
    let judgement = guest.judge(batch.bytes(), batch.ends());
    assert_eq!(judgement.failure, None);
    let finding = |event, exception| Finding { event, rule: CALCULATING, exception };
    assert_eq!(judgement.findings, [finding(0, Some(0)), finding(1, None), finding(2, Some(0))]);
    assert_eq!(judgement.malformed, [1]);

    let native = Detector::new(program).unwrap().detect(events.as_bytes());
    assert_eq!(native.malformed, judgement.malformed);
    let told: Vec<_> = native.findings.iter().map(|found| (found.event, found.rule, found.exception)).collect();
    assert_eq!(told, [(0, CALCULATING, Some(0)), (1, CALCULATING, None), (2, CALCULATING, Some(0))]);

    let outcomes = Harness::load("calculating", &module).unwrap().run(events);
    let marked = outcomes[1].json();
    assert_eq!((&outcomes[1].matches[..], outcomes[1].unjudged), (&["rule-50".to_owned()][..], Some("malformed")));
    assert_eq!(marked["weir"]["matches"][0]["rule"]["id"], "rule-50");
    assert_eq!(marked["weir"]["unjudged"], "malformed");
    assert_eq!((outcomes[0].unjudged, &outcomes[0].suppressed[..]), (None, &["rule-50".to_owned()][..]));
}
