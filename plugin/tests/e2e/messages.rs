//! The messages of Vector's `vector.proto` and `event.proto`, as `prost` has them, and JSON as Vector has it in them.

use std::collections::BTreeMap;

use prost::Message;

/// Vector's `PushEventsRequest`; its events are left as they are.
#[derive(Clone, PartialEq, Message)]
pub struct Push {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub events: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Empty {}

/// An event. What is called `unknown`, here and below, has a tag that no version of Vector has given to anything.
#[derive(Clone, PartialEq, Message)]
pub struct Wrapper {
    #[prost(oneof = "Event", tags = "1, 2, 3")]
    pub event: Option<Event>,
    #[prost(string, tag = "77")]
    pub unknown: String,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Event {
    #[prost(message, tag = "1")]
    Log(Log),
    #[prost(message, tag = "2")]
    Metric(Metric),
    #[prost(message, tag = "3")]
    Trace(Trace),
}

#[derive(Clone, PartialEq, Message)]
pub struct Log {
    #[prost(btree_map = "string, message", tag = "1")]
    pub fields: BTreeMap<String, Value>,
    #[prost(message, optional, tag = "2")]
    pub value: Option<Value>,
    #[prost(message, optional, tag = "4")]
    pub metadata: Option<Metadata>,
    #[prost(bytes = "vec", tag = "99")]
    pub unknown: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, optional, tag = "2")]
    pub timestamp: Option<Timestamp>,
    #[prost(int32, tag = "4")]
    pub kind: i32,
    #[prost(message, optional, tag = "5")]
    pub counter: Option<Counter>,
    #[prost(fixed64, tag = "98")]
    pub unknown: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Counter {
    #[prost(double, tag = "1")]
    pub value: f64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Trace {
    #[prost(btree_map = "string, message", tag = "1")]
    pub fields: BTreeMap<String, Value>,
    #[prost(message, optional, tag = "3")]
    pub metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Metadata {
    #[prost(message, optional, tag = "1")]
    pub value: Option<Value>,
    #[prost(string, tag = "4")]
    pub source_type: String,
    #[prost(message, optional, tag = "6")]
    pub secrets: Option<Secrets>,
    #[prost(bytes = "vec", tag = "7")]
    pub source_event_id: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Secrets {
    #[prost(btree_map = "string, string", tag = "1")]
    pub entries: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Value {
    #[prost(oneof = "Kind", tags = "1, 2, 4, 5, 6, 7, 8, 9")]
    pub kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Kind {
    #[prost(bytes, tag = "1")]
    Bytes(Vec<u8>),
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
pub struct Map {
    #[prost(btree_map = "string, message", tag = "1")]
    pub fields: BTreeMap<String, Value>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Array {
    #[prost(message, repeated, tag = "1")]
    pub items: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self { kind: Some(kind) }
    }
}

/// As Vector has JSON.
impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        Self::from(match json {
            serde_json::Value::Null => Kind::Null(0),
            serde_json::Value::Bool(boolean) => Kind::Boolean(boolean),
            serde_json::Value::Number(number) => {
                number.as_i64().map_or_else(|| Kind::Float(number.as_f64().unwrap()), Kind::Integer)
            }
            serde_json::Value::String(text) => Kind::Bytes(text.into_bytes()),
            serde_json::Value::Array(items) => {
                Kind::Array(Array { items: items.into_iter().map(Self::from).collect() })
            }
            json => Kind::Map(Map { fields: fields(json) }),
        })
    }
}

impl From<&Value> for serde_json::Value {
    fn from(value: &Value) -> Self {
        match value.kind.as_ref().unwrap() {
            Kind::Null(_) => Self::Null,
            Kind::Boolean(boolean) => (*boolean).into(),
            Kind::Integer(integer) => (*integer).into(),
            Kind::Float(float) => (*float).into(),
            Kind::Bytes(bytes) => String::from_utf8_lossy(bytes).into(),
            Kind::Timestamp(timestamp) => format!("{timestamp:?}").into(),
            Kind::Array(array) => array.items.iter().map(Self::from).collect(),
            Kind::Map(map) => map.fields.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect(),
        }
    }
}

pub fn fields(json: serde_json::Value) -> BTreeMap<String, Value> {
    let serde_json::Value::Object(members) = json else { panic!("{json} is no object") };
    members.into_iter().map(|(key, value)| (key, value.into())).collect()
}
