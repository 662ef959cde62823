//! `weir inspect`: says what a module is.

use std::io::{self, Write, stdout};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use weir::exceptions::moment;
use weir_engine::program::{Coverage, ExceptionMeta, RuleMeta, Threat};

use super::Failure;
use super::module::{Kind, Opened};
use crate::report::write_json;

/// Show a module's rules, exceptions, fields, size and SHA-256
#[derive(Args)]
pub(crate) struct Inspect {
    /// Detection module
    #[arg(value_name = "MODULE")]
    module: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is told of a module.
#[derive(Serialize)]
struct Inspection<'m> {
    module: &'m str,
    kind: &'static str,
    size: usize,
    sha256: &'m str,
    fields: &'m [String],
    rules: &'m [RuleMeta],
    exceptions: Vec<Exception<'m>>,
}

/// What is told of an exception.
#[derive(Serialize)]
struct Exception<'m> {
    name: &'m str,
    comment: &'m str,
    /// Their ids, or `all`.
    rules: Vec<&'m str>,
    not_before: Option<String>,
    expires: Option<String>,
}

impl<'m> Exception<'m> {
    fn new(exception: &'m ExceptionMeta, rules: &'m [RuleMeta]) -> Self {
        let covered = match &exception.rules {
            Coverage::All => vec!["all"],
            Coverage::Rules(covered) => covered.iter().map(|rule| &*rules[*rule as usize].id).collect(),
        };
        Self {
            name: &exception.name,
            comment: &exception.comment,
            rules: covered,
            not_before: exception.window.not_before.map(moment),
            expires: exception.window.expires.map(moment),
        }
    }
}

impl Inspect {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let Opened { name, kind, bytes, sha256, rules, fields, exceptions } = Opened::read(&self.module)?;
        let inspection = Inspection {
            module: &name,
            kind: match kind {
                Kind::Weir => "component, for `weir run` and programs that embed Weir",
                Kind::FluentBit => "core module, for Fluent Bit's `wasm` filter, function `weir_filter`",
            },
            size: bytes.len(),
            sha256: &sha256,
            fields: &fields,
            exceptions: exceptions.iter().map(|exception| Exception::new(exception, &rules)).collect(),
            rules: &rules,
        };
        let mut out = stdout().lock();
        let written = if self.json { write_json(&inspection, &mut out) } else { show(&inspection, &mut out) };
        written.map_err(Failure::stdout)
    }
}

fn show(inspection: &Inspection<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "module  {}", inspection.module)?;
    writeln!(out, "kind    {}", inspection.kind)?;
    writeln!(out, "size    {} bytes", inspection.size)?;
    writeln!(out, "sha256  {}", inspection.sha256)?;
    writeln!(out, "fields  {}", inspection.fields.join(", "))?;
    writeln!(out, "rules   {}", inspection.rules.len())?;
    inspection.rules.iter().try_for_each(|rule| show_rule(rule, out))?;
    if !inspection.exceptions.is_empty() {
        writeln!(out, "\nexceptions  {}", inspection.exceptions.len())?;
    }
    inspection.exceptions.iter().try_for_each(|exception| show_exception(exception, out))
}

fn show_exception(exception: &Exception<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{}", exception.name)?;
    writeln!(out, "  comment   {}", exception.comment.trim().replace('\n', "\n            "))?;
    writeln!(out, "  rules     {}", exception.rules.join("\n            "))?;
    if let Some(start) = &exception.not_before {
        writeln!(out, "  from      {start}")?;
    }
    if let Some(end) = &exception.expires {
        writeln!(out, "  until     {end}")?;
    }
    Ok(())
}

fn show_rule(rule: &RuleMeta, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{} (version {})", rule.name, rule.version)?;
    writeln!(out, "  id        {}", rule.id)?;
    writeln!(out, "  severity  {}, risk score {}", rule.severity, rule.risk_score)?;
    rule.threats.iter().try_for_each(|threat| show_threat(threat, out))?;
    for (key, value) in [
        ("tags", &rule.tags.join(", ")),
        ("index", &rule.index.join(", ")),
        ("interval", &rule.interval),
        ("from", &rule.from),
        ("time", &rule.timestamp_override),
    ] {
        if !value.is_empty() {
            writeln!(out, "  {key:<8}  {value}")?;
        }
    }
    for reference in &rule.references {
        writeln!(out, "  see       {reference}")?;
    }
    writeln!(out, "  query     {}", rule.query.trim().replace('\n', "\n            "))
}

fn show_threat(threat: &Threat, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "  threat    {}: {} {}", threat.framework, threat.tactic.id, threat.tactic.name)?;
    for technique in &threat.techniques {
        writeln!(out, "            {} {}", technique.entry.id, technique.entry.name)?;
        for sub in &technique.subtechniques {
            writeln!(out, "            {} {}", sub.id, sub.name)?;
        }
    }
    Ok(())
}
