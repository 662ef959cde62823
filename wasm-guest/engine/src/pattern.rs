//! Matches one text with one wildcard pattern; knows nothing of fields, case or rules.

use memchr::memmem::Finder;

use crate::budget::STEPS_BEFORE_TEXT;

/// `*` is any run of characters, `?` exactly one code point, nothing else is special.
#[derive(Debug)]
pub(crate) struct Pattern {
    head: Segment,
    /// What must follow, each after a `*`; the last one ends the text.
    rest: Vec<Segment>,
    /// How many steps each byte of a text takes at most: with question marks, a segment is compared wherever it may begin.
    steps_per_byte: usize,
}

/// A stretch of the pattern between stars.
#[derive(Debug)]
struct Segment {
    /// The text, split at every `?`.
    runs: Vec<Box<[u8]>>,
    /// Finds the first of `runs`.
    first: Finder<'static>,
    code_points: usize,
}

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Self {
        let pattern = stars_last(pattern);
        let mut segments = pattern.split('*').map(Segment::new);
        let head = segments.next().unwrap_or_else(|| Segment::new(""));
        let rest: Vec<_> = segments.collect();
        let steps_per_byte = rest.iter().map(Segment::steps_per_byte).max().unwrap_or(1);
        Self { head, rest, steps_per_byte }
    }

    /// How many steps it takes at most to match a text of `length`.
    pub(crate) fn steps(&self, length: usize) -> usize {
        STEPS_BEFORE_TEXT * (1 + self.rest.len()) + length.saturating_mul(self.steps_per_byte)
    }

    /// Does all of `text`, which is UTF-8, match?
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let Some(mut at) = self.head.end_at(text, 0) else { return false };
        let Some((last, middle)) = self.rest.split_last() else { return at == text.len() };
        // The leftmost place for each segment leaves the most room for the next ones.
        for segment in middle {
            match segment.find(text, at) {
                Some(end) => at = end,
                None => return false,
            }
        }
        last.start_from_end(text).is_some_and(|start| start >= at && last.end_at(text, start) == Some(text.len()))
    }
}

impl Segment {
    fn new(text: &str) -> Self {
        let runs: Vec<Box<[u8]>> = text.split('?').map(|run| run.as_bytes().into()).collect();
        let first = Finder::new(&runs[0]).into_owned();
        Self { runs, first, code_points: text.chars().count() }
    }

    fn steps_per_byte(&self) -> usize {
        if self.runs.len() == 1 { 1 } else { self.code_points }
    }

    /// Where this segment ends if it starts at `start`.
    fn end_at(&self, text: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        for (n, run) in self.runs.iter().enumerate() {
            if n > 0 {
                at += code_point_len(*text.get(at)?);
            }
            text.get(at..)?.starts_with(run).then_some(())?;
            at += run.len();
        }
        Some(at)
    }

    /// Where the leftmost occurrence from `from` on ends.
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let mut start = from;
        loop {
            start += self.first.find(text.get(start..)?)?;
            if let Some(end) = self.end_at(text, start) {
                return Some(end);
            }
            start += code_point_len(*text.get(start)?);
        }
    }

    /// Where this segment would start if it ended the text: as many code points before the end as it has.
    fn start_from_end(&self, text: &[u8]) -> Option<usize> {
        if self.runs.len() == 1 {
            return text.len().checked_sub(self.runs[0].len());
        }
        let starts = text.iter().enumerate().rev().filter(|(_, byte)| !is_continuation(**byte));
        starts.map(|(start, _)| start).nth(self.code_points.checked_sub(1)?)
    }
}

/// The same pattern with every star moved behind the question marks that follow it, and then but one star: so every text
/// that has to be found starts with something to look for.
fn stars_last(pattern: &str) -> String {
    let mut moved = String::with_capacity(pattern.len());
    let mut star = false;
    for char in pattern.chars() {
        match char {
            '*' => star = true,
            '?' => moved.push('?'),
            text => {
                moved.extend(std::mem::take(&mut star).then_some('*'));
                moved.push(text);
            }
        }
    }
    moved.extend(star.then_some('*'));
    moved
}

fn code_point_len(first: u8) -> usize {
    match first {
        ..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("docker", "docker", true),
            ("docker", "dockerd", false),
            ("dock*", "dock", true),
            ("dock*", "docker", true),
            ("*ker", "docker", true),
            ("*ker", "dockers", false),
            ("d*k*r", "docker", true),
            ("d*r*k", "docker", false),
            ("docker?", "docker", false),
            ("d?", "d😀", true),
            ("d??", "d😀", false),
            ("*?", "", false),
            ("*?", "ä", true),
            ("?*?", "x", false),
            ("?*?", "xy", true),
            ("**", "", true),
            ("", "", true),
            ("", "a", false),
            ("*a?c*", "xxabdabc", true),
            ("*ab", "aab", true),
            ("ab*ab", "ab", false),
            ("C:\\W*", "C:\\Windows", true),
            ("*a*", "bbb", false),
            ("*?a", "a", false),
            ("*?a*", "aba", true),
            ("a*??", "abc", true),
            ("a*??", "ab", false),
            ("*?*?*", "x", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_searched_for_starts_with_text() {
        for (pattern, expected) in
            [("*?a", "?*a"), ("*?*??b**", "???*b*"), ("a*?", "a?*"), ("a?b", "a?b"), ("**", "*"), ("", "")]
        {
            assert_eq!(stars_last(pattern), expected, "{pattern}");
        }
    }

    /// The definition, word for word.
    fn plainly(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=text.len()).any(|skip| plainly(rest, &text[skip..])),
            (['?', rest @ ..], [_, text @ ..]) => plainly(rest, text),
            ([wanted, rest @ ..], [char, text @ ..]) => wanted == char && plainly(rest, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[abä?*]{0,8}", text in "[abä]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = plainly(&chars(&pattern), &chars(&text));
            prop_assert_eq!(Pattern::new(&pattern).matches(text.as_bytes()), expected);
        }
    }
}
