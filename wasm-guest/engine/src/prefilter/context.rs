//! Whether a string may be a value of a field, by what stands before it in the event; knows nothing of what is in it.
//!
//! It reads backwards, and only as far as it can be sure: outside strings every quote is the end of one, and a quote
//! that no backslash precedes is its beginning. Whatever else it meets, the string may be such a value.

/// So far back it looks for the beginning of a string or a container.
const FARTHEST: usize = 512;

/// What stands before the string that `text` ends in; `None` if that can't be told.
pub(super) fn before_string<'e>(text: &'e [u8], effort: &mut usize) -> Option<&'e [u8]> {
    let near = &text[text.len().saturating_sub(FARTHEST)..];
    let quote = near.iter().rposition(|byte| *byte == b'"')?;
    *effort += near.len() - quote;
    let before = &text[..text.len() - near.len() + quote];
    (before.last() != Some(&b'\\')).then_some(before)
}

/// May the string that follows `before` be a value of the field with this dotted name?
pub(super) fn may_be_value(before: &[u8], name: &str, effort: &mut usize) -> bool {
    let (mut before, mut name) = (before, name.as_bytes());
    loop {
        let Some((punctuation, rest)) = before.trim_ascii_end().split_last() else { return false };
        let (inside, opening) = match punctuation {
            b':' => {
                let Some((object, key)) = last_string(rest, effort) else { return true };
                let Some(outer) = name.strip_suffix(key) else { return false };
                match outer.split_last() {
                    None => return true,
                    Some((b'.', outer)) => name = outer,
                    Some(_) => return false,
                }
                (object, b'{')
            }
            b',' => (rest, b'['),
            b'[' => (before, b'['),
            _ => return false,
        };
        match before_container(inside, effort) {
            Some((outside, found)) if found == opening => before = outside,
            Some(_) => return false,
            None => return true,
        }
    }
}

/// The string that `text` ends with, if it has no escapes, after what stands before it.
fn last_string<'e>(text: &'e [u8], effort: &mut usize) -> Option<(&'e [u8], &'e [u8])> {
    let inside = text.trim_ascii_end().strip_suffix(b"\"")?;
    let before = before_string(inside, effort)?;
    let key = &inside[before.len() + 1..];
    (!key.contains(&b'\\')).then_some((before, key))
}

/// What stands before the container that `text` ends in, and how that opens.
fn before_container<'e>(text: &'e [u8], effort: &mut usize) -> Option<(&'e [u8], u8)> {
    let mut rest = text;
    let mut depth = 0_usize;
    while text.len() - rest.len() < FARTHEST {
        let (byte, before) = rest.split_last()?;
        *effort += 1;
        rest = match byte {
            b'"' => before_string(before, effort)?,
            b'\n' => return None,
            _ => before,
        };
        match byte {
            b'{' | b'[' if depth == 0 => return Some((before, *byte)),
            b'{' | b'[' => depth -= 1,
            b'}' | b']' => depth += 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// May what stands at `§` be a value of `process.name`?
    fn is_name(event: &str) -> bool {
        let (before, _) = event.split_once('§').unwrap();
        may_be_value(before.as_bytes(), "process.name", &mut 0)
    }

    #[test]
    fn a_value_of_the_field_is_never_taken_for_another() {
        let long = "x".repeat(FARTHEST);
        for event in [
            r#"{"process":{"name":§"#,
            r#"{"process.name":§"#,
            r#"{"a":"{[","process":{"b":["}",{"c":[{}]}],"d":1.5,"name":§"#,
            r#"{"process":[{"a":1},{"name":[["x",null],§"#,
            "{ \"process\" :\t{ \"name\" : [ \"x\" , §",
            // What can't be told counts.
            r#"{"x":{"process":{"name":§"#,
            r#"{"proc\u0065ss":{"name":§"#,
            r#"{"process":{"\"}":1,"name":§"#,
            r#"{"process":{"a":"\"}","name":§"#,
            &format!(r#"{{"process":{{"a":"{long}","name":§"#),
            &format!(r#"{{"process":{{"a":[{}0],"name":§"#, "0,".repeat(FARTHEST)),
        ] {
            assert!(is_name(event), "{event}");
        }
    }

    #[test]
    fn most_other_strings_are_told_apart() {
        for event in [
            "§",
            r#"{§"#,
            r#"{"a":1,§"#,
            r#"{"name":§"#,
            r#"{"process":§"#,
            r#"{"process":{"args":["x",§"#,
            r#"{"process":{"name":{"x":§"#,
            r#"{"process":{"xname":§"#,
            r#"{"process":{"parent":{"pid":1,"name":§"#,
            r#"{"process.parent.name":§"#,
            r#"{"process":{"a":1},"parent":{"name":§"#,
            "{\"process\":1}\n{\"name\":§",
        ] {
            assert!(!is_name(event), "{event}");
        }
    }

    #[test]
    fn a_string_begins_at_the_last_quote_without_a_backslash() {
        for (text, expected) in
            [(r#"{"a":"x/"#, Some(r#"{"a":"#)), (r#"{"a":""#, Some(r#"{"a":"#)), (r#"{"a":"\"x"#, None), ("x", None)]
        {
            assert_eq!(before_string(text.as_bytes(), &mut 0), expected.map(str::as_bytes), "{text}");
        }
    }
}
