//! Which keys lead to a field that a rule reads, in every nested and dotted spelling; knows nothing of values.

use std::collections::BTreeMap;

use crate::json;
use crate::lookup::Lookup;

/// Where a value stands: what may still come below it, and which field it is itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    node: u16,
    field: u16,
}

impl Place {
    /// The event itself.
    pub(crate) const ROOT: Self = Self { node: 0, field: NONE };
    /// No rule reads this value, nor anything in it.
    pub(crate) const NOWHERE: Self = Self { node: NONE, field: NONE };

    /// The field that a scalar here is a value of.
    pub(crate) fn field(self) -> Option<usize> {
        (self.field != NONE).then_some(usize::from(self.field))
    }
}

/// "No node" or "no field"; programs are smaller than that.
const NONE: u16 = u16::MAX;

/// All places that lead to a field.
#[derive(Debug)]
pub(crate) struct Paths {
    keys: Lookup,
    places: Vec<Place>,
    /// For each node, which first bytes and lengths its keys have: most keys of an event are told apart by this alone.
    filters: Vec<u64>,
    longest_key: usize,
}

impl Paths {
    /// Indexes dotted names; their order gives the fields their numbers.
    pub(crate) fn new(fields: &[String]) -> Self {
        let mut nodes = Nodes::default();
        nodes.number("");
        for (field, name) in fields.iter().enumerate() {
            nodes.add(field as u16, name);
        }
        let mut filters = vec![0; nodes.numbers.len()];
        let mut longest_key = 0;
        for (node, key) in nodes.places.keys() {
            filters[usize::from(*node)] |= filter_bit(key.as_bytes());
            longest_key = longest_key.max(key.len());
        }
        let numbered = nodes.places.keys().enumerate();
        Self {
            keys: Lookup::new(
                numbered
                    .map(|(number, (node, key))| (*node, key.as_bytes(), number as u32))
                    .collect::<Vec<_>>()
                    .into_iter(),
            ),
            places: nodes.places.into_values().collect(),
            filters,
            longest_key,
        }
    }

    /// Can any key below `place` lead to a field?
    pub(crate) fn leads_on(&self, place: Place) -> bool {
        place.node != NONE
    }

    /// Where the value of `key` stands, in an object that stands at `place`. Keys are given unescaped.
    pub(crate) fn step(&self, place: Place, key: &[u8]) -> Place {
        let Some(filter) = self.filters.get(usize::from(place.node)) else { return Place::NOWHERE };
        if filter & filter_bit(key) == 0 {
            return Place::NOWHERE;
        }
        self.keys.find(place.node, key).map_or(Place::NOWHERE, |number| self.places[number as usize])
    }

    /// The same for a key as it is spelt, maybe with escapes; `room` is for the key without them.
    pub(crate) fn step_escaped(&self, place: Place, spelt: &[u8], room: &mut Vec<u8>) -> Place {
        // An escape shortens to no less than a sixth; longer keys needn't be looked at.
        if spelt.len() > 6 * self.longest_key {
            return Place::NOWHERE;
        }
        room.clear();
        json::unescape(spelt, room);
        self.step(place, room)
    }
}

fn filter_bit(key: &[u8]) -> u64 {
    let first = key.first().copied().unwrap_or_default();
    1 << ((usize::from(first) * 5 + key.len()) % 64)
}

/// Every prefix of a field's name is a node; from each node, every longer prefix can be reached by one dotted key.
/// A prefix includes its last dot: so the event itself, ``, differs from the empty key in it, `.`.
#[derive(Default)]
struct Nodes {
    numbers: BTreeMap<String, u16>,
    places: BTreeMap<(u16, String), Place>,
}

impl Nodes {
    fn add(&mut self, field: u16, name: &str) {
        let starts: Vec<usize> = std::iter::once(0).chain(name.match_indices('.').map(|(dot, _)| dot + 1)).collect();
        let ends: Vec<usize> = starts[1..].iter().map(|start| start - 1).chain([name.len()]).collect();
        for (from, start) in starts.iter().enumerate() {
            let node = self.number(&name[..*start]);
            for end in &ends[from..] {
                let child = (*end < name.len()).then(|| self.number(&name[..=*end]));
                let place = self.places.entry((node, name[*start..*end].to_owned())).or_insert(Place::NOWHERE);
                match child {
                    Some(child) => place.node = child,
                    None => place.field = field,
                }
            }
        }
    }

    fn number(&mut self, prefix: &str) -> u16 {
        let next = self.numbers.len() as u16;
        *self.numbers.entry(prefix.to_owned()).or_insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(paths: &Paths, keys: &[&str]) -> Option<usize> {
        keys.iter().fold(Place::ROOT, |place, key| paths.step(place, key.as_bytes())).field()
    }

    #[test]
    fn every_spelling_leads_to_the_field_and_no_other_does() {
        let fields = ["process.name", "process.parent.name", "process"].map(String::from);
        let paths = Paths::new(&fields);
        for (keys, expected) in [
            (&["process", "name"][..], Some(0)),
            (&["process.name"], Some(0)),
            (&["process", "parent", "name"], Some(1)),
            (&["process.parent", "name"], Some(1)),
            (&["process", "parent.name"], Some(1)),
            (&["process.parent.name"], Some(1)),
            (&["process"], Some(2)),
            (&["process", "parent"], None),
            (&["name"], None),
            (&["process", "process"], None),
            (&["process", "name", "name"], None),
            (&["process."], None),
            (&["Process", "name"], None),
            (&[""], None),
        ] {
            assert_eq!(walk(&paths, keys), expected, "{keys:?}");
        }
    }

    #[test]
    fn empty_keys_are_keys() {
        let fields = ["", ".a", "a.", "a..b"].map(String::from);
        let paths = Paths::new(&fields);
        for (keys, expected) in [
            (&[""][..], Some(0)),
            (&["", "a"], Some(1)),
            (&[".a"], Some(1)),
            (&["a", ""], Some(2)),
            (&["a."], Some(2)),
            (&["a", "", "b"], Some(3)),
            (&["a.", "b"], Some(3)),
            (&["a"], None),
            (&["a", "b"], None),
            (&["", ""], None),
        ] {
            assert_eq!(walk(&paths, keys), expected, "{keys:?}");
        }
    }

    #[test]
    fn without_fields_nothing_leads_anywhere() {
        assert_eq!(walk(&Paths::new(&[]), &["a"]), None);
    }
}
