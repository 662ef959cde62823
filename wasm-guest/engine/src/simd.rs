//! Sixteen bytes at a time, in safe calls, for the processors and the WebAssembly that can shuffle bytes.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use core::arch::wasm32 as arch;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64 as arch;

/// A vector of 16 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Bytes(Vector);

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
type Vector = arch::v128;
#[cfg(target_arch = "x86_64")]
type Vector = arch::__m128i;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
impl Bytes {
    #[inline]
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        let [low, high] = words(bytes);
        Self(arch::i64x2(low, high))
    }

    #[inline]
    pub(crate) fn splat(byte: u8) -> Self {
        Self(arch::u8x16_splat(byte))
    }

    #[inline]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(arch::v128_and(self.0, other.0))
    }

    #[inline]
    pub(crate) fn or(self, other: Self) -> Self {
        Self(arch::v128_or(self.0, other.0))
    }

    /// The upper four bits of each byte.
    #[inline]
    pub(crate) fn high_halves(self) -> Self {
        Self(arch::u8x16_shr(self.0, 4))
    }

    /// What stands in `self` at each of `places`, which are below 16.
    #[inline]
    pub(crate) fn look_up(self, places: Self) -> Self {
        Self(arch::u8x16_swizzle(self.0, places.0))
    }

    /// The last byte of `before`, then all of `self` but its last.
    #[inline]
    pub(crate) fn after_last_of(self, before: Self) -> Self {
        Self(arch::i8x16_shuffle::<15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30>(before.0, self.0))
    }

    /// All bits of each byte that is the same in `other`.
    #[inline]
    pub(crate) fn equal(self, other: Self) -> Self {
        Self(arch::u8x16_eq(self.0, other.0))
    }

    /// All bits of each byte that is below a space, or isn't ASCII.
    #[inline]
    pub(crate) fn below_space_or_high(self) -> Self {
        Self(arch::i8x16_lt(self.0, arch::i8x16_splat(0x20)))
    }

    /// The highest bit of each byte.
    #[inline]
    pub(crate) fn bits(self) -> u16 {
        arch::u8x16_bitmask(self.0)
    }

    /// A bit for each byte that isn't zero.
    #[inline]
    pub(crate) fn nonzero(self) -> u16 {
        arch::u8x16_bitmask(arch::u8x16_ne(self.0, arch::u8x16_splat(0)))
    }
}

#[cfg(target_arch = "x86_64")]
impl Bytes {
    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        let [low, high] = words(bytes);
        Self(arch::_mm_set_epi64x(high, low))
    }

    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(crate) fn splat(byte: u8) -> Self {
        Self(arch::_mm_set1_epi8(byte.cast_signed()))
    }

    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(arch::_mm_and_si128(self.0, other.0))
    }

    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(crate) fn or(self, other: Self) -> Self {
        Self(arch::_mm_or_si128(self.0, other.0))
    }

    /// The upper four bits of each byte.
    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(crate) fn high_halves(self) -> Self {
        Self(arch::_mm_and_si128(arch::_mm_srli_epi16::<4>(self.0), arch::_mm_set1_epi8(0xF)))
    }

    /// What stands in `self` at each of `places`, which are below 16.
    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(crate) fn look_up(self, places: Self) -> Self {
        Self(arch::_mm_shuffle_epi8(self.0, places.0))
    }

    /// The last byte of `before`, then all of `self` but its last.
    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(crate) fn after_last_of(self, before: Self) -> Self {
        Self(arch::_mm_alignr_epi8::<15>(self.0, before.0))
    }

    /// All bits of each byte that is the same in `other`.
    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(crate) fn equal(self, other: Self) -> Self {
        Self(arch::_mm_cmpeq_epi8(self.0, other.0))
    }

    /// All bits of each byte that is below a space, or isn't ASCII.
    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(crate) fn below_space_or_high(self) -> Self {
        Self(arch::_mm_cmplt_epi8(self.0, arch::_mm_set1_epi8(0x20)))
    }

    /// The highest bit of each byte.
    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(crate) fn bits(self) -> u16 {
        arch::_mm_movemask_epi8(self.0) as u16
    }

    /// A bit for each byte that isn't zero.
    #[inline]
    #[target_feature(enable = "ssse3")]
    pub(crate) fn nonzero(self) -> u16 {
        !(arch::_mm_movemask_epi8(arch::_mm_cmpeq_epi8(self.0, arch::_mm_setzero_si128())) as u16)
    }
}

fn words(bytes: &[u8; 16]) -> [i64; 2] {
    let (words, _) = bytes.as_chunks::<8>();
    [i64::from_le_bytes(words[0]), i64::from_le_bytes(words[1])]
}
