//! JSON's scalars, strictly: strings, escapes, numbers; knows nothing of structure.

/// The bytes aren't a JSON object, or are nested too deeply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A string between its quotes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Text<'e> {
    /// As it is spelt. Not yet checked to be UTF-8 unless `ascii`.
    pub(crate) raw: &'e [u8],
    /// Has it escapes?
    pub(crate) escaped: bool,
    /// Is all of `raw` ASCII? May be `false` for ASCII, never `true` for anything else.
    pub(crate) ascii: bool,
}

/// The string whose opening quote stands just before `bytes`.
#[inline]
pub(crate) fn text(bytes: &[u8]) -> Result<Text<'_>, Malformed> {
    let mut at = 0;
    let mut escaped = false;
    let mut ascii = true;
    loop {
        let (run, run_ascii) = plain_run(&bytes[at..]);
        at += run;
        ascii &= run_ascii;
        match bytes.get(at) {
            Some(b'"') => return Ok(Text { raw: &bytes[..at], escaped, ascii }),
            Some(b'\\') => {
                at += escape_len(&bytes[at..])?;
                escaped = true;
            }
            // a control character, or the end
            _ => return Err(Malformed),
        }
    }
}

/// How many bytes are neither quote, backslash nor control characters; and whether those are ASCII (which may be
/// denied wrongly).
#[inline]
fn plain_run(bytes: &[u8]) -> (usize, bool) {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    // The lowest bit that this sets belongs to the first such byte; higher ones may be carried over.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let (chunks, tail) = bytes.as_chunks::<8>();
    let mut high = 0;
    for (n, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let stop = zero(word ^ (ONES * u64::from(b'"'))) | zero(word ^ (ONES * u64::from(b'\\'))) | control;
        high |= word & HIGH;
        if stop != 0 {
            return (n * 8 + stop.trailing_zeros() as usize / 8, high == 0);
        }
    }
    let plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | ..0x20);
    let run = tail.iter().take_while(|byte| plain(byte)).count();
    (chunks.len() * 8 + run, high == 0 && tail[..run].is_ascii())
}

/// The length of the escape that `bytes` start with. A surrogate may stand alone: that is grammatical.
pub(crate) fn escape_len(bytes: &[u8]) -> Result<usize, Malformed> {
    match bytes.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') if bytes.get(2..6).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) => Ok(6),
        _ => Err(Malformed),
    }
}

/// Appends the text that `raw`, a string's checked inside, spells. A lone surrogate becomes U+FFFD.
pub(crate) fn unescape(mut raw: &[u8], out: &mut Vec<u8>) {
    while let Some(backslash) = memchr::memchr(b'\\', raw) {
        out.extend_from_slice(&raw[..backslash]);
        raw = &raw[backslash..];
        let Some(kind) = raw.get(1) else { return };
        if *kind == b'u' {
            let (char, len) = unicode_escape(raw);
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            raw = &raw[len..];
        } else {
            out.push(match kind {
                b'b' => 0x08,
                b'f' => 0x0c,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                other => *other,
            });
            raw = &raw[2..];
        }
    }
    out.extend_from_slice(raw);
}

/// The character of a `\u` escape, or of two that are a surrogate pair, and their length.
fn unicode_escape(raw: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let hex = raw.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
    };
    let units = [unit(0), unit(6)];
    let first = char::decode_utf16(units.into_iter().map_while(|unit| unit)).next();
    match first {
        Some(Ok(char)) => (char, 6 * char.len_utf16()),
        _ => (char::REPLACEMENT_CHARACTER, 6.min(raw.len())),
    }
}

/// The number that `bytes` start with, in JSON's grammar.
pub(crate) fn number(bytes: &[u8]) -> Result<&str, Malformed> {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let some_digits = |from: usize| match digits(from) {
        0 => Err(Malformed),
        count => Ok(from + count),
    };
    let minus = usize::from(bytes.first() == Some(&b'-'));
    let mut end = if bytes.get(minus) == Some(&b'0') { minus + 1 } else { some_digits(minus)? };
    if bytes.get(end) == Some(&b'.') {
        end = some_digits(end + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end = some_digits(end + 1 + sign)?;
    }
    std::str::from_utf8(&bytes[..end]).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_become_what_they_spell() {
        for (raw, expected) in [
            (r"plain", "plain"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"\u0064ocker", "docker"),
            (r"d\u006Fcker", "docker"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d", "\u{FFFD}"),
            (r"\ude00\ud83d", "\u{FFFD}\u{FFFD}"),
            (r"\ud83d\u0041", "\u{FFFD}A"),
            (r"\ud83dA", "\u{FFFD}A"),
        ] {
            let mut out = Vec::new();
            unescape(raw.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{raw}");
        }
    }

    #[test]
    fn numbers_end_where_their_grammar_does() {
        for (bytes, expected) in [
            ("0", Ok("0")),
            ("-0,", Ok("-0")),
            ("01", Ok("0")),
            ("12.50e+3}", Ok("12.50e+3")),
            ("1E9", Ok("1E9")),
            ("-", Err(Malformed)),
            ("1.", Err(Malformed)),
            (".5", Err(Malformed)),
            ("1e", Err(Malformed)),
            ("+1", Err(Malformed)),
            ("", Err(Malformed)),
        ] {
            assert_eq!(number(bytes.as_bytes()), expected, "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn strings_are_taken_as_serde_json_takes_them(inner in r#"([a-zäK😀]{0,9}|\\["\\/bfnrtux]|\\u[0-9a-fA-F]{4}|["\x00-\x1f]){0,6}"#) {
            let literal = format!("\"{inner}\"");
            let ours = text(&literal.as_bytes()[1..]).map(|text| {
                let mut out = Vec::new();
                unescape(text.raw, &mut out);
                (String::from_utf8(out).unwrap(), text.raw.len() + 2 == literal.len())
            });
            let theirs = serde_json::Deserializer::from_str(&literal).into_iter::<String>().next();
            match theirs {
                Some(Ok(theirs)) => prop_assert_eq!(ours.unwrap().0, theirs),
                // serde_json refuses a lone surrogate, which the grammar allows
                _ => if let Ok((ours, _)) = ours { prop_assert!(ours.contains(char::REPLACEMENT_CHARACTER)) },
            }
        }
    }
}
