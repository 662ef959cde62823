//! Lets a detector rest that can judge nothing, so that events aren't held up in vain; doesn't know what it judges.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Adds up the time that was lost on batches in a row of which no event could be judged. Time, not batches: a poisonous
/// event now and then that fails at once holds nothing up, and must not blind the detector for the others.
pub(super) struct Breaker {
    rest_after: Duration,
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lost: Duration,
    resting_until: Option<Instant>,
}

impl Breaker {
    /// A breaker that lets a detector rest for `rest` once it has lost `rest_after`.
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

    /// Learns whether any event of an admitted batch could be judged, and how long that took.
    pub(super) fn record(&self, judged_any: bool, spent: Duration, now: Instant) {
        let mut state = self.lock();
        if judged_any {
            state.lost = Duration::ZERO;
            if state.resting_until.take().is_some() {
                tracing::info!("the detector judges again");
            }
            return;
        }
        state.lost += spent;
        if state.lost < self.rest_after {
            return;
        }
        if state.resting_until.is_none() {
            tracing::warn!(
                lost_seconds = state.lost.as_secs_f64(),
                rest_seconds = self.rest.as_secs_f64(),
                "the detector held events up and judged none, so it rests: events pass unjudged"
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

    /// A breaker that has seen this many batches fail, each of which took a second.
    fn failed(times: u32, now: Instant) -> Breaker {
        let breaker = Breaker::new(3 * SECOND, REST);
        for _ in 0..times {
            assert!(breaker.admits(now));
            breaker.record(false, SECOND, now);
        }
        breaker
    }

    #[test]
    fn rests_only_when_three_seconds_in_a_row_are_lost() {
        let now = Instant::now();
        let breaker = failed(2, now);
        breaker.record(true, SECOND, now);
        breaker.record(false, SECOND, now);
        breaker.record(false, SECOND, now);
        assert!(breaker.admits(now), "a success in between starts the count anew");
        breaker.record(false, SECOND, now);
        assert!(!breaker.admits(now));
    }

    #[test]
    fn failing_at_once_is_no_reason_to_rest() {
        let now = Instant::now();
        let breaker = failed(0, now);
        for _ in 0..1000 {
            breaker.record(false, Duration::from_micros(50), now);
        }
        assert!(breaker.admits(now));
    }

    #[test]
    fn tries_one_batch_after_the_rest_and_rests_again_if_that_fails() {
        let now = Instant::now();
        let breaker = failed(3, now);
        assert!(!breaker.admits(now + REST / 2));
        let later = now + REST;
        assert!(breaker.admits(later));
        assert!(!breaker.admits(later), "the others wait for the outcome");
        breaker.record(false, SECOND, later);
        assert!(!breaker.admits(later + REST / 2));
        assert!(breaker.admits(later + REST));
    }

    #[test]
    fn judges_again_once_a_batch_succeeds() {
        let now = Instant::now();
        let breaker = failed(3, now);
        let later = now + REST;
        assert!(breaker.admits(later));
        breaker.record(true, SECOND, later);
        assert!(breaker.admits(later) && breaker.admits(later));
        breaker.record(false, SECOND, later);
        assert!(breaker.admits(later), "one second is not three");
    }
}
