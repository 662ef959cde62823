//! Finds needles without SIMD, and without looking at every byte.
//!
//! Needles that begin with a backslash or a byte beyond ASCII are short, but such bytes are rare: so they are looked for eight
//! bytes at a time. For the others a window moves over the text, as wide as the shortest of them: its last two bytes say how
//! far no needle can end (Wu and Manber's algorithm). Of a longer needle it shows the part whose end is the rarest.

use super::frequency_of;

/// So far it looks ahead for the one kind of needles before it looks for the other.
const STRETCH: usize = 1 << 10;

/// How many pairs of bytes there are.
const PAIRS: usize = 1 << 16;

#[derive(Debug)]
pub(super) struct Skips {
    /// Those that begin with a mark: a backslash or a byte beyond ASCII.
    marked: Vec<Marked>,
    /// By pair.
    others: Vec<Filed>,
    /// How many bytes the window shows; 0 if there are no others.
    width: usize,
    /// By pair of bytes: how much nearer than usual the next end may be. Zero for most, which takes no room in a snapshot.
    nearer: Box<[u8; PAIRS]>,
}

#[derive(Debug)]
struct Marked {
    number: usize,
    /// Of its bytes the first.
    first: u8,
}

#[derive(Debug)]
struct Filed {
    number: usize,
    /// The two bytes at the end of the window, in lower case.
    pair: [u8; 2],
    /// Where in the needle the window ends.
    end: usize,
}

impl Skips {
    /// Needles of two bytes or more, in lower case.
    pub(super) fn new(needles: &[&[u8]]) -> Self {
        let all = || needles.iter().copied().enumerate();
        let (marked, others): (Vec<_>, Vec<_>) = all().partition(|(_, needle)| is_mark(&needle[0]));
        let width = others.iter().map(|(_, needle)| needle.len().min(usize::from(u8::MAX))).min().unwrap_or_default();
        let mut filed: Vec<_> = others.iter().map(|(number, needle)| Filed::new(*number, needle, width)).collect();
        filed.sort_by_key(|filed| filed.pair);
        // By way of a vector: an array of that size would first be on the stack, which is small in a guest.
        let mut nearer: Box<[u8; PAIRS]> = vec![0; PAIRS].try_into().expect("it has that length");
        for Filed { number, end, .. } in &filed {
            for (pair, distance) in needles[*number][end - width..*end].windows(2).zip(1..) {
                for spelling in spellings(pair[0], pair[1]) {
                    let nearer = &mut nearer[place(spelling)];
                    *nearer = distance.max(*nearer);
                }
            }
        }
        let marked = marked.into_iter().map(|(number, needle)| Marked { number, first: needle[0] }).collect();
        Self { marked, others: filed, width, nearer }
    }

    /// As [`Search::find`](super::Search::find).
    pub(super) fn find(&self, text: &[u8], from: usize, mut counts: impl FnMut(usize, usize) -> bool) -> Option<usize> {
        // Where the pair at the end of the window begins.
        let mut pair_at = from + self.width.saturating_sub(2);
        let mut start = from;
        while start < text.len() {
            let end = text.len().min(start + STRETCH);
            let other = self.next_other(&text[..end], &mut pair_at);
            let next = other.map_or(end, |other| other + 1);
            let mut marks = start;
            while let Some(distance) = first_mark(&text[marks..next]) {
                let mark = marks + distance;
                let mut may_stand = self.marked.iter().filter(|needle| needle.first == text[mark]);
                if may_stand.any(|needle| counts(needle.number, mark)) {
                    return Some(mark);
                }
                marks = mark + 1;
            }
            if let Some(last) = other
                && self.may_end(text, last).any(|(number, start)| start >= from && counts(number, start))
            {
                return other;
            }
            start = next;
        }
        None
    }

    /// Moves the window to where it may show the end of a needle, and says where its last byte is; nothing before the end of
    /// `text`.
    fn next_other(&self, text: &[u8], pair_at: &mut usize) -> Option<usize> {
        let usual = self.width.checked_sub(1)?;
        let mut at = *pair_at;
        let mut found = None;
        while let Some(pair) = text.get(at..).and_then(<[u8]>::first_chunk) {
            let skip = usual - usize::from(self.nearer[place(*pair)]);
            if skip == 0 {
                found = Some(at + 1);
                at += 1;
                break;
            }
            at += skip;
        }
        *pair_at = at;
        found
    }

    /// The needles of which the window may show the end if its last byte is at `last`, and where they would start.
    fn may_end(&self, text: &[u8], last: usize) -> impl Iterator<Item = (usize, usize)> {
        let pair = [text[last - 1], text[last]].map(|byte| byte.to_ascii_lowercase());
        let first = self.others.partition_point(|filed| filed.pair < pair);
        let filed = self.others[first..].iter().take_while(move |filed| filed.pair == pair);
        filed.filter_map(move |filed| Some((filed.number, (last + 1).checked_sub(filed.end)?)))
    }
}

impl Filed {
    fn new(number: usize, needle: &[u8], width: usize) -> Self {
        let price = |end: &usize| frequency_of(needle[end - 2]) * frequency_of(needle[end - 1]);
        let rarest = (width..=needle.len()).min_by(|one, other| price(one).total_cmp(&price(other)));
        let end = rarest.unwrap_or(width);
        Self { number, pair: [needle[end - 2], needle[end - 1]], end }
    }
}

fn place(pair: [u8; 2]) -> usize {
    usize::from(u16::from_le_bytes(pair))
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
