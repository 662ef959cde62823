//! Asks a detector for its rules, and refuses those that nothing sensible can be tagged with.

use std::collections::HashSet;

use wasmtime::Store;
use weir_engine::program::RuleMeta;

use super::bindings::Detector;
use super::instance::Memory;

const MOST_RULES: usize = 100_000;
const MOST_FIELDS: usize = 100_000;
const LONGEST_TEXT: usize = 64 << 10;
/// Ids become tags and labels.
const LONGEST_ID: usize = 256;
const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];

/// What a detector tells of itself.
pub(super) struct Description {
    pub(super) rules: Vec<RuleMeta>,
    pub(super) fields: Vec<String>,
}

/// Asks for it.
pub(super) fn ask(store: &mut Store<Memory>, detector: &Detector) -> wasmtime::Result<Description> {
    let rules = detector.call_describe(&mut *store)?;
    Ok(Description { rules: rules.into_iter().map(Into::into).collect(), fields: detector.call_fields(store)? })
}

/// Says what is impossible in it, if anything is.
pub(super) fn check(description: &Description) -> Result<(), String> {
    let Description { rules, fields } = description;
    if rules.len() > MOST_RULES {
        return Err(format!("{} rules, more than {MOST_RULES}", rules.len()));
    }
    if fields.len() > MOST_FIELDS {
        return Err(format!("{} fields, more than {MOST_FIELDS}", fields.len()));
    }
    if let Some(place) = fields.iter().position(|field| field.is_empty() || field.len() > LONGEST_TEXT) {
        return Err(format!("field {place} with a name that is empty or longer than {LONGEST_TEXT} bytes"));
    }
    let mut ids = HashSet::new();
    for (place, rule) in rules.iter().enumerate() {
        check_rule(rule).map_err(|fault| format!("rule {place} with {fault}"))?;
        if !ids.insert(&rule.id) {
            return Err(format!("rule {place} with the id `{}` of an earlier rule", rule.id));
        }
    }
    Ok(())
}

fn check_rule(rule: &RuleMeta) -> Result<(), String> {
    if rule.id.is_empty() || rule.id.len() > LONGEST_ID || rule.id.contains(char::is_control) {
        return Err(format!("an id that is empty, longer than {LONGEST_ID} bytes or not printable"));
    }
    if !SEVERITIES.contains(&rule.severity.as_str()) {
        return Err(format!("a severity other than {}", SEVERITIES.join(", ")));
    }
    if rule.risk_score > 100 {
        return Err(format!("a risk score of {}, more than 100", rule.risk_score));
    }
    if texts(rule).any(|text| text.len() > LONGEST_TEXT) {
        return Err(format!("a text longer than {LONGEST_TEXT} bytes"));
    }
    Ok(())
}

fn texts(rule: &RuleMeta) -> impl Iterator<Item = &String> {
    let entries = rule.threats.iter().flat_map(|threat| {
        let techniques = threat.techniques.iter();
        let below = techniques.flat_map(|technique| technique.subtechniques.iter().chain([&technique.entry]));
        below.chain([&threat.tactic])
    });
    let frameworks = rule.threats.iter().map(|threat| &threat.framework);
    [&rule.name, &rule.query]
        .into_iter()
        .chain(&rule.references)
        .chain(frameworks)
        .chain(entries.flat_map(|entry| [&entry.id, &entry.name, &entry.reference]))
}

#[cfg(test)]
mod tests {
    use weir_engine::program::{Technique, Threat, ThreatEntry};

    use super::*;

    fn rule(id: &str) -> RuleMeta {
        RuleMeta { id: id.into(), severity: "low".into(), risk_score: 21, ..RuleMeta::default() }
    }

    fn described(rules: Vec<RuleMeta>) -> Result<(), String> {
        check(&Description { rules, fields: vec!["process.name".into()] })
    }

    #[test]
    fn sensible_rules_pass() {
        assert_eq!(described(vec![rule("a"), rule("b")]), Ok(()));
        assert_eq!(described(Vec::new()), Ok(()));
    }

    #[test]
    fn nonsense_is_refused_and_named() {
        let deep = "x".repeat(LONGEST_TEXT + 1);
        let entry = ThreatEntry { reference: deep, ..ThreatEntry::default() };
        let technique = Technique { subtechniques: vec![entry], ..Technique::default() };
        let threat = Threat { techniques: vec![technique], ..Threat::default() };
        for (rules, complaint) in [
            (vec![rule("")], "rule 0 with an id that is empty"),
            (vec![rule(&"x".repeat(LONGEST_ID + 1))], "longer than 256 bytes"),
            (vec![rule("a\nb")], "not printable"),
            (vec![rule("a"), rule("b"), rule("a")], "rule 2 with the id `a` of an earlier rule"),
            (vec![RuleMeta { risk_score: 101, ..rule("a") }], "a risk score of 101"),
            (vec![RuleMeta { severity: "dire".into(), ..rule("a") }], "a severity other than low, medium"),
            (vec![RuleMeta { threats: vec![threat], ..rule("a") }], "a text longer than 65536 bytes"),
            (vec![rule("a"); MOST_RULES + 1], "100001 rules, more than 100000"),
        ] {
            let nonsense = described(rules).unwrap_err();
            assert!(nonsense.contains(complaint), "{nonsense:?} lacks {complaint:?}");
        }
    }

    #[test]
    fn fields_without_a_name_are_refused() {
        let nonsense = check(&Description { rules: Vec::new(), fields: vec!["a".into(), String::new()] }).unwrap_err();
        assert!(nonsense.contains("field 1"), "{nonsense}");
    }
}
