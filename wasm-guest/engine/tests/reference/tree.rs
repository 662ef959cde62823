//! Reads an event with serde_json into a tree that keeps duplicate keys and the spelling of numbers.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use weir_engine::MAX_DEPTH;

#[derive(Debug)]
pub enum Node {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// The event, if it is a JSON object that isn't nested too deeply.
pub fn read(line: &[u8]) -> Option<Node> {
    let raw: &RawValue = serde_json::from_slice(line).ok()?;
    raw.get().starts_with('{').then(|| node(raw, MAX_DEPTH))?
}

/// `None` if `raw` is nested deeper than `depth`.
fn node(raw: &RawValue, depth: usize) -> Option<Node> {
    let json = raw.get();
    Some(match json.as_bytes()[0] {
        b'n' => Node::Null,
        b't' => Node::Bool(true),
        b'f' => Node::Bool(false),
        b'"' => Node::Text(serde_json::from_str::<Text>(json).unwrap().0),
        b'[' => {
            let inside = depth.checked_sub(1)?;
            let elements: Vec<&RawValue> = serde_json::from_str(json).unwrap();
            Node::Array(elements.into_iter().map(|element| node(element, inside)).collect::<Option<_>>()?)
        }
        b'{' => {
            let inside = depth.checked_sub(1)?;
            let Members(members) = serde_json::from_str(json).unwrap();
            let member = |(Text(key), value)| Some((key, node(value, inside)?));
            Node::Object(members.into_iter().map(member).collect::<Option<_>>()?)
        }
        _ => Node::Number(json.to_owned()),
    })
}

/// A string in which a lone surrogate, which the grammar allows, has become U+FFFD.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wtf8;
        impl Visitor<'_> for Wtf8 {
            type Value = Text;
            fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
                to.write_str("a string")
            }
            fn visit_bytes<E>(self, wtf8: &[u8]) -> Result<Text, E> {
                let mut bytes = wtf8.to_vec();
                while let Some(at) = bytes.windows(2).position(|pair| pair[0] == 0xED && pair[1] >= 0xA0) {
                    bytes[at..at + 3].copy_from_slice("\u{FFFD}".as_bytes());
                }
                Ok(Text(String::from_utf8(bytes).unwrap()))
            }
        }
        deserializer.deserialize_bytes(Wtf8)
    }
}

struct Members<'de>(Vec<(Text, &'de RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;
            fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
                to.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
