//! Where the sections and keys of a config file stand in its text; knows no key by name.

use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Parser};

/// The sections and the keys in them and below, in the order of the text, as far as it is YAML.
#[derive(Default)]
pub(super) struct Outline {
    entries: Vec<Entry>,
    /// The mappings and lists around the place that is being read, outermost first.
    open: Vec<Open>,
    /// The keys at which these mappings are.
    names: Vec<String>,
}

/// A section, or a key in one.
pub(super) struct Entry {
    /// Its name, after those of the section and the keys that it is in.
    pub(super) path: Vec<String>,
    /// The bytes of the name.
    pub(super) key: Range<usize>,
    pub(super) shape: Shape,
    /// The bytes of the value; of a list or mapping perhaps only where it begins.
    pub(super) value: Range<usize>,
}

/// What kind of value a key has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Nothing,
    Scalar,
    List,
    Mapping,
}

#[derive(PartialEq, Eq)]
enum Open {
    List,
    MappingAtKey,
    MappingAtValue,
}

impl Outline {
    pub(super) fn of(text: &str) -> Self {
        let mut outline = Self::default();
        for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
            let bytes = span.byte_range().unwrap_or_default();
            let (name, shape) = match event {
                Event::Scalar(name, ..) if bytes.is_empty() => (name, Shape::Nothing),
                Event::Scalar(name, ..) => (name, Shape::Scalar),
                Event::Alias(_) => ("".into(), Shape::Scalar),
                Event::SequenceStart(..) => ("".into(), Shape::List),
                Event::MappingStart(..) => ("".into(), Shape::Mapping),
                Event::SequenceEnd | Event::MappingEnd => {
                    outline.open.pop();
                    continue;
                }
                _ => continue,
            };
            outline.place(&name, shape, bytes);
            match shape {
                Shape::List => outline.open.push(Open::List),
                Shape::Mapping => outline.open.push(Open::MappingAtKey),
                Shape::Nothing | Shape::Scalar => {}
            }
        }
        outline
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The entry whose key or value is at byte `offset`.
    pub(super) fn at(&self, offset: usize) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.key.start <= offset)
    }

    /// The entry with this path.
    pub(super) fn find(&self, path: &[&str]) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.path == path)
    }

    /// The entry of the mapping that an entry is in.
    pub(super) fn parent(&self, entry: &Entry) -> Option<&Entry> {
        let (_, parents) = entry.path.split_last()?;
        self.entries.iter().find(|entry| entry.path == parents)
    }

    /// Takes the next key or value, whichever is due.
    fn place(&mut self, name: &str, shape: Shape, bytes: Range<usize>) {
        let in_list = self.open.contains(&Open::List);
        let depth = self.open.len();
        match self.open.last_mut() {
            None | Some(Open::List) => {}
            Some(open @ Open::MappingAtKey) => {
                *open = Open::MappingAtValue;
                if !in_list {
                    self.names.truncate(depth - 1);
                    self.names.push(name.to_owned());
                    let path = self.names.clone();
                    self.entries.push(Entry { path, shape: Shape::Nothing, value: bytes.clone(), key: bytes });
                }
            }
            Some(open @ Open::MappingAtValue) => {
                *open = Open::MappingAtKey;
                if !in_list && let Some(entry) = self.entries.last_mut() {
                    entry.shape = shape;
                    entry.value = bytes;
                }
            }
        }
    }
}

impl Entry {
    /// The path as a user says it: `detect`, or `detect.workers`.
    pub(super) fn path(&self) -> String {
        self.path.join(".")
    }

    pub(super) fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// What it is in, likewise; none for a section.
    pub(super) fn parent(&self) -> Option<String> {
        let (_, parents) = self.path.split_last()?;
        (!parents.is_empty()).then(|| parents.join("."))
    }
}
