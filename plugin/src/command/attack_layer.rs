//! `weir attack-layer`: shows in MITRE's ATT&CK Navigator what a module covers.

mod layer;

use std::fs;
use std::io::stdout;
use std::path::PathBuf;

use clap::Args;
use weir_engine::program::RuleMeta;

use self::layer::Layer;
use super::Failure;
use super::module::Opened;
use crate::report::{count, say, write_json};

/// Write an ATT&CK Navigator layer of what a module covers
///
/// A technique's score is the number of rules that see it. Open the layer in the ATT&CK Navigator: "Open Existing Layer",
/// "Upload from local".
#[derive(Args)]
pub(crate) struct AttackLayer {
    /// Detection module
    #[arg(value_name = "MODULE")]
    module: PathBuf,
    /// Layer to write, instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl AttackLayer {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let Opened { sha256, rules, .. } = Opened::read(&self.module)?;
        let title = self.module.file_stem().unwrap_or_default().to_string_lossy();
        let layer = Layer::new(&title, &sha256, &rules);
        match &self.output {
            None => write_json(&layer, &mut stdout().lock()).map_err(Failure::stdout)?,
            Some(path) => {
                let mut json = Vec::new();
                let saved = write_json(&layer, &mut json).and_then(|()| fs::write(path, json));
                saved.map_err(|error| Failure::unwritable(path, &error))?;
                let techniques = count(layer.techniques() as u64, "technique");
                let rules = count(rules.len() as u64, "rule");
                say(format_args!("weir: {techniques} of {rules} → {}", path.display()));
            }
        }
        warn_of_unplaced(&rules);
        Ok(())
    }
}

/// Says how many rules the layer can't show.
fn warn_of_unplaced(rules: &[RuleMeta]) {
    let unplaced = rules.iter().filter(|rule| layer::places(rule).next().is_none()).count() as u64;
    if unplaced > 0 {
        let rules = count(unplaced, "rule");
        say(format_args!("weir: without an ATT&CK technique, so not in the layer: {rules}"));
    }
}
