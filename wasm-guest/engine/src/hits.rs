//! What one event has made true so far, and the room that judging it needs; reused for event after event.

use std::ops::Range;

use crate::calculate::Scratch;

/// The predicates that an event has made true so far.
#[derive(Debug)]
pub(crate) struct Hits {
    bits: Vec<u64>,
    /// Each once.
    list: Vec<u32>,
    pub(crate) unescaped: Vec<u8>,
    pub(crate) folded: Vec<u8>,
    pub(crate) stored: Stored,
    pub(crate) calculation: Scratch,
}

/// Values that must wait until the event is read: calculations that read several fields need them together.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) text: String,
    /// A field, and where in `text` a value of it stands.
    pub(crate) values: Vec<(u32, Range<usize>)>,
}

impl Hits {
    /// None yet, of `predicates`.
    pub(crate) fn new(predicates: usize) -> Self {
        Self {
            bits: vec![0; predicates.div_ceil(64)],
            list: Vec::with_capacity(predicates),
            unescaped: Vec::new(),
            folded: Vec::new(),
            stored: Stored::default(),
            calculation: Scratch::default(),
        }
    }

    pub(crate) fn has(&self, predicate: u32) -> bool {
        self.bits[predicate as usize / 64] >> (predicate % 64) & 1 == 1
    }

    pub(crate) fn list(&self) -> &[u32] {
        &self.list
    }

    pub(crate) fn clear(&mut self) {
        for predicate in self.list.drain(..) {
            self.bits[predicate as usize / 64] = 0;
        }
        self.stored.values.clear();
        self.stored.text.clear();
    }

    pub(crate) fn add(&mut self, predicate: u32) {
        if !self.has(predicate) {
            self.bits[predicate as usize / 64] |= 1 << (predicate % 64);
            self.list.push(predicate);
        }
    }

    pub(crate) fn extend(&mut self, predicates: &[u32]) {
        predicates.iter().for_each(|predicate| self.add(*predicate));
    }

    pub(crate) fn store(&mut self, field: u32, text: &str) {
        let start = self.stored.text.len();
        self.stored.text.push_str(text);
        self.stored.values.push((field, start..self.stored.text.len()));
    }
}
