//! `weir inspect`: says what a module is.

use std::fs;
use std::io::{self, Write, stdout};
use std::path::PathBuf;

use clap::Args;
use weir::exceptions::moment;
use weir::guest::{Guest, Limits, Module};
use weir_engine::program::{Coverage, ExceptionMeta, RuleMeta, Threat};

use super::Failure;

/// Show a module's rules, exceptions, fields, size and SHA-256
#[derive(Args)]
pub(crate) struct Inspect {
    /// Detection module
    #[arg(value_name = "MODULE")]
    module: PathBuf,
}

impl Inspect {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let name = self.module.display().to_string();
        let bytes = fs::read(&self.module)
            .map_err(|error| Failure::input(format_args!("cannot read module `{name}`: {error}; check the path")))?;
        let module = Module { name: &name, bytes: &bytes, pinned: None, cache: None };
        let guest = Guest::load(&module, &Limits::default()).map_err(Failure::input)?;
        show(&name, bytes.len(), &guest, &mut stdout().lock())
            .map_err(|error| Failure::run(format_args!("writing stdout failed: {error}")))
    }
}

fn show(name: &str, size: usize, guest: &Guest, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "module  {name}")?;
    writeln!(out, "size    {size} bytes")?;
    writeln!(out, "sha256  {}", guest.sha256())?;
    writeln!(out, "fields  {}", guest.fields().join(", "))?;
    writeln!(out, "rules   {}", guest.rules().len())?;
    guest.rules().iter().try_for_each(|rule| show_rule(rule, out))?;
    if !guest.exceptions().is_empty() {
        writeln!(out, "\nexceptions  {}", guest.exceptions().len())?;
    }
    guest.exceptions().iter().try_for_each(|exception| show_exception(exception, guest.rules(), out))
}

fn show_exception(exception: &ExceptionMeta, rules: &[RuleMeta], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{}", exception.name)?;
    writeln!(out, "  comment   {}", exception.comment.trim().replace('\n', "\n            "))?;
    match &exception.rules {
        Coverage::All => writeln!(out, "  rules     all")?,
        Coverage::Rules(covered) => {
            let ids: Vec<&str> = covered.iter().map(|rule| &*rules[*rule as usize].id).collect();
            writeln!(out, "  rules     {}", ids.join("\n            "))?;
        }
    }
    if let Some(start) = exception.window.not_before {
        writeln!(out, "  from      {}", moment(start))?;
    }
    if let Some(end) = exception.window.expires {
        writeln!(out, "  until     {}", moment(end))?;
    }
    Ok(())
}

fn show_rule(rule: &RuleMeta, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{} (version {})", rule.name, rule.version)?;
    writeln!(out, "  id        {}", rule.id)?;
    writeln!(out, "  severity  {}, risk score {}", rule.severity, rule.risk_score)?;
    rule.threats.iter().try_for_each(|threat| show_threat(threat, out))?;
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
