//! What a rule file says arrives in the program, whatever else the file holds.

use weir_engine::program::{RuleMeta, Technique, Threat, ThreatEntry};
use weir_eql::{Prose, RuleFile, compile};

const FILE: &str = r##"
[metadata]
maturity = "production"
integration = ["endpoint"]

[rule]
author = ["Somebody"]
building_block_type = "default"
description = "A shell was started."
false_positives = ["A debugging container."]
from = "now-9m"
index = ["logs-*"]
interval = "5m"
license = "Apache-2.0"
max_signals = 33
name = "Shell in a container"
note = """
## Triage

Look at its parent.
"""
references = ["https://example.com/one", "https://example.com/two"]
risk_score = 47
rule_id = "6f0c2c4e-0000-4000-8000-000000000001"
setup = "Enable process events."
severity = "medium"
tags = ["OS: Linux", "Domain: Container"]
timestamp_override = "event.ingested"
type = "eql"
language = "eql"
version = 3
query = '''
process where process.name : "sh"
'''

[rule.alert_suppression]
group_by = ["host.id"]

[[rule.threat]]
framework = "MITRE ATT&CK"

[rule.threat.tactic]
id = "TA0002"
name = "Execution"
reference = "https://example.com/TA0002/"

[[rule.threat.technique]]
id = "T1059"
name = "Command and Scripting Interpreter"
reference = "https://example.com/T1059/"

[[rule.threat.technique.subtechnique]]
id = "T1059.004"
name = "Unix Shell"
reference = "https://example.com/T1059/004/"

[[rule.threat]]
framework = "MITRE ATT&CK"

[rule.threat.tactic]
id = "TA0005"
name = "Defense Evasion"
"##;

fn entry(id: &str, name: &str, reference: &str) -> ThreatEntry {
    ThreatEntry { id: id.into(), name: name.into(), reference: reference.into() }
}

fn expected() -> RuleMeta {
    let technique = entry("T1059", "Command and Scripting Interpreter", "https://example.com/T1059/");
    let subtechnique = entry("T1059.004", "Unix Shell", "https://example.com/T1059/004/");
    RuleMeta {
        id: "6f0c2c4e-0000-4000-8000-000000000001".into(),
        name: "Shell in a container".into(),
        version: 3,
        severity: "medium".into(),
        risk_score: 47,
        threats: vec![
            Threat {
                framework: "MITRE ATT&CK".into(),
                tactic: entry("TA0002", "Execution", "https://example.com/TA0002/"),
                techniques: vec![Technique { entry: technique, subtechniques: vec![subtechnique] }],
            },
            Threat {
                framework: "MITRE ATT&CK".into(),
                tactic: entry("TA0005", "Defense Evasion", ""),
                techniques: Vec::new(),
            },
        ],
        query: "process where process.name : \"sh\"\n".into(),
        references: vec!["https://example.com/one".into(), "https://example.com/two".into()],
        tags: vec!["OS: Linux".into(), "Domain: Container".into()],
        index: vec!["logs-*".into()],
        interval: "5m".into(),
        from: "now-9m".into(),
        timestamp_override: "event.ingested".into(),
    }
}

#[test]
fn everything_that_is_told_about_a_rule_reaches_the_program() {
    let rule = RuleFile::parse("rules/shell.toml", FILE).expect("a valid rule");
    assert_eq!(rule.meta(), &expected());
    assert_eq!(rule.path().to_str(), Some("rules/shell.toml"));
    let program = compile(&[rule], Default::default()).expect("a valid rule");
    assert_eq!(program.rules[0].meta, expected());
}

#[test]
fn what_is_said_to_analysts_is_told_as_it_was_written() {
    let rule = RuleFile::parse("shell.toml", FILE).expect("a valid rule");
    let expected = Prose {
        author: vec!["Somebody".into()],
        license: "Apache-2.0".into(),
        description: "A shell was started.".into(),
        note: "## Triage\n\nLook at its parent.\n".into(),
        false_positives: vec!["A debugging container.".into()],
        setup: "Enable process events.".into(),
        building_block_type: "default".into(),
        max_signals: Some(33),
    };
    assert_eq!(rule.prose(), &expected);
    assert_eq!(rule.text(), FILE);
}

#[test]
fn a_file_from_windows_says_the_same() {
    let file = format!("\u{feff}{}", FILE.replace('\n', "\r\n"));
    let rule = RuleFile::parse("shell.toml", &file).expect("a valid rule");
    let query = expected().query.replace('\n', "\r\n");
    assert_eq!(rule.meta(), &RuleMeta { query, ..expected() });
}

#[test]
fn a_rule_without_version_is_the_first_version() {
    let file = FILE.replace("version = 3\n", "");
    assert_eq!(RuleFile::parse("shell.toml", &file).expect("a valid rule").meta().version, 1);
}

#[test]
fn another_field_may_say_of_which_category_an_event_is() {
    let file = FILE.replace("version = 3", "version = 3\nevent_category_override = \"event.type\"");
    let rule = RuleFile::parse("rules/shell.toml", &file).expect("a valid rule");
    let program = compile(&[rule], Default::default()).expect("a valid rule");
    assert_eq!(program.fields, ["event.type", "process.name"]);
}
