//! A finite automaton, as a rule compiler makes one of a regular expression.

use serde::{Deserialize, Serialize};

/// A deterministic automaton over characters. It starts in state 0, and takes a whole text or doesn't.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Automaton {
    /// Characters that no state tells apart are one class: where each run of a class begins, with the class. Sorted; the
    /// first run begins at 0.
    pub runs: Vec<(u32, u16)>,
    /// How many classes there are.
    pub classes: u16,
    /// The state after a character: by state, then by class.
    pub next: Vec<u16>,
    /// For each state: is a text accepted that ends in it?
    pub accepts: Vec<bool>,
}

impl Automaton {
    /// In `next`: whatever follows, the text isn't accepted.
    pub const NEVER: u16 = u16::MAX;
    /// In `next`: whatever follows, the text is accepted.
    pub const ALWAYS: u16 = u16::MAX - 1;

    /// Do all of its parts fit each other?
    pub(crate) fn is_sound(&self) -> bool {
        let states = self.accepts.len();
        let is_state = |state: &u16| *state >= Self::ALWAYS || usize::from(*state) < states;
        states > 0
            && self.runs.first().is_some_and(|(start, _)| *start == 0)
            && self.runs.is_sorted()
            && self.runs.iter().all(|(_, class)| *class < self.classes)
            && self.next.len() == states * usize::from(self.classes)
            && self.next.iter().all(is_state)
    }

    pub(crate) fn class(&self, char: u32) -> u16 {
        self.runs[self.runs.partition_point(|(start, _)| *start <= char) - 1].1
    }

    /// The state after `char` in `state`.
    pub(crate) fn step(&self, state: u16, class: u16) -> u16 {
        self.next[usize::from(state) * usize::from(self.classes) + usize::from(class)]
    }
}
