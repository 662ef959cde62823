//! Which wildcard patterns of one field a text matches, without trying each; knows nothing of JSON or rules.
//!
//! A pattern can only match a text that has all of its pieces, the stretches between its wildcards. So each pattern is
//! filed under one gram, a few bytes of one piece: that which the fewest patterns have. A text is read once, and only
//! what is filed under its grams is looked at. Each piece counts once: an attacker can repeat it, but not the work.

mod build;

use crate::budget::STEPS_OF_PIECE;
use crate::fold::Framed;
use crate::hits::Hits;
use crate::pattern::Pattern;

pub(crate) use build::Patterns;

/// The patterns of a field, ready to be looked up.
#[derive(Debug, Default)]
pub(crate) struct PatternIndex {
    /// The widths that its grams have, in bytes.
    widths: Vec<u32>,
    /// By the first bits of a gram's hash, a power of two of them, and a last one that shows where the pieces end.
    slots: Vec<Slot>,
    /// How many bits of a hash are left when those for the slot are taken.
    shift: u32,
    /// By the hashes of their grams.
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// Bit n: a gram here has a hash that goes on with n. This alone tells nearly all grams of a text apart.
    used: u32,
    /// The number of its first piece.
    pieces: u32,
}

/// A piece under which patterns are filed.
#[derive(Debug)]
struct Piece {
    bytes: Box<[u8]>,
    /// How many of them have been read when the gram has been.
    read: usize,
    patterns: Box<[Filed]>,
}

/// A pattern, and the predicates that it fulfils.
#[derive(Debug)]
struct Filed {
    remaining: Remaining,
    predicates: Box<[u32]>,
}

/// What is still to be found out of a text that has the piece.
#[derive(Debug)]
enum Remaining {
    /// Nothing: the piece is all of the pattern.
    Nothing,
    /// Whether it matches, folded.
    Folded(Pattern),
    /// Whether it matches as it is spelt.
    Spelt(Pattern),
}

impl PatternIndex {
    /// How many pieces there are.
    pub(crate) fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Notes in `hits` every predicate that a pattern of `text` fulfils; `folded` is the same text.
    pub(crate) fn judge(&self, field: usize, text: &str, folded: Framed<'_>, hits: &mut Hits) {
        for width in &self.widths {
            let mut gram = 0;
            for (at, byte) in (1..).zip(folded.with_marks()) {
                gram = next_gram(gram, *byte, *width);
                let (slot, bit) = self.place(gram);
                if self.slots[slot].used & bit != 0 && !self.judge_slot(slot, at, field, text, folded, hits) {
                    return hits.pieces.clear();
                }
            }
        }
        hits.pieces.clear();
    }

    /// Judges the pieces of a slot which stand so in the text that their gram ends at `at`, if there is budget for it.
    #[inline(never)] // so that the loop around it stays small
    fn judge_slot(
        &self,
        slot: usize,
        at: usize,
        field: usize,
        text: &str,
        folded: Framed<'_>,
        hits: &mut Hits,
    ) -> bool {
        let pieces = self.slots[slot].pieces..self.slots[slot + 1].pieces;
        if !hits.budget.take(field, STEPS_OF_PIECE * pieces.len()) {
            return false;
        }
        for number in pieces {
            let piece = &self.pieces[number as usize];
            let rest = at.checked_sub(piece.read).map(|start| &folded.with_marks()[start..]);
            if rest.is_some_and(|rest| rest.starts_with(&piece.bytes)) && hits.pieces.insert(number) {
                piece.patterns.iter().for_each(|pattern| pattern.judge(field, text, folded, hits));
            }
        }
        true
    }

    /// The slot of a gram, and its bit there.
    fn place(&self, gram: u32) -> (usize, u32) {
        let hash = hash(gram);
        ((hash >> self.shift) as usize, 1 << (hash >> (self.shift - 5) & 31))
    }
}

impl Filed {
    fn judge(&self, field: usize, text: &str, folded: Framed<'_>, hits: &mut Hits) {
        let steps = self.predicates.len() + self.remaining.steps(text.len());
        if !hits.budget.take(field, steps) {
            return;
        }
        let matches = match &self.remaining {
            Remaining::Nothing => true,
            Remaining::Folded(pattern) => pattern.matches(folded.text()),
            Remaining::Spelt(pattern) => pattern.matches(text.as_bytes()),
        };
        if matches {
            hits.extend(&self.predicates);
        }
    }
}

impl Remaining {
    /// How many steps it takes at most to find out of a text of `length`.
    fn steps(&self, length: usize) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Folded(pattern) | Self::Spelt(pattern) => pattern.steps(length),
        }
    }
}

/// The gram that ends with `byte`, after the one that ended before it.
fn next_gram(gram: u32, byte: u8, width: u32) -> u32 {
    (gram << 8 | u32::from(byte)) & (u32::MAX >> (32 - 8 * width))
}

/// Its first bits are the best ones.
fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9E37_79B1)
}

#[cfg(test)]
mod tests;
