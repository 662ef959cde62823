//! What `detector.wit` looks like in Rust, and how its rules and exceptions become the engine's; trusts the shapes, not the
//! values.

use weir_engine::program::{Coverage, ExceptionMeta, RuleMeta, Technique, Threat, ThreatEntry, Window};

use self::exports::weir::detector::detector as wit;

wasmtime::component::bindgen!({ world: "module", path: "../wasm-guest/wit" });

pub(super) use self::exports::weir::detector::detector::{Exception, Finding, Guest as Detector, Report, Rule};

/// The interface that a detector exports.
pub(super) const INTERFACE: &str = "weir:detector/detector";
/// The version of it that this host speaks.
pub(super) const VERSION: &str = "0.1.0";
/// Its functions.
pub(super) const FUNCTIONS: [&str; 4] = ["describe", "exceptions", "fields", "detect"];

impl From<Rule> for RuleMeta {
    fn from(rule: Rule) -> Self {
        Self {
            id: rule.id,
            name: rule.name,
            version: rule.version,
            severity: rule.severity,
            risk_score: rule.risk_score,
            threats: rule.threats.into_iter().map(Into::into).collect(),
            query: rule.query,
            references: rule.references,
            tags: rule.tags,
            index: rule.index,
            interval: rule.interval,
            from: rule.from,
            timestamp_override: rule.timestamp_override,
        }
    }
}

impl From<wit::Threat> for Threat {
    fn from(threat: wit::Threat) -> Self {
        Self {
            framework: threat.framework,
            tactic: threat.tactic.into(),
            techniques: threat.techniques.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wit::Technique> for Technique {
    fn from(technique: wit::Technique) -> Self {
        Self {
            entry: technique.entry.into(),
            subtechniques: technique.subtechniques.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wit::ThreatEntry> for ThreatEntry {
    fn from(entry: wit::ThreatEntry) -> Self {
        Self { id: entry.id, name: entry.name, reference: entry.reference }
    }
}

impl From<Exception> for ExceptionMeta {
    fn from(exception: Exception) -> Self {
        Self {
            name: exception.name,
            comment: exception.comment,
            rules: match exception.rules {
                wit::Coverage::All => Coverage::All,
                wit::Coverage::Rules(rules) => Coverage::Rules(rules),
            },
            window: Window { not_before: exception.not_before, expires: exception.expires },
        }
    }
}

#[cfg(test)]
mod tests {
    use wit_parser::Resolve;

    use super::*;

    #[test]
    fn the_interface_is_called_as_in_detector_wit() {
        let mut resolve = Resolve::default();
        let wit = include_str!("../../../wasm-guest/wit/detector.wit");
        let package = resolve.push_str("detector.wit", wit).unwrap();
        let (name, interface) = resolve.packages[package].interfaces.first().unwrap();
        assert_eq!(resolve.id_of_name(package, name), format!("{INTERFACE}@{VERSION}"));
        assert!(resolve.interfaces[*interface].functions.keys().eq(FUNCTIONS));
    }
}
