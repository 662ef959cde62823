//! Finds where some needles may stand in many bytes, whatever the case of ASCII letters; knows nothing of JSON.
//!
//! With SIMD, each needle is filed in one of eight buckets under two neighbouring bytes of it, the rarest. Two tables say in
//! which buckets a byte is the first of such a pair, and in which the second: where both say the same, a needle may stand.
//! Without SIMD, [`skips`] does it.

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod skips;
mod vector;

/// Bytes of events, the most frequent ones first.
const FREQUENT: &[u8] = b"\"\\0123456789e:,aticndsorpl-f_b.muhgvk/y{}w[]xTzjqZA";

/// So many pairs can be told apart.
const BUCKETS: usize = 8;

/// Needles, ready to be searched for.
#[derive(Debug)]
pub(crate) struct Search {
    /// By the bit of their pair.
    buckets: [Vec<Filed>; BUCKETS],
    pairs: Pairs,
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    skips: skips::Skips,
}

#[derive(Debug)]
struct Filed {
    number: usize,
    /// In lower case.
    pair: [u8; 2],
    /// Where in the needle the pair ends.
    pair_end: usize,
}

/// For each half of a byte, the buckets with a pair that has it: by place in the pair, low halves before high ones.
#[derive(Clone, Copy, Debug, Default)]
struct Pairs([[[u8; 16]; 2]; 2]);

impl Search {
    /// Needles of two bytes or more, in lower case.
    pub(crate) fn new<'n>(needles: impl Iterator<Item = &'n [u8]>) -> Self {
        let needles: Vec<_> = needles.collect();
        let mut filed: Vec<_> = needles.iter().enumerate().map(|(number, needle)| Filed::new(number, needle)).collect();
        filed.sort_by_key(|filed| filed.pair);
        let mut groups: Vec<Vec<Filed>> = Vec::new();
        for filed in filed {
            match groups.last_mut().filter(|group| group[0].pair == filed.pair) {
                Some(group) => group.push(filed),
                None => groups.push(vec![filed]),
            }
        }
        while groups.len() > BUCKETS {
            let price = |left: usize| {
                price(groups[left].iter().chain(&groups[left + 1])) - price(&groups[left]) - price(&groups[left + 1])
            };
            let cheapest = (0..groups.len() - 1).min_by(|one, other| price(*one).total_cmp(&price(*other)));
            let right = cheapest.unwrap_or_default() + 1;
            let merged = groups.remove(right);
            groups[right - 1].extend(merged);
        }
        let mut search = Self {
            buckets: Default::default(),
            pairs: Pairs::default(),
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            skips: skips::Skips::new(&needles),
        };
        for (bucket, group) in groups.into_iter().enumerate() {
            group.iter().for_each(|filed| search.pairs.add(filed.pair, 1 << bucket));
            search.buckets[bucket] = group;
        }
        search
    }

    /// The first place from `from` on of which `counts` says so: it is told the number of a needle that may stand there, and
    /// where it would start. What is answered is a place in that needle.
    pub(crate) fn find(&self, text: &[u8], from: usize, mut counts: impl FnMut(usize, usize) -> bool) -> Option<usize> {
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        if !vector::is_there() {
            return self.skips.find(text, from, counts);
        }
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

    /// Does a needle count whose pair ends at `end`?
    fn is_at(&self, text: &[u8], end: usize, counts: &mut impl FnMut(usize, usize) -> bool) -> bool {
        let found = [text[end.saturating_sub(1)], text[end]];
        let mut buckets = self.pairs.at(found[0], found[1]);
        while buckets != 0 {
            for Filed { number, pair, pair_end } in &self.buckets[buckets.trailing_zeros() as usize] {
                if pair.eq_ignore_ascii_case(&found)
                    && end.checked_sub(*pair_end).is_some_and(|start| counts(*number, start))
                {
                    return true;
                }
            }
            buckets &= buckets - 1;
        }
        false
    }
}

/// What a bucket with these needles costs, compared with others: how often a pair of bytes is taken for one of theirs, and how
/// many are compared then.
fn price<'f>(filed: impl IntoIterator<Item = &'f Filed>) -> f32 {
    let mut pairs = Pairs::default();
    let mut count = 0.0;
    for filed in filed {
        pairs.add(filed.pair, 1);
        count += 1.0;
    }
    let frequency = |halves: &[[u8; 16]; 2]| -> f32 {
        (0..=u8::MAX).filter(|byte| Pairs::in_halves(halves, *byte) != 0).map(frequency_of).sum()
    };
    count * frequency(&pairs.0[0]) * frequency(&pairs.0[1])
}

fn frequency_of(byte: u8) -> f32 {
    let place = FREQUENT.iter().position(|known| *known == byte).unwrap_or(2 * FREQUENT.len());
    1.0 / (place + 2) as f32
}

impl Filed {
    fn new(number: usize, needle: &[u8]) -> Self {
        let price = |end: usize| frequency_of(needle[end - 1]) * frequency_of(needle[end]);
        let rarest = (1..needle.len()).min_by(|one, other| price(*one).total_cmp(&price(*other)));
        let pair_end = rarest.unwrap_or(1);
        Self { number, pair: [needle[pair_end - 1], needle[pair_end]], pair_end }
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

    /// A search that asks of each occurrence whether it counts.
    type Find<'s> = dyn Fn(&mut dyn FnMut(usize, usize) -> bool) -> Option<usize> + 's;

    proptest! {
        #[test]
        fn every_occurrence_is_found_with_simd_and_without(
            needles in vec("[ab\"\\\\{}é]{2,7}", 1..40),
            text in "[aAbBc\"\\\\{}é]{0,200}",
            repeats in 1_usize..12,
            from in 0_usize..70,
        ) {
            let (needles, text): (Vec<String>, _) = (needles, text.repeat(repeats));
            let search = Search::new(needles.iter().map(|needle| needle.as_bytes()));
            let mut expected = plainly(&needles, &text, from);
            expected.sort_unstable();
            let all = |find: &Find<'_>| {
                let mut found = Vec::new();
                let is_there = |number: usize, start: usize| {
                    let found = text.as_bytes()[start..].get(..needles[number].len());
                    found.is_some_and(|found| found.eq_ignore_ascii_case(needles[number].as_bytes()))
                };
                assert_eq!(find(&mut |number, start| {
                    found.extend(is_there(number, start).then_some((number, start)));
                    false
                }), None);
                found.sort_unstable();
                found
            };
            prop_assert_eq!(&all(&|counts| search.find(text.as_bytes(), from, counts)), &expected);
            prop_assert_eq!(&all(&|counts| search.skips.find(text.as_bytes(), from, counts)), &expected);
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
