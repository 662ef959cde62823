//! The reference: reads an event byte by byte, and alone may call it malformed.

use super::{Container, MAX_DEPTH, Scratch, Value};
use crate::json::{self, Malformed, Text};
use crate::paths::{Paths, Place};

pub(super) struct Walk<'e, 'p, F> {
    event: &'e [u8],
    at: usize,
    paths: &'p Paths,
    scratch: &'p mut Scratch,
    found: F,
    ascii: bool,
}

impl<'e, 'p, F: FnMut(usize, Value<'e>)> Walk<'e, 'p, F> {
    pub(super) fn new(event: &'e [u8], paths: &'p Paths, scratch: &'p mut Scratch, found: F) -> Self {
        scratch.outer.clear();
        Self { event, at: 0, paths, scratch, found, ascii: true }
    }

    pub(super) fn run(mut self) -> Result<(), Malformed> {
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
        if key.escaped {
            return Ok(self.paths.step_escaped(object, key.raw, &mut self.scratch.key));
        }
        Ok(self.paths.step(object, key.raw))
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
        let (len, value) = scalar(&self.event[self.at..])?;
        self.at += len;
        if let Some(Value::Text(text)) = value {
            self.ascii &= text.ascii;
        }
        if let (Some(field), Some(value)) = (place.field(), value) {
            (self.found)(field, value);
        }
        Ok(())
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

/// The length of the scalar that `bytes` start with, and its value, unless that is `null`.
#[inline]
pub(super) fn scalar(bytes: &[u8]) -> Result<(usize, Option<Value<'_>>), Malformed> {
    let word = |word: &[u8], value| if bytes.starts_with(word) { Ok((word.len(), value)) } else { Err(Malformed) };
    match bytes.first().ok_or(Malformed)? {
        b'"' => {
            let text = json::text(&bytes[1..])?;
            Ok((text.raw.len() + 2, Some(Value::Text(text))))
        }
        b't' => word(b"true", Some(Value::Bool(true))),
        b'f' => word(b"false", Some(Value::Bool(false))),
        b'n' => word(b"null", None),
        _ => {
            let number = json::number(bytes)?;
            Ok((number.len(), Some(Value::Number(number))))
        }
    }
}
