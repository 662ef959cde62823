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

    /// A place in the first occurrence from `from` on which `counts`: it is told the number of the needle, and where it
    /// starts.
    pub(crate) fn find(&self, text: &[u8], from: usize, mut counts: impl FnMut(usize, usize) -> bool) -> Option<usize> {
        let mut from = from;
        while let Some((start, mut ends)) = vector::find(&self.pairs, text, from) {
            while ends != 0 {
                let end = start + ends.trailing_zeros() as usize;
                if self.is_at(text, end, &mut counts) {
                    return Some(end);
                }
                ends &= ends - 1;
            }
            from = start + 64;
        }
        None
    }

    /// Is there a needle whose pair ends at `end`?
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
