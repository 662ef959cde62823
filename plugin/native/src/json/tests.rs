//! The judge is prost, the decoder that Vector has, with messages derived here.

use std::collections::BTreeMap;

use proptest::prelude::*;
use prost::Message;
use serde_json::json;

use super::*;
use crate::decode::write_string;
use crate::wire::fields;

#[derive(Clone, PartialEq, Message)]
struct PushEventsRequest {
    #[prost(message, repeated, tag = "1")]
    events: Vec<EventWrapper>,
}

#[derive(Clone, PartialEq, Message)]
struct EventWrapper {
    #[prost(oneof = "Event", tags = "1, 3")]
    event: Option<Event>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Event {
    #[prost(message, tag = "1")]
    Log(Log),
    #[prost(message, tag = "3")]
    Trace(Map),
}

#[derive(Clone, PartialEq, Message)]
struct Log {
    #[prost(btree_map = "string, message", tag = "1")]
    fields: BTreeMap<String, VectorValue>,
    #[prost(message, optional, tag = "2")]
    value: Option<VectorValue>,
}

#[derive(Clone, PartialEq, Message)]
struct VectorValue {
    #[prost(oneof = "Kind", tags = "1, 4, 5, 6, 7, 8, 9")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(bytes, tag = "1")]
    RawBytes(Vec<u8>),
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
struct Map {
    #[prost(btree_map = "string, message", tag = "1")]
    fields: BTreeMap<String, VectorValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Array {
    #[prost(message, repeated, tag = "1")]
    items: Vec<VectorValue>,
}

fn value(kind: Kind) -> VectorValue {
    VectorValue { kind: Some(kind) }
}

fn text(text: impl AsRef<[u8]>) -> VectorValue {
    value(Kind::RawBytes(text.as_ref().to_vec()))
}

fn map<const N: usize>(fields: [(&str, VectorValue); N]) -> BTreeMap<String, VectorValue> {
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The fields of the log that `line` becomes.
fn sent(line: &[u8]) -> BTreeMap<String, VectorValue> {
    let mut request = Vec::new();
    to_native(line, &mut request);
    let mut events = PushEventsRequest::decode(&*request).unwrap().events;
    let (Some(EventWrapper { event: Some(Event::Log(log)) }), true) = (events.pop(), events.is_empty()) else {
        panic!("not one log");
    };
    assert_eq!(log.value, None);
    log.fields
}

fn line(event: Event) -> Result<String, Malformed> {
    let mut out = b"before|".to_vec();
    let written = to_line(&EventWrapper { event: Some(event) }.encode_to_vec(), &mut out);
    let text = String::from_utf8(out).unwrap();
    written.map(|()| text.strip_prefix("before|").unwrap().to_owned()).inspect_err(|_| assert_eq!(text, "before|"))
}

/// What comes out of the one event of what `line` becomes.
fn there_and_back(line: &[u8]) -> Vec<u8> {
    let (mut request, mut out) = (Vec::new(), Vec::new());
    to_native(line, &mut request);
    let wrapper = bytes(&request, 1).unwrap().unwrap();
    to_line(wrapper, &mut out).unwrap();
    out
}

#[test]
fn an_object_s_members_become_the_log_s_fields() {
    for (line, expected) in [
        ("{}", map([])),
        (r#" {"b":"x","a":null} "#, map([("a", value(Kind::Null(0))), ("b", text("x"))])),
        (
            r#"{"a":-1,"b":1.0,"c":true}"#,
            map([("a", value(Kind::Integer(-1))), ("b", value(Kind::Float(1.0))), ("c", value(Kind::Boolean(true)))]),
        ),
        (r#"{"a":1,"a":2}"#, map([("a", value(Kind::Integer(2)))])),
        (r#"{"a":{"b":["x",{}]}}"#, {
            let items = vec![text("x"), value(Kind::Map(Map::default()))];
            let inner = map([("b", value(Kind::Array(Array { items })))]);
            map([("a", value(Kind::Map(Map { fields: inner })))])
        }),
    ] {
        assert_eq!(sent(line.as_bytes()), expected, "{line}");
    }
}

#[test]
fn a_line_that_is_no_object_becomes_the_message_byte_for_byte() {
    for line in [
        &b""[..],
        b"plain text",
        b"[{}]",
        b"1",
        b"null",
        b"{\"a\":1",
        b"{\"a\":1} {}",
        b"{\"a\":\"\xff\"}",
        b"\xff",
        b"{\"a\":1e999}",
        b"{\"a\":-1e999}",
        b"{\"a\":NaN}",
    ] {
        assert_eq!(sent(line), map([("message", text(line))]), "{}", line.escape_ascii());
    }
}

#[test]
fn an_object_is_nested_as_deep_as_vector_takes_it_and_no_deeper() {
    let nested = |open: &str, levels: usize, close: &str| {
        format!(r#"{{"top":{}0{}}}"#, open.repeat(levels), close.repeat(levels)).into_bytes()
    };
    for (open, close, most) in [(r#"{"a":"#, "}", 31), ("[", "]", 46), (r#"[{"a":"#, "}]", 18)] {
        for (levels, key) in [(most, "top"), (most + 1, "message"), (2000, "message")] {
            let fields = sent(&nested(open, levels, close));
            assert_eq!(fields.keys().collect::<Vec<_>>(), [key], "{levels} × {open}");
        }
    }
}

#[test]
fn lines_are_appended_as_whole_events() {
    let mut request = Vec::new();
    for line in [r#"{"a":1}"#, "", "{}"] {
        to_native(line.as_bytes(), &mut request);
    }
    assert_eq!(fields(&request).map(|field| field.unwrap().number).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(PushEventsRequest::decode(&*request).unwrap().events.len(), 3);
}

#[test]
fn an_event_becomes_one_line() {
    let fields = map([("b", text("1\n2")), ("a", value(Kind::Float(1.0))), ("c", text(b"\xff"))]);
    let filler = map([(".", value(Kind::Null(0)))]);
    let root = |root| Event::Log(Log { fields: filler.clone(), value: Some(root) });
    for (event, expected) in [
        (Event::Log(Log { fields: fields.clone(), value: None }), r#"{"a":1.0,"b":"1\n2","c":"�"}"#),
        (Event::Trace(Map { fields }), r#"{"a":1.0,"b":"1\n2","c":"�"}"#),
        (Event::Log(Log::default()), "{}"),
        (root(text("x")), r#""x""#),
        (root(value(Kind::Integer(7))), "7"),
        (root(value(Kind::Array(Array { items: vec![text("x")] }))), r#"["x"]"#),
        (root(VectorValue { kind: None }), "null"),
    ] {
        assert_eq!(line(event.clone()).unwrap(), expected, "{event:?}");
    }
}

#[test]
fn what_is_no_event_is_an_error_and_writes_nothing() {
    for (what, wrapper) in [
        ("no event", &b""[..]),
        ("a field that Vector doesn't have", b"\x22\0"),
        ("a log that is a number", b"\x08\x01"),
        ("a log whose second field is cut off", b"\x0a\x0b\x0a\x05\x0a\x01a\x12\0\x0a\x05\x0a\x01"),
        (
            "a log whose second value is of another type",
            b"\x0a\x10\x0a\x05\x0a\x01a\x12\0\x0a\x07\x0a\x01b\x12\x02\x08\x01",
        ),
        ("a metric without a value", b"\x12\0"),
    ] {
        let mut out = b"before".to_vec();
        assert_eq!(to_line(wrapper, &mut out), Err(Malformed), "{what}");
        assert_eq!(out, b"before", "{what}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Few enough digits for serde_json to read back what it wrote, without its feature for that.
        (any::<i32>(), -9..9).prop_map(|(digits, scale)| json!(f64::from(digits) * f64::from(scale).exp2())),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5).prop_map(|it| it.into_iter().collect()),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(any::<String>(), any_json(), 0..5).prop_map(|members| members.into_iter().collect())
}

proptest! {
    #[test]
    fn an_object_that_goes_out_and_comes_back_is_the_same(object in any_object()) {
        // Keys are sorted both times, so even the text is the same.
        let line = object.to_string();
        prop_assert_eq!(String::from_utf8(there_and_back(line.as_bytes())).unwrap(), line);
    }

    #[test]
    fn a_line_of_any_bytes_is_taken_by_prost_and_is_all_there(line in prop::collection::vec(any::<u8>(), 0..40)) {
        prop_assume!(serde_json::from_slice::<Value>(&line).is_err());
        prop_assert_eq!(sent(&line), map([("message", text(&line))]));
        let mut message = Vec::new();
        write_string(&line, &mut message);
        prop_assert_eq!(there_and_back(&line), [br#"{"message":"#, &*message, b"}"].concat());
    }

    #[test]
    fn an_event_cut_short_is_a_line_or_an_error(object in any_object(), cut in any::<prop::sample::Index>()) {
        let mut request = Vec::new();
        to_native(object.to_string().as_bytes(), &mut request);
        let wrapper = bytes(&request, 1).unwrap().unwrap();
        assert_line_or_nothing(&wrapper[..cut.index(wrapper.len())])?;
    }

    #[test]
    fn any_bytes_are_a_line_or_an_error(kind in 0u8..4, body in prop::collection::vec(any::<u8>(), 0..60)) {
        assert_line_or_nothing(&body)?;
        let wrapper = [&[kind << 3 | 2, body.len() as u8], &*body].concat();
        assert_line_or_nothing(&wrapper)?;
    }
}

fn assert_line_or_nothing(wrapper: &[u8]) -> Result<(), TestCaseError> {
    let mut out = Vec::new();
    match to_line(wrapper, &mut out) {
        Ok(()) => {
            prop_assert!(serde_json::from_slice::<Value>(&out).is_ok());
            prop_assert!(!out.contains(&b'\n'));
        }
        Err(Malformed) => prop_assert_eq!(out, b""),
    }
    Ok(())
}
