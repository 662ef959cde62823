//! Says what happens often no more than once a second, and how often it was.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Something that peers can make happen as often as they like, but that is said once a second at most.
#[derive(Default)]
pub(crate) struct Occasionally {
    unsaid: AtomicU64,
    said: Mutex<Option<Instant>>,
}

impl Occasionally {
    /// It has happened. If it shall be said: how many times since it last was.
    pub(crate) fn say(&self) -> Option<u64> {
        self.unsaid.fetch_add(1, Ordering::Relaxed);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_some_and(|said| said.elapsed() < Duration::from_secs(1)) {
            return None;
        }
        *said = Some(Instant::now());
        Some(self.unsaid.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_often_is_said_once_and_counted() {
        let failures = Occasionally::default();
        assert_eq!(failures.say(), Some(1));
        assert_eq!(failures.say(), None);
        assert_eq!(failures.say(), None);
        *failures.said.lock().unwrap() = Instant::now().checked_sub(Duration::from_secs(2));
        assert_eq!(failures.say(), Some(3));
    }
}
