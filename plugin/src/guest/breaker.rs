//! Lets a detector rest that can judge nothing, so that events aren't held up in vain; doesn't know what it judges.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many batches in a row must fail: one that takes long says little about the next.
const FEWEST: u32 = 3;

/// Watches for a time in which not one event could be judged. It is the time that counts, however many batches are judged
/// at once: a burst of poisonous events that fail together must not blind the detector for what follows.
pub(super) struct Breaker {
    rest_after: Duration,
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failing: Option<Failing>,
    resting_until: Option<Instant>,
}

/// Failures in a row.
#[derive(Clone, Copy)]
struct Failing {
    since: Instant,
    batches: u32,
}

impl Breaker {
    /// A breaker that lets a detector rest for `rest` once it has failed on everything for `rest_after`.
    pub(super) fn new(rest_after: Duration, rest: Duration) -> Self {
        Self { rest_after, rest, state: Mutex::default() }
    }

    /// May a batch be judged now? When a rest is over, one batch may, and the others wait for its outcome.
    pub(super) fn admits(&self, now: Instant) -> bool {
        let mut state = self.lock();
        match state.resting_until {
            Some(end) if now < end => false,
            Some(_) => {
                state.resting_until = Some(now + self.rest);
                true
            }
            None => true,
        }
    }

    /// Learns that something in an admitted batch could be judged.
    pub(super) fn succeeded(&self) {
        let mut state = self.lock();
        state.failing = None;
        if state.resting_until.take().is_some() {
            tracing::info!("the detector judges again");
        }
    }

    /// Learns that nothing in an admitted batch could be judged.
    pub(super) fn failed(&self, now: Instant) {
        let mut state = self.lock();
        let failing = state.failing.get_or_insert(Failing { since: now, batches: 0 });
        failing.batches = failing.batches.saturating_add(1);
        let Failing { since, batches } = *failing;
        let failing_for = now.saturating_duration_since(since);
        if batches < FEWEST || failing_for < self.rest_after {
            return;
        }
        if state.resting_until.is_none() {
            tracing::warn!(
                batches,
                failing_seconds = failing_for.as_secs_f64(),
                rest_seconds = self.rest.as_secs_f64(),
                "the detector failed on everything, so it rests: events pass unjudged"
            );
        }
        state.resting_until = Some(now + self.rest);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(30);
    const SECOND: Duration = Duration::from_secs(1);

    /// A breaker on which batches failed at these seconds, for which it lets a detector rest after ten of them.
    fn failed_at(start: Instant, seconds: &[u32]) -> Breaker {
        let breaker = Breaker::new(10 * SECOND, REST);
        for second in seconds {
            let now = start + *second * SECOND;
            assert!(breaker.admits(now), "at {second}");
            breaker.failed(now);
        }
        breaker
    }

    #[test]
    fn rests_when_at_least_three_batches_failed_over_ten_seconds() {
        let start = Instant::now();
        let end = start + 10 * SECOND;
        for (seconds, admits) in [
            (&[0, 5, 10][..], false),
            (&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], false),
            (&[0, 5, 9], true),
            (&[0, 10], true),
            (&[10, 10, 10], true),
        ] {
            assert_eq!(failed_at(start, seconds).admits(end), admits, "{seconds:?}");
        }
    }

    #[test]
    fn sixteen_batches_that_fail_at_once_count_no_more_time_than_one() {
        let start = Instant::now();
        let breaker = failed_at(start, &[9; 16]);
        assert!(breaker.admits(start + 9 * SECOND));
    }

    #[test]
    fn a_success_in_between_starts_the_count_anew() {
        let start = Instant::now();
        let breaker = failed_at(start, &[0, 5]);
        breaker.succeeded();
        for second in [6, 10, 15] {
            breaker.failed(start + second * SECOND);
            assert!(breaker.admits(start + second * SECOND), "at {second}");
        }
        breaker.failed(start + 16 * SECOND);
        assert!(!breaker.admits(start + 16 * SECOND));
    }

    #[test]
    fn tries_one_batch_after_the_rest_and_rests_again_if_that_fails() {
        let start = Instant::now();
        let breaker = failed_at(start, &[0, 5, 10]);
        let end = start + 10 * SECOND;
        assert!(!breaker.admits(end + REST / 2));
        let later = end + REST;
        assert!(breaker.admits(later));
        assert!(!breaker.admits(later), "the others wait for the outcome");
        breaker.failed(later);
        assert!(!breaker.admits(later + REST / 2));
        assert!(breaker.admits(later + REST));
    }

    #[test]
    fn judges_again_once_a_batch_succeeds() {
        let start = Instant::now();
        let breaker = failed_at(start, &[0, 5, 10]);
        let later = start + 10 * SECOND + REST;
        assert!(breaker.admits(later));
        breaker.succeeded();
        assert!(breaker.admits(later) && breaker.admits(later));
        breaker.failed(later);
        assert!(breaker.admits(later), "one batch is not three");
    }
}
