//! Reads and decompresses a request's body within the memory that it may take; knows nothing of events.

use std::io::{self, Write};

use axum::body::{Body, HttpBody};
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt;
use tokio::time::timeout_at;
use zstd::stream::write::Decoder as ZstdDecoder;

use super::Limits;
use super::refusal::Refusal;
use crate::batch::Batch;
use crate::source::budget::{Budget, Reservation};
use crate::source::compressed::{EXPECTED_RATIO, ZSTD_WINDOW_LOG};
use crate::source::pace::Pace;

/// Bytes that are reserved for a body whose length isn't known.
const UNKNOWN_LENGTH: usize = 64 << 10;

/// How a body was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

/// A body, decompressed, and the memory that is reserved for it.
pub(super) struct Held {
    pub(super) bytes: Vec<u8>,
    reservation: Reservation,
    max: usize,
}

/// Reads `body` to its end. Waits for memory before the first byte of it is read, but not amid it.
pub(super) async fn read(
    body: &mut Body,
    encoding: Encoding,
    budget: &Budget,
    limits: Limits,
) -> Result<Held, Refusal> {
    let max = limits.max_body;
    let guess = match body.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX)) {
        Some(length) if length > max => return Err(Refusal::TooLarge(max)),
        Some(length) if encoding == Encoding::Identity => length,
        Some(length) => length.saturating_mul(EXPECTED_RATIO).min(max),
        None => UNKNOWN_LENGTH.min(max),
    };
    let reservation = budget.admit(guess).await.map_err(|_| Refusal::Busy)?;
    let mut decoder = Decoder::new(encoding, Held { bytes: Vec::with_capacity(guess + 1), reservation, max })?;
    let mut pace = Pace::new(limits.stall);
    while let Some(frame) =
        timeout_at(pace.deadline(), body.frame()).await.map_err(|_| Refusal::Stalled(limits.stall))?
    {
        let frame = frame.map_err(|error| Refusal::Body(io::Error::other(error)))?;
        if let Some(data) = frame.data_ref() {
            pace.came(data.len());
            decoder.write(data)?;
        }
    }
    decoder.finish()
}

impl Held {
    /// Ends the last line: what comes next on the way out is another request's. Reserves what finding the lines takes.
    pub(super) fn end_last_line(&mut self) -> Result<(), Refusal> {
        if !self.bytes.ends_with(b"\n") {
            self.bytes.push(b'\n');
        }
        let lines = memchr::memchr_iter(b'\n', &self.bytes).count();
        let is_free = self.reservation.try_grow(self.bytes.len() + lines * Batch::BYTES_PER_LINE);
        if is_free { Ok(()) } else { Err(Refusal::Busy) }
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Write for Held {
    /// Takes all of `more`, unless the body becomes too long or memory is short.
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let len = self.bytes.len() + more.len();
        if len > self.max {
            return Err(io::Error::other(Refusal::TooLarge(self.max)));
        }
        if len > self.bytes.capacity() {
            let capacity = (2 * self.bytes.capacity()).clamp(len, self.max);
            if !self.reservation.try_grow(capacity) {
                return Err(io::Error::other(Refusal::Busy));
            }
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Decoder {
    Identity(Held),
    Gzip(Box<MultiGzDecoder<Held>>),
    Zstd(ZstdDecoder<'static, Held>),
}

impl Decoder {
    fn new(encoding: Encoding, held: Held) -> Result<Self, Refusal> {
        Ok(match encoding {
            Encoding::Identity => Self::Identity(held),
            Encoding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(held))),
            Encoding::Zstd => {
                let mut decoder = ZstdDecoder::new(held).map_err(Refusal::Body)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(Refusal::Body)?;
                Self::Zstd(decoder)
            }
        })
    }

    fn write(&mut self, data: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Identity(held) => held.write_all(data),
            Self::Gzip(decoder) => decoder.write_all(data),
            Self::Zstd(decoder) => decoder.write_all(data),
        }
        .map_err(refusal)
    }

    fn finish(self) -> Result<Held, Refusal> {
        match self {
            Self::Identity(held) => Ok(held),
            Self::Gzip(decoder) => decoder.finish(),
            Self::Zstd(decoder) => decoder.finish(),
        }
        .map_err(refusal)
    }
}

/// What `Held` refused, through a decoder, or why the decoder did.
fn refusal(error: io::Error) -> Refusal {
    error.downcast().unwrap_or_else(Refusal::Body)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn held(budget: &Budget, guess: usize, max: usize) -> Held {
        Held { bytes: Vec::with_capacity(guess), reservation: budget.reserve(guess).await, max }
    }

    /// What a refused write is refused for.
    fn refused(written: io::Result<()>) -> Refusal {
        refusal(written.unwrap_err())
    }

    proptest! {
        #[test]
        fn memory_is_reserved_before_it_is_taken_and_never_more_than_the_longest_body(
            guess in 0..64_usize << 10,
            writes in prop::collection::vec(0..40_usize << 10, 0..12),
        ) {
            let (budget, max) = (Budget::new(1 << 20), 128 << 10);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut held = runtime.block_on(held(&budget, guess, max));
            let mut len = 0;
            for write in writes {
                len += write;
                match held.write_all(&vec![b'x'; write]) {
                    Ok(()) => prop_assert_eq!(held.bytes.len(), len),
                    Err(error) => {
                        prop_assert!(len > max);
                        prop_assert!(matches!(refusal(error), Refusal::TooLarge(_)));
                        break;
                    }
                }
                prop_assert!(budget.reserved() >= held.bytes.capacity(), "{} reserved", budget.reserved());
                prop_assert!(budget.reserved() <= max);
            }
        }
    }

    #[tokio::test]
    async fn a_body_does_not_grow_into_the_memory_of_others() {
        let budget = Budget::new(8 << 10);
        let mut first = held(&budget, 1 << 10, usize::MAX).await;
        let second = held(&budget, 4 << 10, usize::MAX).await;
        first.write_all(&[b'x'; 2 << 10]).unwrap();
        assert!(matches!(refused(first.write_all(&[b'x'; 4 << 10])), Refusal::Busy));
        drop(second);
        first.write_all(&[b'x'; 4 << 10]).unwrap();
    }
}
