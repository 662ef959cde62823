//! Sets Markdown for a terminal, lightly: headings are bold, paragraphs and lists are wrapped, the rest is left as it is.

use std::env;

/// Whether the terminal shows bold text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// With ANSI escapes.
    Ansi,
    /// As plain text.
    Plain,
}

impl Style {
    /// What the user's terminal is said to show.
    pub(super) fn of_terminal() -> Self {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        if is_dumb || is_set("NO_COLOR") { Self::Plain } else { Self::Ansi }
    }

    fn bold(self, text: &str) -> String {
        match self {
            Self::Ansi => format!("\u{1b}[1m{text}\u{1b}[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// What a line of Markdown begins.
enum Block<'l> {
    /// A fence, behind which code stands.
    Code,
    Heading(&'l str),
    /// An item of a list, a line of a quotation, or a paragraph: its marker, and the text behind it.
    Flow(&'l str, &'l str),
    /// A blank line, a row of a table, indented code.
    AsIs,
}

/// Sets `markdown` in lines of at most `columns`, unless a word is longer.
pub(super) fn render(markdown: &str, columns: usize, style: Style) -> String {
    let mut out = String::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        match block(line) {
            Block::Code => {
                lines.by_ref().take_while(|line| !is_fence(line)).for_each(|code| push(&mut out, "  ", code))
            }
            Block::Heading(heading) => push(&mut out, "", &style.bold(heading)),
            Block::AsIs => push(&mut out, "", line),
            Block::Flow(marker, text) => {
                let mut words: Vec<&str> = text.split_whitespace().collect();
                // It goes on until something else begins.
                while let Some(more) = lines.next_if(|line| matches!(block(line.trim_start()), Block::Flow("", _))) {
                    words.extend(more.split_whitespace());
                }
                wrap(marker, &words, columns, &mut out);
            }
        }
    }
    out
}

fn block(line: &str) -> Block<'_> {
    let text = line.trim_start();
    let marker_length = marker(text);
    if is_fence(line) {
        Block::Code
    } else if text.is_empty() || text.starts_with('|') {
        Block::AsIs
    } else if let Some(heading) = heading(line) {
        Block::Heading(heading)
    } else if marker_length > 0 {
        let (marker, text) = line.split_at(line.len() - text.len() + marker_length);
        Block::Flow(marker, text)
    } else if line.starts_with("    ") || line.starts_with('\t') {
        Block::AsIs
    } else {
        Block::Flow("", text)
    }
}

fn is_fence(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("```") || line.starts_with("~~~")
}

/// The text of a heading such as `## Triage`.
fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    (text.len() < line.len()).then(|| text.strip_prefix(' ')).flatten()
}

/// The length of `- `, `* `, `+ `, `> ` or `1. `, if `text` begins with that.
fn marker(text: &str) -> usize {
    let after_digits = text.trim_start_matches(|char: char| char.is_ascii_digit());
    let digits = text.len() - after_digits.len();
    match (digits, after_digits.as_bytes()) {
        (0, [b'-' | b'*' | b'+' | b'>', b' ', ..]) => 2,
        (1..=9, [b'.' | b')', b' ', ..]) => digits + 2,
        _ => 0,
    }
}

/// Appends `words` behind `marker`, and further lines indented as far as that.
fn wrap(marker: &str, words: &[&str], columns: usize, out: &mut String) {
    let indent = " ".repeat(marker.chars().count());
    let mut line = String::new();
    let mut start = marker;
    for word in words {
        let length = indent.len() + line.chars().count() + word.chars().count();
        if !line.is_empty() && length >= columns {
            push(out, start, &line);
            start = &indent;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    push(out, start, &line);
}

fn push(out: &mut String, start: &str, line: &str) {
    let start = if line.is_empty() { start.trim_end() } else { start };
    out.extend([start, line, "\n"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_and_what_has_a_shape_of_its_own_is_not() {
        for (markdown, expected) in [
            ("one two three four", "one two\nthree four\n"),
            ("one\ntwo\n\nthree", "one two\n\nthree\n"),
            ("a-word-that-is-too-long to fit", "a-word-that-is-too-long\nto fit\n"),
            ("- one two three\n- four", "- one two\n  three\n- four\n"),
            ("- one\n  two\nthree", "- one two\n  three\n"),
            ("  * one t three", "  * one t\n    three\n"),
            ("10. one two three", "10. one\n    two\n    three\n"),
            ("1) one\n# two", "1) one\ntwo\n"),
            ("### one two three four", "one two three four\n"),
            ("#one two three", "#one two\nthree\n"),
            ("one\n```sh\none two three four\n\n```\ntwo", "one\n  one two three four\n\ntwo\n"),
            ("~~~\n# one", "  # one\n"),
            ("| one | two | three |\n|---|", "| one | two | three |\n|---|\n"),
            ("one\n\n    two  three four", "one\n\n    two  three four\n"),
            ("one -\ntwo 1.5", "one - two\n1.5\n"),
            ("ééé ééé ééé", "ééé ééé\nééé\n"),
            ("-", "-\n"),
            ("- ", "-\n"),
            ("> one\n> two three", "> one\n> two\n  three\n"),
            ("", ""),
        ] {
            assert_eq!(render(markdown, 10, Style::Plain), expected, "{markdown:?}");
        }
    }

    #[test]
    fn headings_are_bold_where_the_terminal_shows_that() {
        assert_eq!(render("## One two\ntext", 10, Style::Ansi), "\u{1b}[1mOne two\u{1b}[0m\ntext\n");
    }
}
