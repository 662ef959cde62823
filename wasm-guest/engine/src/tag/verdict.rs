//! What matching rules have to say, as JSON text; knows nothing of the event that they matched.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::survey::Place;
use crate::program::{RuleMeta, Technique, Threat, ThreatEntry};

/// What matching rules say together.
pub(super) struct Verdict<'t> {
    /// The elements of `weir.matches`.
    pub(super) matches: Vec<Cow<'t, Item>>,
    /// The elements of `tags`.
    pub(super) tags: Vec<&'t Item>,
    fields: Cow<'t, Fields>,
}

/// A rule that matched, and the JSON of the name of what suppresses the match.
#[derive(Clone, Copy)]
pub(super) struct Matched<'t> {
    pub(super) rule: &'t Words,
    pub(super) suppressed_by: Option<&'t str>,
}

/// What one rule says, worked out once.
#[derive(Debug)]
pub(super) struct Words {
    matches: Item,
    tags: Vec<Item>,
    rule: Entry,
    frameworks: Vec<String>,
    tactics: Vec<Entry>,
    techniques: Vec<Entry>,
    subtechniques: Vec<Entry>,
    risk_score: u32,
    /// What the fields hold when no other rule matches, which is the usual case.
    alone: Fields,
}

/// An element for a list.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// A list that holds this has the element already.
    pub(super) key: String,
    pub(super) json: String,
    /// Is it a suppressed match? Its key is the match as it would else be.
    pub(super) is_suppressed: bool,
}

/// What follows a match in one that is suppressed, ahead of the name of what suppresses it. Quotes are escaped in text, so
/// nothing but a member can be spelt like this.
pub(super) const SUPPRESSED_BY: &str = r#","suppressed_by":"#;

/// The JSON of an id and of its name.
#[derive(Debug)]
struct Entry {
    id: String,
    name: String,
}

/// The JSON of each ECS field; empty if there is nothing to say.
type Fields = [String; Place::COUNT];

impl<'t> Verdict<'t> {
    /// What the rules say together that matched; one that is given twice counts once.
    pub(super) fn of(matches: &[Matched<'t>]) -> Self {
        if let [Matched { rule, suppressed_by: None }] = *matches {
            let fields = Cow::Borrowed(&rule.alone);
            return Self { matches: vec![Cow::Borrowed(&rule.matches)], tags: rule.tags.iter().collect(), fields };
        }
        let matches = distinct(matches.iter().copied(), |matched| &matched.rule.rule.id);
        let unsuppressed = matches.iter().filter(|matched| matched.suppressed_by.is_none());
        let rules: Vec<&Words> = unsuppressed.map(|matched| matched.rule).collect();
        Self {
            matches: matches.iter().map(|matched| matched.item()).collect(),
            tags: distinct(rules.iter().flat_map(|rule| &rule.tags), |tag| &tag.key),
            fields: Cow::Owned(fields(&rules)),
        }
    }

    /// Is there nothing to say beyond `weir.matches`?
    pub(super) fn is_suppressed(&self) -> bool {
        self.matches.iter().all(|item| item.is_suppressed)
    }

    /// The JSON of an ECS field; empty if there is nothing to say.
    pub(super) fn field(&self, place: Place) -> &str {
        &self.fields[place as usize]
    }
}

impl<'t> Matched<'t> {
    /// The element of `weir.matches`.
    fn item(self) -> Cow<'t, Item> {
        let item = &self.rule.matches;
        self.suppressed_by.map_or(Cow::Borrowed(item), |name| {
            let json = [item.key.strip_suffix('}').unwrap_or_default(), SUPPRESSED_BY, name, "}"].concat();
            Cow::Owned(Item { key: item.key.clone(), json, is_suppressed: true })
        })
    }
}

impl Words {
    /// What `rule` says.
    pub(super) fn of(rule: &RuleMeta) -> Self {
        let techniques = || rule.threats.iter().flat_map(|threat| &threat.techniques);
        let matches = text_of(&Match::of(rule));
        let mut words = Self {
            matches: Item::new(matches.clone(), matches),
            tags: tags(rule),
            rule: Entry { id: text_of(&rule.id), name: text_of(&rule.name) },
            frameworks: rule.threats.iter().map(|threat| text_of(&threat.framework)).collect(),
            tactics: rule.threats.iter().map(|threat| Entry::of(&threat.tactic)).collect(),
            techniques: techniques().map(|technique| Entry::of(&technique.entry)).collect(),
            subtechniques: techniques().flat_map(|technique| &technique.subtechniques).map(Entry::of).collect(),
            risk_score: rule.risk_score,
            alone: Fields::default(),
        };
        words.alone = fields(&[&words]);
        words
    }
}

impl Item {
    fn new(key: String, json: String) -> Self {
        Self { key, json, is_suppressed: false }
    }
}

impl Entry {
    fn of(entry: &ThreatEntry) -> Self {
        Self { id: text_of(&entry.id), name: text_of(&entry.name) }
    }
}

fn tags(rule: &RuleMeta) -> Vec<Item> {
    let mut ids: Vec<&str> = Vec::new();
    for threat in &rule.threats {
        ids.push(&threat.tactic.id);
        for technique in &threat.techniques {
            ids.push(&technique.entry.id);
            ids.extend(technique.subtechniques.iter().map(|entry| entry.id.as_str()));
        }
    }
    ids.push(&rule.id);
    distinct(ids, |id| id).into_iter().map(|id| Item::new(id.into(), text_of(id))).collect()
}

fn fields(rules: &[&Words]) -> Fields {
    let mut fields = Fields::default();
    let mut set = |place: Place, json: String| fields[place as usize] = json;
    set(Place::RuleId, one_or_all(rules.iter().map(|rule| &*rule.rule.id)));
    set(Place::RuleName, one_or_all(rules.iter().map(|rule| &*rule.rule.name)));
    let frameworks = rules.iter().flat_map(|rule| &rule.frameworks);
    set(Place::Framework, one_or_all(distinct(frameworks.map(String::as_str), |name| name)));
    if let Some(highest) = rules.iter().map(|rule| rule.risk_score).max() {
        set(Place::RiskScore, text_of(&highest));
        set(Place::Severity, text_of(&highest));
    }

    let mut set_entries = |id: Place, name: Place, entries_of: fn(&Words) -> &[Entry]| {
        let entries = distinct(rules.iter().flat_map(|rule| entries_of(rule)), |entry| &entry.id);
        if !entries.is_empty() {
            set(id, array(entries.iter().map(|entry| &*entry.id)));
            set(name, array(entries.iter().map(|entry| &*entry.name)));
        }
    };
    set_entries(Place::TacticId, Place::TacticName, |rule| &rule.tactics);
    set_entries(Place::TechniqueId, Place::TechniqueName, |rule| &rule.techniques);
    set_entries(Place::SubtechniqueId, Place::SubtechniqueName, |rule| &rule.subtechniques);
    fields
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

impl<'a> Match<'a> {
    fn of(rule: &'a RuleMeta) -> Self {
        Self {
            rule: MatchRule { id: &rule.id, name: &rule.name, version: rule.version },
            severity: &rule.severity,
            risk_score: rule.risk_score,
            threat: rule.threats.iter().map(MatchThreat::of).collect(),
        }
    }
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

fn one_or_all<'a>(json: impl IntoIterator<Item = &'a str>) -> String {
    let json: Vec<&str> = json.into_iter().collect();
    match json.as_slice() {
        [] => String::new(),
        [one] => (*one).into(),
        all => array(all.iter().copied()),
    }
}

/// The array of the elements whose JSON is given.
pub(super) fn array<'a>(elements: impl Iterator<Item = &'a str> + Clone) -> String {
    ["[", &join(elements), "]"].concat()
}

/// All of `json`, joined by commas.
pub(super) fn join<'a>(json: impl Iterator<Item = &'a str> + Clone) -> String {
    let mut joined = String::with_capacity(json.clone().map(|json| json.len() + 1).sum());
    for json in json {
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(json);
    }
    joined
}

/// The first of those with the same key, in order.
fn distinct<'a, T: Copy>(items: impl IntoIterator<Item = T>, key: impl Fn(T) -> &'a str) -> Vec<T> {
    let mut seen = HashSet::new();
    items.into_iter().filter(|&item| seen.insert(key(item))).collect()
}

/// The JSON of a value that always has one: text, numbers, and lists and structs of them.
pub(super) fn text_of<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("text, numbers, and lists of them always have a JSON form")
}

/// The value of JSON that [`text_of`] and [`array()`] made.
pub(super) fn value_of<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).expect("what was made from values is JSON, and nested no deeper than a rule's threats")
}
