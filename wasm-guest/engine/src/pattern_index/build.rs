//! Files the patterns of a field under their rarest grams.

use std::collections::BTreeMap;

use super::{Filed, PatternIndex, Piece, Remaining, Slot, hash, next_gram};
use crate::fold::{END, Framed, START};
use crate::pattern::Pattern;
use crate::program::{Case, Folding};

/// The widths of grams, best first: a pattern is filed under a narrower one only if it has none of the wider.
const WIDTHS: [u32; 3] = [3, 2, 1];

/// The patterns of one field, while they are collected.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    /// The predicates that each fulfils. Where case doesn't matter, patterns are folded.
    predicates: BTreeMap<(Case, String), Vec<u32>>,
}

impl Patterns {
    pub(crate) fn add(&mut self, predicate: u32, pattern: &str, case: Case, folding: Folding) {
        let pattern = match case {
            Case::Sensitive => pattern.to_owned(),
            Case::Insensitive => folding.fold(pattern),
        };
        self.predicates.entry((case, pattern)).or_default().push(predicate);
    }

    pub(crate) fn index(self, folding: Folding) -> PatternIndex {
        let mut room = Vec::new();
        let mut popularity = Popularity::new();
        for (_, pattern) in self.predicates.keys() {
            popularity.count(Framed::new(folding, pattern, &mut room));
        }
        let mut filed = BTreeMap::<Place, Vec<Filed>>::new();
        for ((case, pattern), predicates) in self.predicates {
            let place = popularity.rarest(Framed::new(folding, &pattern, &mut room));
            let remaining = match case {
                Case::Sensitive => Remaining::Spelt(Pattern::new(&pattern)),
                Case::Insensitive if place.is_all_of(&pattern) => Remaining::Nothing,
                Case::Insensitive => Remaining::Folded(Pattern::new(&pattern)),
            };
            filed.entry(place).or_default().push(Filed { remaining, predicates: predicates.into() });
        }
        PatternIndex::new(filed)
    }
}

/// Where patterns are filed; in the order of the index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    hash: u32,
    gram: Gram,
    piece: Box<[u8]>,
}

/// A stretch of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Gram {
    bytes: u32,
    width: u32,
    /// Where in the piece it ends.
    end: usize,
}

impl Place {
    /// Does `pattern`, which is folded, match every text that has the piece?
    fn is_all_of(&self, pattern: &str) -> bool {
        let piece = self.piece.strip_prefix(&[START]).unwrap_or(&self.piece);
        piece.strip_suffix(&[END]).unwrap_or(piece) == pattern.trim_matches('*').as_bytes()
    }
}

/// How many of a field's patterns have a gram; those whose hashes start alike share one count.
struct Popularity(Vec<u32>);

impl Popularity {
    const BITS: u32 = 12;

    fn new() -> Self {
        Self(vec![0; 1 << Self::BITS])
    }

    fn count(&mut self, pattern: Framed<'_>) {
        for width in WIDTHS {
            for gram in pieces(pattern).flat_map(|piece| grams(piece, width)) {
                self.0[Self::place(gram)] += 1;
            }
        }
    }

    /// The gram of `pattern` that the fewest patterns have, and its piece.
    fn rarest(&self, pattern: Framed<'_>) -> Place {
        let in_pieces =
            |width| pieces(pattern).flat_map(move |piece| grams(piece, width).map(move |gram| (gram, piece)));
        let rarest = |width| in_pieces(width).min_by_key(|(gram, _)| self.0[Self::place(*gram)]);
        let (gram, piece) =
            WIDTHS.into_iter().find_map(rarest).expect("the mark before a pattern is a piece of one byte");
        Place { hash: hash(gram.bytes), gram, piece: piece.into() }
    }

    fn place(gram: Gram) -> usize {
        (hash(gram.bytes) >> (u32::BITS - Self::BITS)) as usize
    }
}

/// The stretches between wildcards, the marks included.
fn pieces(pattern: Framed<'_>) -> impl Iterator<Item = &[u8]> {
    pattern.with_marks().split(|byte| matches!(byte, b'*' | b'?'))
}

fn grams(piece: &[u8], width: u32) -> impl Iterator<Item = Gram> {
    let mut bytes = 0;
    let ends = (1..).zip(piece).map(move |(end, byte)| {
        bytes = next_gram(bytes, *byte, width);
        Gram { bytes, width, end }
    });
    ends.skip(width as usize - 1)
}

impl PatternIndex {
    fn new(filed: BTreeMap<Place, Vec<Filed>>) -> Self {
        let bits = filed.len().next_power_of_two().ilog2().max(1);
        let mut index = Self { widths: Vec::new(), slots: Vec::new(), shift: u32::BITS - bits, pieces: Vec::new() };
        index.slots.resize((1 << bits) + 1, Slot::default());
        for (Place { gram, piece, .. }, patterns) in filed {
            let (slot, bit) = index.place(gram.bytes);
            index.slots[slot].used |= bit;
            index.slots[slot + 1].pieces += 1;
            if !index.widths.contains(&gram.width) {
                index.widths.push(gram.width);
            }
            index.pieces.push(Piece { bytes: piece, read: gram.end, patterns: patterns.into() });
        }
        // So far each slot says how many pieces the slot before it has.
        let mut before = 0;
        for slot in &mut index.slots {
            before += slot.pieces;
            slot.pieces = before;
        }
        index
    }
}
