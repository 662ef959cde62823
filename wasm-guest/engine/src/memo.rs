//! What texts made true, remembered for a batch: most fields have few values, which come again and again.
//!
//! Its size is bounded, whatever the events: a text takes another's place, and when there is no more room all are forgotten.

use std::ops::Range;

use crate::lookup::hash;

/// How many texts are remembered at most.
const PLACES: usize = 512;
/// How many bytes they have together.
const BYTES: usize = 1 << 15;
/// How many predicates they make true together.
const PREDICATES: usize = 1 << 13;
/// Longer ones hardly come again.
const LONGEST_TEXT: usize = 256;
/// How many texts pass before one is remembered: the room would cost a batch of one event as much as judging it.
const FEW: u32 = 64;

/// Texts of fields, with the predicates that each makes true.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// How many texts have passed, up to [`FEW`].
    passed: u32,
    /// By hash. None at all until a text is remembered.
    places: Vec<Option<Remembered>>,
    texts: Vec<u8>,
    predicates: Vec<u32>,
}

#[derive(Debug)]
struct Remembered {
    field: u16,
    text: Range<usize>,
    predicates: Range<usize>,
    steps: usize,
}

impl Memo {
    /// What `text` in `field` makes true, and how many steps it took to find out, if that is known.
    pub(crate) fn recall(&self, field: u16, text: &[u8]) -> Option<(&[u32], usize)> {
        let known = self.places.get(place(field, text))?.as_ref()?;
        let same = known.field == field && self.texts[known.text.clone()] == *text;
        same.then(|| (&self.predicates[known.predicates.clone()], known.steps))
    }

    pub(crate) fn remember(&mut self, field: u16, text: &[u8], predicates: &[u32], steps: usize) {
        if self.passed < FEW {
            self.passed += 1;
            return;
        }
        if text.len() > LONGEST_TEXT || predicates.len() > PREDICATES {
            return;
        }
        let is_full = self.texts.len() + text.len() > BYTES || self.predicates.len() + predicates.len() > PREDICATES;
        if self.places.is_empty() || is_full {
            self.start_anew();
        }
        let known = Remembered {
            field,
            text: append(&mut self.texts, text),
            predicates: append(&mut self.predicates, predicates),
            steps,
        };
        self.places[place(field, text)] = Some(known);
    }

    /// Forgets all, and takes the room that is needed, if this is the first time.
    fn start_anew(&mut self) {
        self.places.clear();
        self.places.resize_with(PLACES, || None);
        self.texts.clear();
        self.texts.reserve_exact(BYTES);
        self.predicates.clear();
        self.predicates.reserve_exact(PREDICATES);
    }
}

fn place(field: u16, text: &[u8]) -> usize {
    (hash(field, text) >> (u64::BITS - PLACES.ilog2())) as usize
}

fn append<T: Copy>(all: &mut Vec<T>, new: &[T]) -> Range<usize> {
    let start = all.len();
    all.extend_from_slice(new);
    start..all.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_a_few() -> Memo {
        Memo { passed: FEW, ..Memo::default() }
    }

    #[test]
    fn few_texts_take_no_room() {
        let mut memo = Memo::default();
        (0..FEW).for_each(|_| memo.remember(1, b"bash", &[3], 7));
        assert_eq!((memo.places.capacity(), memo.recall(1, b"bash")), (0, None));
        memo.remember(1, b"bash", &[3], 7);
        assert_eq!(memo.recall(1, b"bash"), Some((&[3][..], 7)));
    }

    #[test]
    fn what_was_remembered_is_recalled_for_that_text_in_that_field() {
        let mut memo = after_a_few();
        assert_eq!(memo.recall(1, b"bash"), None);
        memo.remember(1, b"bash", &[3, 5], 7);
        memo.remember(1, b"", &[], 0);
        assert_eq!(memo.recall(1, b"bash"), Some((&[3, 5][..], 7)));
        assert_eq!(memo.recall(1, b""), Some((&[][..], 0)));
        for (field, text) in [(2, &b"bash"[..]), (1, b"bash "), (1, b"dash"), (2, b"")] {
            assert_eq!(memo.recall(field, text), None, "{field} {text:?}");
        }
    }

    #[test]
    fn any_number_of_texts_leaves_the_room_as_it_is_and_every_answer_right() {
        let mut memo = after_a_few();
        let text = |number: u32| format!("{number:0width$}", width = number as usize % 300);
        let all = 0..20_000;
        for number in all.clone() {
            memo.remember(0, text(number).as_bytes(), &vec![number; number as usize % 50], 0);
        }
        let known = |number: u32| memo.recall(0, text(number).as_bytes()).map(|(known, _)| known.to_vec());
        let recalled: Vec<u32> = all.filter(|number| known(*number).is_some()).collect();
        assert!((1..=PLACES).contains(&recalled.len()), "{}", recalled.len());
        for number in recalled {
            assert_eq!(known(number), Some(vec![number; number as usize % 50]));
        }
        assert_eq!((memo.places.len(), memo.texts.capacity(), memo.predicates.capacity()), (PLACES, BYTES, PREDICATES));
    }
}
