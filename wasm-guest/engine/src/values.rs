//! Which values an event has, for people who ask why a rule judged it so; judges nothing itself.

use crate::json::{self, Malformed};
use crate::paths::Paths;
use crate::scan::{Scratch, Value, scan};

/// A value of a field: neither `null` nor an object, and no array, whose elements are values of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// Without its escapes.
    Text(String),
    /// As it is spelt.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
}

/// The values that an event has for each of the `fields`, dotted names that are all different, as rules see them: in every
/// nested and dotted spelling, in the order of the event. `None` if the event is malformed.
pub fn values(event: &[u8], fields: &[String]) -> Option<Vec<Vec<FieldValue>>> {
    let mut found = vec![Vec::new(); fields.len()];
    let note = |field: usize, value: Value<'_>| found[field].push(owned(value));
    match scan(event, &Paths::new(fields), &mut Scratch::default(), note) {
        Ok(()) => Some(found),
        Err(Malformed) => None,
    }
}

fn owned(value: Value<'_>) -> FieldValue {
    match value {
        Value::Text(text) => {
            let mut unescaped = Vec::new();
            json::unescape(text.raw, &mut unescaped);
            FieldValue::Text(String::from_utf8_lossy(&unescaped).into_owned())
        }
        Value::Number(number) => FieldValue::Number(number.to_owned()),
        Value::Bool(value) => FieldValue::Bool(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_of_a_field_are_found_however_it_is_spelt() {
        let event = br#"{"a":{"b":["x",[null,1.50]]},"a.b":"\u0064\n","a":[{"b":true},{"c":{}}],"b":2}"#;
        let fields = ["c", "a.b", "a.c", "b"].map(String::from);
        let text = |text: &str| FieldValue::Text(text.into());
        let number = |number: &str| FieldValue::Number(number.into());
        let merged = vec![text("x"), number("1.50"), text("d\n"), FieldValue::Bool(true)];
        assert_eq!(values(event, &fields), Some(vec![vec![], merged, vec![], vec![number("2")]]));
    }

    #[test]
    fn a_malformed_event_has_no_values() {
        for event in [&b"{\"a\":1"[..], b"[]", b"{\"a\":\"\xff\"}"] {
            assert_eq!(values(event, &["a".to_owned()]), None);
        }
    }
}
