//! Which keys of an event lead to picked fields, in every nested and dotted spelling; knows nothing of values.

use std::collections::BTreeMap;

/// The picked names, as a tree.
#[derive(Debug)]
pub struct Names {
    nodes: Vec<Node>,
}

/// The keys that lead on from one place in events, by slot.
#[derive(Debug, Default)]
pub struct Node {
    keys: Vec<Key>,
    /// Where the keys of each slot begin; one more, for the end of the last. Their number but one is a power of two.
    starts: Vec<usize>,
}

/// A key that leads to a picked field.
#[derive(Debug)]
pub struct Key {
    name: String,
    /// The key and a colon, as JSON.
    pub json: String,
    /// What stands there.
    pub place: Place,
}

/// What stands at a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// A picked field.
    Field,
    /// An object or several, with fields inside: the number of the node of its keys.
    Inner(usize),
}

impl Names {
    /// Indexes dotted names.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut prefixes = Prefixes::default();
        prefixes.number("");
        for name in names {
            prefixes.add(name);
        }
        Self { nodes: prefixes.nodes.into_iter().map(Node::new).collect() }
    }

    /// The node of an event's own keys.
    pub fn root(&self) -> &Node {
        self.node(0)
    }

    /// The node with this number.
    pub fn node(&self, number: usize) -> &Node {
        &self.nodes[number]
    }
}

impl Node {
    fn new(places: BTreeMap<String, Place>) -> Self {
        // Most keys of events aren't picked: with room to spare, they meet an empty slot.
        let slots = (8 * places.len()).next_power_of_two();
        let mut keys: Vec<Key> = places.into_iter().map(|(name, place)| Key::new(name, place)).collect();
        keys.sort_by_key(|key| slot(key.name.as_bytes(), slots));
        let starts = (0..=slots).map(|start| keys.partition_point(|key| slot(key.name.as_bytes(), slots) < start));
        Self { starts: starts.collect(), keys }
    }

    /// The entry for `key`, if it leads to a picked field.
    #[inline]
    pub fn find(&self, key: &[u8]) -> Option<&Key> {
        let slot = slot(key, self.starts.len() - 1);
        self.keys[self.starts[slot]..self.starts[slot + 1]].iter().find(|known| known.name.as_bytes() == key)
    }
}

/// One of `slots` slots, a power of two, by what costs little to look at.
#[inline]
fn slot(key: &[u8], slots: usize) -> usize {
    let [first, .., last] = key else { return key.len() & (slots - 1) };
    (usize::from(*first) * 7 + usize::from(*last) * 31 + key.len() * 5) & (slots - 1)
}

impl Key {
    fn new(name: String, place: Place) -> Self {
        Self { json: format!("{}:", serde_json::Value::from(name.as_str())), name, place }
    }
}

/// Every prefix of a name is a node; from each node, one dotted key leads to every longer prefix. A prefix includes its
/// last dot, so that the event itself, ``, differs from the empty key in it, `.`.
#[derive(Default)]
struct Prefixes {
    numbers: BTreeMap<String, usize>,
    nodes: Vec<BTreeMap<String, Place>>,
}

impl Prefixes {
    fn add(&mut self, name: &str) {
        let starts: Vec<usize> = std::iter::once(0).chain(name.match_indices('.').map(|(dot, _)| dot + 1)).collect();
        for (from, &start) in starts.iter().enumerate() {
            let node = self.number(&name[..start]);
            self.nodes[node].insert(name[start..].to_owned(), Place::Field);
            for &next in &starts[from + 1..] {
                let inner = Place::Inner(self.number(&name[..next]));
                // A field is picked whole, so that nothing inside needs to be.
                self.nodes[node].entry(name[start..next - 1].to_owned()).or_insert(inner);
            }
        }
    }

    fn number(&mut self, prefix: &str) -> usize {
        let number = *self.numbers.entry(prefix.to_owned()).or_insert(self.nodes.len());
        if number == self.nodes.len() {
            self.nodes.push(BTreeMap::new());
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(names: &Names, keys: &[&str]) -> Option<Place> {
        keys.iter().try_fold(Place::Inner(0), |place, key| match place {
            Place::Inner(number) => names.node(number).find(key.as_bytes()).map(|key| key.place),
            Place::Field => None,
        })
    }

    #[test]
    fn every_spelling_leads_to_the_field_and_no_other_does() {
        let names = Names::new(["process.parent.name", "process.name", "user", "user.id", "", "a..b"]);
        for (keys, is_field) in [
            (&["process", "name"][..], true),
            (&["process.name"], true),
            (&["process.parent.name"], true),
            (&["process.parent", "name"], true),
            (&["process", "parent.name"], true),
            (&["process", "parent", "name"], true),
            (&["user"], true),
            (&["user.id"], true),
            (&[""], true),
            (&["a", "", "b"], true),
            (&["a.", "b"], true),
            (&["process"], false),
            (&["process", "parent"], false),
            (&["name"], false),
            (&["process.Name"], false),
            (&["process."], false),
            (&["a", "b"], false),
        ] {
            assert_eq!(walk(&names, keys) == Some(Place::Field), is_field, "{keys:?}");
        }
    }

    #[test]
    fn without_names_nothing_leads_anywhere() {
        assert_eq!(walk(&Names::new([]), &["a"]), None);
        assert_eq!(walk(&Names::new([]), &[""]), None);
    }

    #[test]
    fn keys_are_spelt_as_json() {
        let names = Names::new(["a\"b\n"]);
        assert_eq!(names.root().find(b"a\"b\n").unwrap().json, r#""a\"b\n":"#);
    }
}
