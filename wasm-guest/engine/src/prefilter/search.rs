//! Finds any of some needles in many bytes, whatever the case of ASCII letters; knows nothing of JSON.
//!
//! Each needle is filed in one of eight buckets under two neighbouring bytes of it, the rarest. Two tables say in which
//! buckets a byte is the first of such a pair, and in which the second: where both say the same, needles are compared.

mod vector;

/// Bytes of events, the most frequent ones first.
const FREQUENT: &[u8] = b"\"0123456789e:,aticndsorpl-f_b.muhgvk/y{}w[]xTzjqZA";

/// So many pairs can be told apart.
const BUCKETS: usize = 8;

/// Needles, ready to be searched for.
#[derive(Debug)]
pub(crate) struct Search {
    /// By the bit of their pair.
    buckets: [Vec<Filed>; BUCKETS],
    pairs: Pairs,
}

#[derive(Debug)]
struct Filed {
    number: usize,
    /// In lower case.
    needle: Box<[u8]>,
    /// Where in it the pair ends.
    pair_end: usize,
}

/// For each half of a byte, the buckets with a pair that has it: by place in the pair, low halves before high ones.
#[derive(Clone, Copy, Debug, Default)]
struct Pairs([[[u8; 16]; 2]; 2]);

impl Search {
    /// Needles of two bytes or more, in lower case.
    pub(crate) fn new<'n>(needles: impl Iterator<Item = &'n [u8]>) -> Self {
        let mut filed: Vec<_> = needles.enumerate().map(|(number, needle)| Filed::new(number, needle)).collect();
        filed.sort_by_key(Filed::pair);
        let mut groups: Vec<Vec<Filed>> = Vec::new();
        for filed in filed {
            match groups.last_mut().filter(|group| group[0].pair() == filed.pair()) {
                Some(group) => group.push(filed),
                None => groups.push(vec![filed]),
            }
        }
        while groups.len() > BUCKETS {
            let price = |left: usize| frequency(groups[left..=left + 1].iter().flatten());
            let cheapest = (0..groups.len() - 1).min_by(|one, other| price(*one).total_cmp(&price(*other)));
            let right = cheapest.unwrap_or_default() + 1;
            let merged = groups.remove(right);
            groups[right - 1].extend(merged);
        }
        let mut search = Self { buckets: Default::default(), pairs: Pairs::default() };
        for (bucket, group) in groups.into_iter().enumerate() {
            group.iter().for_each(|filed| search.pairs.add(filed.pair(), 1 << bucket));
            search.buckets[bucket] = group;
        }
        search
    }

    /// A place in the first occurrence on which `counts`, of those that start at `from` or later: it is told the number of
    /// the needle, and where it starts.
    pub(crate) fn find(&self, text: &[u8], from: usize, mut counts: impl FnMut(usize, usize) -> bool) -> Option<usize> {
        let mut counts = |number, start| start >= from && counts(number, start);
        let mut rest = from;
        while let Some((start, mut ends)) = vector::find(&self.pairs, text, rest) {
            while ends != 0 {
                let end = start + ends.trailing_zeros() as usize;
                if self.is_at(text, end, &mut counts) {
                    return Some(end);
                }
                ends &= ends - 1;
            }
            rest = start + 64;
        }
        None
    }

    /// Is there a needle that counts, and whose pair ends at `end`?
    fn is_at(&self, text: &[u8], end: usize, counts: &mut impl FnMut(usize, usize) -> bool) -> bool {
        let mut buckets = self.pairs.at(text[end.saturating_sub(1)], text[end]);
        while buckets != 0 {
            for Filed { number, needle, pair_end } in &self.buckets[buckets.trailing_zeros() as usize] {
                if let Some(start) = end.checked_sub(*pair_end)
                    && text[start..].get(..needle.len()).is_some_and(|found| found.eq_ignore_ascii_case(needle))
                    && counts(*number, start)
                {
                    return true;
                }
            }
            buckets &= buckets - 1;
        }
        false
    }
}

/// How often a pair of bytes is taken for one of a bucket with these needles, compared with others.
fn frequency<'f>(filed: impl Iterator<Item = &'f Filed>) -> f32 {
    let mut pairs = Pairs::default();
    filed.for_each(|filed| pairs.add(filed.pair(), 1));
    let of = |halves: &[[u8; 16]; 2]| -> f32 {
        (0..=u8::MAX).filter(|byte| Pairs::in_halves(halves, *byte) != 0).map(frequency_of).sum()
    };
    of(&pairs.0[0]) * of(&pairs.0[1])
}

fn frequency_of(byte: u8) -> f32 {
    let place = FREQUENT.iter().position(|known| *known == byte).unwrap_or(2 * FREQUENT.len());
    1.0 / (place + 2) as f32
}

impl Filed {
    fn new(number: usize, needle: &[u8]) -> Self {
        let price = |end: usize| frequency_of(needle[end - 1]) * frequency_of(needle[end]);
        let rarest = (1..needle.len()).min_by(|one, other| price(*one).total_cmp(&price(*other)));
        Self { number, needle: needle.into(), pair_end: rarest.unwrap_or_default() }
    }

    fn pair(&self) -> [u8; 2] {
        [self.needle[self.pair_end.saturating_sub(1)], self.needle[self.pair_end]]
    }
}

impl Pairs {
    fn add(&mut self, pair: [u8; 2], bucket: u8) {
        for (halves, byte) in self.0.iter_mut().zip(pair) {
            for spelling in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                halves[0][usize::from(spelling & 0xF)] |= bucket;
                halves[1][usize::from(spelling >> 4)] |= bucket;
            }
        }
    }

    /// The buckets with this pair, and perhaps some without it.
    fn at(&self, first: u8, second: u8) -> u8 {
        Self::in_halves(&self.0[0], first) & Self::in_halves(&self.0[1], second)
    }

    fn in_halves(halves: &[[u8; 16]; 2], byte: u8) -> u8 {
        halves[0][usize::from(byte & 0xF)] & halves[1][usize::from(byte >> 4)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Where needles start, by the definition: those at the first place where any does.
    fn plainly(needles: &[String], text: &str, from: usize) -> Vec<(usize, usize)> {
        let text = text.to_ascii_lowercase();
        let starts = |start: usize| needles.iter().enumerate().map(move |(number, needle)| (number, start, needle));
        let at = (from..text.len()).flat_map(starts);
        at.filter(|(_, start, needle)| text.as_bytes()[*start..].starts_with(needle.as_bytes()))
            .map(|(number, start, _)| (number, start))
            .collect()
    }

    proptest! {
        #[test]
        fn every_occurrence_is_found_whatever_stands_around_it(
            needles in vec("[ab\"\\\\{}é]{2,4}", 1..40),
            text in "[aAbBc\"\\\\{}é]{0,200}",
            from in 0_usize..70,
        ) {
            let needles: Vec<String> = needles;
            let search = Search::new(needles.iter().map(|needle| needle.as_bytes()));
            let mut found = Vec::new();
            let end = search.find(text.as_bytes(), from, |number, start| {
                found.push((number, start));
                false
            });
            prop_assert_eq!(end, None);
            found.sort_unstable();
            let mut expected = plainly(&needles, &text, from);
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_search_ends_where_a_needle_counts() {
        let search = Search::new([&b"docker"[..], b"runc"].into_iter());
        let text = b"runc docker Docker";
        assert_eq!(search.find(text, 0, |number, _| number == 1), Some(1));
        assert_eq!(search.find(text, 0, |_, start| start > 5).map(|end| (12..18).contains(&end)), Some(true));
        assert_eq!(search.find(text, 13, |_, _| true), None);
        assert_eq!(search.find(text, 99, |_, _| true), None);
        assert_eq!(Search::new(std::iter::empty()).find(text, 0, |_, _| true), None);
    }
}
