//! What is to be added to one event, each with its position; the event's own bytes can't be changed from here.

use std::ops::Range;

use super::NotAnObject;
use super::additions::Addition;
use super::list::List;

/// What is to be added to `event`.
pub(super) struct Insertions<'a> {
    event: &'a [u8],
    /// Values that become the first elements of arrays, with what follows them there.
    wraps: Vec<(Range<usize>, String)>,
    /// Members or elements, joined by commas, with where the last item of their container ends.
    items: Vec<(usize, String)>,
}

/// Bytes to add, in order, at one position.
struct Insertion<'a> {
    at: usize,
    texts: [&'a str; 3],
}

impl<'a> Insertions<'a> {
    /// Nothing to be added yet.
    pub(super) fn into(event: &'a [u8]) -> Self {
        Self { event, wraps: Vec::new(), items: Vec::new() }
    }

    /// Adds `items` (members or elements, joined by commas; maybe none) to a container whose last item ends at `at`.
    pub(super) fn append(&mut self, at: usize, items: String) {
        if items.is_empty() {
            return;
        }
        match self.items.iter_mut().find(|(other, _)| *other == at) {
            Some((_, earlier)) => earlier.extend([",", &items]),
            None => self.items.push((at, items)),
        }
    }

    /// Adds to a list what it lacks; it becomes an array if it isn't one.
    pub(super) fn complete(&mut self, list: List) {
        match list.end {
            Some(end) => self.append(end, list.lacking),
            None => self.wraps.push((list.span, list.lacking)),
        }
    }

    /// Appends the event with all that was added to it.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let insertions = self.in_order();
        let added: usize = insertions.iter().flat_map(|insertion| insertion.texts).map(str::len).sum();
        out.reserve(self.event.len() + added);
        let mut copied = 0;
        for Insertion { at, texts } in insertions {
            out.extend_from_slice(&self.event[copied..at]);
            texts.iter().for_each(|text| out.extend_from_slice(text.as_bytes()));
            copied = at;
        }
        out.extend_from_slice(&self.event[copied..]);
    }

    /// All that was added, by path; without what readers of the last of equal keys wouldn't see.
    pub(super) fn additions(&self) -> Result<Vec<Addition>, NotAnObject> {
        let wraps = self.wraps.iter().map(|(span, elements)| Addition::around(self.event, span, elements));
        let items = self.items.iter().map(|(at, items)| Addition::into_container(self.event, *at, items));
        wraps.chain(items).filter_map(Result::transpose).collect()
    }

    fn in_order(&self) -> Vec<Insertion<'_>> {
        // Wraps go ahead: the object that holds the value may get its next member where the value ends.
        let wraps = self.wraps.iter().flat_map(|(span, elements)| {
            let comma = if elements.is_empty() { "" } else { "," };
            let opening = Insertion { at: span.start, texts: ["[", "", ""] };
            [opening, Insertion { at: span.end, texts: [comma, elements, "]"] }]
        });
        let items = self.items.iter().map(|(at, items)| Insertion { at: *at, texts: [self.comma(*at), items, ""] });
        let mut insertions: Vec<_> = wraps.chain(items).collect();
        insertions.sort_by_key(|insertion| insertion.at);
        insertions
    }

    /// Only in an empty container does an item follow the bracket.
    fn comma(&self, at: usize) -> &'static str {
        if matches!(self.event[at - 1], b'{' | b'[') { "" } else { "," }
    }
}
