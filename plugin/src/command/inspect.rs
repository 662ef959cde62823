//! `weir inspect`: says what a module is.

use std::fs;
use std::io::{self, Write, stdout};
use std::path::PathBuf;

use clap::Args;
use weir::guest::{Guest, Limits, Module};
use weir_engine::program::{RuleMeta, Threat};

use super::Failure;

/// Show a module's rules, fields, size and SHA-256
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
    guest.rules().iter().try_for_each(|rule| show_rule(rule, out))
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
