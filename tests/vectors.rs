//! The verdicts that Elasticsearch gives (tests/data/vectors.jsonl), natively and through a compiled module.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise, and so may what they share")]

use serde::Deserialize;
use weir::harness::Harness;
use weir::rules::RuleSet;
use weir_engine::Detector;
use weir_engine::program::Folding;
use weir_eql::RuleFile;

#[derive(Deserialize)]
struct Vector {
    name: String,
    query: String,
    event: serde_json::Value,
    r#match: bool,
    match_ascii: bool,
}

fn vectors() -> Vec<Vector> {
    include_str!("data/vectors.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A rule file with the vector's query, which is found again by its number.
fn rule(number: usize, query: &str) -> RuleFile {
    let text = format!(
        "[rule]\nname = 'Vector {number}'\nrule_id = '{number:08}-0000-4000-8000-000000000000'\nseverity = 'low'\n\
         risk_score = 21\ntype = 'eql'\nlanguage = 'eql'\nquery = '''\n{query}\n'''\n"
    );
    RuleFile::parse(format!("vector-{number}.toml"), &text).unwrap_or_else(|wrong| panic!("{}", wrong[0]))
}

fn detector(query: &str, folding: Folding) -> Detector {
    let program = weir_eql::compile(&[rule(0, query)], folding).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
    Detector::new(program).unwrap()
}

#[test]
fn the_engine_agrees_with_elasticsearch_in_both_foldings() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 48);
    for vector in vectors {
        for (folding, expected) in [(Folding::Unicode, vector.r#match), (Folding::Ascii, vector.match_ascii)] {
            let report = detector(&vector.query, folding).detect(vector.event.to_string().as_bytes());
            assert!(report.malformed.is_empty(), "{}", vector.name);
            assert_eq!(!report.findings.is_empty(), expected, "{} ({folding:?})", vector.name);
        }
    }
}

#[test]
fn a_module_with_all_queries_agrees_with_elasticsearch() {
    let vectors = vectors();
    let rules = vectors.iter().enumerate().map(|(number, vector)| rule(number, &vector.query)).collect();
    let set = RuleSet { rules, ..RuleSet::default() };
    let harness = Harness::load("vectors", &weir::rules::build(&set).unwrap()).unwrap();
    for (vector, rule) in vectors.iter().zip(&set.rules) {
        let outcome = harness.run_one(vector.event.to_string().into());
        assert_eq!(outcome.matched(&rule.meta().id), vector.r#match, "{}", vector.name);
    }
}
