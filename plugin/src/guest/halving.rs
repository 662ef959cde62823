//! Finds the events on which a detector fails, in a bounded time: what fails is halved until the poisonous event stands
//! alone, and its neighbours are judged. Doesn't know how a call is made.

use std::iter;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::report::Checked;
use super::ticker::TICK;
use super::{Failure, Finding, Judgement, Reason};

/// How many deadlines a batch may take over all attempts.
pub(super) const PATIENCE: u32 = 8;
/// Shortest deadline of a part: less, and a busy machine would make poison of good events.
const SHORTEST: Duration = TICK.saturating_mul(10);

/// The events of a batch, one a line.
pub(super) struct Lines<'a> {
    /// What `ends` counts in.
    pub(super) bytes: &'a [u8],
    /// For each event, where it ends, its newline included.
    pub(super) ends: &'a [u32],
}

impl<'a> Lines<'a> {
    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.ends.len() as u32
    }

    fn cut(&self, events: &Range<u32>) -> &'a [u8] {
        let end_of = |event: Option<u32>| event.map_or(0, |event| self.ends[event as usize] as usize);
        &self.bytes[end_of(events.start.checked_sub(1))..end_of(events.end.checked_sub(1))]
    }
}

/// Judges `lines` with `detect`, which gets bytes, the number of events in them, and the time that it may take.
pub(super) fn judge(
    lines: &Lines<'_>,
    deadline: Duration,
    mut detect: impl FnMut(&[u8], u32, Duration) -> Result<Checked, Failure>,
) -> Judgement {
    let budget = deadline.saturating_mul(PATIENCE);
    let mut judgement = Judgement::default();
    // The next part lies on top, so events are met in their order.
    let mut parts: Vec<Range<u32>> = iter::once(0..lines.count()).collect();
    while let Some(part) = parts.pop() {
        let left = budget.saturating_sub(judgement.spent);
        if left.is_zero() {
            judgement.give_up(part, Reason::Deadline);
            continue;
        }
        let bytes = lines.cut(&part);
        let share = deadline.mul_f64(bytes.len() as f64 / lines.bytes.len().max(1) as f64);
        let started = Instant::now();
        let answer = detect(bytes, part.len() as u32, share.max(SHORTEST).min(left));
        judgement.spent += started.elapsed();
        match answer {
            Ok(report) => judgement.add(part.start, report),
            Err(failure) => {
                if part.len() == 1 {
                    judgement.give_up(part, failure.reason);
                } else {
                    let middle = part.start + part.len() as u32 / 2;
                    parts.extend([middle..part.end, part.start..middle]);
                }
                judgement.failure.get_or_insert(failure);
            }
        }
    }
    judgement
}

impl Judgement {
    fn add(&mut self, first: u32, report: Checked) {
        let numbered = |finding: Finding| Finding { event: first + finding.event, ..finding };
        self.findings.extend(report.findings.into_iter().map(numbered));
        self.malformed.extend(report.malformed.into_iter().map(|event| first + event));
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use proptest::prelude::*;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(10);

    /// Lines of one letter each.
    fn judge_letters(
        letters: &str,
        deadline: Duration,
        detect: impl FnMut(&[u8], u32, Duration) -> Result<Checked, Failure>,
    ) -> Judgement {
        let bytes: String = letters.chars().flat_map(|letter| [letter, '\n']).collect();
        let ends: Vec<u32> = (1..=letters.len() as u32).map(|line| 2 * line).collect();
        judge(&Lines { bytes: bytes.as_bytes(), ends: &ends }, deadline, detect)
    }

    /// Finds `m`, calls `x` malformed, fails on `!`.
    fn detect(bytes: &[u8], events: u32, _: Duration) -> Result<Checked, Failure> {
        assert_eq!(bytes.len(), 2 * events as usize);
        if bytes.contains(&b'!') {
            return Err(Failure { reason: Reason::Trap, detail: "poison".into() });
        }
        let places = |letter| (0..events).filter(move |event| bytes[2 * *event as usize] == letter);
        Ok(Checked {
            findings: places(b'm').map(|event| Finding { event, rule: 0 }).collect(),
            malformed: places(b'x').collect(),
        })
    }

    proptest! {
        #[test]
        fn exactly_the_poisonous_events_are_unjudged_and_all_others_judged(letters in "[mx!.]{1,64}") {
            let judgement = judge_letters(&letters, DEADLINE, detect);
            let places = |letter| (0..).zip(letters.chars()).filter(move |(_, c)| *c == letter).map(|(event, _)| event);
            let found: Vec<u32> = judgement.findings.iter().map(|finding| finding.event).collect();
            let unjudged: Vec<u32> = judgement.unjudged.iter().map(|unjudged| unjudged.event).collect();
            prop_assert_eq!(found, places('m').collect::<Vec<u32>>());
            prop_assert_eq!(&judgement.malformed, &places('x').collect::<Vec<u32>>());
            prop_assert_eq!(&unjudged, &places('!').collect::<Vec<u32>>());
            prop_assert_eq!(judgement.failure.is_some(), letters.contains('!'));
        }
    }

    #[test]
    fn a_part_gets_its_share_of_the_deadline_but_no_less_than_the_shortest() {
        let mut deadlines = Vec::new();
        let deadline = 4 * SHORTEST;
        judge_letters("!.......", deadline, |bytes, events, deadline| {
            deadlines.push(deadline);
            detect(bytes, events, deadline)
        });
        let half = deadline / 2;
        assert_eq!(deadlines, [deadline, half, SHORTEST, SHORTEST, SHORTEST, SHORTEST, half]);
    }

    #[test]
    fn a_batch_that_fails_everywhere_costs_no_more_than_eight_deadlines() {
        let deadline = 2 * TICK;
        let judgement = judge_letters(&"!".repeat(64), deadline, |_, _, deadline| {
            sleep(deadline);
            Err(Failure { reason: Reason::Deadline, detail: "too slow".into() })
        });
        assert_eq!(judgement.unjudged.len(), 64);
        assert!(judgement.unjudged.iter().all(|unjudged| unjudged.reason == Reason::Deadline));
        assert!(judgement.spent < deadline * PATIENCE + DEADLINE / 10, "{:?}", judgement.spent);
    }
}
