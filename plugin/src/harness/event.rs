//! Makes the line of JSON that an event is of what a case says. Knows YAML's values, but no keys.

use serde::de::IgnoredAny;

use super::yaml::{Node, Value};

/// Writes a node as JSON, in the order and the spelling in which it stands there.
pub(super) fn write(node: &Node, json: &mut Vec<u8>) {
    match &node.value {
        Value::Plain(text) => json.extend(plain(text).as_bytes()),
        Value::Quoted(text) => json.extend(quote(text).as_bytes()),
        Value::List(items) => write_between(json, b"[]", items, write),
        Value::Mapping(entries) => write_between(json, b"{}", entries, |(key, value), json| {
            json.extend(quote(&key.name).as_bytes());
            json.push(b':');
            write(value, json);
        }),
    }
}

/// Refuses what isn't a single JSON object, for it would never match, nor fail a test that expects no match.
pub(super) fn check(json: &[u8]) -> Result<(), String> {
    if json.contains(&b'\n') {
        return Err("it has more than one line".to_owned());
    }
    serde_json::from_slice::<IgnoredAny>(json).map_err(|error| error.to_string())?;
    if json.trim_ascii_start().starts_with(b"{") { Ok(()) } else { Err("it begins without `{`".to_owned()) }
}

fn write_between<T>(json: &mut Vec<u8>, ends: &[u8; 2], items: &[T], write: impl Fn(&T, &mut Vec<u8>)) {
    json.push(ends[0]);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            json.push(b',');
        }
        write(item, json);
    }
    json.push(ends[1]);
}

/// What a value without quotes means: null and booleans as YAML spells them, numbers as JSON does; else it is text.
fn plain(text: &str) -> String {
    match text {
        "" | "~" | "Null" | "NULL" => "null".to_owned(),
        "True" | "TRUE" => "true".to_owned(),
        "False" | "FALSE" => "false".to_owned(),
        // Not as serde_json's numbers, for those lose their spelling, and digits.
        _ if serde_json::from_str::<IgnoredAny>(text).is_ok() => text.to_owned(),
        _ => quote(text),
    }
}

fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    #[test]
    fn values_keep_their_kind_their_order_and_their_spelling() {
        for (yaml, expected) in [
            ("{b: 1, a: 2}", r#"{"b":1,"a":2}"#),
            (
                "{max: 18446744073709551615, beyond: 184467440737095516160}",
                r#"{"max":18446744073709551615,"beyond":184467440737095516160}"#,
            ),
            (
                "[-9223372036854775808, 1.10, 1e3, 0.1000000000000000055511]",
                "[-9223372036854775808,1.10,1e3,0.1000000000000000055511]",
            ),
            (
                "[5, '5', \"5\", v5, 007, 0x10, 1_000, .5, 10.0.0.1]",
                r#"[5,"5","5","v5","007","0x10","1_000",".5","10.0.0.1"]"#,
            ),
            ("[true, True, yes, 'true', null, ~, 'null']", r#"[true,true,"yes","true",null,null,"null"]"#),
            ("a:\n  - b:\n  - - c\n    - {}\n", r#"{"a":[{"b":null},["c",{}]]}"#),
            (r#"{"a\"b": "x\u0000\n\u212A"}"#, "{\"a\\\"b\":\"x\\u0000\\n\u{212A}\"}"),
            ("text: |\n  one\n  two\n", r#"{"text":"one\ntwo\n"}"#),
        ] {
            let mut json = Vec::new();
            write(&yaml::read(yaml).unwrap().unwrap(), &mut json);
            assert_eq!(String::from_utf8(json).unwrap(), expected, "{yaml}");
        }
    }

    #[test]
    fn only_one_whole_json_object_is_an_event() {
        for event in ["{}", " {\"a\" : 1e999} ", r#"{"a":1,"a":2,"lone":"\ud800"}"#] {
            assert_eq!(check(event.as_bytes()), Ok(()), "{event}");
        }
        for event in ["", "{", "{}}", "[]", "1", "{}\n", "{'a':1}", "{\"a\":\"\t\"}"] {
            assert!(check(event.as_bytes()).is_err(), "{event:?}");
        }
    }
}
