//! Reads what is told about a rule: name, severity, score, threats.

use toml::Spanned;
use weir_engine::limits::{MAX_NAME_BYTES, MAX_RISK_SCORE, SEVERITIES};
use weir_engine::program::RuleMeta;

use crate::diagnostic::Severity;
use crate::rule_table::{Reader, Required, Table};
use crate::rule_threat;
use crate::suggest::nearest;

const NAME: Required = Required { key: "name", remedy: "add `name = \"What the rule detects\"`" };
const SEVERITY: Required = Required { key: "severity", remedy: "add `severity = \"low\"`" };
const RISK_SCORE: Required = Required { key: "risk_score", remedy: "add `risk_score = 21`" };
const TYPE: Required = Required { key: "type", remedy: "add `type = \"eql\"`" };
const LANGUAGE: Required = Required { key: "language", remedy: "add `language = \"eql\"`" };

/// Reads everything but id and query; what is missing or wrong stays empty, and is a problem of the reader's.
pub(crate) fn read(reader: &mut Reader<'_>, rule: &Table<'_>) -> RuleMeta {
    let name = reader.required_name(rule, &NAME, MAX_NAME_BYTES).map(|name| name.into_inner().to_owned());
    let (severity, risk_score) = (severity(reader, rule), risk_score(reader, rule));
    if let (Some(severity), Some(risk_score)) = (&severity, &risk_score) {
        check_agreement(reader, severity, risk_score);
    }
    RuleMeta {
        name: name.unwrap_or_default(),
        version: version(reader, rule),
        severity: severity.map(|severity| severity.into_inner().to_owned()).unwrap_or_default(),
        risk_score: risk_score.map(Spanned::into_inner).unwrap_or_default(),
        threats: rule_threat::read(reader, rule),
        references: reader.texts(rule, "references"),
        tags: reader.texts(rule, "tags"),
        index: reader.texts(rule, "index"),
        interval: reader.text_or_empty(rule, "interval"),
        from: reader.text_or_empty(rule, "from"),
        timestamp_override: reader.text_or_empty(rule, "timestamp_override"),
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

fn severity<'t>(reader: &mut Reader<'_>, rule: &Table<'t>) -> Option<Spanned<&'t str>> {
    let severity = reader.required_text(rule, &SEVERITY)?;
    if !SEVERITIES.contains(severity.get_ref()) {
        let problem = reader.problem(severity.span(), format!("there is no severity `{}`", severity.get_ref()));
        reader.problems.push(problem.help("write `low`, `medium`, `high` or `critical`"));
        return None;
    }
    Some(severity)
}

fn risk_score(reader: &mut Reader<'_>, rule: &Table<'_>) -> Option<Spanned<u32>> {
    let score = reader.required_number(rule, &RISK_SCORE)?;
    let Some(in_range) = u32::try_from(*score.get_ref()).ok().filter(|score| *score <= MAX_RISK_SCORE) else {
        let problem = reader.problem(score.span(), "`risk_score` is out of range");
        reader.problems.push(problem.help(format!("write a number from 0 to {MAX_RISK_SCORE}")));
        return None;
    };
    Some(Spanned::new(score.span(), in_range))
}

/// Elastic's guideline for which scores go with which severity.
fn check_agreement(reader: &mut Reader<'_>, severity: &Spanned<&str>, score: &Spanned<u32>) {
    let usual = match *severity.get_ref() {
        "low" => 0..=21,
        "medium" => 22..=47,
        "high" => 48..=73,
        _ => 74..=MAX_RISK_SCORE,
    };
    if !usual.contains(score.get_ref()) {
        let message = format!("`risk_score` {} is unusual for the severity `{}`", score.get_ref(), severity.get_ref());
        let problem = reader.problem(score.span(), message).severity(Severity::Warning);
        let help = format!("scores of this severity are {} to {}; change one of the two", usual.start(), usual.end());
        reader.problems.push(problem.related(reader.source, severity.span(), "").help(help));
    }
}
