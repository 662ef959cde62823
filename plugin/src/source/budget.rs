//! How many bytes of requests may be held at the same time, by all connections of a source.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::listener::{CONNECTION_WINDOW, STREAM_WINDOW};

/// Bytes in one permit: a semaphore counts to 2^32 at most in one step.
const UNIT: usize = 1024;

/// Memory that even the smallest request takes.
const LEAST: usize = 16 << 10;

/// How many may wait for memory. Each leaves up to a stream's window unread, and even if all are of the same connection,
/// its window must have room for those that have memory: they'd wait for ever otherwise.
const WAITING: usize = (CONNECTION_WINDOW / STREAM_WINDOW / 2) as usize;

/// An amount of memory that requests share; clones share it too.
#[derive(Clone, Debug)]
pub struct Budget {
    free: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    units: usize,
}

/// Nothing is free, and others wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("other requests take the memory now; try again in a moment")]
pub struct Busy;

/// A request's share, given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Budget,
    permit: OwnedSemaphorePermit,
}

impl Budget {
    /// Shares out so many bytes: most of them to what senders send, the others to what is made of it. Apart, because a
    /// source that is full of requests would leave nothing for any of them to be finished with.
    pub fn split(bytes: usize) -> (Self, Self) {
        (Self::new(bytes / 4 * 3), Self::new(bytes / 4))
    }

    /// Shares out so many bytes.
    pub fn new(bytes: usize) -> Self {
        let units = bytes.div_ceil(UNIT);
        Self { free: Arc::new(Semaphore::new(units)), waiting: Arc::new(Semaphore::new(WAITING)), units }
    }

    /// Waits until so much is free, in the order of asking. More than there is counts as all of it.
    pub async fn reserve(&self, bytes: usize) -> Reservation {
        let permit = Arc::clone(&self.free).acquire_many_owned(self.permits(bytes)).await;
        Reservation { budget: self.clone(), permit: permit.expect("the semaphore is never closed") }
    }

    /// Waits likewise for a request of so many bytes, and for what finding its events takes, if they are of ordinary size: who
    /// waits here mustn't keep those from the end who have come whole.
    ///
    /// # Errors
    /// If it had to wait, but enough others do so already.
    pub async fn admit(&self, bytes: usize) -> Result<Reservation, Busy> {
        let mut reserving = pin!(self.reserve(bytes + bytes / 8 + LEAST));
        if let Some(reservation) = reserving.as_mut().now_or_never() {
            return Ok(reservation);
        }
        let _place = self.waiting.try_acquire().map_err(|_| Busy)?;
        Ok(reserving.await)
    }

    /// Bytes that are reserved now.
    pub fn reserved(&self) -> usize {
        (self.units - self.free.available_permits()) * UNIT
    }

    fn permits(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT).min(self.units)).unwrap_or(u32::MAX)
    }
}

/// Bytes that keep their share of a budget for as long as any part of them is held.
struct Counted {
    bytes: Bytes,
    _share: Reservation,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Reservation {
    /// Ties it to the bytes that it is for.
    pub fn keep_for(self, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Counted { bytes, _share: self })
    }

    /// Makes it `bytes` at least; says whether so much was free. It never waits: who holds a share and waits for more
    /// may wait for another that does the same.
    #[must_use]
    pub fn try_grow(&mut self, bytes: usize) -> bool {
        let lacking = self.budget.permits(bytes).saturating_sub(self.permit.num_permits() as u32);
        match Arc::clone(&self.budget.free).try_acquire_many_owned(lacking) {
            Ok(more) => {
                self.permit.merge(more);
                true
            }
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_reserved_is_given_back_with_the_reservation() {
        let budget = Budget::new(10 * UNIT);
        let mut first = budget.reserve(4 * UNIT).await;
        assert!(first.try_grow(8 * UNIT));
        assert!(!first.try_grow(11 * UNIT + 1) || budget.reserved() == 10 * UNIT, "more than all is all");
        drop(first);
        assert_eq!(budget.reserved(), 0);
        let all = budget.reserve(usize::MAX).await;
        assert_eq!(budget.reserved(), 10 * UNIT);
        let mut waiting = Box::pin(budget.reserve(1));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(all);
        let mut one = waiting.await;
        let _rest = budget.reserve(9 * UNIT).await;
        assert!(!one.try_grow(2 * UNIT), "nothing is free");
    }

    #[tokio::test]
    async fn so_many_wait_and_no_more() {
        let budget = Budget::new(UNIT);
        let all = budget.reserve(UNIT).await;
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(budget.admit(1))).collect();
        for one in &mut waiting {
            assert!(futures_util::poll!(one).is_pending());
        }
        assert_eq!(budget.admit(1).await.unwrap_err(), Busy);
        drop(all);
        for one in waiting {
            one.await.unwrap();
        }
    }
}
