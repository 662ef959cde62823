//! What stands where in 64 bytes, as masks: bit n tells of byte n. Knows strings, but no other grammar.

use crate::simd::Bytes;

/// The tokens of 64 bytes, and what is wrong with its strings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// `{` and `[`, `}` and `]`, colons, commas; outside strings.
    pub(super) openings: u64,
    pub(super) closings: u64,
    pub(super) colons: u64,
    pub(super) commas: u64,
    /// The quotes before and after strings.
    pub(super) starts: u64,
    pub(super) ends: u64,
    /// White space outside strings; none unless it was asked for.
    pub(super) space: u64,
    /// All else outside strings: numbers, words, and what mustn't be there.
    pub(super) plain: u64,
    /// The backslashes that start an escape in a string.
    pub(super) escapes: u64,
    /// Control characters in strings.
    pub(super) controls: u64,
    /// Bytes of characters beyond ASCII.
    pub(super) high: u64,
}

/// What one block must know of those before it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Strings {
    /// All bits, if a string is open.
    open: u64,
    /// 1, if a backslash that starts an escape was the last byte.
    escape: u64,
}

impl Block {
    /// Reads `bytes` but for the first `skipped`, which were in the block before. With `SPACED`, tells white space apart.
    #[inline]
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "ssse3"))]
    pub(super) fn read<const SPACED: bool>(bytes: &[u8; 64], skipped: u32, strings: &mut Strings) -> Self {
        let (chunks, _) = bytes.as_chunks::<16>();
        let vectors = [0, 1, 2, 3].map(|n| Bytes::load(&chunks[n]));
        let equal = |byte: u8| mask(vectors, |bytes| bytes.equal(Bytes::splat(byte))) >> skipped;
        // `[` and `{` differ in one bit, and so do `]` and `}`
        let bracket =
            |byte: u8| mask(vectors, |bytes| bytes.or(Bytes::splat(0x20)).equal(Bytes::splat(byte))) >> skipped;
        let is_rare = |bytes: Bytes| bytes.below_space_or_high().or(bytes.equal(Bytes::splat(b'\\')));
        let [first, second, third, fourth] = vectors.map(is_rare);
        let rare = first.or(second).or(third.or(fourth)).bits();

        let mut quotes = equal(b'"');
        let (mut escapes, mut controls, mut high) = (0, 0, 0);
        if rare != 0 || strings.escape != 0 {
            let escaped;
            (escapes, escaped) = strings.escapes(equal(b'\\'));
            quotes &= !escaped;
            high = mask(vectors, |bytes| bytes) >> skipped;
            controls = mask(vectors, |bytes| bytes.below_space_or_high()) >> skipped & !high;
        }
        // from each opening quote to before the closing one
        let inside = prefix_xor(quotes) ^ strings.open;
        strings.open = (inside.cast_signed() >> 63).cast_unsigned();
        let outside = !(inside | quotes) & u64::MAX >> skipped;
        let mut block = Self {
            openings: bracket(b'{') & outside,
            closings: bracket(b'}') & outside,
            colons: equal(b':') & outside,
            commas: equal(b',') & outside,
            starts: quotes & inside,
            ends: quotes & !inside,
            space: 0,
            plain: 0,
            escapes: escapes & inside,
            controls: controls & inside,
            high,
        };
        if SPACED {
            block.space = equal(b' ') & outside;
            if controls & outside != 0 {
                block.space |= (equal(b'\t') | equal(b'\r') | equal(b'\n')) & outside;
            }
        }
        block.plain = outside & !(block.separators() | block.space);
        block
    }

    /// Brackets, colons and commas.
    #[inline]
    pub(super) fn separators(&self) -> u64 {
        self.openings | self.closings | self.colons | self.commas
    }
}

impl Strings {
    /// The backslashes that start an escape, and the bytes that they escape. (As simdjson does it: a run of backslashes
    /// that starts on an odd place starts its escapes on odd places.)
    #[inline]
    fn escapes(&mut self, backslashes: u64) -> (u64, u64) {
        const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
        let may_start = backslashes & !self.escape;
        let code = ((may_start << 1 | ODD).wrapping_sub(may_start)) ^ ODD;
        let escaped = code ^ (backslashes | self.escape);
        let starts = code & backslashes;
        self.escape = starts >> 63;
        (starts, escaped)
    }
}

#[inline]
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "ssse3"))]
fn mask(vectors: [Bytes; 4], test: impl Fn(Bytes) -> Bytes) -> u64 {
    let [first, second, third, fourth] = vectors.map(|bytes| u64::from(test(bytes).bits()));
    first | second << 16 | third << 32 | fourth << 48
}

/// Each bit becomes the parity of itself and those below it.
#[inline]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}
