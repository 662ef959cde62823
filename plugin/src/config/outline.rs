//! Where the sections and keys of a config file stand in its text; knows no key by name.

use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Parser};

/// The sections and their keys, in the order of the text, as far as it is YAML.
#[derive(Default)]
pub(super) struct Outline {
    entries: Vec<Entry>,
    /// The mappings and lists around the place that is being read, outermost first.
    open: Vec<Open>,
}

/// A section, or a key of a section.
pub(super) struct Entry {
    /// The section that a key is in; none for a section itself.
    pub(super) section: Option<String>,
    pub(super) name: String,
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

    /// The entry whose key or value is at byte `offset`.
    pub(super) fn at(&self, offset: usize) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.key.start <= offset)
    }

    /// The entry of the key `name` in `section`.
    pub(super) fn find(&self, section: &str, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.section.as_deref() == Some(section) && entry.name == name)
    }

    /// The entry of `section` itself.
    pub(super) fn find_section(&self, section: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.section.is_none() && entry.name == section)
    }

    /// Takes the next key or value, whichever is due.
    fn place(&mut self, name: &str, shape: Shape, bytes: Range<usize>) {
        let depth = self.open.len();
        let Some(open) = self.open.last_mut() else { return };
        match open {
            Open::List => {}
            Open::MappingAtKey => {
                *open = Open::MappingAtValue;
                if depth <= 2 {
                    self.add_key(name.to_owned(), bytes);
                }
            }
            Open::MappingAtValue => {
                *open = Open::MappingAtKey;
                if depth <= 2
                    && let Some(entry) = self.entries.last_mut()
                {
                    entry.shape = shape;
                    entry.value = bytes;
                }
            }
        }
    }

    fn add_key(&mut self, name: String, key: Range<usize>) {
        let mut sections = self.entries.iter().filter(|entry| entry.section.is_none());
        let section = if self.open.len() == 2 { sections.next_back().map(|entry| entry.name.clone()) } else { None };
        self.entries.push(Entry { section, name, shape: Shape::Nothing, value: key.clone(), key });
    }
}

impl Entry {
    /// The name as a user says it: `detect`, or `detect.workers`.
    pub(super) fn path(&self) -> String {
        match &self.section {
            Some(section) => format!("{section}.{}", self.name),
            None => self.name.clone(),
        }
    }
}
