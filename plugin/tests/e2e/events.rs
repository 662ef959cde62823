//! Events that are told apart by a number, and what may become of them on their way.

use std::collections::BTreeMap;
use std::ops::Range;

use prost::Message;
use serde_json::json;

use crate::cli;
use crate::messages::{Counter, Event, Kind, Log, Metadata, Metric, Secrets, Timestamp, Trace, Value, Wrapper, fields};

/// The wrapper of a log with the members of this JSON object as its fields.
pub fn log(json: &str) -> Vec<u8> {
    let log = Log { fields: fields(serde_json::from_str(json).unwrap()), ..Log::default() };
    wrap(Event::Log(log), 0)
}

/// The fields of the log in a wrapper, as JSON.
pub fn json(wrapper: &[u8]) -> serde_json::Value {
    let Some(Event::Log(log)) = Wrapper::decode(wrapper).unwrap().event else { panic!("it is no log") };
    log.fields.iter().map(|(key, value)| (key.clone(), serde_json::Value::from(value))).collect()
}

fn wrap(event: Event, number: u64) -> Vec<u8> {
    let unknown = if number.is_multiple_of(2) { String::new() } else { format!("of {number}") };
    Wrapper { event: Some(event), unknown }.encode_to_vec()
}

/// The event of this number, in its wrapper: of every kind, with whatever Vector can send beside it.
pub fn event(number: u64) -> Vec<u8> {
    let event = match number % 7 {
        0 => Event::Log(odd_log(&cli::matching(number as usize), number)),
        1 => Event::Log(odd_log(&cli::clean(number as usize), number)),
        2 => Event::Metric(Metric {
            name: "requests".to_owned(),
            timestamp: Some(Timestamp { seconds: 1_800_000_000, nanos: 1 }),
            kind: 1,
            counter: Some(Counter { value: number as f64 }),
            unknown: number,
        }),
        3 => Event::Trace(Trace {
            fields: fields(json!({"n": number, "spans": [{"name": "GET"}], "service": "a"})),
            metadata: Some(metadata(number)),
        }),
        4 => Event::Log(Log {
            // As Vector sends a log whose root is no object.
            fields: BTreeMap::from([(".".to_owned(), Value::from(Kind::Null(0)))]),
            value: Some(Value::from(Kind::Integer(number as i64))),
            ..Log::default()
        }),
        5 => Event::Log(Log { fields: fields(json!({"n": number, "pad": "x".repeat(3000)})), ..Log::default() }),
        _ => {
            let flat = json!({"event.category": ["process"], "event.type": ["start"], "process.name": "DOCKER",
                "container.id": "c", "tags": ["mine"], "event": {"severity": 3}, "n": number});
            Event::Log(odd_log(&flat.to_string(), number))
        }
    };
    wrap(event, number)
}

fn odd_log(json: &str, number: u64) -> Log {
    let mut fields = fields(serde_json::from_str(json).unwrap());
    fields.insert("raw".to_owned(), Value::from(Kind::Bytes(vec![0xff, 0, 0xc3, number as u8])));
    fields.insert("at".to_owned(), Value::from(Kind::Timestamp(Timestamp { seconds: -1, nanos: 999_999_999 })));
    fields.insert("rate".to_owned(), Value::from(Kind::Float(-0.0)));
    Log { fields, value: None, metadata: Some(metadata(number)), unknown: number.to_le_bytes().repeat(5) }
}

fn metadata(number: u64) -> Metadata {
    Metadata {
        value: Some(Value::from(json!({"path": [number, null, true]}))),
        source_type: "file".to_owned(),
        secrets: Some(Secrets { entries: BTreeMap::from([("key".to_owned(), format!("secret {number}"))]) }),
        source_event_id: vec![0xfe; 16],
    }
}

pub fn events(numbers: Range<u64>) -> Vec<Vec<u8>> {
    numbers.map(event).collect()
}

/// The number of an event that has arrived.
///
/// # Panics
/// If the event isn't the one that was sent: byte for byte, or, if it matches, with fields that were added.
pub fn arrived(wrapper: &[u8]) -> u64 {
    let decoded = Wrapper::decode(wrapper).unwrap();
    let number = match decoded.event.as_ref().expect("the wrapper isn't empty") {
        Event::Log(Log { value: Some(root), .. }) => number_in(root),
        Event::Log(Log { fields, .. }) | Event::Trace(Trace { fields, .. }) => number_in(&fields["n"]),
        Event::Metric(metric) => metric.counter.as_ref().unwrap().value as u64,
    };
    let sent = event(number);
    if matches!(number % 7, 0 | 6) {
        assert_gained(&Wrapper::decode(&sent[..]).unwrap(), decoded);
    } else {
        assert_eq!(wrapper, sent, "event {number} isn't as it was sent");
    }
    number
}

fn number_in(value: &Value) -> u64 {
    let Some(Kind::Integer(number)) = value.kind else { panic!("{value:?} is no number") };
    number as u64
}

/// Asserts that a matching event has its tag, and is the same but for what was added.
fn assert_gained(sent: &Wrapper, mut arrived: Wrapper) {
    let (Some(Event::Log(sent_log)), Some(Event::Log(log))) = (&sent.event, &mut arrived.event) else {
        panic!("{arrived:?} was a log");
    };
    assert!(log.fields.contains_key("weir"), "{log:?} isn't tagged");
    assert!(holds(&log.fields, &sent_log.fields), "{log:?} lacks something of {sent_log:?}");
    log.fields.clone_from(&sent_log.fields);
    assert_eq!(&arrived, sent, "something beside the fields has changed");
}

fn holds(fields: &BTreeMap<String, Value>, sent: &BTreeMap<String, Value>) -> bool {
    sent.iter().all(|(key, sent)| fields.get(key).is_some_and(|value| has_all(value, sent)))
}

fn has_all(value: &Value, sent: &Value) -> bool {
    match (value.kind.as_ref(), sent.kind.as_ref()) {
        (Some(Kind::Map(map)), Some(Kind::Map(sent))) => holds(&map.fields, &sent.fields),
        (Some(Kind::Array(array)), Some(Kind::Array(sent))) => array.items.starts_with(&sent.items),
        _ => value == sent,
    }
}
