//! Makes lines of a JSON array; knows nothing of where it comes from or what the elements are.

use serde::de::IgnoredAny;

/// Puts each element of the JSON array in `bytes` on a line of its own, without the white space around it. Elements stay
/// as they came, except that newlines within one become spaces: those are between tokens, for no string may hold one.
///
/// # Errors
/// If it is no JSON; `bytes` are then as they were.
pub(super) fn into_lines(bytes: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    serde_json::from_slice::<IgnoredAny>(bytes)?;
    // In place, as there may be 100 MiB of them: a line is never longer than its element, comma and bracket included.
    let mut written = 0;
    let mut place = Place::default();
    for read in 0..bytes.len() {
        if let Some(byte) = place.step(bytes[read]) {
            bytes[written] = byte;
            written += 1;
        }
    }
    bytes.truncate(written);
    Ok(())
}

/// Where in a well-formed array the reader is.
#[derive(Default)]
struct Place {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Place {
    /// Goes past the next byte; says what becomes of it.
    fn step(&mut self, byte: u8) -> Option<u8> {
        if self.in_string {
            self.in_string = byte != b'"' || self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            return Some(byte);
        }
        match byte {
            b'"' => self.in_string = true,
            b'[' | b'{' => {
                self.depth += 1;
                return (self.depth > 1).then_some(byte);
            }
            b']' | b'}' => {
                self.depth -= 1;
                return Some(if self.depth == 0 { b'\n' } else { byte });
            }
            b',' if self.depth == 1 => return Some(b'\n'),
            b' ' | b'\t' | b'\n' | b'\r' if self.depth <= 1 => return None,
            b'\n' | b'\r' => return Some(b' '),
            _ => {}
        }
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn lines(array: &str) -> Result<String, serde_json::Error> {
        let mut bytes = array.as_bytes().to_vec();
        into_lines(&mut bytes)?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn each_element_becomes_a_line_and_stays_as_it_came() {
        for (array, expected) in [
            ("[]", "\n"),
            (" [ ] \n", "\n"),
            ("[1]", "1\n"),
            (r#"[{"a":1},{"a":2}]"#, "{\"a\":1}\n{\"a\":2}\n"),
            (r#"[ {"a" : 1.50} , "x" ,null]"#, "{\"a\" : 1.50}\n\"x\"\nnull\n"),
            ("[\r\n  {\r\n    \"a\": [1,\n 2]\r\n  },\n\t{}\n]\n", "{      \"a\": [1,  2]    }\n{}\n"),
            (r#"["],[", "\"],", "\\", "\n", "{"]"#, "\"],[\"\n\"\\\"],\"\n\"\\\\\"\n\"\\n\"\n\"{\"\n"),
            (r#"[{"]":"[","{":["}"]},[[],[]]]"#, "{\"]\":\"[\",\"{\":[\"}\"]}\n[[],[]]\n"),
        ] {
            assert_eq!(lines(array).unwrap(), expected, "{array}");
        }
    }

    #[test]
    fn what_is_no_array_is_refused_with_its_place() {
        for (array, expected) in [
            ("[", "line 1 column 1"),
            ("[1,", "line 1 column 3"),
            ("[1\n,]", "line 2 column 2"),
            ("[1] [2]", "line 1 column 5"),
            ("[{\"a\":1]", "line 1 column 8"),
            ("[\"a\n\"]", "line 1 column 3"),
            ("[01]", "line 1 column 3"),
            ("[\n\n  oops]", "line 3 column 3"),
        ] {
            let error = lines(array).unwrap_err().to_string();
            assert!(error.ends_with(expected), "{array:?}: {error}");
        }
    }

    #[test]
    fn deep_nesting_and_bytes_that_are_not_utf_8_are_passed_on() {
        let deep = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
        assert_eq!(lines(&deep).unwrap().len(), deep.len() - 1);
        let mut bytes = b"[\"\xff\xfe\"]".to_vec();
        into_lines(&mut bytes).unwrap();
        assert_eq!(bytes, b"\"\xff\xfe\"\n");
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[\\[\\]{},:\"\\\\\n\r\t a-zé]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[\\[\\]{},\"\\\\\n a-z]{0,4}", inner, 0..4).prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        #[test]
        fn lines_parse_as_the_elements_do(elements in prop::collection::vec(json(), 0..6)) {
            let array = Value::from(elements.clone());
            for array in [array.to_string(), serde_json::to_string_pretty(&array).unwrap()] {
                let lines = lines(&array).unwrap();
                let parsed: Vec<Value> =
                    lines.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect();
                prop_assert_eq!(&parsed, &elements);
                prop_assert!(lines.len() <= array.len());
            }
        }

        #[test]
        fn nothing_that_begins_like_an_array_makes_it_panic(rest in "[\\[\\]{},:\"\\\\\n 1a-f]{0,24}") {
            let _ = lines(&format!("[{rest}"));
        }
    }
}
