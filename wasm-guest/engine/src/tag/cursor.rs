//! Steps through JSON text, strictly by its grammar; knows nothing of events.

use std::borrow::Cow;
use std::ops::Range;

use super::NotAnObject;
use crate::json::{self, Malformed, Text};

/// What a string spells.
pub(super) fn decode(text: Text<'_>) -> Cow<'_, [u8]> {
    if !text.escaped {
        return Cow::Borrowed(text.raw);
    }
    let mut decoded = Vec::new();
    json::unescape(text.raw, &mut decoded);
    Cow::Owned(decoded)
}

/// A position in JSON text.
pub(super) struct Cursor<'a> {
    json: &'a [u8],
    at: usize,
    /// The closing brackets to come while a value is skipped: it may be nested deeper than a call stack.
    closers: Vec<u8>,
}

impl<'a> Cursor<'a> {
    /// Steps to the first value. Outside strings the grammar is ASCII, so UTF-8 can be checked at once.
    pub(super) fn new(json: &'a [u8]) -> Result<Self, NotAnObject> {
        std::str::from_utf8(json).map_err(|_| NotAnObject)?;
        let mut cursor = Self { json, at: 0, closers: Vec::new() };
        cursor.skip_space();
        Ok(cursor)
    }

    /// Steps to the value at `at` in text that another cursor has passed.
    pub(super) fn again(json: &'a [u8], at: usize) -> Self {
        Self { json, at, closers: Vec::new() }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    /// Nothing but white space may follow.
    pub(super) fn finish(mut self) -> Result<(), NotAnObject> {
        self.skip_space();
        if self.at == self.json.len() { Ok(()) } else { Err(NotAnObject) }
    }

    /// Passes an object; `member` is given each key, and passes its value. Returns where the last member
    /// ends, or the opening bracket.
    pub(super) fn members(
        &mut self,
        mut member: impl FnMut(&mut Self, Text<'a>) -> Result<(), NotAnObject>,
    ) -> Result<usize, NotAnObject> {
        self.items(b'{', b'}', |cursor| {
            let key = cursor.key()?;
            member(cursor, key)
        })
    }

    /// Passes an array; `element` passes each element. Returns where the last element ends, or the opening bracket.
    pub(super) fn elements(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<(), NotAnObject>,
    ) -> Result<usize, NotAnObject> {
        self.items(b'[', b']', element)
    }

    fn items(
        &mut self,
        opener: u8,
        closer: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), NotAnObject>,
    ) -> Result<usize, NotAnObject> {
        self.expect(opener)?;
        let mut end = self.at;
        self.skip_space();
        if self.eat(closer) {
            return Ok(end);
        }
        loop {
            item(self)?;
            end = self.at;
            self.skip_space();
            if self.eat(closer) {
                return Ok(end);
            }
            self.expect(b',')?;
            self.skip_space();
        }
    }

    /// Passes any value, however deeply nested, and returns where it is.
    pub(super) fn skip_value(&mut self) -> Result<Range<usize>, NotAnObject> {
        let start = self.at;
        loop {
            if self.enter_or_skip()? {
                continue;
            }
            loop {
                let Some(&closer) = self.closers.last() else {
                    return Ok(start..self.at);
                };
                self.skip_space();
                if self.eat(closer) {
                    self.closers.pop();
                    continue;
                }
                self.expect(b',')?;
                self.skip_space();
                if closer == b'}' {
                    self.key()?;
                }
                break;
            }
        }
    }

    /// Steps to the first value in a container and returns true, or passes a scalar or an empty container.
    fn enter_or_skip(&mut self) -> Result<bool, NotAnObject> {
        match self.peek().ok_or(NotAnObject)? {
            b'{' => return self.enter(b'}'),
            b'[' => return self.enter(b']'),
            b'"' => self.string().map(drop)?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => self.at += json::number(&self.json[self.at..])?.len(),
        }
        Ok(false)
    }

    fn enter(&mut self, closer: u8) -> Result<bool, NotAnObject> {
        self.at += 1;
        self.skip_space();
        if self.eat(closer) {
            return Ok(false);
        }
        self.closers.push(closer);
        if closer == b'}' {
            self.key()?;
        }
        Ok(true)
    }

    /// Passes a key and its colon, up to the value.
    fn key(&mut self) -> Result<Text<'a>, NotAnObject> {
        let key = self.string()?;
        self.skip_space();
        self.expect(b':')?;
        self.skip_space();
        Ok(key)
    }

    /// Passes a string.
    pub(super) fn string(&mut self) -> Result<Text<'a>, NotAnObject> {
        self.expect(b'"')?;
        let text = json::text(&self.json[self.at..])?;
        self.at += text.raw.len() + 1;
        Ok(text)
    }

    fn word(&mut self, word: &str) -> Result<(), NotAnObject> {
        if !self.json[self.at..].starts_with(word.as_bytes()) {
            return Err(NotAnObject);
        }
        self.at += word.len();
        Ok(())
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotAnObject> {
        if self.eat(byte) { Ok(()) } else { Err(NotAnObject) }
    }
}

impl From<Malformed> for NotAnObject {
    fn from(_: Malformed) -> Self {
        Self
    }
}
