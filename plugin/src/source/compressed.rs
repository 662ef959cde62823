//! What both protocols take for granted of compressed requests.

/// How many times longer compressed events become, by experience.
pub(super) const EXPECTED_RATIO: usize = 8;

/// A frame can't make the decoder use more than 8 MiB of its own: as much as every decoder must have, and as RFC 9659 allows
/// over HTTP. A window is held beside what is decompressed.
pub(super) const ZSTD_WINDOW_LOG: u32 = 23;
