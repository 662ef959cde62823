//! What a run did so far: written by the pipeline, read by those who watch it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use weir_engine::program::RuleMeta;

use crate::judge::Judged;

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Events that were read.
    pub events_in: u64,
    /// Events that were delivered.
    pub events_out: u64,
    /// Events that came in a request which couldn't be delivered; its sender knows, and has them still.
    pub returned: u64,
    /// Events that came in a request which was refused further down for good; its sender knows, and most likely drops them.
    pub rejected: u64,
    /// Events that won't be delivered, and that nobody has any more.
    pub lost: u64,
    /// Copies of matching events that won't be delivered as alerts; the events themselves went on.
    pub alerts_lost: u64,
    /// Bytes that were read, newlines included.
    pub bytes_in: u64,
    /// Bytes that were delivered.
    pub bytes_out: u64,
    /// Events that match any rule, and aren't suppressed for all of them.
    pub matching_events: u64,
    /// Events that match each rule, by the rule's id; without what is suppressed.
    pub matches: BTreeMap<String, RuleMatches>,
    /// Matches that an exception suppresses.
    pub suppressed: u64,
    /// Events that couldn't be judged, by reason.
    pub unjudged: BTreeMap<&'static str, u64>,
    /// The first event that was tagged.
    pub example: Option<Bytes>,
    /// From the first to the last step.
    pub elapsed: Duration,
}

/// How often a rule matched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleMatches {
    /// The rule's name.
    pub name: String,
    /// How many events it matched.
    pub events: u64,
}

/// The summary of a run that goes on.
#[derive(Debug, Default)]
pub struct Totals(Mutex<Summary>);

impl Totals {
    /// How far the run is.
    pub fn now(&self) -> Summary {
        self.lock().clone()
    }

    /// So many events have come.
    pub(crate) fn received(&self, events: u64) {
        self.lock().events_in += events;
    }

    /// So many events won't be delivered, and nobody has them any more.
    pub(crate) fn lost(&self, events: u64) {
        self.lock().lost += events;
    }

    /// So many copies of matching events were refused for good.
    pub(crate) fn alerts_lost(&self, events: u64) {
        self.lock().alerts_lost += events;
    }

    /// So many events stay with the sender of the request that they came in.
    pub(crate) fn returned(&self, events: u64) {
        self.lock().returned += events;
    }

    /// So many events of a request were refused for good; its sender has been told.
    pub(crate) fn rejected(&self, events: u64) {
        self.lock().rejected += events;
    }

    /// All of `judged`, which findings of `rules` are about, was delivered, as so many bytes.
    pub(crate) fn delivered(&self, judged: &Judged, bytes: usize, rules: &[RuleMeta]) {
        self.lock().add(judged, bytes, rules);
    }

    fn lock(&self) -> MutexGuard<'_, Summary> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Summary {
    /// How many events were read, and not yet delivered, lost, or left with their sender.
    pub fn open(&self) -> u64 {
        self.events_in - self.events_out - self.returned - self.rejected - self.lost
    }

    fn add(&mut self, judged: &Judged, bytes_out: usize, rules: &[RuleMeta]) {
        self.events_out += judged.events;
        self.bytes_in += judged.bytes as u64;
        self.bytes_out += bytes_out as u64;
        self.matching_events += judged.tagged.matching_events();
        for (number, events) in &judged.tagged.matches {
            let rule = &rules[*number as usize];
            let matches = self.matches.entry(rule.id.clone()).or_default();
            matches.events += events;
            if matches.name != rule.name {
                matches.name.clone_from(&rule.name);
            }
        }
        self.suppressed += judged.tagged.suppressed.values().sum::<u64>();
        for (reason, events) in &judged.tagged.unjudged {
            *self.unjudged.entry(reason).or_default() += events;
        }
        if self.example.is_none() {
            self.example = judged.tagged.matching.first().cloned();
        }
    }
}
