//! A layer in the format of MITRE's ATT&CK Navigator, version 4.5: which rules see which technique, under which tactic.

use std::collections::BTreeMap;

use serde::Serialize;
use weir_engine::program::{RuleMeta, ThreatEntry};

use crate::attack;

/// From light to dark: few rules to many.
const COLORS: [&str; 2] = ["#d6eaf8", "#1a5276"];

/// A layer file. Names and order are those of the Navigator's specification.
#[derive(Serialize)]
pub(super) struct Layer<'m> {
    name: &'m str,
    versions: Versions,
    domain: &'static str,
    description: String,
    /// By falling score.
    sorting: u8,
    layout: Layout,
    techniques: Vec<Technique>,
    gradient: Gradient,
    metadata: Vec<Metadata>,
}

/// Without the version of ATT&CK: the Navigator takes the current one then.
#[derive(Serialize)]
struct Versions {
    navigator: &'static str,
    layer: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Layout {
    layout: &'static str,
    expanded_subtechniques: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Technique {
    #[serde(rename = "techniqueID")]
    id: String,
    tactic: String,
    score: usize,
    comment: String,
    metadata: Vec<Metadata>,
    links: Vec<Link>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Gradient {
    colors: [&'static str; 2],
    min_value: usize,
    max_value: usize,
}

#[derive(Serialize)]
struct Metadata {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct Link {
    label: String,
    url: String,
}

/// A technique or a sub-technique under a tactic.
pub(super) struct Place<'r> {
    tactic: &'r str,
    entry: &'r ThreatEntry,
}

/// Where ATT&CK's matrix has what the rule sees.
pub(super) fn places(rule: &RuleMeta) -> impl Iterator<Item = Place<'_>> {
    rule.threats.iter().filter(|threat| threat.framework == weir_eql::ATTACK).flat_map(|threat| {
        threat.techniques.iter().flat_map(|technique| {
            [&technique.entry]
                .into_iter()
                .chain(&technique.subtechniques)
                .map(|entry| Place { tactic: &threat.tactic.name, entry })
        })
    })
}

impl<'m> Layer<'m> {
    /// The layer of a module's `rules`.
    pub(super) fn new(name: &'m str, sha256: &str, rules: &[RuleMeta]) -> Self {
        let techniques = techniques(rules);
        let most = techniques.iter().map(|technique| technique.score).max().unwrap_or_default();
        Self {
            name,
            versions: Versions { navigator: "5.2.0", layer: "4.5" },
            domain: "enterprise-attack",
            description: format!(
                "What the rules of a Weir module see: a score is a number of rules, of {}.",
                rules.len()
            ),
            sorting: 3,
            layout: Layout { layout: "side", expanded_subtechniques: "annotated" },
            techniques,
            // The format wants the maximum to be above the minimum.
            gradient: Gradient { colors: COLORS, min_value: 0, max_value: most.max(1) },
            metadata: vec![Metadata { name: "Module's SHA-256".to_owned(), value: sha256.to_owned() }],
        }
    }

    /// How many different techniques and sub-techniques there are.
    pub(super) fn techniques(&self) -> usize {
        let mut ids: Vec<_> = self.techniques.iter().map(|technique| &technique.id).collect();
        ids.sort();
        ids.dedup();
        ids.len()
    }
}

fn techniques(rules: &[RuleMeta]) -> Vec<Technique> {
    let mut seen: BTreeMap<(String, &str), (&ThreatEntry, Vec<&RuleMeta>)> = BTreeMap::new();
    for rule in rules {
        for Place { tactic, entry } in places(rule) {
            let (_, rules) = seen.entry((attack::short_name(tactic), &entry.id)).or_insert((entry, Vec::new()));
            // A rule may name a technique twice, for two of its sub-techniques.
            if rules.last().is_none_or(|last| last.id != rule.id) {
                rules.push(rule);
            }
        }
    }
    seen.into_iter().map(|((tactic, _), (entry, rules))| technique(tactic, entry, &rules)).collect()
}

fn technique(tactic: String, entry: &ThreatEntry, rules: &[&RuleMeta]) -> Technique {
    let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let metadata = rules.iter().map(|rule| Metadata {
        name: rule.name.clone(),
        value: format!("{}, {} ({})", rule.id, rule.severity, rule.risk_score),
    });
    let page = attack::page(weir_eql::ATTACK, entry);
    Technique {
        id: entry.id.clone(),
        tactic,
        score: rules.len(),
        comment: names.join("\n"),
        metadata: metadata.collect(),
        links: page.into_iter().map(|url| Link { label: entry.name.clone(), url }).collect(),
    }
}
