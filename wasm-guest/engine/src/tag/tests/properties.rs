//! Tags on generated events: what must hold of every one. The oracle walks events by itself, with `serde_json`.

use std::fmt;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{tag, tagger};
use crate::tag::mark_unjudged;

const ECS: [&str; 11] = [
    ".rule.id",
    ".rule.name",
    ".threat.framework",
    ".threat.tactic.id",
    ".threat.tactic.name",
    ".threat.technique.id",
    ".threat.technique.name",
    ".threat.technique.subtechnique.id",
    ".threat.technique.subtechnique.name",
    ".event.risk_score",
    ".event.severity",
];

const KEYS: &str = r"weir matches unjudged rule id name threat framework tactic technique subtechnique event risk_score
    severity tags a weir.matches weir.unjudged rule.id r\u0075le rule\u002eid rule.id.x threat.tactic technique.id
    threat.technique.subtechnique event.severity tags.x rule. .. .rule";

const WEIR_KEYS: &str = "weir weir matches weir.matches unjudged weir.unjudged weir.matches.x";

const SCALARS: &str = r#"null true -0.0 1e400 123456789012345678901234567890 "" "r1" "\u00721" "TA1" "ä{[,\"\\" "\ud800"
    {"rule.id":"r1"} {} []"#;

fn word(words: &'static str) -> impl Strategy<Value = String> {
    select(words.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

fn space() -> impl Strategy<Value = &'static str> {
    select(&["", "", "", " ", "\r\n\t"][..])
}

fn object(keys: &'static str, value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member =
        (word(keys), value, space(), space()).prop_map(|(key, value, a, b)| format!("{a}\"{key}\"{b}:{a}{value}{b}"));
    prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(",")))
}

pub(super) fn event() -> impl Strategy<Value = String> {
    prop_oneof![event_of(KEYS), event_of(WEIR_KEYS)]
}

fn event_of(keys: &'static str) -> impl Strategy<Value = String> {
    let scalar = prop_oneof![3 => word(SCALARS), 1 => select([0, 1, 2].map(match_of).to_vec())];
    let value = scalar.prop_recursive(4, 24, 5, move |inner| {
        let array =
            prop::collection::vec(inner.clone(), 0..4).prop_map(|elements| format!("[{}]", elements.join(" ,")));
        prop_oneof![2 => object(keys, inner), 1 => array]
    });
    (space(), object(keys, value), space()).prop_map(|(before, object, after)| format!("{before}{object}{after}"))
}

/// What an empty event gets in `weir.matches`.
fn match_of(rule: u32) -> String {
    let tagged = tag("{}", &[rule]);
    let end = tagged.find(r#"]},"rule""#).expect("the array ends ahead of the rule");
    tagged[r#"{"weir":{"matches":["#.len()..end].to_owned()
}

/// Are the matches of `rules` where a reader looks for them, who takes the last of equal keys as `Value` does?
fn tells(event: &str, rules: &[u32]) -> bool {
    let event: Value = serde_json::from_str(event).expect(event);
    let matches = if event["weir"].is_object() { &event["weir"]["matches"] } else { &event["weir.matches"] };
    let told = |rule: &u32| {
        let expected: Value = serde_json::from_str(&match_of(*rule)).expect("matches are JSON");
        matches.as_array().is_some_and(|elements| elements.contains(&expected))
    };
    rules.iter().all(told)
}

/// Without what `Value` can't hold, grammatical though it is.
pub(super) fn tame(event: &str) -> String {
    event.replace("1e400", "1").replace(r"\ud800", "")
}

pub(super) fn rules() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0..3_u32, 1..4)
}

/// A value in an event: its path, such as `.rule.id`, with `[]` for an element; and its text, or how it begins if it
/// is a container.
type Found = (String, String);

fn walked(json: &str) -> Vec<Found> {
    let mut found = Vec::new();
    walk(json, "", &mut found);
    found
}

fn walk(json: &str, path: &str, found: &mut Vec<Found>) {
    let json = json.trim();
    if json.starts_with('{') {
        found.push((path.into(), "{".into()));
        for (key, value) in members(json) {
            walk(value.get(), &format!("{path}.{key}"), found);
        }
    } else if json.starts_with('[') {
        found.push((path.into(), "[".into()));
        for element in serde_json::from_str::<Vec<&RawValue>>(json).expect(json) {
            walk(element.get(), &format!("{path}[]"), found);
        }
    } else {
        found.push((path.into(), json.into()));
    }
}

/// The members of an object, those with the same key too.
fn members(json: &str) -> Vec<(String, &RawValue)> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;
        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            std::iter::from_fn(|| map.next_entry().transpose()).collect()
        }
    }
    serde_json::Deserializer::from_str(json).deserialize_map(Members).expect(json)
}

fn is_within(path: &str, field: &str) -> bool {
    path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Is there something that isn't an object, on the way to `field`?
fn is_blocked(field: &str, event: &[Found]) -> bool {
    let is_ancestor = |path: &str| field.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    event.iter().any(|(path, value)| value != "{" && is_ancestor(path))
}

fn is_subsequence<T: PartialEq>(part: impl IntoIterator<Item = T>, whole: impl IntoIterator<Item = T>) -> bool {
    let mut whole = whole.into_iter();
    part.into_iter().all(|item| whole.any(|other| other == item))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn tags_only_add(event in event(), rules in rules()) {
        let tagged = tag(&event, &rules);
        prop_assert!(serde_json::from_str::<&RawValue>(&tagged).is_ok(), "{}", tagged);
        prop_assert!(is_subsequence(event.bytes(), tagged.bytes()), "{}", tagged);
    }

    #[test]
    fn values_stay_where_they_were_but_for_those_that_are_wrapped(event in event(), rules in rules()) {
        let unwrapped = |found: Vec<Found>| found.into_iter().map(|(path, value)| (path.replace("[]", ""), value));
        let tagged = tag(&event, &rules);
        prop_assert!(is_subsequence(unwrapped(walked(&event)), unwrapped(walked(&tagged))), "{}", tagged);
    }

    #[test]
    fn ecs_fields_are_written_where_they_are_absent_and_possible(event in event()) {
        let (before, after) = (walked(&event), walked(&tag(&event, &[0, 1])));
        for field in ECS {
            let within = |found: &[Found]| found.iter().filter(|(path, _)| is_within(path, field)).cloned().collect();
            let (old, new): (Vec<Found>, Vec<Found>) = (within(&before), within(&after));
            if old.is_empty() && !is_blocked(field, &before) {
                prop_assert!(!new.is_empty(), "{} is missing", field);
            } else {
                prop_assert_eq!(old, new);
            }
        }
    }

    #[test]
    fn every_match_is_told_to_readers_of_the_last_of_equal_keys(event in event(), rules in rules()) {
        let tagged = tag(&tame(&event), &rules);
        prop_assert!(tells(&tagged, &rules), "{}", tagged);
    }

    #[test]
    fn marking_hides_no_match(event in event(), rules in rules()) {
        let mut marked = Vec::new();
        prop_assert_eq!(mark_unjudged(tag(&tame(&event), &rules).as_bytes(), "why", &mut marked), Ok(()));
        prop_assert!(tells(&String::from_utf8_lossy(&marked), &rules), "{}", String::from_utf8_lossy(&marked));
    }

    #[test]
    fn tagging_again_adds_nothing(event in event(), rules in rules()) {
        let tagged = tag(&event, &rules);
        prop_assert_eq!(tag(&tagged, &rules), tagged);
    }

    #[test]
    fn marking_again_adds_nothing(event in event()) {
        let mark = |event: &[u8]| {
            let mut out = Vec::new();
            mark_unjudged(event, "why", &mut out).map(|()| out)
        };
        let marked = mark(event.as_bytes()).expect("events are objects");
        prop_assert!(is_subsequence(event.bytes(), marked.iter().copied()));
        prop_assert!(walked(&String::from_utf8_lossy(&marked)).iter().any(|(path, _)| is_within(path, ".weir.unjudged")));
        prop_assert_eq!(mark(&marked), Ok(marked));
    }

    #[test]
    fn faulty_events_are_those_that_serde_json_refuses(
        event in event(),
        at in any::<Index>(),
        removed in 0..3_usize,
        inserted in prop::collection::vec(prop_oneof![select(&b"{}[]:,\"\\u0eE+-.1tn \n\x1f"[..]), any::<u8>()], 0..3),
    ) {
        let mut event = event.into_bytes();
        let at = at.index(event.len());
        event.splice(at..(at + removed).min(event.len()), inserted);
        let theirs = serde_json::from_slice::<&RawValue>(&event).is_ok_and(|json| json.get().starts_with('{'));
        let mut out = Vec::new();
        let ours = tagger().tag(&event, &[0], &mut out).is_ok();
        prop_assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(&event));
        prop_assert!(ours || out.is_empty());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), json in "[{}\\[\\]\":, \\\\u0-9eE.truefalsn-]{0,40}") {
        for event in [bytes, json.clone().into_bytes(), format!("{{{json}}}").into_bytes()] {
            let _either = tagger().tag(&event, &[0, 1], &mut Vec::new());
        }
    }
}
