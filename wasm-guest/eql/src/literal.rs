//! Reads the constants of a query: text with escapes, raw text, numbers. A second half of the lexer.

use weir_engine::program::Number;

use crate::fault::Fault;
use crate::lexer::{Lexer, TokenKind};

const RAW: &str = "\"\"\"";

impl<'q> Lexer<'q> {
    /// Reads `"…"` or `"""…"""`.
    pub(crate) fn text(&mut self) -> Result<TokenKind<'q>, Fault> {
        if self.rest().starts_with(RAW) {
            return self.raw_text();
        }
        let start = self.position;
        self.position += 1;
        let mut value = String::new();
        while let Some(char) = self.rest().chars().next() {
            match char {
                '\r' | '\n' => break,
                '\\' => value.push(self.escape()?),
                _ => self.position += char.len_utf8(),
            }
            match char {
                '"' => return Ok(TokenKind::Text(value)),
                '\\' => {}
                _ => value.push(char),
            }
        }
        let fault = Fault::new(start..start + 1, "text without an end").label("opened here");
        Err(fault.help("close it with `\"` on the same line; a `\"` within it is written `\\\"`"))
    }

    /// Reads `"""…"""`, in which a backslash is a backslash; up to two more quotes at the end belong to the text.
    fn raw_text(&mut self) -> Result<TokenKind<'q>, Fault> {
        let start = self.position;
        let line = self.rest().split(['\r', '\n']).next().unwrap_or_default();
        let body = &line[RAW.len()..];
        let Some(closing) = body.find(RAW) else {
            let fault = Fault::new(start..start + RAW.len(), "raw text without an end").label("opened here");
            return Err(fault.help("close it with `\"\"\"` on the same line"));
        };
        let quotes_after = body[closing + RAW.len()..].chars().take_while(|c| *c == '"').count().min(2);
        let value = &body[..closing + quotes_after];
        self.position += value.len() + 2 * RAW.len();
        Ok(TokenKind::Text(value.to_owned()))
    }

    /// Reads a backslash and what it stands for.
    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.position;
        let code = self.rest()[1..].chars().next();
        let char = match code {
            Some('b') => '\u{8}',
            Some('t') => '\t',
            Some('n') => '\n',
            Some('f') => '\u{c}',
            Some('r') => '\r',
            Some(same @ ('"' | '\'' | '\\')) => same,
            Some('u') => return self.unicode_escape(),
            other => {
                let span = start..start + 1 + other.map_or(0, char::len_utf8);
                return Err(Fault::new(span, "unknown escape in text").help(
                    "write `\\\\` for a backslash, or raw text as `\"\"\"…\"\"\"`; \
                     the escapes are `\\b \\t \\n \\f \\r \\\" \\' \\\\ \\u{…}`",
                ));
            }
        };
        self.position += 2;
        Ok(char)
    }

    /// Reads `\u{…}` with two to eight hexadecimal digits, or `\u` with four.
    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let code = &self.rest()[2..];
        let (digits, allowed, length) = match code.strip_prefix('{').and_then(|code| code.split_once('}')) {
            Some((digits, _)) => (digits, 2..=8, digits.len() + 4),
            None => (code.get(..4).unwrap_or_default(), 4..=4, 6),
        };
        let char = Some(digits)
            .filter(|digits| allowed.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32)
            .filter(|char| *char != '\0');
        let Some(char) = char else {
            let end = self.position + if digits.is_empty() { 2 } else { length };
            return Err(Fault::new(self.position..end, "escape names no character").help(
                "write a character's code in two to eight hexadecimal digits, such as `\\u{200f}`, or in four: `\\u200f`",
            ));
        };
        self.position += length;
        Ok(char)
    }

    /// Reads `5`, `1.5`, `.5` or `2e-3`; a sign before it is an operator.
    pub(crate) fn number(&mut self) -> Result<TokenKind<'q>, Fault> {
        let start = self.position;
        let rest = self.rest();
        let mut length = digits(rest, 0);
        if rest[length..].starts_with('.') {
            length = digits(rest, length + 1);
        }
        if rest[length..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
            let exponent_end = digits(rest, length + 1 + sign);
            if exponent_end > length + 1 + sign {
                length = exponent_end;
            }
        }
        self.position += length;
        if self.rest().starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return Err(Fault::new(start..self.position, "a number runs into a name")
                .help("put a field name that begins with a digit in backquotes"));
        }
        let literal = &rest[..length];
        if let Ok(int) = literal.parse() {
            return Ok(TokenKind::Number(Number::Int(int)));
        }
        match literal.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(TokenKind::Number(Number::Float(float))),
            _ => Err(Fault::new(start..self.position, "number too large").help("write one below 1.8e308")),
        }
    }
}

/// The end of the run of digits that begins at `start`.
fn digits(text: &str, start: usize) -> usize {
    text[start..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |end| start + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(query: &str) -> TokenKind<'_> {
        let mut lexer = Lexer::new(query);
        let token = lexer.next_token().unwrap_or_else(|fault| panic!("{query}: {fault:?}"));
        assert_eq!(token.span, 0..query.len(), "{query}");
        token.kind
    }

    #[test]
    fn text_is_read_with_its_escapes() {
        for (query, expected) in [
            (r#""""#, ""),
            (r#""C:\\W*""#, r"C:\W*"),
            (r#""\b\t\n\f\r\"\'""#, "\u{8}\t\n\u{c}\r\"'"),
            (r#""\u{200f}\u{0001F600}é""#, "\u{200f}😀é"),
            (r#""\u200f\u0041}é""#, "\u{200f}A}é"),
            (r#""""C:\W "x".""""#, r#"C:\W "x"."#),
            (r#""""x""""""#, "x\"\""),
            (r#""""""""#, ""),
        ] {
            assert_eq!(constant(query), TokenKind::Text(expected.into()), "{query}");
        }
    }

    #[test]
    fn numbers_are_whole_if_they_fit() {
        for (query, expected) in [
            ("5", Number::Int(5)),
            ("9223372036854775807", Number::Int(i64::MAX)),
            ("9223372036854775808", Number::Float(9_223_372_036_854_775_808.0)),
            ("1.5", Number::Float(1.5)),
            ("1.", Number::Float(1.0)),
            (".5", Number::Float(0.5)),
            ("2e3", Number::Float(2000.0)),
            ("2.5E-1", Number::Float(0.25)),
        ] {
            assert_eq!(constant(query), TokenKind::Number(expected), "{query}");
        }
    }

    #[test]
    fn a_faulty_constant_is_refused() {
        for query in [
            r#""a"#,
            "\"a\n\"",
            r#""\q""#,
            r#""\u{1}""#,
            r#""\u{000}""#,
            r#""\u{d800}""#,
            r#""\u{20""#,
            r#""\u20f""#,
            r#""\u0000""#,
            r#""\u20é""#,
            r#""\u"#,
            r#""""a"#,
            "1e999",
            "5x",
        ] {
            assert!(Lexer::new(query).next_token().is_err(), "{query}");
        }
    }
}
