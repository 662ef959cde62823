//! Reads a regular expression in Lucene's syntax, as Elasticsearch does with all its operators on, and makes an automaton
//! of it; knows nothing of queries.
//!
//! Recursive descent, one function per precedence: `|`, `&`, one after the other, repetition, `~`, single characters. As
//! in Lucene, an operator where none can stand is a plain character.

use weir_engine::program::{Automaton, Case, Folding};

use crate::language::{Chars, Id, Languages, TooLarge};

mod class;
mod interval;

/// How deep parentheses and complements may nest.
const MAX_DEPTH: usize = 64;
/// What a repetition may ask for at most; more would need too many states anyway.
const MAX_REPETITIONS: u32 = 10_000;

/// Why a pattern is refused.
#[derive(Debug, PartialEq)]
pub(crate) struct BadRegex {
    /// Which of the patterns it is; `None` if all together are.
    pub(crate) pattern: Option<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// The automaton that accepts what one of `patterns` matches as a whole; folded text, if case doesn't matter.
pub(crate) fn automaton<'p>(
    patterns: impl IntoIterator<Item = &'p str>,
    case: Case,
    folding: Folding,
) -> Result<Automaton, BadRegex> {
    let mut languages = Languages::default();
    let mut read = Vec::new();
    for (number, pattern) in patterns.into_iter().enumerate() {
        let folding = (case == Case::Insensitive).then_some(folding);
        let parser = Parser { chars: pattern.chars().collect(), at: 0, depth: 0, folding, languages: &mut languages };
        read.push(parser.parse().map_err(|bad| BadRegex { pattern: Some(number), ..bad })?);
    }
    let any = languages.any(read);
    languages.automaton(any).map_err(|TooLarge| {
        bad("this regular expression is too large", "use smaller repetitions such as `{1,9}`, or split it into several")
    })
}

fn bad(message: impl Into<String>, help: impl Into<String>) -> BadRegex {
    BadRegex { pattern: None, message: message.into(), help: help.into() }
}

struct Parser<'l> {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    /// How the characters are folded, if they are.
    folding: Option<Folding>,
    languages: &'l mut Languages,
}

impl Parser<'_> {
    fn parse(mut self) -> Result<Id, BadRegex> {
        if self.chars.is_empty() {
            return Ok(Languages::EMPTY_TEXT);
        }
        let whole = self.union()?;
        match self.peek() {
            None => Ok(whole),
            Some(_) => Err(self.wrong("`)` without a `(`", "remove it, or write `\\)` for a plain one")),
        }
    }

    fn union(&mut self) -> Result<Id, BadRegex> {
        let mut choices = vec![self.intersection()?];
        while self.eat('|') {
            choices.push(self.intersection()?);
        }
        Ok(self.languages.any(choices))
    }

    fn intersection(&mut self) -> Result<Id, BadRegex> {
        let mut all = vec![self.sequence()?];
        while self.eat('&') {
            all.push(self.sequence()?);
        }
        Ok(self.languages.all(all))
    }

    fn sequence(&mut self) -> Result<Id, BadRegex> {
        let mut parts = vec![self.repetition()?];
        while self.peek().is_some_and(|char| !")|&".contains(char)) {
            parts.push(self.repetition()?);
        }
        Ok(self.languages.sequence(parts))
    }

    fn repetition(&mut self) -> Result<Id, BadRegex> {
        let mut repeated = self.complement()?;
        loop {
            let (least, most) = match self.peek() {
                Some('?') => (0, Some(1)),
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('{') => {
                    self.at += 1;
                    self.bounds()?
                }
                _ => return Ok(repeated),
            };
            // Only the last character of the operator is left.
            self.at += 1;
            repeated = self.languages.repeat(repeated, least, most);
        }
    }

    /// Reads the inside of `{…}`, up to the closing brace.
    fn bounds(&mut self) -> Result<(u32, Option<u32>), BadRegex> {
        let least = self.count()?.ok_or_else(|| self.no_bounds())?;
        let most = if self.eat(',') { self.count()? } else { Some(least) };
        if self.peek() == Some('}') { Ok((least, most)) } else { Err(self.no_bounds()) }
    }

    fn no_bounds(&self) -> BadRegex {
        self.wrong(
            "`{` begins a repetition, but no count follows",
            "write `{2}`, `{2,}` or `{2,5}`, or `\\{` for a plain one",
        )
    }

    fn count(&mut self) -> Result<Option<u32>, BadRegex> {
        let start = self.at;
        while self.peek().is_some_and(|char| char.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.chars[start..self.at].iter().collect();
        match digits.parse() {
            _ if digits.is_empty() => Ok(None),
            Ok(count) if count <= MAX_REPETITIONS => Ok(Some(count)),
            _ => Err(self.wrong(
                &format!("`{digits}` repetitions are too many"),
                &format!("write at most {MAX_REPETITIONS}, or leave the limit out: `{{2,}}`"),
            )),
        }
    }

    fn complement(&mut self) -> Result<Id, BadRegex> {
        if !self.eat('~') {
            return if self.eat('[') { self.class() } else { self.single() };
        }
        let inner = self.nested(Self::complement)?;
        Ok(self.languages.not(inner))
    }

    fn single(&mut self) -> Result<Id, BadRegex> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                return self.group();
            }
            Some('"') => {
                self.at += 1;
                return self.quoted();
            }
            Some('<') => {
                self.at += 1;
                return self.interval();
            }
            Some('.') => self.at += 1,
            Some('#') => {
                self.at += 1;
                return Ok(Languages::NOTHING);
            }
            Some('@') => {
                self.at += 1;
                return Ok(Languages::EVERYTHING);
            }
            _ => {
                let chars = match self.predefined()? {
                    Some(chars) => chars,
                    None => {
                        let char = self.char()?;
                        self.folded(Chars::range(char, char))
                    }
                };
                return Ok(self.languages.one_of(chars));
            }
        }
        Ok(self.languages.one_of(Chars::default().not()))
    }

    /// Reads the rest of `(…)`.
    fn group(&mut self) -> Result<Id, BadRegex> {
        if self.eat(')') {
            return Ok(Languages::EMPTY_TEXT);
        }
        let inner = self.nested(Self::union)?;
        if self.eat(')') {
            return Ok(inner);
        }
        Err(self.wrong("`(` without a `)`", "close it with `)`, or write `\\(` for a plain one"))
    }

    /// Reads the rest of `"…"`: plain text.
    fn quoted(&mut self) -> Result<Id, BadRegex> {
        let mut parts = Vec::new();
        while let Some(char) = self.peek() {
            self.at += 1;
            if char == '"' {
                return Ok(self.languages.sequence(parts));
            }
            let chars = self.folded(Chars::range(char, char));
            parts.push(self.languages.one_of(chars));
        }
        Err(self.wrong("`\"` begins plain text that has no end", "close it with `\"`, or write `\\\"` for a plain one"))
    }

    /// Reads the rest of `<1-9>`.
    fn interval(&mut self) -> Result<Id, BadRegex> {
        let rest: String = self.chars[self.at..].iter().collect();
        let inside = rest.split_once('>').map(|(inside, _)| inside);
        let numbers = inside.and_then(|inside| inside.split_once('-'));
        let read = numbers.and_then(|(low, high)| interval::interval(self.languages, low, high));
        let (Some(inside), Some(read)) = (inside, read) else {
            return Err(
                self.wrong("`<` begins an interval, but no numbers follow", "write `<1-9>`, or `\\<` for a plain one")
            );
        };
        self.at += inside.chars().count() + 1;
        Ok(read)
    }

    /// Reads one character, behind a backslash if there is one.
    fn char(&mut self) -> Result<char, BadRegex> {
        self.eat('\\');
        let char = self.peek().ok_or_else(|| {
            self.wrong("it ends where a character must follow", "complete it, or write `\\\\` for a plain backslash")
        })?;
        self.at += 1;
        Ok(char)
    }

    fn folded(&self, chars: Chars) -> Chars {
        self.folding.map_or(chars.clone(), |folding| chars.folded(folding))
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Result<Id, BadRegex>) -> Result<Id, BadRegex> {
        if self.depth == MAX_DEPTH {
            return Err(bad("this regular expression is nested too deeply", "remove needless parentheses"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let eaten = self.peek() == Some(wanted);
        self.at += usize::from(eaten);
        eaten
    }

    fn wrong(&self, message: &str, help: &str) -> BadRegex {
        bad(format!("not a regular expression: {message}"), help)
    }
}

#[cfg(test)]
mod tests;
