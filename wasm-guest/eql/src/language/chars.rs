//! Sets of characters, and the classes that several of them divide all characters into.

use std::collections::{BTreeSet, HashMap};

use weir_engine::program::Folding;

const LAST: u32 = char::MAX as u32;

/// A set of characters; by default, none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Chars {
    /// Sorted, with a gap between each two; first and last code point.
    ranges: Vec<(u32, u32)>,
}

impl Chars {
    pub(crate) fn range(first: char, last: char) -> Self {
        Self { ranges: vec![(first.into(), last.into())] }
    }

    /// The union of ranges in order, which may touch and overlap.
    fn joined(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut joined: Vec<(u32, u32)> = Vec::new();
        for (first, last) in ranges {
            match joined.last_mut() {
                Some((_, end)) if first <= *end + 1 => *end = last.max(*end),
                _ => joined.push((first, last)),
            }
        }
        Self { ranges: joined }
    }

    pub(crate) fn or(&self, other: &Self) -> Self {
        let mut all = [&*self.ranges, &*other.ranges].concat();
        all.sort_unstable();
        Self::joined(all)
    }

    pub(crate) fn not(&self) -> Self {
        let mut ranges = Vec::new();
        let mut next = 0;
        for (first, last) in &self.ranges {
            if next < *first {
                ranges.push((next, first - 1));
            }
            next = last + 1;
        }
        if next <= LAST {
            ranges.push((next, LAST));
        }
        Self { ranges }
    }

    /// What the characters fold to.
    pub(crate) fn folded(&self, folding: Folding) -> Self {
        let chars = self.ranges.iter().flat_map(|(first, last)| *first..=*last).filter_map(char::from_u32);
        let folded = chars.filter_map(|char| folding.fold(&char.to_string()).chars().next());
        let folded: BTreeSet<u32> = folded.map(u32::from).collect();
        Self::joined(folded.into_iter().map(|char| (char, char)))
    }

    pub(crate) fn contain(&self, char: u32) -> bool {
        let next = self.ranges.partition_point(|(first, _)| *first <= char);
        next > 0 && char <= self.ranges[next - 1].1
    }
}

/// Characters that are in the same sets are one class.
#[derive(Debug)]
pub(crate) struct Classes {
    /// Where each run of a class begins, with the class.
    pub(crate) runs: Vec<(u32, u16)>,
    /// A character of each class.
    pub(crate) examples: Vec<u32>,
}

pub(crate) fn classes<'c>(sets: impl Iterator<Item = &'c Chars>) -> Classes {
    let sets: Vec<_> = sets.collect();
    let ends = sets.iter().flat_map(|set| &set.ranges).flat_map(|(first, last)| [*first, *last + 1]);
    let starts: BTreeSet<u32> = ends.filter(|start| *start <= LAST).chain([0]).collect();
    let mut numbers: HashMap<Vec<bool>, u16> = HashMap::new();
    let mut classes = Classes { runs: Vec::new(), examples: Vec::new() };
    for start in starts {
        let membership = sets.iter().map(|set| set.contain(start)).collect();
        let class = *numbers.entry(membership).or_insert_with(|| {
            classes.examples.push(start);
            (classes.examples.len() - 1) as u16
        });
        classes.runs.push((start, class));
    }
    classes
}
