//! Writes what is told about a rule as one Markdown document; knows nothing of terminals.

use std::fmt::{self, Write};

use annotate_snippets::normalize_untrusted_str;
use weir_engine::program::{RuleMeta, Threat, ThreatEntry};
use weir_eql::{Prose, RuleFile};

use crate::attack;

/// The guide to a rule. Nothing in it is a command to a terminal.
pub(super) fn document(rule: &RuleFile) -> String {
    let mut guide = String::new();
    write(rule.meta(), rule.prose(), &mut guide).expect("a string takes all that is written to it");
    guide.lines().map(|line| normalize_untrusted_str(line.trim_end()) + "\n").collect()
}

fn write(rule: &RuleMeta, prose: &Prose, out: &mut String) -> fmt::Result {
    writeln!(out, "# {}", rule.name)?;
    let description = prose.description.trim();
    if !description.is_empty() {
        write!(out, "\n{description}\n")?;
    }
    write_facts(rule, prose, out)?;
    write!(out, "\n## Query\n\n```eql\n{}\n```\n", rule.query.trim())?;
    write_prose("Triage", &prose.note, out)?;
    write_list("False positives", &prose.false_positives, out)?;
    write_prose("Setup", &prose.setup, out)?;
    write_threats(&rule.threats, out)?;
    write_list("References", &rule.references, out)
}

/// What fits into a line each.
fn write_facts(rule: &RuleMeta, prose: &Prose, out: &mut String) -> fmt::Result {
    let severity = format!("{}, risk score {}", rule.severity, rule.risk_score);
    let building_block = if prose.building_block_type.is_empty() { "" } else { "material for other rules, not alerts" };
    let most = prose.max_signals.map_or_else(String::new, |most| format!("{most} a run"));
    out.push('\n');
    for (what, value) in [
        ("Severity", severity.as_str()),
        ("Rule", &format!("{}, version {}", rule.id, rule.version)),
        ("Author", &prose.author.join(", ")),
        ("Licence", &prose.license),
        ("Tags", &rule.tags.join(", ")),
        ("Building block", building_block),
        ("Indices", &rule.index.join(", ")),
        ("Interval", &rule.interval),
        ("From", &rule.from),
        ("Time of an event", &rule.timestamp_override),
        ("Most alerts", &most),
    ] {
        if !value.is_empty() {
            writeln!(out, "- {what}: {value}")?;
        }
    }
    Ok(())
}

/// Markdown that may come with headings of its own.
fn write_prose(heading: &str, prose: &str, out: &mut String) -> fmt::Result {
    let prose = prose.trim();
    match prose.chars().next() {
        None => Ok(()),
        Some('#') => write!(out, "\n{prose}\n"),
        Some(_) => write!(out, "\n## {heading}\n\n{prose}\n"),
    }
}

fn write_list(heading: &str, items: &[String], out: &mut String) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    write!(out, "\n## {heading}\n\n")?;
    items.iter().try_for_each(|item| writeln!(out, "- {}", item.trim()))
}

fn write_threats(threats: &[Threat], out: &mut String) -> fmt::Result {
    for frameworks in threats.chunk_by(|a, b| a.framework == b.framework) {
        let framework = &frameworks[0].framework;
        write!(out, "\n## {framework}\n\n")?;
        for threat in frameworks {
            write_entry("", framework, &threat.tactic, out)?;
            for technique in &threat.techniques {
                write_entry("  ", framework, &technique.entry, out)?;
                technique.subtechniques.iter().try_for_each(|sub| write_entry("    ", framework, sub, out))?;
            }
        }
    }
    Ok(())
}

fn write_entry(indent: &str, framework: &str, entry: &ThreatEntry, out: &mut String) -> fmt::Result {
    write!(out, "{indent}- {} {}", entry.id, entry.name)?;
    match attack::page(framework, entry) {
        Some(page) => writeln!(out, ": {page}"),
        None => writeln!(out),
    }
}
