//! What tests compare with: the messages as prost, Vector's decoder, has them, events at random, and their JSON by
//! `serde_json`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use prost::Message;
use serde_json::json;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct EventWrapper {
    #[prost(oneof = "Event", tags = "1, 2, 3")]
    pub(crate) event: Option<Event>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum Event {
    #[prost(message, tag = "1")]
    Log(Log),
    #[prost(message, tag = "2")]
    Metric(Empty),
    #[prost(message, tag = "3")]
    Trace(Empty),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Empty {}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Log {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(crate) fields: BTreeMap<String, Value>,
    #[prost(message, optional, tag = "2")]
    pub(crate) value: Option<Value>,
    #[prost(message, optional, tag = "4")]
    pub(crate) metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Metadata {
    #[prost(string, optional, tag = "4")]
    pub(crate) source_type: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Value {
    #[prost(oneof = "Kind", tags = "1, 2, 4, 5, 6, 7, 8, 9")]
    pub(crate) kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum Kind {
    #[prost(bytes, tag = "1")]
    RawBytes(Vec<u8>),
    #[prost(message, tag = "2")]
    Timestamp(Timestamp),
    #[prost(int64, tag = "4")]
    Integer(i64),
    #[prost(double, tag = "5")]
    Float(f64),
    #[prost(bool, tag = "6")]
    Boolean(bool),
    #[prost(message, tag = "7")]
    Map(Map),
    #[prost(message, tag = "8")]
    Array(Array),
    #[prost(int32, tag = "9")]
    Null(i32),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Timestamp {
    #[prost(int64, tag = "1")]
    pub(crate) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(crate) nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Map {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(crate) fields: BTreeMap<String, Value>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Array {
    #[prost(message, repeated, tag = "1")]
    pub(crate) items: Vec<Value>,
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self { kind: Some(kind) }
    }
}

/// The value that Vector makes of JSON.
impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        Kind::from(json).into()
    }
}

impl From<serde_json::Value> for Kind {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null(0),
            serde_json::Value::Bool(boolean) => Self::Boolean(boolean),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(integer) => Self::Integer(integer),
                None if number.is_u64() => Self::RawBytes(number.to_string().into_bytes()),
                None => Self::Float(number.as_f64().expect("a number is an integer or a float")),
            },
            serde_json::Value::String(text) => Self::RawBytes(text.into_bytes()),
            serde_json::Value::Array(items) => {
                Self::Array(Array { items: items.into_iter().map(Value::from).collect() })
            }
            serde_json::Value::Object(members) => Self::Map(map(serde_json::Value::Object(members))),
        }
    }
}

fn map(json: serde_json::Value) -> Map {
    let serde_json::Value::Object(members) = json else { panic!("{json} is no object") };
    Map { fields: members.into_iter().map(|(key, value)| (key, value.into())).collect() }
}

/// The JSON of a value; of timestamps only those at the epoch.
impl From<&Value> for serde_json::Value {
    fn from(value: &Value) -> Self {
        match &value.kind {
            None | Some(Kind::Null(_)) => Self::Null,
            Some(Kind::RawBytes(bytes)) => String::from_utf8_lossy(bytes).into(),
            Some(Kind::Timestamp(_)) => "1970-01-01T00:00:00Z".into(),
            Some(Kind::Integer(integer)) => (*integer).into(),
            Some(Kind::Float(float)) => (*float).into(),
            Some(Kind::Boolean(boolean)) => (*boolean).into(),
            Some(Kind::Map(map)) => object(&map.fields),
            Some(Kind::Array(array)) => array.items.iter().map(Self::from).collect(),
        }
    }
}

pub(crate) fn object(fields: &BTreeMap<String, Value>) -> serde_json::Value {
    fields.iter().map(|(key, value)| (key.clone(), serde_json::Value::from(value))).collect()
}

/// The wrapper of a log with these fields, and with metadata.
pub(crate) fn wrapper(fields: serde_json::Value) -> Vec<u8> {
    wrapped(map(fields).fields)
}

pub(crate) fn wrapped(fields: BTreeMap<String, Value>) -> Vec<u8> {
    let metadata = Some(Metadata { source_type: Some("file".into()) });
    EventWrapper { event: Some(Event::Log(Log { fields, value: None, metadata })) }.encode_to_vec()
}

/// The fields of the log in a wrapper, and the rest of it.
pub(crate) fn unwrapped(wrapper: &[u8]) -> (BTreeMap<String, Value>, Log) {
    match EventWrapper::decode(wrapper).expect("a wrapper").event {
        Some(Event::Log(mut log)) => (std::mem::take(&mut log.fields), log),
        other => panic!("{other:?} is no log"),
    }
}

/// The JSON of the log in a wrapper.
pub(crate) fn json(wrapper: &[u8]) -> serde_json::Value {
    object(&unwrapped(wrapper).0)
}

/// Values of every kind, nested up to four deep, whose maps have these keys.
pub(crate) fn value(keys: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        2 => select(&["", "a", "r1", "b\"\\\n\u{1}", "ä€😀"][..]).prop_map(|text| Kind::RawBytes(text.into())),
        1 => prop::collection::vec(any::<u8>(), 0..4).prop_map(Kind::RawBytes),
        1 => Just(Kind::Timestamp(Timestamp::default())),
        1 => any::<i64>().prop_map(Kind::Integer),
        // Of those that serde_json reads as it writes them.
        1 => any::<i32>().prop_map(|number| Kind::Float(f64::from(number) / 8.0)),
        1 => any::<bool>().prop_map(Kind::Boolean),
        1 => Just(Kind::Null(0)),
    ];
    let scalar = prop_oneof![20 => scalar.prop_map(Value::from), 1 => Just(Value { kind: None })];
    scalar.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            2 => fields(keys, inner.clone()).prop_map(|fields| Kind::Map(Map { fields }).into()),
            1 => prop::collection::vec(inner, 0..4).prop_map(|items| Kind::Array(Array { items }).into()),
        ]
    })
}

/// A map from some of these keys to values.
pub(crate) fn fields(
    keys: &'static [&'static str],
    value: impl Strategy<Value = Value>,
) -> impl Strategy<Value = BTreeMap<String, Value>> {
    prop::collection::btree_map(select(keys).prop_map(str::to_owned), value, 0..6)
}

#[test]
fn values_are_json_and_back() {
    let given = json!({"a": [1, -2.5, true, null, "x"], "b": {"c": u64::MAX}});
    let expected = json!({"a": [1, -2.5, true, null, "x"], "b": {"c": u64::MAX.to_string()}});
    assert_eq!(json(&wrapper(given)), expected);
}
