//! Finds needles without SIMD, and without looking at every byte.
//!
//! Needles that begin with a backslash or a byte beyond ASCII are short, but such bytes are rare: so they are looked for eight
//! bytes at a time. For the others it reads two bytes where the shortest needle would end, and knows from them how far no
//! needle can end (Wu and Manber's algorithm).

/// So far it looks ahead for the one kind of needles before it looks for the other.
const STRETCH: usize = 1 << 10;

#[derive(Debug)]
pub(super) struct Skips {
    /// Those that begin with a mark: a backslash or a byte beyond ASCII.
    marked: Vec<Filed>,
    others: Vec<Filed>,
    /// The length of the shortest of the others.
    shortest: usize,
    /// By pair of bytes: how much nearer than usual the next end may be. Zero for most, which takes no room in a snapshot.
    nearer: Vec<u8>,
}

#[derive(Debug)]
struct Filed {
    number: usize,
    /// Of its bytes the first, in lower case.
    first: u8,
}

impl Skips {
    /// Needles of two bytes or more, in lower case.
    pub(super) fn new(needles: &[&[u8]]) -> Self {
        let mut skips = Self { marked: Vec::new(), others: Vec::new(), shortest: 0, nearer: Vec::new() };
        let others = needles.iter().filter(|needle| !is_mark(&needle[0]));
        skips.shortest = others.clone().map(|needle| needle.len().min(usize::from(u8::MAX))).min().unwrap_or_default();
        for needle in others {
            skips.nearer.resize(1 << 16, 0);
            for (pair, distance) in needle[..skips.shortest].windows(2).zip(1..) {
                for [first, second] in spellings(pair[0], pair[1]) {
                    let nearer = &mut skips.nearer[place(first, second)];
                    *nearer = distance.max(*nearer);
                }
            }
        }
        for (number, needle) in needles.iter().enumerate() {
            let kind = if is_mark(&needle[0]) { &mut skips.marked } else { &mut skips.others };
            kind.push(Filed { number, first: needle[0] });
        }
        skips
    }

    /// As [`Search::find`](super::Search::find).
    pub(super) fn find(&self, text: &[u8], from: usize, mut counts: impl FnMut(usize, usize) -> bool) -> Option<usize> {
        let mut any = |needles: &[Filed], start: usize| {
            let first = text[start].to_ascii_lowercase();
            needles.iter().any(|needle| needle.first == first && counts(needle.number, start))
        };
        let mut start = from;
        while start < text.len() {
            let end = text.len().min(start + STRETCH);
            let other = self.next_other(text, start, end);
            let next = other.map_or(end, |other| other + 1);
            let mut marks = start;
            while let Some(distance) = first_mark(text.get(marks..next).unwrap_or_default()) {
                if any(&self.marked, marks + distance) {
                    return Some(marks + distance);
                }
                marks += distance + 1;
            }
            if other.is_some_and(|other| any(&self.others, other)) {
                return other;
            }
            start = next;
        }
        None
    }

    /// Where, from `start` to `end`, a needle without a mark may start.
    fn next_other(&self, text: &[u8], start: usize, end: usize) -> Option<usize> {
        let usual = self.shortest.checked_sub(1)?;
        // Where the first byte of the pair stands that ends the shortest needle.
        let mut at = start + usual - 1;
        let end = text.len().min(end + usual).saturating_sub(1);
        while at < end {
            let skip = usual - usize::from(self.nearer[place(text[at], text[at + 1])]);
            if skip == 0 {
                return Some(at + 1 - usual);
            }
            at += skip;
        }
        None
    }
}

fn place(first: u8, second: u8) -> usize {
    usize::from(u16::from_le_bytes([first, second]))
}

fn spellings(first: u8, second: u8) -> impl Iterator<Item = [u8; 2]> {
    let cases = |byte: u8| [byte, byte.to_ascii_uppercase()];
    cases(first).into_iter().flat_map(move |first| cases(second).map(|second| [first, second]))
}

fn is_mark(byte: &u8) -> bool {
    !byte.is_ascii() || *byte == b'\\'
}

/// Where the first mark is.
fn first_mark(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    // In a byte that is a mark, the highest bit gets set; in others only behind one.
    let marks = |word: u64| ((word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES) | word) & (ONES << 7);
    let is_clean = |chunk: &&[u8; 32]| {
        let (words, _) = chunk.as_chunks::<8>();
        words.iter().fold(0, |all, word| all | marks(u64::from_le_bytes(*word))) == 0
    };
    let clean = 32 * text.as_chunks::<32>().0.iter().take_while(is_clean).count();
    text[clean..].iter().position(is_mark).map(|distance| clean + distance)
}
