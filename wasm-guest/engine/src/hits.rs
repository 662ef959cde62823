//! What one event has made true so far, and the room that judging it needs; reused for event after event.

use std::ops::Range;

use crate::budget::Budget;
use crate::calculate::Scratch;
use crate::memo::Memo;

/// The predicates that an event has made true so far.
#[derive(Debug)]
pub(crate) struct Hits {
    predicates: Set,
    pub(crate) budget: Budget,
    /// What one text makes true; empty between texts.
    of_text: Set,
    memo: Memo,
    /// Which pieces of patterns one text has; empty between texts.
    pub(crate) pieces: Set,
    /// Which of the calculations that have to wait are done.
    pub(crate) calculated: Set,
    pub(crate) unescaped: Vec<u8>,
    pub(crate) folded: Vec<u8>,
    pub(crate) stored: Stored,
    pub(crate) calculation: Scratch,
}

/// Numbers, each once; as fast to empty as it was to fill.
#[derive(Debug)]
pub(crate) struct Set {
    bits: Vec<u64>,
    list: Vec<u32>,
}

/// Values that must wait until the event is read: calculations that read several fields need them together.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) text: String,
    /// A field, and where in `text` a value of it stands.
    pub(crate) values: Vec<(u32, Range<usize>)>,
    is_sorted: bool,
}

impl Hits {
    /// None yet, of `predicates`; no field's patterns have more than `pieces`.
    pub(crate) fn new(predicates: usize, calculated: usize, pieces: usize) -> Self {
        Self {
            predicates: Set::below(predicates),
            budget: Budget::default(),
            of_text: Set::below(predicates),
            memo: Memo::default(),
            pieces: Set::below(pieces),
            calculated: Set::below(calculated),
            unescaped: Vec::new(),
            folded: Vec::new(),
            stored: Stored::default(),
            calculation: Scratch::default(),
        }
    }

    pub(crate) fn has(&self, predicate: u32) -> bool {
        self.predicates.has(predicate)
    }

    pub(crate) fn list(&self) -> &[u32] {
        &self.predicates.list
    }

    pub(crate) fn clear(&mut self) {
        self.predicates.clear();
        self.budget.clear();
        self.calculated.clear();
        self.stored.clear();
    }

    pub(crate) fn add(&mut self, predicate: u32) {
        self.predicates.insert(predicate);
    }

    pub(crate) fn extend(&mut self, predicates: &[u32]) {
        predicates.iter().for_each(|predicate| self.add(*predicate));
    }

    /// For predicates of which there may be many, and which many values of `field` may make true.
    pub(crate) fn extend_within_budget(&mut self, field: usize, predicates: &[u32]) {
        if self.budget.take(field, predicates.len()) {
            self.extend(predicates);
        }
    }

    /// Adds what `text` in `field` is remembered to make true, or else what `judge` finds.
    pub(crate) fn extend_by_memory(&mut self, field: u16, text: &[u8], judge: impl FnOnce(&mut Self)) {
        // What is remembered costs as much as it did, or a verdict would depend on the events before.
        if let Some((known, steps)) = self.memo.recall(field, text)
            && self.budget.take_amply(steps)
        {
            known.iter().for_each(|predicate| _ = self.predicates.insert(*predicate));
            return;
        }
        let before = self.budget.spent();
        std::mem::swap(&mut self.predicates, &mut self.of_text);
        judge(self);
        std::mem::swap(&mut self.predicates, &mut self.of_text);
        if let (Some(before), Some(after)) = (before, self.budget.spent()) {
            self.memo.remember(field, text, &self.of_text.list, after - before);
        }
        self.of_text.list.iter().for_each(|predicate| _ = self.predicates.insert(*predicate));
        self.of_text.clear();
    }

    pub(crate) fn store(&mut self, field: u32, text: &str) {
        let start = self.stored.text.len();
        self.stored.text.push_str(text);
        self.stored.values.push((field, start..self.stored.text.len()));
    }
}

impl Stored {
    /// By field, so that the values of one stand together. Called when all are there.
    pub(crate) fn sort(&mut self) {
        if !self.is_sorted {
            self.values.sort_unstable_by_key(|(field, place)| (*field, place.start));
            self.is_sorted = true;
        }
    }

    fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
        self.is_sorted = false;
    }
}

impl Set {
    fn below(limit: usize) -> Self {
        Self { bits: vec![0; limit.div_ceil(64)], list: Vec::new() }
    }

    fn has(&self, number: u32) -> bool {
        self.bits[number as usize / 64] >> (number % 64) & 1 == 1
    }

    /// Was it new?
    pub(crate) fn insert(&mut self, number: u32) -> bool {
        let (bits, bit) = (&mut self.bits[number as usize / 64], 1 << (number % 64));
        let new = *bits & bit == 0;
        if new {
            *bits |= bit;
            self.list.push(number);
        }
        new
    }

    pub(crate) fn clear(&mut self) {
        for number in self.list.drain(..) {
            self.bits[number as usize / 64] = 0;
        }
    }
}
