//! Writes JSON as Vector's values.

use serde_json::Value;

use crate::wire::{put_bytes, put_fixed64, put_header, put_varint};

/// Appends field `number`, a `Value` that holds `value`. Integers from 2^63 up become text: a
/// Vector has no number for them that keeps all digits.
pub(crate) fn put_value(out: &mut Vec<u8>, number: u32, value: &Value) {
    put_message(out, number, |out| match value {
        Value::String(text) => put_bytes(out, 1, text.as_bytes()),
        Value::Number(number) if let Some(integer) = number.as_i64() => put_varint(out, 4, integer as u64),
        Value::Number(number) if number.is_u64() => put_bytes(out, 1, number.to_string().as_bytes()),
        Value::Number(number) => put_fixed64(out, 5, number.as_f64().unwrap_or_default().to_bits()),
        Value::Bool(boolean) => put_varint(out, 6, u64::from(*boolean)),
        Value::Object(members) => put_message(out, 7, |out| {
            members.iter().for_each(|(key, value)| put_entry(out, 1, key, value));
        }),
        Value::Array(elements) => put_message(out, 8, |out| {
            elements.iter().for_each(|element| put_value(out, 1, element));
        }),
        Value::Null => put_varint(out, 9, 0),
    });
}

/// Appends field `number`, an entry of a map from strings to values.
pub(crate) fn put_entry(out: &mut Vec<u8>, number: u32, key: &str, value: &Value) {
    put_message(out, number, |out| {
        put_bytes(out, 1, key.as_bytes());
        put_value(out, 2, value);
    });
}

/// Appends field `number`, a message that `write` appends the fields of.
pub(crate) fn put_message(out: &mut Vec<u8>, number: u32, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    let end = out.len();
    put_header(out, number, end - start);
    // The header's length is known only now: it goes ahead of the fields, which move by a few bytes.
    let header = out.len() - end;
    out[start..].rotate_right(header);
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use serde_json::json;

    use super::*;
    use crate::oracle;

    #[test]
    fn json_becomes_the_values_that_vector_makes_of_it() {
        for json in [
            json!(null),
            json!(true),
            json!(i64::MIN),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(1.0),
            json!(-0.5e-300),
            json!("ä\0"),
            json!([]),
            json!({}),
            json!({"b": [1, [{"": "x".repeat(300)}]], "a": {"c": "y".repeat(20_000)}}),
        ] {
            let mut out = Vec::new();
            put_value(&mut out, 1, &json);
            let decoded = oracle::Array::decode(&*out).unwrap();
            assert_eq!(decoded.items, [oracle::Value::from(json)]);
        }
    }

    #[test]
    fn entries_and_values_are_appended() {
        let mut out = b"\x08\x01".to_vec();
        put_entry(&mut out, 3, "k", &json!(1));
        assert_eq!(out, b"\x08\x01\x1a\x07\x0a\x01k\x12\x02\x20\x01");
    }
}
