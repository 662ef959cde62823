//! Puts what was found into events: the host's bytes with tags added. Knows nothing of how it was found.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use weir_engine::tag::{self, Match, NotAnObject, Tagger};
use weir_native::push::Push;
use weir_native::tag::{self as native, NotALog};

use crate::batch::{Events, Form};
use crate::config::{OnError, Suppressed};
use crate::guest::{Finding, Judgement, Reason};

/// Events as they go on.
#[derive(Debug, Default)]
pub struct Tagged {
    /// All bytes, in order; what no rule matched is shared with the batch that came.
    pub pieces: Vec<Bytes>,
    /// How many events match each rule, by the rule's number; without what is suppressed.
    pub matches: BTreeMap<u32, u64>,
    /// How many matches of each rule are suppressed.
    pub suppressed: BTreeMap<u32, u64>,
    /// How many events couldn't be judged, by reason.
    pub unjudged: BTreeMap<&'static str, u64>,
    /// The events that match any rule, and aren't suppressed for all of them; tagged.
    pub matching: Vec<Bytes>,
    /// Bytes of the pieces that aren't shared with what came.
    pub added: usize,
}

/// More than tags ever add to one event, in bytes.
const MOST_ADDED: usize = 1 << 20;

/// What there is to say about one line.
struct Outcome<'j> {
    line: u32,
    findings: &'j [Finding],
    /// Why some rules couldn't judge it, or all.
    unjudged: Option<Reason>,
}

/// How far a batch was tagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// To its end.
    Batch,
    /// To this line: with what was added, it is as much as should be held at once.
    Full {
        /// The first line that isn't in it.
        line: u32,
    },
    /// To this line: it couldn't be judged, and the config says to stop then.
    Unjudged {
        /// The first line that isn't in it.
        line: u32,
        /// Why it couldn't.
        reason: Reason,
    },
}

/// Adds tags to batches.
#[derive(Debug)]
pub struct BatchTagger {
    tagger: Tagger,
    longest_marked: usize,
    on_error: OnError,
    suppressed: Suppressed,
}

impl BatchTagger {
    /// Bytes of tagged events that are held at once, give or take one event: a rule that matches small events makes
    /// many times as much of them.
    const MOST_HELD: usize = 8 << 20;

    /// Prepares to tag with `tagger`. Events beyond `longest_marked` bytes aren't marked.
    pub fn new(tagger: Tagger, longest_marked: usize, on_error: OnError, suppressed: Suppressed) -> Self {
        Self { tagger, longest_marked, on_error, suppressed }
    }

    /// The longest event that is marked if it can't be judged, in bytes.
    pub fn longest_marked(&self) -> usize {
        self.longest_marked
    }

    /// Tags what `judgement` found in `events`, and marks what couldn't be judged.
    pub fn tag(&self, events: &Events, judgement: &Judgement) -> (Tagged, End) {
        let mut writer = Writer::of(events);
        let mut tagged = Tagged::default();
        for Outcome { line, findings, unjudged } in outcomes(judgement) {
            if writer.added.len() >= Self::MOST_HELD {
                return (writer.finish(tagged, line), End::Full { line });
            }
            let is_too_large = !findings.is_empty() && writer.is_too_large(line);
            let (findings, mut reason) =
                if is_too_large { (&[][..], Some(Reason::TooLarge)) } else { (findings, unjudged) };
            if reason.is_none() || self.on_error == OnError::Pass {
                match self.write_line(line, findings, reason, &mut writer) {
                    Ok(()) => tagged.add_match(findings),
                    // The detector needn't look for faults in a line, but nothing can be added to this one.
                    Err(NotAnObject) => reason = reason.or(Some(Reason::Malformed)),
                }
            }
            let Some(reason) = reason else { continue };
            if self.on_error == OnError::Stop {
                return (writer.finish(tagged, line), End::Unjudged { line, reason });
            }
            *tagged.unjudged.entry(reason.label()).or_default() += 1;
        }
        (writer.finish(tagged, events.places() as u32), End::Batch)
    }

    /// Passes a piece of an event on that is too long to be marked.
    pub fn pass_piece(&self, bytes: Bytes, first: bool) -> (Tagged, End) {
        let reason = Reason::TooLarge;
        if first && self.on_error == OnError::Stop {
            return (Tagged::default(), End::Unjudged { line: 0, reason });
        }
        let unjudged = first.then_some((reason.label(), 1)).into_iter().collect();
        (Tagged { pieces: vec![bytes], unjudged, ..Tagged::default() }, End::Batch)
    }

    /// Tags a line with what was found in it, and marks it if some rules couldn't judge it, or all; or leaves it as it is.
    fn write_line(
        &self,
        line: u32,
        found: &[Finding],
        unjudged: Option<Reason>,
        writer: &mut Writer<'_>,
    ) -> Result<(), NotAnObject> {
        let is_told = |finding: &&Finding| finding.exception.is_none() || self.suppressed == Suppressed::Mark;
        let matches: Vec<Match> = found.iter().filter(is_told).map(Match::from).collect();
        let mark = unjudged.filter(|_| writer.events.event(line as usize).len() <= self.longest_marked);
        if matches.is_empty() && mark.is_none() {
            return Ok(());
        }
        let written = writer.replace(line, |events, place, out| match events {
            Events::Lines(batch) => self.rewrite(&batch.bytes()[batch.line(place)], &matches, mark, out),
            Events::Native(push) => {
                let mut wrapper = Vec::new();
                self.rewrite_native(push.wrapper(place), &matches, mark, &mut wrapper).map_err(|_| NotAnObject)?;
                push.put_instead(place, &wrapper, out);
                Ok(())
            }
        })?;
        if found.iter().any(|finding| finding.exception.is_none()) {
            writer.matching.push(written);
        }
        Ok(())
    }

    fn rewrite(
        &self,
        event: &[u8],
        matches: &[Match],
        mark: Option<Reason>,
        out: &mut Vec<u8>,
    ) -> Result<(), NotAnObject> {
        let Some(reason) = mark else { return self.tagger.tag(event, matches, out) };
        let mut tagged = Vec::new();
        self.tagger.tag(event, matches, &mut tagged)?;
        tag::mark_unjudged(&tagged, reason.label(), out)
    }

    fn rewrite_native(
        &self,
        wrapper: &[u8],
        matches: &[Match],
        mark: Option<Reason>,
        out: &mut Vec<u8>,
    ) -> Result<(), NotALog> {
        let Some(reason) = mark else { return native::tagged(wrapper, &self.tagger, matches, out) };
        let mut tagged = Vec::new();
        native::tagged(wrapper, &self.tagger, matches, &mut tagged)?;
        native::marked(&tagged, reason.label(), out)
    }
}

impl From<&Finding> for Match {
    fn from(finding: &Finding) -> Self {
        Self { rule: finding.rule, suppressed_by: finding.exception }
    }
}

impl Tagged {
    /// How many events match any rule, and aren't suppressed for all of them.
    pub fn matching_events(&self) -> u64 {
        self.matching.len() as u64
    }

    fn add_match(&mut self, findings: &[Finding]) {
        for finding in findings {
            let counts = if finding.exception.is_some() { &mut self.suppressed } else { &mut self.matches };
            *counts.entry(finding.rule).or_default() += 1;
        }
    }
}

/// What there is to say about lines, in their order; most lines aren't mentioned.
fn outcomes(judgement: &Judgement) -> impl Iterator<Item = Outcome<'_>> {
    let mut matches = judgement.findings.chunk_by(|one, next| one.event == next.event).peekable();
    let mut malformed = judgement.malformed.iter().copied().peekable();
    let mut unjudged = judgement.unjudged.iter().peekable();
    std::iter::from_fn(move || {
        let next_ones = [
            matches.peek().map(|found| found[0].event),
            malformed.peek().copied(),
            unjudged.peek().map(|one| one.event),
        ];
        let line = next_ones.into_iter().flatten().min()?;
        let findings = matches.next_if(|findings| findings[0].event == line).unwrap_or_default();
        let malformed = malformed.next_if_eq(&line).map(|_| Reason::Malformed);
        let unjudged = unjudged.next_if(|one| one.event == line).map(|one| one.reason);
        Some(Outcome { line, findings, unjudged: malformed.or(unjudged) })
    })
}

/// Puts the events together anew, without copying what stays as it was.
struct Writer<'e> {
    events: &'e Events,
    /// How far into the events everything has been written.
    sent: usize,
    /// All events that were added to, and what stands between them.
    added: Vec<u8>,
    parts: Vec<Part>,
    /// Where in `added` the events lie that match.
    matching: Vec<Range<usize>>,
}

enum Part {
    Came(Range<usize>),
    Added(Range<usize>),
}

impl<'e> Writer<'e> {
    fn of(events: &'e Events) -> Self {
        Self { events, sent: 0, added: Vec::new(), parts: Vec::new(), matching: Vec::new() }
    }

    /// Would the event, if tagged, be more than a Vector takes?
    fn is_too_large(&self, line: u32) -> bool {
        self.events.form() == Form::Native && self.events.event(line as usize).len() > Push::MAX_BYTES - MOST_ADDED
    }

    /// Writes what stands before `line`, then what `rewrite` makes of the line; returns where that lies in `added`.
    fn replace(
        &mut self,
        line: u32,
        rewrite: impl FnOnce(&Events, usize, &mut Vec<u8>) -> Result<(), NotAnObject>,
    ) -> Result<Range<usize>, NotAnObject> {
        let place = self.events.event(line as usize);
        let between = self.sent..place.start;
        let before = self.added.len();
        // Two such events in a row become one piece, the newline between them included. But a large one stays by itself: with
        // others it might be more than fits into a push.
        let is_large = place.len() > BatchTagger::MOST_HELD;
        let in_a_row = between.len() <= 1 && !is_large && matches!(self.parts.last(), Some(Part::Added(_)));
        if in_a_row {
            self.added.extend_from_slice(&self.events.bytes()[between.clone()]);
        }
        let start = self.added.len();
        if let Err(error) = rewrite(self.events, line as usize, &mut self.added) {
            self.added.truncate(before);
            return Err(error);
        }
        let written = start..self.added.len();
        match self.parts.last_mut() {
            Some(Part::Added(last)) if in_a_row => last.end = written.end,
            _ => self.parts.extend([Part::Came(between), Part::Added(written.clone())]),
        }
        self.sent = place.end;
        Ok(written)
    }

    /// Writes what stands before `line`, the first that isn't wanted.
    fn finish(mut self, tagged: Tagged, line: u32) -> Tagged {
        self.parts.push(Part::Came(self.sent..self.events.start(line as usize)));
        let added = Bytes::from(self.added);
        let pieces = self.parts.into_iter().map(|part| match part {
            Part::Came(range) => self.events.bytes().slice(range),
            Part::Added(range) => added.slice(range),
        });
        let pieces = pieces.filter(|piece| !piece.is_empty()).collect();
        let matching = self.matching.into_iter().map(|range| added.slice(range)).collect();
        Tagged { pieces, matching, added: added.len(), ..tagged }
    }
}

#[cfg(test)]
mod tests;
