//! YAML as a tree whose nodes know where they stand and how they were spelt, which serde's models forget. Takes the plain
//! part of YAML only: no anchors, aliases, tags or second documents. Knows no key.

use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span};

use super::fault::Fault;

/// Deep enough for any event, and far from the end of the stack.
const DEEPEST: usize = 128;

/// A value, and the bytes of the file at which it stands; of a list or mapping only where it begins.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) bytes: Range<usize>,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    /// Without quotes: may be meant as a number, a boolean or null.
    Plain(String),
    /// Nothing but text.
    Quoted(String),
    List(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) bytes: Range<usize>,
}

impl Node {
    /// What to show of it: a mapping in block style begins with its first key.
    pub(super) fn place(&self) -> Range<usize> {
        match &self.value {
            Value::Mapping(entries) => entries.first().map_or(self.bytes.clone(), |(key, _)| key.bytes.clone()),
            _ => self.bytes.clone(),
        }
    }
}

/// Reads the one document in `text`; none if it is empty.
pub(super) fn read(text: &str) -> Result<Option<Node>, Fault> {
    let mut reader = Reader { parser: Parser::new_from_str(text), end: text.len(), depth: 0 };
    let mut document = None;
    while let Some((event, bytes)) = reader.next()? {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(..) if document.is_some() => {
                return Err(Fault::new(bytes, "a second document begins here", "put everything into the first"));
            }
            Event::DocumentStart(..) => {}
            node => document = Some(reader.node(node, bytes)?),
        }
    }
    Ok(document)
}

struct Reader<'t> {
    parser: Parser<'t, serde_saphyr::granit_parser::StrInput<'t>>,
    end: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    /// The next event that isn't a comment.
    fn next(&mut self) -> Result<Option<(Event<'t>, Range<usize>)>, Fault> {
        loop {
            match self.parser.next() {
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => return Ok(Some((event, bytes_of(span)))),
                Some(Err(error)) => {
                    let at = error.marker().byte_offset().unwrap_or(self.end).min(self.end);
                    let what = format!("this isn't YAML: {}", error.kind());
                    let remedy = "check the indentation, quotes and brackets in this line and the line above";
                    return Err(Fault::new(at..at, what, remedy));
                }
                None => return Ok(None),
            }
        }
    }

    /// Reads the rest of a node that begins with `event`.
    fn node(&mut self, event: Event<'t>, bytes: Range<usize>) -> Result<Node, Fault> {
        if self.depth == DEEPEST {
            return Err(Fault::new(bytes, format!("more than {DEEPEST} levels deep"), "take some levels away"));
        }
        self.depth += 1;
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, 0, None) => Value::Plain(text.into_owned()),
            Event::Scalar(text, _, 0, None) => Value::Quoted(text.into_owned()),
            Event::SequenceStart(_, 0, None) => Value::List(self.list()?),
            Event::MappingStart(_, 0, None) => Value::Mapping(self.mapping()?),
            _ => return Err(Fault::new(bytes, "anchors, aliases and tags aren't read", "write the value itself")),
        };
        self.depth -= 1;
        Ok(Node { bytes, value })
    }

    fn list(&mut self) -> Result<Vec<Node>, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                None | Some((Event::SequenceEnd, _)) => return Ok(items),
                Some((event, bytes)) => items.push(self.node(event, bytes)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Vec<(Key, Node)>, Fault> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let key = match self.next()? {
                None | Some((Event::MappingEnd, _)) => return Ok(entries),
                Some((event, bytes)) => as_key(self.node(event, bytes)?)?,
            };
            if entries.iter().any(|(other, _)| other.name == key.name) {
                return Err(Fault::new(key.bytes, format!("`{}` is given twice", key.name), "keep one of the two"));
            }
            if let Some((event, bytes)) = self.next()? {
                entries.push((key, self.node(event, bytes)?));
            }
        }
    }
}

fn as_key(node: Node) -> Result<Key, Fault> {
    match node.value {
        Value::Plain(name) | Value::Quoted(name) => Ok(Key { name, bytes: node.bytes }),
        Value::List(_) | Value::Mapping(_) => {
            Err(Fault::new(node.bytes, "a list or a mapping can't be a key", "write the key as text"))
        }
    }
}

fn bytes_of(span: Span) -> Range<usize> {
    span.byte_range().expect("text has byte offsets, as the parser documents")
}
