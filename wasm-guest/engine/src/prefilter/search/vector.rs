//! Looks for pairs of bytes, 64 bytes at a time, with instructions that shuffle bytes.

use super::Pairs;

/// Has the machine such instructions?
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) fn is_there() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("ssse3");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// The first 64 bytes from `from` on in which pairs end: where they start, and a bit for each such end.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) fn find(pairs: &Pairs, text: &[u8], from: usize) -> Option<(usize, u64)> {
    find_shuffling(pairs, text, from)
}

/// The first 64 bytes from `from` on in which pairs end: where they start, and a bit for each such end. Nothing if the
/// machine hasn't what it takes.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "instructions that not every processor has")]
pub(super) fn find(pairs: &Pairs, text: &[u8], from: usize) -> Option<(usize, u64)> {
    if !is_there() {
        return None;
    }
    // SAFETY: the processor has the only feature that the function asks for.
    unsafe { find_shuffling(pairs, text, from) }
}

/// Nothing, since the machine hasn't what it takes.
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
pub(super) fn find(_: &Pairs, _: &[u8], _: usize) -> Option<(usize, u64)> {
    None
}

#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "ssse3"))]
fn find_shuffling(pairs: &Pairs, text: &[u8], from: usize) -> Option<(usize, u64)> {
    use crate::simd::Bytes;

    let (chunks, tail) = text.get(from..)?.as_chunks::<64>();
    let [first, second] = pairs.0.map(|halves| halves.map(|half| Bytes::load(&half)));
    let low_half = Bytes::splat(0xF);
    let look_up = |table: [Bytes; 2], bytes: Bytes| {
        table[0].look_up(bytes.and(low_half)).and(table[1].look_up(bytes.high_halves()))
    };
    let mut before = look_up(first, Bytes::splat(from.checked_sub(1).map_or(0, |before| text[before])));
    let mut find_in = |chunk: &[u8; 64]| {
        let mut ends = [Bytes::splat(0); 4];
        for (bytes, ends) in chunk.as_chunks::<16>().0.iter().zip(&mut ends) {
            let bytes = Bytes::load(bytes);
            let firsts = look_up(first, bytes);
            *ends = firsts.after_last_of(before).and(look_up(second, bytes));
            before = firsts;
        }
        let any = ends[0].or(ends[1]).or(ends[2].or(ends[3]));
        (any.nonzero() != 0).then(|| ends.iter().rev().fold(0, |mask, ends| mask << 16 | u64::from(ends.nonzero())))
    };
    for (number, chunk) in chunks.iter().enumerate() {
        if let Some(ends) = find_in(chunk) {
            return Some((from + number * 64, ends));
        }
    }
    let mut last = [0; 64];
    last[..tail.len()].copy_from_slice(tail);
    find_in(&last).map(|ends| (text.len() - tail.len(), ends))
}
