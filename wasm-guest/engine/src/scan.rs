//! Reads one event, strictly and in one pass, and hands out the values of wanted fields; knows nothing of rules.
//!
//! This is the narrow place behind which a faster scanner can be put: [`scan`] is all that others use.

use crate::json::{self, Malformed, Text};
use crate::paths::{Paths, Place};

/// How many objects and arrays may stand inside one another, the event included. Deeper events count as malformed:
/// `serde_json`'s limit, too.
pub const MAX_DEPTH: usize = 127;

/// A scalar that isn't `null`, as it is spelt in the event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'e> {
    Text(Text<'e>),
    /// A number in JSON's grammar.
    Number(&'e str),
    Bool(bool),
}

/// Hands every value of a field in `paths` to `found`, in the order of the event; an array's elements are values of
/// their own, at any depth. `found` may be called before a fault is met: what it was told about a malformed event is void.
pub(crate) fn scan<'e>(
    event: &'e [u8],
    paths: &Paths,
    scratch: &mut Scratch,
    found: impl FnMut(usize, Value<'e>),
) -> Result<(), Malformed> {
    scratch.outer.clear();
    Scanner { event, at: 0, paths, scratch, found, ascii: true }.run()
}

/// Room that a scan needs, lent to it so that no event needs its own.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// A key that has escapes, without them.
    key: Vec<u8>,
    /// The open containers around the innermost one.
    outer: Vec<Container>,
}

struct Scanner<'e, 'p, F> {
    event: &'e [u8],
    at: usize,
    paths: &'p Paths,
    scratch: &'p mut Scratch,
    found: F,
    ascii: bool,
}

/// A container that is open. Elements of an array stand where the array stands.
#[derive(Clone, Copy, Debug)]
struct Container {
    place: Place,
    close: u8,
}

impl<'e, F: FnMut(usize, Value<'e>)> Scanner<'e, '_, F> {
    fn run(mut self) -> Result<(), Malformed> {
        self.space();
        self.byte(b'{')?;
        let mut open = Container { place: Place::ROOT, close: b'}' };
        let mut empty = true;
        loop {
            self.space();
            if !(empty && self.peek() == Some(open.close)) {
                let place = if open.close == b'}' { self.member(open.place)? } else { open.place };
                if let Some(close) = self.opening() {
                    self.enter(open)?;
                    open = Container { place, close };
                    empty = true;
                    continue;
                }
                self.scalar(place)?;
                self.space();
            }
            while self.peek() == Some(open.close) {
                self.at += 1;
                self.space();
                match self.scratch.outer.pop() {
                    Some(outer) => open = outer,
                    None => return self.end(),
                }
            }
            self.byte(b',')?;
            empty = false;
        }
    }

    /// Nothing may follow the event, and all of it must be UTF-8. Strings are checked together: once, and only if needed.
    fn end(&self) -> Result<(), Malformed> {
        let whole = self.at == self.event.len() && (self.ascii || std::str::from_utf8(self.event).is_ok());
        if whole { Ok(()) } else { Err(Malformed) }
    }

    /// Reads a key and its colon, and says where its value stands.
    fn member(&mut self, object: Place) -> Result<Place, Malformed> {
        let key = self.text()?;
        self.space();
        self.byte(b':')?;
        self.space();
        if !self.paths.leads_on(object) {
            return Ok(Place::NOWHERE);
        }
        if !key.escaped {
            return Ok(self.paths.step(object, key.raw));
        }
        // An escape shortens to no less than a sixth; longer keys needn't be looked at.
        if key.raw.len() > 6 * self.paths.longest_key() {
            return Ok(Place::NOWHERE);
        }
        self.scratch.key.clear();
        json::unescape(key.raw, &mut self.scratch.key);
        Ok(self.paths.step(object, &self.scratch.key))
    }

    fn enter(&mut self, from: Container) -> Result<(), Malformed> {
        if self.scratch.outer.len() + 1 == MAX_DEPTH {
            return Err(Malformed);
        }
        self.scratch.outer.push(from);
        Ok(())
    }

    /// Steps into a container, if one is here; says what will close it.
    fn opening(&mut self) -> Option<u8> {
        let close = match self.peek()? {
            b'{' => b'}',
            b'[' => b']',
            _ => return None,
        };
        self.at += 1;
        Some(close)
    }

    fn scalar(&mut self, place: Place) -> Result<(), Malformed> {
        let value = match self.peek().ok_or(Malformed)? {
            b'"' => Value::Text(self.text()?),
            b't' => self.word(b"true", Value::Bool(true))?,
            b'f' => self.word(b"false", Value::Bool(false))?,
            b'n' if self.event[self.at..].starts_with(b"null") => {
                self.at += 4;
                return Ok(());
            }
            _ => {
                let number = json::number(&self.event[self.at..])?;
                self.at += number.len();
                Value::Number(number)
            }
        };
        if let Some(field) = place.field() {
            (self.found)(field, value);
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8], value: Value<'e>) -> Result<Value<'e>, Malformed> {
        if !self.event[self.at..].starts_with(word) {
            return Err(Malformed);
        }
        self.at += word.len();
        Ok(value)
    }

    fn text(&mut self) -> Result<Text<'e>, Malformed> {
        self.byte(b'"')?;
        let text = json::text(&self.event[self.at..])?;
        self.at += text.raw.len() + 1;
        self.ascii &= text.ascii;
        Ok(text)
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn byte(&mut self, wanted: u8) -> Result<(), Malformed> {
        if self.peek() != Some(wanted) {
            return Err(Malformed);
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.event.get(self.at).copied()
    }
}
