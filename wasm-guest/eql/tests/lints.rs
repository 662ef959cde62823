//! What is said about conditions that decide nothing is true, and is said where it should be.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use weir_engine::Detector;
use weir_engine::program::Folding;
use weir_eql::{RuleFile, compile};

/// Conditions on one field, and on what is calculated from it.
const CONDITIONS: [&str; 34] = [
    "process.name == null",
    "process.name : \"*\"",
    "process.name == \"a\"",
    "process.name == \"A\"",
    "process.name == \"b\"",
    "process.name : \"a\"",
    "process.name in (\"a\", \"b\")",
    "process.name in~ (\"A\", \"b\")",
    "process.name : (\"a\", \"b*\")",
    "process.name like \"a*\"",
    "process.name like~ \"A?\"",
    "process.name : \"*b\"",
    "process.name : \"ab*\"",
    "process.name == \"ab\"",
    "process.name == \"\"",
    "process.name == \"5\"",
    "process.name == 5",
    "process.name > 4",
    "process.name >= 5",
    "process.name > 5",
    "process.name <= 5",
    "process.name < 0",
    "process.name == true",
    "process.name regex \"a.*\"",
    "process.name regex \"a&b\"",
    "length(process.name) > 1",
    "length(process.name) < 0",
    "length(process.name) >= 0",
    "length(process.name) == null",
    "stringContains(process.name, \"\")",
    "startsWith(process.name, \"a\")",
    "substring(process.name, 0, 1) == \"ab\"",
    "indexOf(process.name, \"b\") == -1",
    "process.name % 3 == 3",
];
const VALUES: [&str; 16] = [
    "null",
    r#""""#,
    r#""a""#,
    r#""A""#,
    r#""b""#,
    r#""ab""#,
    r#""aB""#,
    r#""abc""#,
    "5",
    r#""5""#,
    "4.5",
    "-1",
    "true",
    r#"["a","b"]"#,
    r#"[5,"a"]"#,
    r#"["",4,100]"#,
];

fn rule(condition: &str) -> RuleFile {
    let query = format!("any where {condition}");
    RuleFile::parse("rule.toml", &format!("{}\nquery = '''{query}'''\n", support::HEAD)).unwrap()
}

/// What is said of the condition, but for what that means for the rule.
fn said(condition: &str) -> Vec<String> {
    let warnings = rule(condition).warnings(Folding::Unicode);
    let said = warnings.iter().map(|warning| warning.message().to_owned());
    said.filter(|said| !said.starts_with("the rule ")).collect()
}

fn never_matches(condition: &str) -> bool {
    rule(condition).warnings(Folding::Unicode).iter().any(|warning| warning.message() == "the rule never matches")
}

/// For which of the values is the condition true?
fn verdicts(condition: &str) -> Vec<bool> {
    let detector = Detector::new(compile(&[rule(condition)], Folding::Unicode).unwrap()).unwrap();
    let event = |value: &str| format!(r#"{{"process":{{"name":{value}}}}}"#);
    VALUES.map(|value| !detector.detect(event(value).as_bytes()).findings.is_empty()).to_vec()
}

/// Asserts that what is said of the condition is so for every event.
fn check(condition: &str) {
    if never_matches(condition) {
        assert_eq!(verdicts(condition), [false; VALUES.len()], "{condition}");
    }
    if said(condition).iter().any(|said| said.starts_with("one of these two is always true")) {
        assert_eq!(verdicts(condition), [true; VALUES.len()], "{condition}");
    }
}

#[test]
fn what_is_said_of_two_conditions_is_so_for_every_event() {
    for one in CONDITIONS {
        for other in CONDITIONS {
            check(&format!("{one} and {other}"));
            check(&format!("{one} and not {other}"));
            check(&format!("not {one} and {other}"));
            check(&format!("{one} or not {other}"));
        }
    }
}

#[test]
fn what_is_said_of_three_conditions_is_so_for_every_event() {
    let some = || CONDITIONS.iter().step_by(3);
    for (one, two, three) in
        some().flat_map(|one| some().flat_map(move |two| some().map(move |three| (one, two, three))))
    {
        check(&format!("{one} and (not {two} and {three} or not {one})"));
        check(&format!("{one} and not ({two} and {three})"));
        check(&format!("not ({one} or {two}) and ({one} or {three})"));
    }
}

#[test]
fn a_threat_of_another_framework_is_not_checked() {
    let threat = "[[rule.threat]]\nframework = \"Own\"\ntactic = {id = \"1\", name = \"Start\"}";
    let file = format!("{}\nquery = 'any where true'\n{threat}\n", support::HEAD);
    assert!(RuleFile::parse("rule.toml", &file).unwrap().warnings(Folding::Unicode).is_empty());
}

#[test]
fn a_condition_that_decides_nothing_is_doubted_and_no_other() {
    let never = "this can never be true";
    for (condition, expected) in [
        ("process.name == \"a\" and process.name == \"b\"", None),
        ("process.name > 4 and process.name < 2", None),
        ("process.name == \"a\" and process.args == null", None),
        ("process.name == \"a\" and (process.name == \"b\" or process.args == null)", None),
        ("process.name like \"a?\" and not process.name like \"?a\"", None),
        ("process.name : \"a\" and not process.name == \"a\"", None),
        ("process.name != \"a\" or process.name != \"b\"", None),
        ("true", None),
        ("process.name == null and string(process.name == \"a\" or process.pid == 1) == \"true\"", None),
        ("process.name == \"a\" and not (process.name : \"*\" and process.pid == 1)", None),
        ("process.name == \"a\" or not process.name == \"b\"", None),
        ("length(process.name) >= 0", None),
        ("process.pid % 2 == 1.5", None),
        ("length(process.name) == null and not length(process.name) : \"*\"", None),
        ("process.name : \"a\" and process.name == null", Some(never)),
        ("process.name == null and process.name : (\"a\", \"b*\")", Some(never)),
        ("process.name == null and length(process.name) > 1", Some(never)),
        ("process.name == \"ab\" and process.name != \"ab\"", Some(never)),
        ("process.name : \"ab*\" and not process.name : \"A*\"", Some(never)),
        ("process.name in (\"a\", \"b\") and not process.name : (\"*a\", \"*b\")", Some(never)),
        ("process.name == null and (process.pid == 1 or process.name == \"a\")", Some(never)),
        ("not (process.name == null or process.name != null)", Some("this can never be false")),
        ("process.pid >= 5 and not process.pid > 4", Some(never)),
        ("process.name == \"a\" and not (process.name : \"*\")", Some(never)),
        ("length(process.name) < 0", Some(never)),
        ("length(process.name) == \"long\"", Some(never)),
        ("process.pid % 2 == 2", Some(never)),
        ("substring(process.name, 0, 3) == \"curl\"", Some(never)),
        ("stringContains(process.name, \"\")", Some(never)),
        ("process.name regex \"a&b\"", Some(never)),
        ("1 == 2", Some(never)),
        ("length(\"abc\") == 3", Some("this is always true")),
        ("not length(process.name) < 0", Some("this is always true")),
        ("process.name == null or process.name != null", Some("one of these two is always true")),
        ("not (process.name : \"a\" and process.name == null)", Some("these two can never be true together")),
    ] {
        assert_eq!(said(condition), Vec::from_iter(expected.map(String::from)), "{condition}");
    }
}
