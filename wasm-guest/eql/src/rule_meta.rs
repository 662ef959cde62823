//! Reads what is told about a rule: name, severity, score, threats.

use weir_engine::limits::SEVERITIES;
use weir_engine::program::{RuleMeta, Technique, Threat, ThreatEntry};

use crate::diagnostic::Severity;
use crate::rule_table::{Reader, Required, Table};
use crate::suggest::nearest;

const NAME: Required = Required { key: "name", remedy: "add `name = \"What the rule detects\"`" };
const SEVERITY: Required = Required { key: "severity", remedy: "add `severity = \"low\"`" };
const RISK_SCORE: Required = Required { key: "risk_score", remedy: "add `risk_score = 21`" };
const TYPE: Required = Required { key: "type", remedy: "add `type = \"eql\"`" };
const LANGUAGE: Required = Required { key: "language", remedy: "add `language = \"eql\"`" };
const FRAMEWORK: Required = Required { key: "framework", remedy: "add `framework = \"MITRE ATT&CK\"`" };
const TACTIC: Required = Required { key: "tactic", remedy: "add `[rule.threat.tactic]`" };
const ENTRY_ID: Required = Required { key: "id", remedy: "add its identifier, such as `id = \"T1609\"`" };
const ENTRY_NAME: Required =
    Required { key: "name", remedy: "add the name that the framework gives it: `name = \"…\"`" };

/// Reads everything but id and query; what is missing or wrong stays empty, and is a problem of the reader's.
pub(crate) fn read(reader: &mut Reader<'_>, rule: &Table<'_>) -> RuleMeta {
    let name = reader.required_text(rule, &NAME).map(|name| name.into_inner().to_owned());
    RuleMeta {
        name: name.unwrap_or_default(),
        version: version(reader, rule),
        severity: severity(reader, rule),
        risk_score: risk_score(reader, rule),
        threats: threats(reader, rule),
        references: reader.texts(rule, "references"),
        ..RuleMeta::default()
    }
}

/// Checks `type` and `language`; all but a rule's metadata depends on them. A word that is nearly `eql` is a slip, any
/// other another language.
pub(crate) fn has_known_language(reader: &mut Reader<'_>, rule: &Table<'_>) -> bool {
    let problems_before = reader.problems.len();
    for (required, what) in [(TYPE, "type"), (LANGUAGE, "language")] {
        let Some(value) = reader.required_text(rule, &required) else { continue };
        if *value.get_ref() != "eql" {
            let message = format!("rules of the {what} `{}` aren't supported", value.get_ref());
            let problem = reader.problem(value.span(), message);
            reader.problems.push(if is_slip(value.get_ref()) {
                problem.help("did you mean `eql`?")
            } else {
                let help = "Weir runs rules whose `type` and `language` are `eql`; leave this one out";
                problem.severity(Severity::Unsupported).help(help)
            });
            break;
        }
    }
    reader.problems.len() == problems_before
}

fn is_slip(word: &str) -> bool {
    word != "esql" && nearest(word, ["eql"]).is_some()
}

/// Elastic keeps versions outside of its rule files, so a file without one is the first version.
fn version(reader: &mut Reader<'_>, rule: &Table<'_>) -> u32 {
    let Some(version) = reader.number(rule, "version") else { return 1 };
    u32::try_from(*version.get_ref()).unwrap_or_else(|_| {
        let problem = reader.problem(version.span(), "`version` is out of range");
        reader.problems.push(problem.help("number the revisions of a rule from 1"));
        1
    })
}

fn severity(reader: &mut Reader<'_>, rule: &Table<'_>) -> String {
    let Some(severity) = reader.required_text(rule, &SEVERITY) else { return String::new() };
    if !SEVERITIES.contains(severity.get_ref()) {
        let problem = reader.problem(severity.span(), format!("there is no severity `{}`", severity.get_ref()));
        reader.problems.push(problem.help("write `low`, `medium`, `high` or `critical`"));
    }
    severity.into_inner().to_owned()
}

fn risk_score(reader: &mut Reader<'_>, rule: &Table<'_>) -> u32 {
    let Some(score) = reader.required_number(rule, &RISK_SCORE) else { return 0 };
    u32::try_from(*score.get_ref()).ok().filter(|score| *score <= 100).unwrap_or_else(|| {
        let problem = reader.problem(score.span(), "`risk_score` is out of range");
        reader.problems.push(problem.help("write a number from 0 to 100"));
        0
    })
}

fn threats(reader: &mut Reader<'_>, rule: &Table<'_>) -> Vec<Threat> {
    let tables = reader.tables(rule, "threat", "[[rule.threat]]");
    tables.iter().map(|table| threat(reader, table)).collect()
}

fn threat(reader: &mut Reader<'_>, table: &Table<'_>) -> Threat {
    let framework = reader.required_text(table, &FRAMEWORK).map(|framework| framework.into_inner().to_owned());
    let tactic = reader.required_table(table, &TACTIC, "[rule.threat.tactic]");
    let techniques = reader.tables(table, "technique", "[[rule.threat.technique]]");
    Threat {
        framework: framework.unwrap_or_default(),
        tactic: tactic.map(|tactic| entry(reader, &tactic)).unwrap_or_default(),
        techniques: techniques.iter().map(|table| technique(reader, table)).collect(),
    }
}

fn technique(reader: &mut Reader<'_>, table: &Table<'_>) -> Technique {
    let subtechniques = reader.tables(table, "subtechnique", "[[rule.threat.technique.subtechnique]]");
    Technique {
        entry: entry(reader, table),
        subtechniques: subtechniques.iter().map(|table| entry(reader, table)).collect(),
    }
}

fn entry(reader: &mut Reader<'_>, table: &Table<'_>) -> ThreatEntry {
    let mut text = |required| reader.required_text(table, required).map(|text| text.into_inner().to_owned());
    let (id, name) = (text(&ENTRY_ID), text(&ENTRY_NAME));
    let reference = reader.text(table, "reference").map(|text| text.into_inner().to_owned());
    ThreatEntry { id: id.unwrap_or_default(), name: name.unwrap_or_default(), reference: reference.unwrap_or_default() }
}
