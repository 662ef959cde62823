//! How fast a request must come: one that holds memory and only trickles would keep others out.

use std::time::Duration;

use tokio::time::Instant;

/// Longest time between parts of a request.
pub(super) const STALL_LIMIT: Duration = Duration::from_secs(30);
/// So much is a part, or the request's end.
const PART: usize = 256 << 10;
/// Watches one request come.
#[derive(Debug)]
pub(super) struct Pace {
    stall: Duration,
    deadline: Instant,
    since: usize,
}

impl Pace {
    /// Begins now; each part may take as long as `stall`.
    pub(super) fn new(stall: Duration) -> Self {
        Self { stall, deadline: Instant::now() + stall, since: 0 }
    }

    /// Until when something must come.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// So many bytes have come.
    pub(super) fn came(&mut self, bytes: usize) {
        self.since += bytes;
        if self.since >= PART {
            self.since = 0;
            self.deadline = Instant::now() + self.stall;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_whole_part_gives_time_for_the_next_one() {
        let begun = Instant::now();
        let mut pace = Pace::new(STALL_LIMIT);
        assert_eq!(pace.deadline(), begun + STALL_LIMIT);
        tokio::time::advance(Duration::from_secs(20)).await;
        pace.came(PART - 1);
        assert_eq!(pace.deadline(), begun + STALL_LIMIT, "a trickle gains no time");
        pace.came(1);
        assert_eq!(pace.deadline(), begun + Duration::from_secs(50));
    }
}
