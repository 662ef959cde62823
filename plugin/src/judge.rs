//! One chunk of the stream in, the same chunk with tags out: asks the guest, tags, counts. Knows neither source nor sink.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use tracing::warn;
use weir_engine::tag::Tagger;
use weir_native::project::Projection;
use weir_native::push::Push;

use crate::batch::{Batch, Chunk, Events, Form};
use crate::config::Detect;
use crate::exceptions;
use crate::guest::{Failure, Guest, Judgement, Reason, Unjudged};
use crate::occasionally::Occasionally;
use crate::tag::{BatchTagger, End, Tagged};

/// How many times too large an event may be and still be held to be marked.
const HELD: usize = 4;

/// A detector, and what to do with what it says. Shared by all workers.
pub struct Judge {
    guest: Guest,
    projection: Projection,
    tagger: BatchTagger,
    max_event_bytes: usize,
    unjudged: Occasionally,
}

/// A chunk that was judged, or the first part of one to which much was added.
#[derive(Debug)]
pub struct Judged {
    /// How many events go on.
    pub events: u64,
    /// How many bytes of what came they are.
    pub bytes: usize,
    /// What goes on.
    pub tagged: Tagged,
    /// Time that the guest took.
    pub spent: Duration,
    /// What follows.
    pub then: Then,
}

/// What follows a part of a chunk.
#[derive(Debug)]
pub enum Then {
    /// The next chunk.
    Next,
    /// The rest of this one, judged but not yet tagged.
    Rest(Rest),
    /// Nothing: the next event couldn't be judged, for this reason, and the config says to stop then.
    Stop(&'static str),
}

/// What is judged but not yet tagged.
#[derive(Debug)]
pub struct Rest {
    events: Events,
    judgement: Judgement,
}

impl Rest {
    /// The form in which it came.
    pub fn form(&self) -> Form {
        self.events.form()
    }
}

impl Judge {
    /// Judges with `guest`, as `detect` says: events beyond its `max_event_bytes` aren't put to the guest.
    pub fn new(guest: Guest, detect: &Detect) -> Self {
        let max_event_bytes = detect.max_event_bytes;
        // Such an event and a batch at its largest must fit into one batch.
        let held_event_bytes = max_event_bytes.saturating_mul(HELD).min(Batch::MAX_BYTES / 2);
        let tagger = Tagger::new(guest.rules(), guest.exceptions());
        let tagger = BatchTagger::new(tagger, held_event_bytes, detect.on_error, detect.suppressed);
        Self {
            projection: Projection::new(guest.fields().iter().map(String::as_str)),
            guest,
            tagger,
            max_event_bytes,
            unjudged: Occasionally::default(),
        }
    }

    /// The longest event that need be held: a longer one is neither judged nor marked, so it may come in pieces. How a
    /// stream is cut must not change what becomes of it.
    pub fn held_event_bytes(&self) -> usize {
        self.tagger.longest_marked()
    }

    /// The detector.
    pub fn guest(&self) -> &Guest {
        &self.guest
    }

    /// Judges a chunk and tags it. Blocks its thread while the guest works.
    pub fn judge(&self, chunk: Chunk) -> Judged {
        match chunk {
            Chunk::Events(events) => {
                let judgement = match &events {
                    Events::Lines(batch) => self.ask(batch),
                    Events::Native(push) => self.ask_projected(push),
                };
                self.tag(Rest { events, judgement })
            }
            Chunk::Piece { bytes, first } => self.pass_piece(bytes, first),
        }
    }

    /// Tags what was judged, or as much of it as may be held at once.
    pub fn tag(&self, Rest { events, mut judgement }: Rest) -> Judged {
        let spent = std::mem::take(&mut judgement.spent);
        let failure = judgement.failure.take();
        let (tagged, end) = self.tagger.tag(&events, &judgement);
        self.warn_unjudged(&tagged.unjudged, failure.as_ref());
        let (done, then) = match end {
            End::Batch => (events, Then::Next),
            End::Unjudged { line, reason } => (events.part(0..line as usize), Then::Stop(reason.label())),
            End::Full { line } => {
                let judgement = judgement.split_off(line);
                let rest = Rest { events: events.part(line as usize..events.places()), judgement };
                (events.part(0..line as usize), Then::Rest(rest))
            }
        };
        Judged { events: done.events(), bytes: done.bytes().len(), tagged, spent, then }
    }

    /// Has a batch judged; of each match that exceptions cover, it tells the one that suppresses it now.
    pub(crate) fn ask(&self, batch: &Batch) -> Judgement {
        let mut judgement = self.ask_guest(batch);
        exceptions::settle(&mut judgement.findings, self.guest.exceptions(), exceptions::now());
        judgement
    }

    /// Puts everything to the guest that isn't too large, in parts that aren't too large either.
    fn ask_guest(&self, batch: &Batch) -> Judgement {
        if batch.bytes().len() <= self.max_event_bytes {
            return self.guest.judge(batch.bytes(), batch.ends());
        }
        let mut all = Judgement::default();
        let mut part = 0..0;
        let mut part_bytes = 0;
        for line in 0..batch.lines() {
            let bytes = batch.line(line).len();
            let is_too_large = bytes > self.max_event_bytes;
            if is_too_large || part_bytes + bytes > self.max_event_bytes {
                all.append(self.ask_part(batch, part.clone()), part.start as u32);
                part = line..line;
                part_bytes = 0;
            }
            if is_too_large {
                all.unjudged.push(Unjudged { event: line as u32, reason: Reason::TooLarge });
                part = line + 1..line + 1;
            } else {
                part.end = line + 1;
                part_bytes += bytes + 1;
            }
        }
        all.append(self.ask_part(batch, part.clone()), part.start as u32);
        all
    }

    fn ask_part(&self, batch: &Batch, lines: Range<usize>) -> Judgement {
        let part = batch.part(lines);
        self.guest.judge(part.bytes(), part.ends())
    }

    /// Puts to the guest what the rules read of each event. What isn't for rules, such as a metric, is a blank line.
    fn ask_projected(&self, push: &Push) -> Judgement {
        let mut lines = Vec::new();
        let mut malformed = Vec::new();
        for event in 0..push.len() {
            let start = lines.len();
            if self.projection.line(push.wrapper(event), &mut lines).is_err() {
                lines.truncate(start);
                malformed.push(event as u32);
            }
            lines.push(b'\n');
        }
        let mut judgement = self.ask(&Batch::new(Bytes::from(lines)));
        judgement.malformed.extend(malformed);
        judgement.malformed.sort_unstable();
        judgement
    }

    /// Passes a piece of an event on that is far too large. It can't be marked: its end isn't known yet.
    fn pass_piece(&self, bytes: Bytes, first: bool) -> Judged {
        let (tagged, end) = self.tagger.pass_piece(bytes, first);
        self.warn_unjudged(&tagged.unjudged, None);
        let then = match end {
            End::Unjudged { reason, .. } => Then::Stop(reason.label()),
            End::Batch | End::Full { .. } => Then::Next,
        };
        let bytes = tagged.pieces.iter().map(Bytes::len).sum();
        let events = tagged.unjudged.values().sum();
        Judged { events, bytes, tagged, spent: Duration::ZERO, then }
    }

    /// Says at most once a second that events went on unjudged; metrics and the summary have all of them.
    pub(crate) fn warn_unjudged(&self, unjudged: &BTreeMap<&'static str, u64>, failure: Option<&Failure>) {
        if unjudged.is_empty() || self.unjudged.say().is_none() {
            return;
        }
        for (reason, events) in unjudged {
            warn!(reason, events, failure = failure.map(tracing::field::display), "events went on unjudged");
        }
    }
}
