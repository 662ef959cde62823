//! A query is compiled or refused, never more; what is compiled judges any event.

use serde_json::{Map, Value, json};
use weir_engine::program::{Folding, Program};
use weir_engine::{Detector, ProgramError};
use weir_eql::{Color, Diagnostic, RuleFile};

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
        match weir_eql::compile(&rule, folding) {
            Ok(program) => judge(program),
            Err(wrong) => render(&wrong),
        }
    }
}

/// Shows all that is wrong, in both ways.
pub(super) fn render(wrong: &[Diagnostic]) {
    assert!(!wrong.is_empty(), "what is refused is refused for a reason");
    for diagnostic in wrong {
        assert!(diagnostic.render(Color::Never).starts_with("error: "));
        diagnostic.render(Color::Always);
    }
}

/// Judges with a program that was compiled of one rule.
pub(super) fn judge(program: Program) {
    let bytes = program.to_bytes().expect("any program has a serialised form");
    assert_eq!(Program::from_bytes(&bytes).as_ref(), Ok(&program));
    let events = events(&program.fields);
    match Detector::new(program) {
        Ok(detector) => assert!(detector.detect(events.as_bytes()).findings.iter().all(|found| found.rule == 0)),
        Err(error) => assert!(matches!(error, ProgramError::TooManyFields(_)), "{error}"),
    }
}

/// A line for each of some values, which all `fields` have there.
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
    let event =
        |value: &Value| Value::Object(fields.iter().map(|field| (field.clone(), value.clone())).collect::<Map<_, _>>());
    values.iter().map(|value| event(value).to_string() + "\n").collect()
}
