//! Lines of events: tables, and that rules judge a line as they judge the whole event.

use proptest::prelude::*;
use proptest::sample::select;
use prost::Message;
use serde_json::json;
use weir_engine::Detector;
use weir_engine::program::{Case, Condition, Predicate, Program, Rule, RuleMeta, Test};

use super::*;
use crate::encode::{put_entry, put_message, put_value};
use crate::event::{ARRAY, ENTRY_VALUE};
use crate::oracle::{self, Event, EventWrapper, Map};
use crate::wire::put_bytes;

fn line_of(names: &[&str], wrapper: &[u8]) -> Result<String, Malformed> {
    let mut out = b"before".to_vec();
    let written = Projection::new(names.iter().copied()).line(wrapper, &mut out);
    let line = out.strip_prefix(b"before").expect("what was there stays");
    assert!(written.is_ok() || line.is_empty(), "a fault appends nothing");
    written.map(|()| String::from_utf8(line.to_vec()).expect("JSON is text"))
}

#[test]
fn only_what_rules_read_is_picked_however_it_is_nested() {
    let names = ["process.name", "process.parent.name", "host.os.type", "tags", "threat"];
    for (fields, expected) in [
        (json!({}), "{}"),
        (json!({"a": 1, "process": 1, "Process": {"name": "x"}}), r#"{"process":null}"#),
        (json!({"process": {"name": "x", "pid": 1}, "user": {"name": "y"}}), r#"{"process":{"name":"x"}}"#),
        (json!({"process.name": "x", "process.pid": 1}), r#"{"process.name":"x"}"#),
        (
            json!({"process": {"parent.name": "x"}, "process.parent": {"name": "y", "pid": 1}}),
            r#"{"process":{"parent.name":"x"},"process.parent":{"name":"y"}}"#,
        ),
        (json!({"host": {"os": {"type": "linux", "kernel": 6}, "ip": []}}), r#"{"host":{"os":{"type":"linux"}}}"#),
        (
            json!({"process": [{"name": "x", "pid": 1}, [{"pid": 2}], 3, {"name": null}]}),
            r#"{"process":[{"name":"x"},[{}],null,{"name":null}]}"#,
        ),
        (json!({"tags": ["a", {"b": [1.5]}], "threat": {"x": {}}}), r#"{"tags":["a",{"b":[1.5]}],"threat":{"x":{}}}"#),
        (json!({"process": {"name": "\n\"ä"}}), r#"{"process":{"name":"\n\"ä"}}"#),
    ] {
        assert_eq!(line_of(&names, &oracle::wrapper(fields.clone())), Ok(expected.to_owned()), "{fields}");
    }
}

#[test]
fn a_field_is_picked_whole_though_another_is_inside_it() {
    for names in [["a", "a.b"], ["a.b", "a"]] {
        let wrapper = oracle::wrapper(json!({"a": {"b": 1, "c": 2}, "a.b": 3, "a.c": 4}));
        assert_eq!(line_of(&names, &wrapper), Ok(r#"{"a":{"b":1,"c":2},"a.b":3}"#.into()));
    }
}

#[test]
fn of_equal_keys_the_last_one_counts() {
    let wrapper = log_of(|log| {
        put_entry(log, 1, "b", &json!({"c": 1}));
        put_entry(log, 1, "z", &json!(1));
        put_message(log, 1, |entry| {
            put_bytes(entry, 1, b"a");
            put_message(entry, 2, |value| {
                put_message(value, 7, |map| [1, 2].iter().for_each(|number| put_entry(map, 1, "c", &json!(number))));
            });
        });
        put_entry(log, 1, "b", &json!(2));
    });
    assert_eq!(line_of(&["a.c", "b.c"], &wrapper), Ok(r#"{"a":{"c":2},"b":null}"#.into()));
}

fn log_of(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut wrapper = Vec::new();
    put_message(&mut wrapper, 1, write);
    wrapper
}

#[test]
fn a_root_that_is_a_value_counts_instead_of_fields() {
    for (root, expected) in [
        (json!({"a": 1, "b": 2}), r#"{"a":1}"#),
        (json!("text"), "null"),
        (json!([{"a": 1}]), "null"),
        (json!(null), "null"),
    ] {
        let wrapper = log_of(|log| {
            put_entry(log, 1, ".", &json!(null));
            put_entry(log, 1, "a", &json!("dummy"));
            put_value(log, 2, &root);
            put_bytes(log, 4, b"");
        });
        assert_eq!(line_of(&["a"], &wrapper), Ok(expected.into()), "{root}");
    }
}

#[test]
fn what_is_no_log_gives_an_empty_line() {
    for event in [Some(Event::Metric(oracle::Empty {})), Some(Event::Trace(oracle::Empty {})), None] {
        assert_eq!(line_of(&["a"], &EventWrapper { event }.encode_to_vec()), Ok(String::new()));
    }
}

#[test]
fn faults_append_nothing() {
    for (what, wrapper) in [
        ("a log that is a number", vec![0x08, 1]),
        ("an entry that is a number", log_of(|log| log.extend([0x08, 1]))),
        ("a root that is a number", log_of(|log| log.extend([0x10, 1]))),
        ("an end ahead of the end", log_of(|log| log.extend([0x0a, 9]))),
        ("a picked value that is none", log_of(|log| log.extend(b"\x0a\x07\x0a\x01a\x12\x02\x08\x01"))),
    ] {
        assert_eq!(line_of(&["a"], &wrapper), Err(Malformed), "{what}");
    }
}

#[test]
fn nesting_is_limited_where_it_is_picked() {
    let nested = |levels| {
        let value = (0..levels).fold(Vec::new(), |inner, _| {
            let mut value = Vec::new();
            put_message(&mut value, ARRAY, |array| put_bytes(array, ITEM, &inner));
            value
        });
        log_of(|log| {
            put_message(log, ENTRY, |entry| {
                put_bytes(entry, 1, b"a");
                put_bytes(entry, ENTRY_VALUE, &value);
            });
        })
    };
    for names in [["a"], ["a.b"]] {
        assert!(line_of(&names, &nested(95)).is_ok());
        assert_eq!(line_of(&names, &nested(96)), Err(Malformed));
        assert_eq!(line_of(&names, &nested(20_000)), Err(Malformed));
    }
    assert_eq!(line_of(&["b"], &nested(20_000)), Ok("{}".into()));
}

const KEYS: [&str; 12] = ["a", "b", "c", "a.b", "b.c", "a.b.c", "a.", ".b", "", "a..b", "d", "B"];
const NAMES: [&str; 9] = ["a", "b", "a.b", "a.b.c", "b.c", "c", "a..b", "", "c.a.b"];

/// Rules that each make one test on one field.
fn detector(names: &[&str]) -> Detector {
    let mut fields: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    fields.sort();
    fields.dedup();
    let literals = ["a", "ä€😀", "\u{fffd}", "0", "1970-01-01T00:00:00Z"].map(String::from).to_vec();
    let equals = Test::Equals { literals, case: Case::Insensitive };
    let tests = [Test::Exists, equals, Test::Bool(true), Test::Bool(false)];
    let predicates: Vec<Predicate> = (0..fields.len() as u32)
        .flat_map(|field| tests.iter().map(move |test| Predicate { field, test: test.clone() }))
        .collect();
    let conditions = (0..predicates.len() as u32).map(Condition::Predicate);
    let rules = conditions.map(|condition| Rule { meta: RuleMeta::default(), condition }).collect();
    Detector::new(Program { fields, predicates, rules, ..Program::default() }).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn rules_judge_the_line_as_they_judge_the_event(
        fields in oracle::fields(&KEYS, oracle::value(&KEYS)),
        names in prop::collection::vec(select(&NAMES[..]), 1..5),
        at in any::<prop::sample::Index>(),
    ) {
        let detector = detector(&names);
        let whole = oracle::object(&fields).to_string();
        let expected = detector.detect(whole.as_bytes());
        let line = line_of(&names, &oracle::wrapped(fields.clone())).unwrap();
        prop_assert_eq!(&detector.detect(line.as_bytes()), &expected, "{} of {}", line, whole);
        prop_assert!(expected.malformed.is_empty());

        // The entries in another order, and the first of them twice.
        let mut entries: Vec<Vec<u8>> = fields
            .into_iter()
            .map(|entry| Map { fields: [entry].into() }.encode_to_vec())
            .collect();
        entries.extend(entries.first().cloned());
        let middle = at.index(entries.len() + 1).min(entries.len());
        entries.rotate_left(middle);
        let line = line_of(&names, &log_of(|log| log.extend(entries.concat()))).unwrap();
        prop_assert_eq!(detector.detect(line.as_bytes()), expected);
    }

    #[test]
    fn a_part_of_an_event_never_makes_it_panic(
        fields in oracle::fields(&KEYS, oracle::value(&KEYS)),
        noise in any::<Vec<u8>>(),
    ) {
        let wrapper = oracle::wrapped(fields);
        for end in 0..wrapper.len() {
            let _either = line_of(&NAMES, &wrapper[..end]);
        }
        let log = log_of(|log| log.extend(&noise));
        for wrapper in [log, noise] {
            let _either = line_of(&NAMES, &wrapper);
        }
    }

    #[test]
    fn a_fault_anywhere_never_makes_it_panic(
        fields in oracle::fields(&KEYS, oracle::value(&KEYS)),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut wrapper = oracle::wrapped(fields);
        let at = at.index(wrapper.len());
        wrapper[at] = byte;
        if let Ok(line) = line_of(&NAMES, &wrapper) && !line.is_empty() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{}", line);
        }
    }
}
