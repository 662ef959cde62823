//! A query is compiled or refused, never more; what is compiled judges any event, and if it was said never to match, it
//! doesn't.

use serde_json::{Map, Value, json};
use weir_engine::program::{Folding, Program};
use weir_engine::{Detector, Finding, ProgramError};
use weir_eql::{Color, Diagnostic, RuleFile, Tree};

/// A rule that lacks but its query.
pub(super) const RULE: &str = r#"
[rule]
rule_id = "r"
name = "n"
severity = "low"
risk_score = 1
type = "eql"
language = "eql"
"#;

/// Compiles the text as a query, and judges with it.
pub(super) fn check(bytes: &[u8]) {
    let Ok(query) = std::str::from_utf8(bytes) else { return };
    // A JSON text is a TOML text too, but for this character.
    let text = Value::from(query).to_string().replace('\u{7f}', "\\u007f");
    read_and_judge(&format!("{RULE}query = {text}\n"));
}

/// Reads a rule file and judges with its rule, or renders all that is wrong with it.
pub(super) fn read_and_judge(file: &str) {
    let rule = match RuleFile::parse("fuzzed.toml", file) {
        Ok(rule) => [rule],
        Err(wrong) => return render(&wrong),
    };
    for folding in [Folding::Unicode, Folding::Ascii] {
        let warnings = rule[0].warnings(folding);
        warnings.iter().for_each(show);
        match weir_eql::compile(&rule, folding) {
            Ok(program) => {
                check_tree(&rule[0], folding, &program);
                let is_dead = warnings.iter().any(|warning| warning.message() == "the rule never matches");
                assert!(judge(program).is_empty() || !is_dead, "what never matches does");
            }
            Err(wrong) => render(&wrong),
        }
    }
}

/// The tree that explains the rule judges as the rule does.
fn check_tree(rule: &RuleFile, folding: Folding, program: &Program) {
    let tree = Tree::new(rule, folding).expect("what is compiled can be explained");
    let (Ok(explaining), Ok(judging)) = (tree.detector(), Detector::new(program.clone())) else { return };
    let events = events(&program.fields);
    let matching = |detector: &Detector| -> Vec<u32> {
        let findings = detector.detect(events.as_bytes()).findings;
        findings.iter().filter(|found| found.rule == 0).map(|found| found.event).collect()
    };
    assert_eq!(matching(&explaining), matching(&judging), "the root of the tree is the rule");
}

/// Shows all that is wrong, in both ways.
pub(super) fn render(wrong: &[Diagnostic]) {
    assert!(!wrong.is_empty(), "what is refused is refused for a reason");
    wrong.iter().for_each(show);
}

/// Shows what was found, as an error or a warning.
pub(super) fn show(diagnostic: &Diagnostic) {
    let level = if diagnostic.is_warning() { "warning: " } else { "error: " };
    assert!(diagnostic.render(Color::Never).starts_with(level));
    diagnostic.render(Color::Always);
}

/// Judges with a program that was compiled of one rule; gives its matches.
pub(super) fn judge(program: Program) -> Vec<Finding> {
    let bytes = program.to_bytes().expect("any program has a serialised form");
    assert_eq!(Program::from_bytes(&bytes).as_ref(), Ok(&program));
    let events = events(&program.fields);
    match Detector::new(program) {
        Ok(detector) => detector.detect(events.as_bytes()).findings,
        Err(ProgramError::TooManyFields(_)) => Vec::new(),
        Err(error) => panic!("{error}"),
    }
}

/// A line for each of some values, which all `fields` have there, in an event of the usual categories.
fn events(fields: &[String]) -> String {
    let values = [
        json!(null),
        json!(""),
        json!("start"),
        json!("ÄſK\u{212a}😀 10.0.0.1"),
        json!("5"),
        json!(0),
        json!(-1.5e300),
        json!(i64::MIN),
        json!(true),
        json!([]),
        json!(["a", 1]),
        json!({"a": {"b": 1}}),
    ];
    let event = |value: &Value| {
        let mut event: Map<_, _> = fields.iter().map(|field| (field.clone(), value.clone())).collect();
        event.insert("event.category".to_owned(), json!(["process", "file", "network"]));
        Value::Object(event)
    };
    values.iter().map(|value| event(value).to_string() + "\n").collect()
}
