//! Patience with a sink that can't take events now, for sources that can't be told to come again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tonic::Status;
use tracing::{info, warn};

use crate::delivery::is_permanent;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
const WARN_EVERY: Duration = Duration::from_secs(10);

/// How long to wait between attempts: at random up to a bound that doubles each time, so that many who wait for the same
/// sink don't come back all at once.
#[derive(Clone, Debug)]
pub struct Backoff {
    bound: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { bound: SHORTEST }
    }
}

impl Backoff {
    /// How long to wait before the next attempt.
    pub fn next_pause(&mut self) -> Duration {
        let pause = self.bound.mul_f64(random());
        self.bound = (self.bound * 2).min(LONGEST);
        pause
    }
}

/// From 0 to 1. Each `RandomState` has other keys.
fn random() -> f64 {
    RandomState::new().hash_one(()) as f64 / u64::MAX as f64
}

/// Tries until `sink` takes what it is offered.
///
/// # Errors
/// Only if trying again would be in vain.
pub async fn until_taken<A, F, T>(sink: &str, mut attempt: A) -> Result<T, Status>
where
    A: FnMut() -> F,
    F: Future<Output = Result<T, Status>>,
{
    let mut status = match attempt().await {
        Ok(taken) => return Ok(taken),
        Err(status) => status,
    };
    let failing = Instant::now();
    let mut warned = None;
    let mut backoff = Backoff::default();
    while !is_permanent(&status) {
        if warned.is_none_or(|warned: Instant| warned.elapsed() >= WARN_EVERY) {
            let seconds = failing.elapsed().as_secs();
            warn!(sink, code = ?status.code(), message = status.message(), seconds, "cannot deliver; trying again");
            warned = Some(Instant::now());
        }
        sleep(backoff.next_pause()).await;
        match attempt().await {
            Ok(taken) => {
                info!(sink, seconds = failing.elapsed().as_secs(), "delivering again");
                return Ok(taken);
            }
            Err(again) => status = again,
        }
    }
    Err(status)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn pauses_are_random_up_to_a_bound_that_doubles_to_half_a_minute() {
        for (attempt, bound) in [1, 2, 4, 8, 16, 30, 30].into_iter().enumerate() {
            let pauses: Vec<Duration> = (0..200)
                .map(|_| {
                    let mut backoff = Backoff::default();
                    (0..attempt).for_each(|_| _ = backoff.next_pause());
                    backoff.next_pause()
                })
                .collect();
            let (least, most) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
            let bound = Duration::from_secs(bound);
            assert!(*most <= bound && *most > bound.mul_f64(0.8) && *least < bound.mul_f64(0.2), "{least:?} {most:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_yet_be_taken_is_offered_until_it_is() {
        let attempts = Cell::new(0);
        let taken = until_taken("sink", || {
            attempts.set(attempts.get() + 1);
            std::future::ready(if attempts.get() < 50 { Err(Status::unavailable("")) } else { Ok(()) })
        });
        taken.await.unwrap();
        assert_eq!(attempts.get(), 50);
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_never_be_taken_is_given_back() {
        let answers = Cell::new([Status::data_loss("no"), Status::internal("later")].to_vec());
        let refused = until_taken("sink", || {
            let mut left = answers.take();
            let answer = left.pop().unwrap();
            answers.set(left);
            std::future::ready(Err::<(), _>(answer))
        });
        assert_eq!(refused.await.unwrap_err().message(), "no");
        assert!(answers.take().is_empty());
    }
}
