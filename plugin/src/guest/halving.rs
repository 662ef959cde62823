//! Finds the events on which a detector fails, in a bounded time: what fails is halved until the poisonous event stands
//! alone, and its neighbours are judged. Doesn't know how a call is made.

use std::iter;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::ticker::TICK;
use super::{Failure, Judgement, Reason};
use crate::batch::is_blank;

/// How many deadlines a batch may take over all attempts.
pub(super) const PATIENCE: u32 = 8;
/// Into how many parts a batch is cut before parts get more than their share of the deadline. If parts only ever got
/// their share, a batch on which the detector is slow throughout would be too slow however finely it is cut.
const SHARES: u32 = 16;
/// Shortest deadline of a part: less can't be measured.
const SHORTEST: Duration = TICK.saturating_mul(2);

/// The lines of a batch.
pub(super) struct Lines<'a> {
    /// What `ends` counts in.
    pub(super) bytes: &'a [u8],
    /// Where each ends, its newline included.
    pub(super) ends: &'a [u32],
}

impl<'a> Lines<'a> {
    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.ends.len() as u32
    }

    fn cut(&self, lines: &Range<u32>) -> &'a [u8] {
        let end_of = |line: Option<u32>| line.map_or(0, |line| self.ends[line as usize] as usize);
        &self.bytes[end_of(lines.start.checked_sub(1))..end_of(lines.end.checked_sub(1))]
    }

    /// Those of the lines that are events: a blank one isn't.
    pub(super) fn events(&self, lines: Range<u32>) -> impl Iterator<Item = u32> {
        lines.filter(|line| !is_blank(self.cut(&(*line..*line + 1))))
    }
}

/// What is still to be judged.
struct Part {
    lines: Range<u32>,
    /// How the detector failed on the part around it, unless this is the whole batch.
    reason: Reason,
}

/// Judges `lines` with `detect`, which gets bytes, the number of lines in them, and the time that it may take.
///
/// When all attempts together have taken [`PATIENCE`] deadlines, the events that are left are given up, for the reason for
/// which the part around them failed: it tells what is wrong with the detector, which needn't be that it is slow.
pub(super) fn judge(
    lines: &Lines<'_>,
    deadline: Duration,
    mut detect: impl FnMut(&[u8], u32, Duration) -> Result<Judgement, Failure>,
) -> Judgement {
    let budget = deadline.saturating_mul(PATIENCE);
    let shortest = SHORTEST.max(deadline / SHARES);
    let mut judgement = Judgement::default();
    // The next part lies on top, so events are met in their order.
    let mut parts: Vec<Part> = iter::once(Part { lines: 0..lines.count(), reason: Reason::Deadline }).collect();
    while let Some(part) = parts.pop() {
        let left = budget.saturating_sub(judgement.spent);
        if left.is_zero() {
            judgement.give_up(lines.events(part.lines), part.reason);
            continue;
        }
        let bytes = lines.cut(&part.lines);
        let share = deadline.mul_f64(bytes.len() as f64 / lines.bytes.len().max(1) as f64);
        let started = Instant::now();
        let answer = detect(bytes, part.lines.len() as u32, share.max(shortest).min(left));
        judgement.spent += started.elapsed();
        match answer {
            Ok(report) => judgement.append(report, part.lines.start),
            Err(failure) => {
                match halves(&part.lines) {
                    Some(halves) => parts.extend(halves.map(|lines| Part { lines, reason: failure.reason })),
                    None => judgement.give_up(lines.events(part.lines), failure.reason),
                }
                judgement.failure.get_or_insert(failure);
            }
        }
    }
    judgement
}

/// The later half, then the earlier one; none of a single line.
fn halves(lines: &Range<u32>) -> Option<[Range<u32>; 2]> {
    let middle = lines.start + lines.len() as u32 / 2;
    (middle > lines.start).then_some([middle..lines.end, lines.start..middle])
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use proptest::prelude::*;

    use super::*;
    use crate::guest::Finding;

    const DEADLINE: Duration = Duration::from_secs(10);

    /// Lines of one letter each.
    fn judge_letters(
        letters: &str,
        deadline: Duration,
        detect: impl FnMut(&[u8], u32, Duration) -> Result<Judgement, Failure>,
    ) -> Judgement {
        let bytes: String = letters.chars().flat_map(|letter| [letter, '\n']).collect();
        let ends: Vec<u32> = (1..=letters.len() as u32).map(|line| 2 * line).collect();
        judge(&Lines { bytes: bytes.as_bytes(), ends: &ends }, deadline, detect)
    }

    /// Finds `m`, calls `x` malformed, fails on `!`.
    fn detect(bytes: &[u8], events: u32, _: Duration) -> Result<Judgement, Failure> {
        assert_eq!(bytes.len(), 2 * events as usize);
        if bytes.contains(&b'!') {
            return Err(Failure { reason: Reason::Trap, detail: "poison".into() });
        }
        let places = |letter| (0..events).filter(move |event| bytes[2 * *event as usize] == letter);
        Ok(Judgement {
            findings: places(b'm').map(|event| Finding { event, rule: 0, exception: None }).collect(),
            malformed: places(b'x').collect(),
            ..Judgement::default()
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

    /// The deadlines that the parts get of a batch with a poisonous event.
    fn deadlines(letters: &str, deadline: Duration) -> Vec<Duration> {
        let mut deadlines = Vec::new();
        judge_letters(letters, deadline, |bytes, events, deadline| {
            deadlines.push(deadline);
            detect(bytes, events, deadline)
        });
        deadlines
    }

    #[test]
    fn a_part_gets_its_share_of_the_deadline_but_no_less_than_the_shortest() {
        let second = Duration::from_secs(1);
        let [half, quarter] = [second / 2, second / 4];
        assert_eq!(deadlines("!...", second), [second, half, quarter, quarter, half]);
        let of_32 = deadlines(&format!("!{}", ".".repeat(31)), second);
        assert_eq!(of_32.iter().min(), Some(&(second / 16)));
        assert_eq!(deadlines("!...", 2 * SHORTEST), [2 * SHORTEST, SHORTEST, SHORTEST, SHORTEST, SHORTEST]);
    }

    #[test]
    fn a_uniformly_slow_batch_is_judged_in_parts() {
        let mut taken = Duration::ZERO;
        let judgement = judge_letters(&"m".repeat(64), DEADLINE, |bytes, events, deadline| {
            // All of it would take a quarter more than there is.
            let needed = DEADLINE.mul_f64(1.25 * f64::from(events) / 64.0);
            taken += needed.min(deadline);
            if needed > deadline {
                return Err(Failure { reason: Reason::Deadline, detail: "too slow".into() });
            }
            detect(bytes, events, deadline)
        });
        assert_eq!(judgement.unjudged, []);
        assert_eq!(judgement.findings.len(), 64);
        assert!(taken < PATIENCE * DEADLINE, "{taken:?}");
    }

    #[test]
    fn a_batch_that_fails_everywhere_costs_no_more_than_eight_deadlines() {
        let deadline = 4 * TICK;
        let judgement = judge_letters(&"!".repeat(64), deadline, |_, _, deadline| {
            sleep(deadline);
            Err(Failure { reason: Reason::Deadline, detail: "too slow".into() })
        });
        assert_eq!(judgement.unjudged.len(), 64);
        assert!(judgement.unjudged.iter().all(|unjudged| unjudged.reason == Reason::Deadline));
        assert!(judgement.spent < deadline * PATIENCE + Duration::from_secs(1), "{:?}", judgement.spent);
    }

    #[test]
    fn what_is_given_up_has_the_reason_for_which_the_part_around_it_failed() {
        let deadline = SHORTEST;
        let judgement = judge_letters("!.......", deadline, |bytes, _, _| {
            // The first failure takes all the patience there is.
            sleep(deadline * PATIENCE);
            detect(bytes, bytes.len() as u32 / 2, deadline)
        });
        assert_eq!(judgement.unjudged.len(), 8);
        assert!(judgement.unjudged.iter().all(|unjudged| unjudged.reason == Reason::Trap), "{judgement:?}");
    }

    #[test]
    fn a_blank_line_is_no_event_that_could_go_unjudged() {
        let bytes = b"\n!\n \t\r\n!\n\n";
        let lines = Lines { bytes, ends: &[1, 3, 7, 9, 10] };
        let fail = |_: &[u8], _, _| Err(Failure { reason: Reason::Trap, detail: "poison".into() });
        let unjudged = judge(&lines, DEADLINE, fail).unjudged;
        assert_eq!(unjudged.iter().map(|unjudged| unjudged.event).collect::<Vec<_>>(), [1, 3]);
    }
}
