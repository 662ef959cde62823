//! Compares what a case expects with what became of its event, and keeps each line of the difference.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Case, Member};
use crate::harness::Outcome;

/// A case's expectations beside what became of its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Why the event couldn't be judged.
    pub unjudged: Option<&'static str>,
    /// The ids of the rules that match, and aren't suppressed.
    pub matches: Vec<Line<String>>,
    /// The ids of the rules that match, but are suppressed by an exception.
    pub suppressed: Vec<Line<String>>,
    /// What the event must hold when it goes on.
    pub expect: Vec<Line<Member>>,
}

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<T> {
    /// Found as expected.
    Same(T),
    /// Expected, but not found.
    Missing(T),
    /// Found instead, or too much.
    Unexpected(T),
}

impl Case {
    /// Compares what became of the event with what was expected.
    pub fn compare(&self, outcome: &Outcome) -> Verdict {
        Verdict {
            unjudged: outcome.unjudged,
            matches: compare_rules(&self.matches, &outcome.matches),
            suppressed: compare_rules(&self.suppressed, &outcome.suppressed),
            expect: compare_members(&self.expect, outcome),
        }
    }
}

impl Verdict {
    /// Was the event judged, and is there no difference?
    pub fn passed(&self) -> bool {
        let mut rules = self.matches.iter().chain(&self.suppressed);
        self.unjudged.is_none() && rules.all(Line::is_same) && self.expect.iter().all(Line::is_same)
    }
}

impl<T> Line<T> {
    /// Is it no difference?
    pub fn is_same(&self) -> bool {
        matches!(self, Self::Same(_))
    }
}

fn compare_rules(expected: &BTreeSet<String>, found: &[String]) -> Vec<Line<String>> {
    let all: BTreeSet<&String> = expected.iter().chain(found).collect();
    let line = |id: &String| match (expected.contains(id), found.contains(id)) {
        (true, true) => Line::Same(id.clone()),
        (true, false) => Line::Missing(id.clone()),
        (false, _) => Line::Unexpected(id.clone()),
    };
    all.into_iter().map(line).collect()
}

/// Each value that is expected; after those of one name of which some are missing, what is there instead.
fn compare_members(expected: &[Member], outcome: &Outcome) -> Vec<Line<Member>> {
    let event: Value = serde_json::from_slice(&outcome.event).unwrap_or_default();
    let mut lines = Vec::new();
    for members in expected.chunk_by(|one, next| one.path == next.path) {
        lines.extend(
            members.iter().cloned().map(|it| if it.is_in(&event) { Line::Same(it) } else { Line::Missing(it) }),
        );
        let instead = members[0].found_in(&event);
        if !members.iter().all(|member| member.is_in(&event)) && !instead.value.is_null() {
            lines.push(Line::Unexpected(instead));
        }
    }
    lines
}
