//! Additions by path: they add what tagging the bytes adds.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::properties::{event, matches, tame};
use super::{MATCH, of, tag, tagger};
use crate::tag::{Addition, Change, NotAnObject, has_a_say, mark_unjudged, unjudged_additions};

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).expect(json)
}

/// Adds `additions` to `event`, and says to where that isn't possible.
fn apply(event: &mut Value, additions: Vec<Addition>) {
    for Addition { path, change } in additions {
        let target =
            path.iter().try_fold(&mut *event, |value, key| value.get_mut(key)).expect("the path leads somewhere");
        match (change, &mut *target) {
            (Change::Members(new), Value::Object(members)) => {
                for (key, value) in new {
                    assert_eq!(members.insert(key, value), None, "at {path:?}");
                }
            }
            (Change::Elements(new), Value::Array(elements)) => elements.extend(new),
            (Change::Wrap(new), value) if !value.is_array() => {
                *value = [value.take()].into_iter().chain(new).collect();
            }
            (change, target) => panic!("{change:?} doesn't fit {target}"),
        }
    }
}

#[test]
fn additions_tell_where_they_go() {
    let event = r#"{"tags":"x","event":{"a":[{}]},"weir":{"matches":[]},"rule.id":1,"threat":{"tactic":{}}}"#;
    let additions = tagger().additions(event.as_bytes(), &of([0])).unwrap();
    let paths: Vec<(String, &str)> = additions
        .iter()
        .map(|addition| match &addition.change {
            Change::Members(_) => (addition.path.join("/"), "members"),
            Change::Elements(_) => (addition.path.join("/"), "elements"),
            Change::Wrap(_) => (addition.path.join("/"), "wrap"),
        })
        .collect();
    let expected = [
        ("tags", "wrap"),
        ("weir/matches", "elements"),
        ("threat/tactic", "members"),
        ("threat", "members"),
        ("event", "members"),
        ("", "members"),
    ];
    assert_eq!(paths, expected.map(|(path, change)| (path.to_owned(), change)));
    assert_eq!(additions[5].change, Change::Members(json!({"rule": {"name": "One"}}).as_object().unwrap().clone()));
}

#[test]
fn a_match_is_known_by_its_value_however_its_members_are_ordered() {
    let known = MATCH.replacen(r#""id":"r1","name":"One""#, r#""name":"One", "id":"\u00721""#, 1);
    let other = MATCH.replacen("One", "Two", 1);
    for (matches, count) in [(format!("[5,{known}]"), 0), (known, 0), (format!("[{other}]"), 1), ("[[]]".into(), 1)] {
        let event = format!(r#"{{"weir":{{"matches":{matches}}}}}"#);
        let additions = tagger().additions(event.as_bytes(), &of([0])).unwrap();
        let added: usize = additions
            .iter()
            .filter(|addition| addition.path == ["weir", "matches"])
            .map(|addition| match &addition.change {
                Change::Members(_) => panic!("matches are a list"),
                Change::Elements(elements) | Change::Wrap(elements) => elements.len(),
            })
            .sum();
        assert_eq!(added, count, "{event}");
    }
}

#[test]
fn what_is_hidden_by_a_later_key_gets_nothing() {
    let event = r#"{"threat":{"tactic":{"a":1}},"threat":{},"tags":["TA1","T1","r1"],"rule":{"id":1,"name":1}}"#;
    let additions = tagger().additions(event.as_bytes(), &of([0])).unwrap();
    let paths: Vec<_> = additions.iter().map(|addition| addition.path.join("/")).collect();
    assert_eq!(paths, ["", "threat"]);
}

#[test]
fn only_names_that_a_tag_writes_have_a_say() {
    for (key, expected) in [
        ("weir", true),
        ("weir.matches", true),
        ("rule.id.x", true),
        ("tags.", true),
        ("tag", false),
        ("rules", false),
        (".rule", false),
        ("", false),
        ("process", false),
    ] {
        assert_eq!(has_a_say(key.as_bytes()), expected, "{key}");
    }
}

#[test]
fn what_is_no_object_gets_no_additions() {
    for event in ["", "null", "[{}]", "{", "{} x"] {
        assert_eq!(tagger().additions(event.as_bytes(), &of([0])), Err(NotAnObject), "{event}");
        assert_eq!(unjudged_additions(event.as_bytes(), "why"), Err(NotAnObject), "{event}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn additions_are_what_tagging_the_bytes_adds(event in event(), matches in matches()) {
        let event = tame(&event);
        let mut added = parsed(&event);
        apply(&mut added, tagger().additions(event.as_bytes(), &matches).unwrap());
        prop_assert_eq!(added, parsed(&tag(&event, &matches)));
    }

    #[test]
    fn unjudged_additions_are_what_marking_the_bytes_adds(event in event()) {
        let event = tame(&event);
        let (mut added, mut marked) = (parsed(&event), Vec::new());
        apply(&mut added, unjudged_additions(event.as_bytes(), "why").unwrap());
        mark_unjudged(event.as_bytes(), "why", &mut marked).unwrap();
        prop_assert_eq!(added, parsed(&String::from_utf8(marked).unwrap()));
    }

    #[test]
    fn members_without_a_say_make_no_difference(event in event(), matches in matches()) {
        let Value::Object(mut members) = parsed(&tame(&event)) else { panic!("events are objects") };
        let whole = Value::Object(members.clone()).to_string();
        members.retain(|key, _| has_a_say(key.as_bytes()));
        let part = Value::Object(members).to_string();
        let additions = |event: &str| tagger().additions(event.as_bytes(), &matches).unwrap();
        prop_assert_eq!(additions(&part), additions(&whole));
    }
}
