//! Where the characters of a TOML string stand in its file, so that a position in a query can be shown there.
//!
//! Expects a string that the TOML parser has accepted, and doesn't check it again.

use std::ops::Range;

use crate::fault::Span;

/// A map from positions in a string's value to positions in the file.
#[derive(Debug)]
pub(crate) struct TomlText {
    /// In the order of the value, without gaps in it; the file may have some.
    pieces: Vec<Piece>,
}

/// A run of characters that stand in the file as they are, or one escape.
#[derive(Debug)]
struct Piece {
    value_start: usize,
    file: Range<usize>,
    is_escape: bool,
}

impl TomlText {
    /// Maps the string whose tokens, delimiters included, are `token` in `file`.
    pub(crate) fn new(file: &str, token: Range<usize>) -> Self {
        let raw = &file[token.clone()];
        let delimiter = if raw.starts_with("'''") || raw.starts_with("\"\"\"") { 3 } else { 1 };
        let mut body = token.start + delimiter..token.end - delimiter;
        if delimiter == 3 {
            body.start += newline_length(&file[body.clone()]);
        }
        let mut text = Self { pieces: Vec::new() };
        if raw.starts_with('"') {
            text.split_at_escapes(&file[body.clone()], body.start);
        } else {
            text.push(0, body, false);
        }
        text
    }

    /// Where the `span` of the value stands in the file.
    pub(crate) fn in_file(&self, span: Span) -> Range<usize> {
        if span.is_empty() && span.start > 0 {
            let end = self.end(span.start);
            return end..end;
        }
        let start = self.start(span.start);
        start..self.end(span.end).max(start)
    }

    /// Makes an escape a piece of its own; `body` begins at `offset` in the file.
    fn split_at_escapes(&mut self, body: &str, offset: usize) {
        let (mut value, mut copied) = (0, 0);
        while let Some(found) = body[copied..].find('\\') {
            let backslash = copied + found;
            self.push(value, offset + copied..offset + backslash, false);
            value += found;
            let (raw_length, value_length) = escape(&body[backslash..]);
            copied = backslash + raw_length;
            if value_length > 0 {
                self.push(value, offset + backslash..offset + copied, true);
            }
            value += value_length;
        }
        self.push(value, offset + copied..offset + body.len(), false);
    }

    fn push(&mut self, value_start: usize, file: Range<usize>, is_escape: bool) {
        self.pieces.push(Piece { value_start, file, is_escape });
    }

    /// Where the character after `position` begins.
    fn start(&self, position: usize) -> usize {
        let piece = self.piece(position);
        if piece.is_escape { piece.file.start } else { piece.file.start + (position - piece.value_start) }
    }

    /// Where the character before `position` ends.
    fn end(&self, position: usize) -> usize {
        let piece = self.piece(position.saturating_sub(1));
        if piece.is_escape { piece.file.end } else { piece.file.start + (position - piece.value_start) }
    }

    /// The piece that holds the byte at `position`; several may start there, of which only the last isn't empty.
    fn piece(&self, position: usize) -> &Piece {
        let after = self.pieces.partition_point(|piece| piece.value_start <= position);
        &self.pieces[after.saturating_sub(1)]
    }
}

/// The lengths of the escape that `text` begins with, in the file and in the value.
fn escape(text: &str) -> (usize, usize) {
    match text[1..].chars().next() {
        Some('x') => code_point(text, 4),
        Some('u') => code_point(text, 6),
        Some('U') => code_point(text, 10),
        Some(' ' | '\t' | '\r' | '\n') => {
            let rest = text[1..].trim_start_matches([' ', '\t', '\r', '\n']);
            (text.len() - rest.len(), 0)
        }
        _ => (2, 1),
    }
}

fn code_point(text: &str, raw_length: usize) -> (usize, usize) {
    let digits = text.get(2..raw_length).unwrap_or_default();
    let char = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    (raw_length, char.map_or(1, char::len_utf8))
}

fn newline_length(text: &str) -> usize {
    if text.starts_with("\r\n") { 2 } else { usize::from(text.starts_with('\n')) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::de::DeTable;

    use super::*;

    /// The value of the only key of `file`, and where its token stands.
    fn string(file: &str) -> (String, Range<usize>) {
        let table = DeTable::parse(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let value = &table.get_ref()["key"];
        (value.get_ref().as_str().expect("a string").to_owned(), value.span())
    }

    /// What stands in `file` for the first `part` of its string.
    fn in_file<'f>(file: &'f str, part: &str) -> &'f str {
        let (value, token) = string(file);
        let start = value.find(part).unwrap_or_else(|| panic!("no {part:?} in {value:?}"));
        &file[TomlText::new(file, token).in_file(start..start + part.len())]
    }

    #[test]
    fn a_part_is_found_in_every_kind_of_string() {
        for (file, part, expected) in [
            (r"key = 'a b'", "b", "b"),
            ("key = '''\na b'''", "a", "a"),
            ("key = '''\r\na\r\nb'''", "b", "b"),
            ("key = '''a\\tb'''", "tb", "tb"),
            (r#"key = "a \"b\" c""#, "\"b\"", r#"\"b\""#),
            (r#"key = "\u00e9\U0001F600\x41 b""#, "b", "b"),
            (r#"key = "\u00e9\U0001F600\x41 b""#, "😀A", r"\U0001F600\x41"),
            ("key = \"\"\"\na \\\n   b\"\"\"", "a", "a"),
            ("key = \"\"\"\na \\\n   b\"\"\"", "b", "b"),
            ("key = \"\"\"a\\  \n\n \\\nb\"\"\"", "a", "a"),
            ("key = \"\"\"a\\  \n\n \\\nb\"\"\"", "b", "b"),
        ] {
            assert_eq!(in_file(file, part), expected, "{file}");
        }
    }

    #[test]
    fn an_empty_span_is_right_behind_the_character_before_it() {
        let file = "key = '''\nab\n'''";
        let (_, token) = string(file);
        let end = file.find('b').expect("a `b`") + 1;
        assert_eq!(TomlText::new(file, token).in_file(2..2), end..end);
    }

    /// A character of a basic string, as itself or as an escape; or the end of a line that TOML ignores.
    fn spelling() -> impl Strategy<Value = String> {
        let plain = proptest::char::range(' ', '~').prop_filter("plain", |c| !matches!(c, '"' | '\\'));
        let other = prop::sample::select(&["é", "😀", "\n", "\r\n", "\\\"", "\\t", "\\x41"][..]);
        let line_end = prop::sample::select(&["\\\n", "\\ \r\n\n "][..]);
        prop_oneof![
            4 => plain.prop_map(String::from),
            1 => any::<char>().prop_map(|c| format!("\\U{:08X}", u32::from(c))),
            1 => other.prop_map(String::from),
            1 => line_end.prop_map(String::from),
        ]
    }

    proptest! {
        #[test]
        fn every_character_is_found_where_it_is_spelled(spellings in prop::collection::vec(spelling(), 0..20)) {
            let file = format!("key = \"\"\"\n{}\"\"\"", spellings.concat());
            let (value, token) = string(&file);
            let text = TomlText::new(&file, token);
            let mut previous = 0;
            for (start, char) in value.char_indices() {
                let place = text.in_file(start..start + char.len_utf8());
                prop_assert!(place.start >= previous);
                previous = place.end;
                let spelled = &file[place];
                let is_escape = spelled.starts_with('\\');
                let read = if is_escape { string(&format!("key = \"{spelled}\"")).0 } else { spelled.to_owned() };
                prop_assert_eq!(read, char.to_string());
            }
        }
    }
}
