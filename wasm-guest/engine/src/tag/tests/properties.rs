//! Tags on generated events: what must hold of every one. The oracle walks events by itself, with `serde_json`.

use std::fmt;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Match, of, tag, tagger};
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
    let scalar = prop_oneof![3 => word(SCALARS), 1 => match_in_event()];
    let value = scalar.prop_recursive(4, 24, 5, move |inner| {
        let array =
            prop::collection::vec(inner.clone(), 0..4).prop_map(|elements| format!("[{}]", elements.join(" ,")));
        prop_oneof![2 => object(keys, inner), 1 => array]
    });
    (space(), object(keys, value), space()).prop_map(|(before, object, after)| format!("{before}{object}{after}"))
}

/// What an empty event gets in `weir.matches`.
fn element_of(found: Match) -> String {
    let tagged = tag("{}", &[found]);
    let end =
        tagged.find("]},\"rule\"").or(tagged.find("]}}")).expect("the array ends ahead of the rule, or the event does");
    tagged[r#"{"weir":{"matches":["#.len()..end].to_owned()
}

fn match_in_event() -> impl Strategy<Value = String> {
    let elements = all_matches().map(element_of);
    select(elements.collect::<Vec<_>>())
}

/// Each rule's match, by itself and suppressed by each of the exceptions.
fn all_matches() -> impl Iterator<Item = Match> {
    let of = |rule| [None, Some(0), Some(1)].map(|suppressed_by| Match { rule, suppressed_by });
    (0..3).flat_map(of)
}

/// Are the `matches` where a reader looks for them, who takes the last of equal keys as `Value` does?
///
/// Of a suppressed one, any match of its rule will do; of another, only the match itself.
fn tells(event: &str, matches: &[Match]) -> bool {
    let event: Value = serde_json::from_str(event).expect(event);
    let told = if event["weir"].is_object() { &event["weir"]["matches"] } else { &event["weir.matches"] };
    let is_told = |found: Match| {
        let expected: Value = serde_json::from_str(&element_of(found)).expect("matches are JSON");
        told.as_array().is_some_and(|elements| elements.contains(&expected))
    };
    let stands_in =
        |found: Match, other: Match| other == found || (found.suppressed_by.is_some() && other.rule == found.rule);
    matches.iter().all(|found| all_matches().any(|other| stands_in(*found, other) && is_told(other)))
}

/// Without what `Value` can't hold, grammatical though it is.
pub(super) fn tame(event: &str) -> String {
    event.replace("1e400", "1").replace(r"\ud800", "")
}

/// At most one of each rule; some are suppressed.
pub(super) fn matches() -> impl Strategy<Value = Vec<Match>> {
    let suppressed_by = prop_oneof![2 => Just(None), 1 => (0..2_u32).prop_map(Some)];
    let matches = prop::collection::btree_map(0..3_u32, suppressed_by, 1..4);
    matches.prop_map(|matches| matches.into_iter().map(|(rule, suppressed_by)| Match { rule, suppressed_by }).collect())
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
    fn tags_only_add(event in event(), matches in matches()) {
        let tagged = tag(&event, &matches);
        prop_assert!(serde_json::from_str::<&RawValue>(&tagged).is_ok(), "{}", tagged);
        prop_assert!(is_subsequence(event.bytes(), tagged.bytes()), "{}", tagged);
    }

    #[test]
    fn values_stay_where_they_were_but_for_those_that_are_wrapped(event in event(), matches in matches()) {
        let unwrapped = |found: Vec<Found>| found.into_iter().map(|(path, value)| (path.replace("[]", ""), value));
        let tagged = tag(&event, &matches);
        prop_assert!(is_subsequence(unwrapped(walked(&event)), unwrapped(walked(&tagged))), "{}", tagged);
    }

    #[test]
    fn ecs_fields_are_written_where_they_are_absent_and_possible(event in event()) {
        let (before, after) = (walked(&event), walked(&tag(&event, &of([0, 1]))));
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
    fn every_match_is_told_to_readers_of_the_last_of_equal_keys(event in event(), matches in matches()) {
        let tagged = tag(&tame(&event), &matches);
        prop_assert!(tells(&tagged, &matches), "{}", tagged);
    }

    #[test]
    fn marking_hides_no_match(event in event(), matches in matches()) {
        let mut marked = Vec::new();
        prop_assert_eq!(mark_unjudged(tag(&tame(&event), &matches).as_bytes(), "why", &mut marked), Ok(()));
        prop_assert!(tells(&String::from_utf8_lossy(&marked), &matches), "{}", String::from_utf8_lossy(&marked));
    }

    #[test]
    fn tagging_again_adds_nothing(event in event(), matches in matches()) {
        let tagged = tag(&event, &matches);
        prop_assert_eq!(tag(&tagged, &matches), tagged);
    }

    #[test]
    fn a_suppressed_match_adds_nothing_but_itself(event in event(), mut matches in matches()) {
        matches.iter_mut().for_each(|found| found.suppressed_by = Some(0));
        let elsewhere = |event: &str| {
            let found = walked(event).into_iter();
            found.filter(|(path, _)| !is_within(path, ".weir") && !path.starts_with(".weir.")).collect::<Vec<Found>>()
        };
        prop_assert_eq!(elsewhere(&tag(&event, &matches)), elsewhere(&event));
    }

    #[test]
    fn tagging_again_adds_nothing_however_suppression_changes(
        event in event(),
        matches in matches(),
        changed in prop::collection::vec(prop::option::of(0..2_u32), 3),
    ) {
        let changed: Vec<Match> =
            matches.iter().zip(changed).map(|(found, by)| Match { suppressed_by: by, ..*found }).collect();
        let tagged = tag(&tag(&event, &matches), &changed);
        prop_assert_eq!(&tag(&tagged, &matches), &tagged);
        prop_assert_eq!(&tag(&tagged, &changed), &tagged);
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
        let ours = tagger().tag(&event, &of([0]), &mut out).is_ok();
        prop_assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(&event));
        prop_assert!(ours || out.is_empty());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), json in "[{}\\[\\]\":, \\\\u0-9eE.truefalsn-]{0,40}") {
        for event in [bytes, json.clone().into_bytes(), format!("{{{json}}}").into_bytes()] {
            let _either = tagger().tag(&event, &of([0, 1]), &mut Vec::new());
        }
    }
}
