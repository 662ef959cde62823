//! Tags on the wire: what prost and the engine make of them, and that the rest stays as it came.

use proptest::prelude::*;
use prost::Message;
use serde_json::json;
use weir_engine::program::{ExceptionMeta, RuleMeta, Technique, Threat, ThreatEntry};
use weir_engine::tag::mark_unjudged;

use super::*;
use crate::oracle::{self, Event, EventWrapper, unwrapped};
use crate::wire::{Field, put_varint};

fn tagger() -> Tagger {
    let entry = |id: &str| ThreatEntry { id: id.into(), name: format!("{id}'s name"), reference: String::new() };
    let technique = Technique { entry: entry("T1"), subtechniques: vec![entry("T1.1")] };
    let threat = Threat { framework: "F".into(), tactic: entry("TA1"), techniques: vec![technique] };
    let rule = |id: &str, risk_score, threats| RuleMeta {
        id: id.into(),
        name: format!("{id}'s name"),
        version: 3,
        severity: "low".into(),
        risk_score,
        threats,
        ..RuleMeta::default()
    };
    let exception = ExceptionMeta { name: "Known".into(), ..ExceptionMeta::default() };
    Tagger::new(&[rule("r1", 21, vec![threat]), rule("r2", 47, vec![])], &[exception])
}

const FIRST: Match = Match { rule: 0, suppressed_by: None };
const SECOND: Match = Match { rule: 1, suppressed_by: None };
const SUPPRESSED: Match = Match { rule: 0, suppressed_by: Some(0) };

fn tag(wrapper: &[u8], matches: &[Match]) -> Vec<u8> {
    let mut out = b"before".to_vec();
    tagged(wrapper, &tagger(), matches, &mut out).unwrap();
    out.split_off("before".len())
}

fn mark(wrapper: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    marked(wrapper, "why", &mut out).unwrap();
    out
}

/// The JSON of an event that the engine tagged as JSON.
fn tagged_json(event: &serde_json::Value, matches: &[Match]) -> serde_json::Value {
    let mut out = Vec::new();
    tagger().tag(event.to_string().as_bytes(), matches, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn log_of(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut wrapper = Vec::new();
    put_message(&mut wrapper, LOG, write);
    wrapper
}

#[test]
fn a_log_gets_what_the_same_event_gets_as_json() {
    for event in [
        json!({}),
        json!({"a": {"b": [1, "x"]}, "message": "m"}),
        json!({"rule": {"id": "mine"}, "event": {"kind": "event", "severity": 1}, "threat": {"tactic": {}}}),
        json!({"tags": "x", "weir": {"matches": 5}}),
        json!({"tags": ["T1", 5], "weir": {"matches": [{"rule": 1}], "x": null}}),
        json!({"tags": {"no": "list"}, "weir": "no object", "rule.name": "dotted", "threat.tactic": {"x": 1}}),
        json!({"weir.matches": {"rule": {"id": "r1"}}, "tags.x": 1, "event": null}),
    ] {
        for matches in [&[FIRST][..], &[SECOND], &[FIRST, SECOND], &[], &[SUPPRESSED], &[SUPPRESSED, SECOND]] {
            let tagged = tag(&oracle::wrapper(event.clone()), matches);
            assert_eq!(oracle::json(&tagged), tagged_json(&event, matches), "{event} by {matches:?}");
            assert_eq!(tag(&tagged, matches), tagged, "{event} by {matches:?}, once more");
        }
    }
}

#[test]
fn what_vector_wrote_anew_is_tagged_no_more() {
    for matches in [[FIRST, SECOND], [SUPPRESSED, SECOND]] {
        let tagged = tag(&oracle::wrapper(json!({"event": {"kind": "event"}})), &matches);
        let again = EventWrapper::decode(&*tagged).unwrap().encode_to_vec();
        assert_ne!(again, tagged, "Vector sorts what we append");
        assert_eq!(tag(&again, &matches), again);
        assert_eq!(mark(&mark(&again)), mark(&again));
    }
}

#[test]
fn a_suppressed_match_that_vector_wrote_anew_stands_in_for_no_other() {
    let suppressed = tag(&oracle::wrapper(json!({})), &[SUPPRESSED]);
    let anew = EventWrapper::decode(&*suppressed).unwrap().encode_to_vec();
    let both = tag(&anew, &[FIRST]);
    let told = oracle::json(&both)["weir"]["matches"].as_array().unwrap().len();
    assert_eq!((told, &oracle::json(&both)["rule"]["id"]), (2, &json!("r1")));
    for again in [[FIRST], [SUPPRESSED]] {
        assert_eq!(tag(&both, &again), both, "{again:?}");
    }
}

#[test]
fn the_rest_stays_to_the_byte() {
    let untouched = |log: &mut Vec<u8>| {
        put_varint(log, 77, 1);
        put_bytes(log, ENTRY, b"\x0a\x01z\x12\x05\x0a\x03\xff\xfe\x00");
        // The key after the value, and a length that is longer than it needs to be.
        put_bytes(log, ENTRY, b"\x12\x84\x00\x5a\x02hi\x0a\x01y");
        put_bytes(log, 4, b"\x22\x04file");
    };
    let mut before = log_of(untouched);
    put_bytes(&mut before, 99, b"unknown");
    let after = tag(&before, &[SECOND]);

    let mut start = Vec::new();
    untouched(&mut start);
    let logs: Vec<_> = fields(&after).map(Result::unwrap).collect();
    assert_eq!(logs.len(), 2);
    assert_eq!((logs[1].number, logs[1].content), (99, Content::Bytes(b"unknown")));
    let Content::Bytes(log) = logs[0].content else { panic!("the log is a message") };
    let added = log.strip_prefix(&*start).expect("what was there comes first");
    let keys: Vec<&[u8]> = entries(added, ENTRY).map(|entry| entry.unwrap().key).collect();
    assert_eq!(keys, [&b"event"[..], b"rule", b"tags", b"weir"]);
}

#[test]
fn additions_inside_a_map_move_nothing() {
    let event = |write: &dyn Fn(&mut Vec<u8>)| {
        log_of(|log| {
            put_entry(log, ENTRY, "a", &json!(1));
            put_message(log, ENTRY, |entry| {
                put_bytes(entry, 1, b"tags");
                put_varint(entry, 77, 1);
                put_message(entry, ENTRY_VALUE, |value| {
                    put_message(value, ARRAY, |array| {
                        put_bytes(array, ITEM, b"\x0a\x01\xff");
                        put_varint(array, 78, 2);
                        write(array);
                    });
                    put_varint(value, 79, 3);
                });
                put_varint(entry, 80, 4);
            });
            put_entry(log, ENTRY, "weir", &json!({"unjudged": "x"}));
            put_varint(log, 81, 5);
        })
    };
    let mut tagged = Vec::new();
    let change = Change::Elements(vec![json!("new"), json!(7)]);
    add_all(&event(&|_| {}), vec![Addition { path: vec!["tags".into()], change }], &mut tagged).unwrap();
    let expected = event(&|array| {
        put_value(array, ITEM, &json!("new"));
        put_value(array, ITEM, &json!(7));
    });
    assert_eq!(tagged, expected);
}

#[test]
fn the_last_of_equal_keys_is_added_to() {
    let wrapper = log_of(|log| {
        put_entry(log, ENTRY, "tags", &json!("first"));
        put_entry(log, ENTRY, "weir", &json!({"matches": []}));
        put_entry(log, ENTRY, "tags", &json!("last"));
        put_entry(log, ENTRY, "weir", &json!({}));
    });
    let tagged = tag(&wrapper, &[SECOND]);
    assert_eq!(oracle::json(&tagged), tagged_json(&json!({"tags": "last", "weir": {}}), &[SECOND]));
    let first = entries(log(&tagged).unwrap().unwrap(), ENTRY).next().unwrap().unwrap();
    assert_eq!((first.key, first.value), (&b"tags"[..], &b"\x0a\x05first"[..]));
    assert_eq!(tag(&tagged, &[SECOND]), tagged);
}

#[test]
fn a_root_that_is_a_value_is_tagged_if_it_is_an_object() {
    let with_root = |root: &serde_json::Value| {
        log_of(|log| {
            put_entry(log, ENTRY, ".", &json!(null));
            put_value(log, VALUE, root);
            put_bytes(log, 4, b"");
        })
    };
    let event = json!({"a": 1, "tags": []});
    let tagged = tag(&with_root(&event), &[FIRST]);
    let (fields, log) = unwrapped(&tagged);
    assert_eq!(fields.into_keys().collect::<Vec<_>>(), ["."]);
    assert_eq!(serde_json::Value::from(&log.value.unwrap()), tagged_json(&event, &[FIRST]));
    assert_eq!(tag(&tagged, &[FIRST]), tagged);
    for root in [json!("text"), json!([{}]), json!(null), json!(5)] {
        assert_eq!(tagged_error(&with_root(&root)), NotALog, "{root}");
    }
}

fn tagged_error(wrapper: &[u8]) -> NotALog {
    let mut out = Vec::new();
    assert_eq!(marked(wrapper, "why", &mut out), Err(NotALog));
    let error = tagged(wrapper, &tagger(), &[FIRST], &mut out).unwrap_err();
    assert_eq!(out, b"", "a fault appends nothing");
    error
}

#[test]
fn what_is_no_log_gets_no_tag() {
    for event in [Some(Event::Metric(oracle::Empty {})), Some(Event::Trace(oracle::Empty {})), None] {
        assert_eq!(tagged_error(&EventWrapper { event }.encode_to_vec()), NotALog);
    }
    for (what, wrapper) in [
        ("a log that is a number", vec![0x08, 1]),
        ("an entry that is a number", log_of(|log| log.extend([0x08, 1]))),
        ("an end ahead of the end", log_of(|log| log.extend([0x0a, 9]))),
        ("tags that are no value", log_of(|log| put_bytes(log, ENTRY, b"\x0a\x04tags\x12\x02\x08\x01"))),
    ] {
        assert_eq!(tagged_error(&wrapper), NotALog, "{what}");
    }
}

#[test]
fn a_value_that_holds_nothing_is_wrapped_as_null() {
    for entry in [&b"\x0a\x04tags"[..], b"\x0a\x04tags\x12\x00"] {
        let tagged = tag(&log_of(|log| put_bytes(log, ENTRY, entry)), &[SECOND]);
        let (fields, _) = unwrapped(&tagged);
        assert_eq!(fields["tags"], json!([null, "r2"]).into());
    }
}

#[test]
fn marks_are_those_of_json() {
    for event in [json!({}), json!({"weir": {"unjudged": 1}}), json!({"weir": 5}), json!({"weir.matches": []})] {
        let mut expected = Vec::new();
        mark_unjudged(event.to_string().as_bytes(), "why", &mut expected).unwrap();
        let marked = mark(&oracle::wrapper(event.clone()));
        assert_eq!(oracle::json(&marked), serde_json::from_slice::<serde_json::Value>(&expected).unwrap(), "{event}");
        assert_eq!(mark(&marked), marked, "{event}, once more");
    }
}

const KEYS: [&str; 22] = [
    "weir",
    "matches",
    "unjudged",
    "rule",
    "id",
    "name",
    "threat",
    "framework",
    "tactic",
    "technique",
    "subtechnique",
    "event",
    "severity",
    "tags",
    "a",
    "weir.matches",
    "rule.id",
    "threat.tactic",
    "rule.id.x",
    "tags.x",
    "rule.",
    "",
];

/// The fields of the log in a wrapper, without those that have a say in what is added.
fn rest(wrapper: &[u8]) -> Vec<&[u8]> {
    let log = log(wrapper).unwrap().unwrap();
    let has_no_say = |field: &Field<'_>| match (field.number, field.content) {
        (ENTRY, Content::Bytes(entry)) => !has_a_say(read_entry(entry).unwrap().key),
        _ => true,
    };
    fields(log).map(Result::unwrap).filter(has_no_say).map(|field| field.whole).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_log_gets_what_the_same_event_gets_as_json(
        fields in oracle::fields(&KEYS, oracle::value(&KEYS)),
        matches in prop::collection::vec(prop::sample::select(&[FIRST, SECOND, SUPPRESSED][..]), 0..3),
    ) {
        let wrapper = oracle::wrapped(fields);
        let tagged = tag(&wrapper, &matches);
        prop_assert_eq!(oracle::json(&tagged), tagged_json(&oracle::json(&wrapper), &matches));
        prop_assert_eq!(rest(&tagged), rest(&wrapper));
        prop_assert_eq!(tag(&tagged, &matches), tagged.clone());
        let again = EventWrapper::decode(&*tagged).unwrap().encode_to_vec();
        prop_assert_eq!(tag(&again, &matches), again);
    }

    #[test]
    fn a_part_of_an_event_never_makes_it_panic(
        fields in oracle::fields(&KEYS, oracle::value(&KEYS)),
        noise in any::<Vec<u8>>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut wrapper = oracle::wrapped(fields);
        let tagger = tagger();
        for end in 0..wrapper.len() {
            let _either = tagged(&wrapper[..end], &tagger, &[FIRST], &mut Vec::new());
        }
        let at = at.index(wrapper.len());
        wrapper[at] = byte;
        for wrapper in [wrapper, log_of(|log| log.extend(&noise)), noise] {
            let _either = tagged(&wrapper, &tagger, &[FIRST], &mut Vec::new());
        }
    }
}
