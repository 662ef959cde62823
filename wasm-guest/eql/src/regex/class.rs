//! Reads classes of characters: `[a-z]`, `\d`. A part of `regex`.

use super::{BadRegex, Parser};
use crate::language::{Chars, Id};

impl Parser<'_> {
    /// Reads the rest of `[…]`.
    pub(super) fn class(&mut self) -> Result<Id, BadRegex> {
        let negated = self.eat('^');
        let mut chars = self.class_item()?;
        while self.peek().is_some_and(|char| char != ']') {
            chars = chars.or(&self.class_item()?);
        }
        if !self.eat(']') {
            return Err(self.wrong("`[` without a `]`", "close it with `]`, or write `\\[` for a plain one"));
        }
        Ok(self.languages.one_of(if negated { chars.not() } else { chars }))
    }

    fn class_item(&mut self) -> Result<Chars, BadRegex> {
        if let Some(chars) = self.predefined()? {
            return Ok(chars);
        }
        let first = self.char()?;
        if !self.eat('-') {
            return Ok(self.folded(Chars::range(first, first)));
        }
        let last = self.char()?;
        if first > last {
            let message = format!("`{first}-{last}` ends before it begins");
            return Err(self.wrong(&message, "exchange the two, or write `\\-` for a plain `-`"));
        }
        Ok(self.folded(Chars::range(first, last)))
    }

    /// Reads `\d` and its like, if one stands here.
    pub(super) fn predefined(&mut self) -> Result<Option<Chars>, BadRegex> {
        if self.peek() != Some('\\') {
            return Ok(None);
        }
        let Some(letter) = self.chars.get(self.at + 1).copied().filter(char::is_ascii_alphabetic) else {
            return Ok(None);
        };
        let of = |ranges: &[(char, char)]| {
            ranges.iter().fold(Chars::default(), |chars, (first, last)| chars.or(&Chars::range(*first, *last)))
        };
        let chars = match letter.to_ascii_lowercase() {
            'd' => of(&[('0', '9')]),
            's' => of(&[(' ', ' '), ('\t', '\n'), ('\r', '\r')]),
            'w' => of(&[('a', 'z'), ('A', 'Z'), ('_', '_'), ('0', '9')]),
            _ => {
                let message = format!("`\\{letter}` means nothing in Lucene's regular expressions");
                return Err(self
                    .wrong(&message, "remove the backslash; only `\\d`, `\\s`, `\\w` and their capitals are classes"));
            }
        };
        self.at += 2;
        let chars = self.folded(chars);
        Ok(Some(if letter.is_ascii_uppercase() { chars.not() } else { chars }))
    }
}
