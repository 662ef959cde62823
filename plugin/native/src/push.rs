//! One push as it came, cut into its events without a copy; knows nothing of what events hold.

use std::ops::Range;

use bytes::Bytes;

use crate::wire::{Content, Field, Malformed, fields, put_bytes};

/// The field of a push that holds an event.
const EVENT: u32 = 1;

/// A `PushEventsRequest`.
#[derive(Clone, Debug)]
pub struct Push {
    bytes: Bytes,
    /// Where each event's field ends. The next one's bytes begin there, so that fields between events stay.
    ends: Vec<usize>,
}

impl Push {
    /// The longest message that a Vector takes, in bytes (its `src/sources/vector/mod.rs`).
    pub const MAX_BYTES: usize = 100 << 20;

    /// Memory that an event takes beside the message, at most: lists double as they grow.
    pub const BYTES_PER_EVENT: usize = 2 * size_of::<usize>();

    /// Finds the events in a message.
    pub fn new(bytes: Bytes) -> Result<Self, Malformed> {
        let mut ends = Vec::new();
        let mut at = 0;
        for field in fields(&bytes) {
            let field = field?;
            at += field.whole.len();
            match (field.number, field.content) {
                (EVENT, Content::Bytes(_)) => ends.push(at),
                (EVENT, _) => return Err(Malformed),
                _ => {}
            }
        }
        if let Some(last) = ends.last_mut() {
            *last = at;
        }
        Ok(Self { bytes, ends })
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Is there no event?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The message.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Where the bytes of `event` are in the message, with the fields beside it that aren't events. One event's end where
    /// the next one's begin, and the last one's at the message's end.
    ///
    /// # Panics
    /// If there is no such event; so do the others below.
    pub fn whole(&self, event: usize) -> Range<usize> {
        let start = if event == 0 { 0 } else { self.ends[event - 1] };
        start..self.ends[event]
    }

    /// The `EventWrapper` of `event`.
    pub fn wrapper(&self, event: usize) -> &[u8] {
        let wrapper = self.fields_of(event).find_map(|field| match field.content {
            Content::Bytes(wrapper) if field.number == EVENT => Some(wrapper),
            _ => None,
        });
        wrapper.unwrap_or_default()
    }

    /// A message of some of the events, not copied.
    pub fn part(&self, events: Range<usize>) -> Bytes {
        if events.is_empty() {
            return Bytes::new();
        }
        self.bytes.slice(self.whole(events.start).start..self.whole(events.end - 1).end)
    }

    /// Appends the bytes of `event`, with `wrapper` instead of its `EventWrapper`.
    pub fn put_instead(&self, event: usize, wrapper: &[u8], out: &mut Vec<u8>) {
        for field in self.fields_of(event) {
            match field.number {
                EVENT => put_bytes(out, EVENT, wrapper),
                _ => out.extend_from_slice(field.whole),
            }
        }
    }

    fn fields_of(&self, event: usize) -> impl Iterator<Item = Field<'_>> {
        // `new` found no fault.
        fields(&self.bytes[self.whole(event)]).map_while(Result::ok)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::put_varint;

    /// Three events, the second one empty, with unknown fields ahead of, between and after them.
    fn push() -> Vec<u8> {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, 7, 1);
        put_bytes(&mut bytes, EVENT, b"one");
        put_bytes(&mut bytes, EVENT, b"");
        put_bytes(&mut bytes, 9, b"unknown");
        put_bytes(&mut bytes, EVENT, &[3; 300]);
        put_varint(&mut bytes, 8, u64::MAX);
        bytes
    }

    #[test]
    fn events_are_found_and_nothing_between_them_is_lost() {
        let bytes = push();
        let push = Push::new(bytes.clone().into()).unwrap();
        assert_eq!((push.len(), push.is_empty()), (3, false));
        assert_eq!([0, 1, 2].map(|event| push.wrapper(event)), [&b"one"[..], b"", &[3; 300]]);
        let parts: Vec<u8> = (0..3).flat_map(|event| bytes[push.whole(event)].to_vec()).collect();
        assert_eq!(parts, bytes);
        assert_eq!(push.part(0..3), bytes);
        assert_eq!([push.part(0..1), push.part(1..3)].concat(), bytes);
        assert_eq!(push.part(1..1), b""[..]);
        assert_eq!(push.bytes(), &bytes);
    }

    #[test]
    fn a_part_is_a_push_of_its_own() {
        let push = Push::new(push().into()).unwrap();
        let part = Push::new(push.part(1..3)).unwrap();
        assert_eq!((part.len(), part.wrapper(1)), (2, &[3; 300][..]));
    }

    #[test]
    fn another_wrapper_takes_the_place_of_the_old_one_only() {
        let mut bytes = push();
        let push = Push::new(bytes.clone().into()).unwrap();
        let mut out = Vec::new();
        push.put_instead(0, b"ONE", &mut out);
        push.put_instead(1, b"", &mut out);
        push.put_instead(2, &[3; 300], &mut out);
        bytes[4..7].copy_from_slice(b"ONE");
        assert_eq!(out, bytes);
    }

    #[test]
    fn no_event_is_a_push_too_but_a_fault_is_none() {
        let push = Push::new(Bytes::new()).unwrap();
        assert_eq!((push.len(), push.is_empty(), push.part(0..0)), (0, true, Bytes::new()));
        for (what, bytes) in [("an event that is a number", &[0x08, 1][..]), ("a length beyond the end", &[0x0a, 2, 0])]
        {
            assert_eq!(Push::new(Bytes::copy_from_slice(bytes)).err(), Some(Malformed), "{what}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            if let Ok(push) = Push::new(bytes.clone().into()) {
                let parts: Vec<u8> = (0..push.len()).flat_map(|event| bytes[push.whole(event)].to_vec()).collect();
                prop_assert!(parts == bytes || push.is_empty());
            }
        }
    }
}
