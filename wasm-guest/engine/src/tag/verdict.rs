//! What matching rules have to say, as JSON text; knows nothing of the event that they matched.

use std::collections::BTreeSet;

use serde::Serialize;

use super::survey::Place;
use crate::program::{RuleMeta, Technique, Threat, ThreatEntry};

/// The words of a set of rules.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The elements of `weir.matches`, by the ids of their rules.
    pub(super) matches: Vec<Item>,
    /// The elements of `tags`, by themselves.
    pub(super) tags: Vec<Item>,
    fields: [String; Place::COUNT],
}

/// An element for a list.
#[derive(Debug)]
pub(super) struct Item {
    /// A list that holds this has the element already.
    pub(super) key: String,
    pub(super) json: String,
}

impl Verdict {
    /// What `rules` say together; a rule that is given twice counts once.
    pub(super) fn of(rules: &[&RuleMeta]) -> Self {
        let rules = distinct(rules.iter().copied(), |rule| &rule.id);
        Self {
            matches: rules.iter().map(|rule| match_item(rule)).collect(),
            tags: tags(&rules),
            fields: fields(&rules),
        }
    }

    /// The JSON of an ECS field; empty if there is nothing to say.
    pub(super) fn field(&self, place: Place) -> &str {
        &self.fields[place as usize]
    }
}

fn tags(rules: &[&RuleMeta]) -> Vec<Item> {
    let mut ids: Vec<&str> = Vec::new();
    for rule in rules {
        for threat in &rule.threats {
            ids.push(&threat.tactic.id);
            for technique in &threat.techniques {
                ids.push(&technique.entry.id);
                ids.extend(technique.subtechniques.iter().map(|entry| entry.id.as_str()));
            }
        }
        ids.push(&rule.id);
    }
    distinct(ids, |id| id).into_iter().map(|id| Item { key: id.into(), json: text_of(id) }).collect()
}

fn fields(rules: &[&RuleMeta]) -> [String; Place::COUNT] {
    let threats: Vec<&Threat> = rules.iter().flat_map(|rule| &rule.threats).collect();
    let techniques: Vec<&Technique> = threats.iter().flat_map(|threat| &threat.techniques).collect();
    let subtechniques = techniques.iter().flat_map(|technique| &technique.subtechniques);

    let mut fields: [String; Place::COUNT] = Default::default();
    let mut set = |place: Place, json: String| fields[place as usize] = json;
    set(Place::RuleId, one_or_all(rules.iter().map(|rule| &*rule.id)));
    set(Place::RuleName, one_or_all(rules.iter().map(|rule| &*rule.name)));
    let frameworks = threats.iter().map(|threat| &*threat.framework);
    set(Place::Framework, one_or_all(distinct(frameworks, |name| name)));
    if let Some(highest) = rules.iter().map(|rule| rule.risk_score).max() {
        set(Place::RiskScore, text_of(&highest));
        set(Place::Severity, text_of(&highest));
    }

    let mut set_entries = |id: Place, name: Place, entries: Vec<&ThreatEntry>| {
        let entries = distinct(entries, |entry| &entry.id);
        if !entries.is_empty() {
            set(id, text_of(&entries.iter().map(|entry| &*entry.id).collect::<Vec<_>>()));
            set(name, text_of(&entries.iter().map(|entry| &*entry.name).collect::<Vec<_>>()));
        }
    };
    set_entries(Place::TacticId, Place::TacticName, threats.iter().map(|threat| &threat.tactic).collect());
    set_entries(
        Place::TechniqueId,
        Place::TechniqueName,
        techniques.iter().map(|technique| &technique.entry).collect(),
    );
    set_entries(Place::SubtechniqueId, Place::SubtechniqueName, subtechniques.collect());
    fields
}

fn match_item(rule: &RuleMeta) -> Item {
    let content = Match {
        rule: MatchRule { id: &rule.id, name: &rule.name, version: rule.version },
        severity: &rule.severity,
        risk_score: rule.risk_score,
        threat: rule.threats.iter().map(MatchThreat::of).collect(),
    };
    Item { key: rule.id.clone(), json: text_of(&content) }
}

/// An element of `weir.matches`.
#[derive(Serialize)]
struct Match<'a> {
    rule: MatchRule<'a>,
    severity: &'a str,
    risk_score: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    threat: Vec<MatchThreat<'a>>,
}

#[derive(Serialize)]
struct MatchRule<'a> {
    id: &'a str,
    name: &'a str,
    version: u32,
}

#[derive(Serialize)]
struct MatchThreat<'a> {
    framework: &'a str,
    tactic: MatchEntry<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    technique: Vec<MatchTechnique<'a>>,
}

#[derive(Serialize)]
struct MatchTechnique<'a> {
    #[serde(flatten)]
    entry: MatchEntry<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subtechnique: Vec<MatchEntry<'a>>,
}

#[derive(Serialize)]
struct MatchEntry<'a> {
    id: &'a str,
    name: &'a str,
}

impl<'a> MatchThreat<'a> {
    fn of(threat: &'a Threat) -> Self {
        Self {
            framework: &threat.framework,
            tactic: MatchEntry::of(&threat.tactic),
            technique: threat.techniques.iter().map(MatchTechnique::of).collect(),
        }
    }
}

impl<'a> MatchTechnique<'a> {
    fn of(technique: &'a Technique) -> Self {
        Self {
            entry: MatchEntry::of(&technique.entry),
            subtechnique: technique.subtechniques.iter().map(MatchEntry::of).collect(),
        }
    }
}

impl<'a> MatchEntry<'a> {
    fn of(entry: &'a ThreatEntry) -> Self {
        Self { id: &entry.id, name: &entry.name }
    }
}

fn one_or_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<&str> = texts.into_iter().collect();
    match texts.as_slice() {
        [] => String::new(),
        [one] => text_of(one),
        all => text_of(all),
    }
}

/// The first of those with the same key, in order.
fn distinct<'a, T: Copy>(items: impl IntoIterator<Item = T>, key: impl Fn(T) -> &'a str) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|&item| seen.insert(key(item))).collect()
}

/// The JSON of `items`, joined by commas.
pub(super) fn join<'a>(items: impl IntoIterator<Item = &'a Item>) -> String {
    let json: Vec<&str> = items.into_iter().map(|item| item.json.as_str()).collect();
    json.join(",")
}

/// The JSON of a value that always has one: text, numbers, and lists and structs of them.
pub(super) fn text_of<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("text, numbers, and lists of them always have a JSON form")
}
