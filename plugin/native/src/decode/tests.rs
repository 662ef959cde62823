//! JSON of values, against tables and against `serde_json`.

use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::encode::{put_entry, put_message};
use crate::oracle::{self, Kind, Timestamp, Value};
use crate::wire::{put_bytes, put_fixed64, put_header, put_varint};

fn written_as_json(value: &[u8]) -> Result<String, Malformed> {
    let mut out = Vec::new();
    write_value(value, 0, &mut out)?;
    Ok(String::from_utf8(out).expect("JSON is text"))
}

fn text_of(kind: Kind) -> Result<String, Malformed> {
    written_as_json(&Value::from(kind).encode_to_vec())
}

#[test]
fn scalars_are_spelt_as_vector_spells_them() {
    for (kind, expected) in [
        (Kind::RawBytes(b"a\"\\\n\x01\x7f/".to_vec()), r#""a\"\\\n\u0001/""#.replace('/', "\u{7f}/")),
        (Kind::RawBytes("ä€😀".into()), "\"ä€😀\"".into()),
        (Kind::RawBytes(b"\xff\xe2\x82a".to_vec()), "\"\u{fffd}\u{fffd}a\"".into()),
        (Kind::RawBytes(Vec::new()), "\"\"".into()),
        (Kind::Integer(i64::MIN), "-9223372036854775808".into()),
        (Kind::Float(1.0), "1.0".into()),
        (Kind::Float(-0.0), "-0.0".into()),
        (Kind::Float(1e300), "1e+300".into()),
        (Kind::Float(f64::NAN), "null".into()),
        (Kind::Float(f64::INFINITY), "null".into()),
        (Kind::Boolean(true), "true".into()),
        (Kind::Boolean(false), "false".into()),
        (Kind::Null(0), "null".into()),
    ] {
        assert_eq!(text_of(kind.clone()), Ok(expected), "{kind:?}");
    }
    assert_eq!(written_as_json(&[]), Ok("null".into()), "a value without a kind");
}

#[test]
fn timestamps_have_as_many_decimals_as_they_need() {
    for (seconds, nanos, expected) in [
        (0, 0, "1970-01-01T00:00:00Z"),
        (1_709_210_096, 0, "2024-02-29T12:34:56Z"),
        (1_709_210_096, 7_000_000, "2024-02-29T12:34:56.007Z"),
        (1_709_210_096, 7_000, "2024-02-29T12:34:56.000007Z"),
        (1_709_210_096, 7, "2024-02-29T12:34:56.000000007Z"),
        (951_782_400, 0, "2000-02-29T00:00:00Z"),
        (-1, 999_000_000, "1969-12-31T23:59:59.999Z"),
        (1_483_228_799, 1_500_000_000, "2016-12-31T23:59:60.500Z"),
        (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
        (-62_167_219_201, 0, "-0001-12-31T23:59:59Z"),
        (253_402_300_799, 0, "9999-12-31T23:59:59Z"),
        (253_402_300_800, 0, "+10000-01-01T00:00:00Z"),
    ] {
        let text = text_of(Kind::Timestamp(Timestamp { seconds, nanos }));
        assert_eq!(text, Ok(format!("\"{expected}\"")), "{seconds} s {nanos} ns");
    }
}

#[test]
fn timestamps_that_vector_cant_take_are_faults() {
    for (seconds, nanos) in
        [(0, -1), (0, 1_000_000_000), (59, 2_000_000_000), (i64::MAX, 0), (i64::MIN, 0), (i64::MAX / 86_400, 0)]
    {
        assert_eq!(text_of(Kind::Timestamp(Timestamp { seconds, nanos })), Err(Malformed), "{seconds} s {nanos} ns");
    }
}

#[test]
fn of_equal_keys_the_last_one_counts() {
    let mut map = Vec::new();
    for (key, value) in [("b", 1), ("a", 2), ("b", 3), ("a", 4)] {
        put_entry(&mut map, 1, key, &value.into());
    }
    let mut out = Vec::new();
    assert_eq!(write_map(&map, 1, 0, &mut out), Ok(()));
    assert_eq!(String::from_utf8_lossy(&out), r#"{"a":4,"b":3}"#);
}

#[test]
fn messages_may_be_spelt_in_unusual_ways() {
    let mut entry = Vec::new();
    put_message(&mut entry, 1, |entry| {
        put_varint(entry, 5, 1);
        put_message(entry, 2, |value| put_varint(value, 4, 7));
        put_bytes(entry, 1, b"value first");
    });
    put_message(&mut entry, 1, |entry| put_bytes(entry, 1, b"without a value"));
    put_message(&mut entry, 1, |entry| {
        put_bytes(entry, 1, b"x-two kinds");
        put_message(entry, 2, |value| {
            put_bytes(value, 1, b"first");
            put_fixed64(value, 5, 0.5_f64.to_bits());
            put_varint(value, 77, 1);
        });
    });
    let mut out = Vec::new();
    assert_eq!(write_map(&entry, 1, 0, &mut out), Ok(()));
    assert_eq!(String::from_utf8_lossy(&out), r#"{"value first":7,"without a value":null,"x-two kinds":0.5}"#);
}

#[test]
fn lengths_of_every_size_are_read() {
    for length in [0, 1, 127, 128, 16_383, 16_384, 2_100_000] {
        let text = "x".repeat(length);
        assert_eq!(text_of(Kind::RawBytes(text.clone().into())), Ok(format!("\"{text}\"")), "{length}");
        let mut map = Vec::new();
        put_entry(&mut map, 1, "k", &text.clone().into());
        let mut out = Vec::new();
        assert_eq!(write_map(&map, 1, 0, &mut out), Ok(()), "{length}");
        assert!(out == format!(r#"{{"k":"{text}"}}"#).into_bytes(), "{length}");
    }
}

#[test]
fn what_is_no_value_is_a_fault() {
    for (what, bytes) in [
        ("a string that is a number", &[0x08, 1][..]),
        ("a map that is a number", &[0x38, 0]),
        ("an integer that is bytes", &[0x22, 0]),
        ("a map with an entry that is a number", &[0x3a, 2, 0x08, 1]),
        ("an entry whose key is a number", &[0x3a, 4, 0x0a, 2, 0x08, 1]),
        ("a key that isn't UTF-8", &[0x3a, 5, 0x0a, 3, 0x0a, 1, 0xff]),
        ("an element that is a number", &[0x42, 2, 0x08, 1]),
        ("an end ahead of the end", &[0x0a, 2, 0]),
    ] {
        assert_eq!(written_as_json(bytes), Err(Malformed), "{what}");
    }
}

#[test]
fn nesting_is_limited() {
    for number in [crate::event::MAP, crate::event::ARRAY] {
        let nested = |levels: usize| {
            let mut value = Vec::new();
            for _ in 0..levels {
                let inner = std::mem::take(&mut value);
                put_message(&mut value, number, |out| match number {
                    crate::event::ARRAY => put_bytes(out, 1, &inner),
                    _ => put_message(out, 1, |entry| put_bytes(entry, 2, &inner)),
                });
            }
            written_as_json(&value)
        };
        assert!(nested(96).is_ok());
        assert_eq!(nested(97), Err(Malformed));
        assert_eq!(nested(20_000), Err(Malformed));
    }
}

#[test]
fn maps_may_be_other_fields_too() {
    let mut message = Vec::new();
    put_entry(&mut message, 1, "not this one", &1.into());
    put_entry(&mut message, 17, "this one", &2.into());
    put_header(&mut message, 17, 0);
    let mut out = Vec::new();
    assert_eq!(write_map(&message, 17, 0, &mut out), Ok(()));
    assert_eq!(String::from_utf8_lossy(&out), r#"{"":null,"this one":2}"#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn values_become_the_json_that_serde_json_makes_of_them(value in oracle::value(&["", "a", "b.c", "ä\""])) {
        let text = written_as_json(&value.encode_to_vec()).unwrap();
        prop_assert_eq!(text, serde_json::Value::from(&value).to_string());
    }

    #[test]
    fn a_part_of_a_value_never_makes_it_panic(value in oracle::value(&["a"]), noise in any::<Vec<u8>>()) {
        let bytes = value.encode_to_vec();
        for end in 0..bytes.len() {
            let _either = written_as_json(&bytes[..end]);
        }
        let _either = written_as_json(&noise);
    }
}
