//! Sets of texts, built from each other, and the automaton that recognises one; knows no pattern syntax.
//!
//! By Brzozowski's derivatives: the state after a character is the set of what may still follow. That gives complement
//! and intersection for free, and few states, since equal sets are stored once.

use std::collections::HashMap;

use weir_engine::program::Automaton;

pub(crate) use chars::Chars;

mod chars;

/// Automata with more states are refused.
const MAX_STATES: usize = 10_000;
/// What the sets that are stored while an automaton is made may count, with their parts: a bound on time and memory.
const MAX_SIZE: usize = 4_000_000;

/// The automaton would have too many states.
#[derive(Debug, PartialEq)]
pub(crate) struct TooLarge;

/// The number of a set of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(u32);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Set {
    Nothing,
    EmptyText,
    /// Texts of one character.
    OneOf(Chars),
    /// The first is no sequence itself.
    Then(Id, Id),
    Repeat(Id, u32, Option<u32>),
    /// Sorted, each once, at least two.
    Any(Vec<Id>),
    /// Sorted, each once, at least two.
    All(Vec<Id>),
    Not(Id),
}

/// All sets that were built, each once.
#[derive(Debug)]
pub(crate) struct Languages {
    sets: Vec<Set>,
    /// For each set: is the empty text in it?
    has_empty: Vec<bool>,
    numbers: HashMap<Set, Id>,
    /// The number of sets, and of the parts of those that join many.
    size: usize,
}

impl Default for Languages {
    fn default() -> Self {
        let mut new = Self { sets: Vec::new(), has_empty: Vec::new(), numbers: HashMap::new(), size: 0 };
        new.add(Set::Nothing);
        new.add(Set::EmptyText);
        new.add(Set::Not(Self::NOTHING));
        new
    }
}

impl Languages {
    /// No text.
    pub(crate) const NOTHING: Id = Id(0);
    /// Only `""`.
    pub(crate) const EMPTY_TEXT: Id = Id(1);
    /// All texts.
    pub(crate) const EVERYTHING: Id = Id(2);

    pub(crate) fn one_of(&mut self, chars: Chars) -> Id {
        if chars == Chars::default() { Self::NOTHING } else { self.add(Set::OneOf(chars)) }
    }

    /// One text of each part, one after the other.
    pub(crate) fn sequence(&mut self, parts: Vec<Id>) -> Id {
        parts.into_iter().rev().fold(Self::EMPTY_TEXT, |after, part| self.then(part, after))
    }

    fn then(&mut self, first: Id, after: Id) -> Id {
        let mut parts = vec![first];
        while let Set::Then(head, tail) = *self.set(parts[parts.len() - 1]) {
            parts.pop();
            parts.extend([head, tail]);
        }
        parts.into_iter().rev().fold(after, |after, part| match (part, after) {
            (Self::NOTHING, _) | (_, Self::NOTHING) => Self::NOTHING,
            (Self::EMPTY_TEXT, after) => after,
            (part, Self::EMPTY_TEXT) => part,
            (Self::EVERYTHING, Self::EVERYTHING) => Self::EVERYTHING,
            _ => self.add(Set::Then(part, after)),
        })
    }

    pub(crate) fn repeat(&mut self, repeated: Id, least: u32, most: Option<u32>) -> Id {
        let least = if self.has_empty(repeated) { 0 } else { least };
        let is_any_char = |set: &Set| *set == Set::OneOf(Chars::default().not());
        match (repeated, least, most) {
            (_, least, Some(most)) if least > most => Self::NOTHING,
            (_, _, Some(0)) => Self::EMPTY_TEXT,
            (Self::NOTHING, 0, _) => Self::EMPTY_TEXT,
            (Self::NOTHING | Self::EMPTY_TEXT | Self::EVERYTHING, ..) | (_, 1, Some(1)) => repeated,
            (_, 0, None) if is_any_char(self.set(repeated)) => Self::EVERYTHING,
            _ if matches!(self.set(repeated), Set::Repeat(_, 0, None)) => repeated,
            _ => self.add(Set::Repeat(repeated, least, most)),
        }
    }

    /// The texts that are in any of the sets.
    pub(crate) fn any(&mut self, sets: Vec<Id>) -> Id {
        let flat = self.flattened(sets, |set| if let Set::Any(inner) = set { Some(inner) } else { None });
        self.joined(flat, Self::NOTHING, Self::EVERYTHING, Set::Any)
    }

    /// The texts that are in all of the sets.
    pub(crate) fn all(&mut self, sets: Vec<Id>) -> Id {
        let flat = self.flattened(sets, |set| if let Set::All(inner) = set { Some(inner) } else { None });
        self.joined(flat, Self::EVERYTHING, Self::NOTHING, Set::All)
    }

    fn flattened(&self, sets: Vec<Id>, inner: impl Fn(&Set) -> Option<&Vec<Id>>) -> Vec<Id> {
        let mut flat = Vec::new();
        for id in sets {
            match inner(self.set(id)) {
                Some(inner) => flat.extend(inner),
                None => flat.push(id),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        flat
    }

    /// `sets` without the one that changes nothing, unless there is one that decides.
    fn joined(&mut self, mut sets: Vec<Id>, neutral: Id, deciding: Id, join: fn(Vec<Id>) -> Set) -> Id {
        sets.retain(|id| *id != neutral);
        match &*sets {
            [] => neutral,
            [only] => *only,
            _ if sets.contains(&deciding) => deciding,
            _ => self.add(join(sets)),
        }
    }

    /// The texts that aren't in the set.
    pub(crate) fn not(&mut self, id: Id) -> Id {
        match *self.set(id) {
            Set::Not(inner) => inner,
            _ => self.add(Set::Not(id)),
        }
    }

    fn set(&self, id: Id) -> &Set {
        &self.sets[id.0 as usize]
    }

    fn has_empty(&self, id: Id) -> bool {
        self.has_empty[id.0 as usize]
    }

    fn add(&mut self, set: Set) -> Id {
        if let Some(known) = self.numbers.get(&set) {
            return *known;
        }
        let has_empty = match &set {
            Set::Nothing | Set::OneOf(_) => false,
            Set::EmptyText => true,
            Set::Then(first, after) => self.has_empty(*first) && self.has_empty(*after),
            Set::Repeat(_, least, _) => *least == 0,
            Set::Any(sets) => sets.iter().any(|id| self.has_empty(*id)),
            Set::All(sets) => sets.iter().all(|id| self.has_empty(*id)),
            Set::Not(id) => !self.has_empty(*id),
        };
        let id = Id(u32::try_from(self.sets.len()).expect("sets are counted below 2^32"));
        self.size += match &set {
            Set::Any(sets) | Set::All(sets) => 1 + sets.len(),
            _ => 1,
        };
        self.sets.push(set.clone());
        self.has_empty.push(has_empty);
        self.numbers.insert(set, id);
        id
    }
}

/// From a set to its automaton.
impl Languages {
    pub(crate) fn automaton(mut self, start: Id) -> Result<Automaton, TooLarge> {
        let classes = chars::classes(self.sets.iter().filter_map(|set| match set {
            Set::OneOf(chars) => Some(chars),
            _ => None,
        }));
        let class_count = u16::try_from(classes.examples.len()).map_err(|_| TooLarge)?;
        let mut states = vec![start];
        let mut numbers = HashMap::from([(start, 0)]);
        let mut next = Vec::new();
        let mut done = 0;
        let mut known = HashMap::new();
        while let Some(state) = states.get(done).copied() {
            done += 1;
            for example in &classes.examples {
                let after = self.after(state, *example, &mut known);
                next.push(match after {
                    Self::NOTHING => Automaton::NEVER,
                    Self::EVERYTHING => Automaton::ALWAYS,
                    after => *numbers.entry(after).or_insert_with(|| {
                        states.push(after);
                        (states.len() - 1) as u16
                    }),
                });
            }
            if states.len() > MAX_STATES || self.size > MAX_SIZE {
                return Err(TooLarge);
            }
        }
        let accepts = states.iter().map(|state| self.has_empty(*state)).collect();
        Ok(Automaton { runs: classes.runs, classes: class_count, next, accepts })
    }

    /// What may follow `char` in the texts of a set. What is `known` isn't worked out again.
    fn after(&mut self, id: Id, char: u32, known: &mut HashMap<(Id, u32), Id>) -> Id {
        if let Some(after) = known.get(&(id, char)) {
            return *after;
        }
        let after = match self.set(id).clone() {
            Set::Nothing | Set::EmptyText => Self::NOTHING,
            Set::OneOf(chars) if chars.contain(char) => Self::EMPTY_TEXT,
            Set::OneOf(_) => Self::NOTHING,
            Set::Then(..) => self.after_in_sequence(id, char, known),
            Set::Repeat(repeated, least, most) => {
                let first = self.after(repeated, char, known);
                let rest = self.repeat(repeated, least.saturating_sub(1), most.map(|most| most - 1));
                self.then(first, rest)
            }
            Set::Any(sets) => {
                let after = sets.into_iter().map(|id| self.after(id, char, known)).collect();
                self.any(after)
            }
            Set::All(sets) => {
                let after = sets.into_iter().map(|id| self.after(id, char, known)).collect();
                self.all(after)
            }
            Set::Not(id) => {
                let after = self.after(id, char, known);
                self.not(after)
            }
        };
        known.insert((id, char), after);
        after
    }

    /// A loop, since a sequence may be long.
    fn after_in_sequence(&mut self, mut id: Id, char: u32, known: &mut HashMap<(Id, u32), Id>) -> Id {
        let mut choices = Vec::new();
        while let Set::Then(first, rest) = *self.set(id) {
            let after = self.after(first, char, known);
            choices.push(self.then(after, rest));
            if !self.has_empty(first) {
                return self.any(choices);
            }
            id = rest;
        }
        choices.push(self.after(id, char, known));
        self.any(choices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_counts_with_its_parts_and_once() {
        let mut languages = Languages::default();
        let chars: Vec<Id> = ('a'..='j').map(|char| languages.one_of(Chars::range(char, char))).collect();
        let before = languages.size;
        let any = languages.any(chars.clone());
        assert_eq!(languages.size, before + 11);
        assert_eq!(languages.any(chars), any);
        assert_eq!(languages.size, before + 11);
    }
}
