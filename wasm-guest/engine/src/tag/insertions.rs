//! The bytes to add to one event, each with its position; the event's own bytes can't be changed from here.

use super::list::List;

/// What is to be added to `event`.
pub(super) struct Insertions<'a> {
    event: &'a [u8],
    list: Vec<Insertion>,
}

struct Insertion {
    at: usize,
    /// What joins `text` to the bytes before it.
    lead: &'static str,
    text: String,
}

impl<'a> Insertions<'a> {
    /// Nothing to be added yet.
    pub(super) fn into(event: &'a [u8]) -> Self {
        Self { event, list: Vec::new() }
    }

    /// Adds `items` (members or elements, joined by commas; maybe none) to a container whose last item ends at `at`.
    pub(super) fn append(&mut self, at: usize, items: String) {
        if items.is_empty() {
            return;
        }
        let lead = if self.is_first_item(at) { "" } else { "," };
        self.list.push(Insertion { at, lead, text: items });
    }

    /// Adds to a list what it lacks; it becomes an array if it isn't one.
    pub(super) fn complete(&mut self, list: List) {
        match list.end {
            Some(end) => self.append(end, list.lacking),
            None => {
                let lead = if list.lacking.is_empty() { "" } else { "," };
                // Ahead of the others: the object that holds this value may get its next member at the same position.
                self.list.insert(0, Insertion { at: list.span.start, lead: "[", text: String::new() });
                self.list.insert(0, Insertion { at: list.span.end, lead, text: list.lacking + "]" });
            }
        }
    }

    /// Appends the event with all that was added to it.
    pub(super) fn write(mut self, out: &mut Vec<u8>) {
        self.list.sort_by_key(|insertion| insertion.at);
        let added: usize = self.list.iter().map(|insertion| insertion.lead.len() + insertion.text.len()).sum();
        out.reserve(self.event.len() + added);
        let mut copied = 0;
        for Insertion { at, lead, text } in &self.list {
            out.extend_from_slice(&self.event[copied..*at]);
            out.extend_from_slice(lead.as_bytes());
            out.extend_from_slice(text.as_bytes());
            copied = *at;
        }
        out.extend_from_slice(&self.event[copied..]);
    }

    /// Only in an empty container does an item follow the bracket.
    fn is_first_item(&self, at: usize) -> bool {
        matches!(self.event[at - 1], b'{' | b'[') && self.list.iter().all(|insertion| insertion.at != at)
    }
}
