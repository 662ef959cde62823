//! What a batch is answered with: findings, faults, and the events about which nothing is known.

use std::fmt;
use std::time::Duration;

/// What a detector says of a batch. Events are numbered by their lines, from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Which rules matched, in the order of the events, then the rules, then the exceptions.
    pub findings: Vec<Finding>,
    /// The lines that aren't JSON objects, as far as the detector looked, or are too much for some rule; in order. The latter
    /// may have findings of other rules.
    pub malformed: Vec<u32>,
    /// The events that couldn't be judged, in order.
    pub unjudged: Vec<Unjudged>,
    /// What first went wrong, for the log.
    pub failure: Option<Failure>,
    /// Time spent in the detector.
    pub spent: Duration,
}

/// A rule matched an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The event's line.
    pub event: u32,
    /// The rule's place in [`Guest::rules`](super::Guest::rules).
    pub rule: u32,
    /// An exception that covers the match: its place in [`Guest::exceptions`](super::Guest::exceptions).
    pub exception: Option<u32>,
}

/// An event that couldn't be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// The event's line.
    pub event: u32,
    /// Why. If the time for the batch ran out before the event stood alone, why the events around it couldn't be judged.
    pub reason: Reason,
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Failure {
    /// How.
    pub reason: Reason,
    /// In what way exactly.
    pub detail: String,
}

/// Why an event couldn't be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The detector trapped: it ran into a fault of its own, or out of stack.
    Trap,
    /// The detector took too long.
    Deadline,
    /// The detector trapped after it was refused more memory.
    Memory,
    /// The detector's answer breaks the contract, so none of it can be trusted.
    BadReport,
    /// The detector wasn't asked: it failed on everything before, and rests.
    Resting,
    /// The detector wasn't asked: the event is longer than it may be.
    TooLarge,
    /// The event isn't a JSON object, is nested too deeply, or would be too much work for a rule.
    Malformed,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 7] =
        [Self::Trap, Self::Deadline, Self::Memory, Self::BadReport, Self::Resting, Self::TooLarge, Self::Malformed];

    /// Its name in tags and metrics; never changes.
    pub fn label(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::BadReport => "bad_report",
            Self::Resting => "resting",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl Judgement {
    /// Adds what was said of a later part of the batch, which begins at line `first`.
    pub fn append(&mut self, part: Self, first: u32) {
        let moved = |finding: Finding| Finding { event: first + finding.event, ..finding };
        self.findings.extend(part.findings.into_iter().map(moved));
        self.malformed.extend(part.malformed.into_iter().map(|event| first + event));
        let moved = |unjudged: Unjudged| Unjudged { event: first + unjudged.event, ..unjudged };
        self.unjudged.extend(part.unjudged.into_iter().map(moved));
        self.failure = self.failure.take().or(part.failure);
        self.spent += part.spent;
    }

    /// Takes away what was said of `line` and those that follow it, and gives it, numbered from `line`. The failure and
    /// the time stay.
    pub fn split_off(&mut self, line: u32) -> Self {
        let moved = |finding: Finding| Finding { event: finding.event - line, ..finding };
        let findings = self.findings.split_off(self.findings.partition_point(|finding| finding.event < line));
        let malformed = self.malformed.split_off(self.malformed.partition_point(|event| *event < line));
        let unjudged = self.unjudged.split_off(self.unjudged.partition_point(|unjudged| unjudged.event < line));
        Self {
            findings: findings.into_iter().map(moved).collect(),
            malformed: malformed.into_iter().map(|event| event - line).collect(),
            unjudged: unjudged.into_iter().map(|it| Unjudged { event: it.event - line, ..it }).collect(),
            ..Self::default()
        }
    }

    /// Notes that nothing is known about `events`.
    pub(super) fn give_up(&mut self, events: impl Iterator<Item = u32>, reason: Reason) {
        self.unjudged.extend(events.map(|event| Unjudged { event, reason }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(findings: &[u32], malformed: &[u32], unjudged: &[u32]) -> Judgement {
        Judgement {
            findings: findings.iter().map(|&event| Finding { event, rule: 7, exception: None }).collect(),
            malformed: malformed.to_vec(),
            unjudged: unjudged.iter().map(|&event| Unjudged { event, reason: Reason::Trap }).collect(),
            ..Judgement::default()
        }
    }

    #[test]
    fn a_judgement_splits_before_a_line_and_is_whole_again_when_the_part_is_appended() {
        let failure = Some(Failure { reason: Reason::Trap, detail: "poison".into() });
        let whole = Judgement { failure, spent: Duration::from_secs(1), ..said(&[0, 3, 3, 6], &[1, 4], &[2, 5]) };
        for (line, before, after) in [
            (0, said(&[], &[], &[]), said(&[0, 3, 3, 6], &[1, 4], &[2, 5])),
            (3, said(&[0], &[1], &[2]), said(&[0, 0, 3], &[1], &[2])),
            (7, said(&[0, 3, 3, 6], &[1, 4], &[2, 5]), said(&[], &[], &[])),
        ] {
            let mut first = whole.clone();
            let second = first.split_off(line);
            assert_eq!(second, after, "from line {line}");
            assert_eq!(first, Judgement { failure: whole.failure.clone(), spent: whole.spent, ..before });
            first.append(second, line);
            assert_eq!(first, whole, "split at {line}");
        }
    }
}
