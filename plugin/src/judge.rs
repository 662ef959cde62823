//! One chunk of the stream in, the same chunk with tags out: asks the guest, tags, counts. Knows neither source nor sink.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tracing::warn;

use crate::batch::{Batch, Chunk};
use crate::config::OnError;
use crate::guest::{Failure, Guest, Judgement, Reason, Unjudged};
use crate::tag::{BatchTagger, End, Tagged};

/// How many times too large an event may be and still be held to be marked.
const HELD: usize = 4;

/// A detector, and what to do with what it says. Shared by all workers.
pub struct Judge {
    guest: Guest,
    tagger: BatchTagger,
    max_event_bytes: usize,
    last_warning: Mutex<Option<Instant>>,
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
    batch: Batch,
    judgement: Judgement,
}

impl Judge {
    /// Judges with `guest`. Events beyond `max_event_bytes` aren't put to it.
    pub fn new(guest: Guest, max_event_bytes: usize, on_error: OnError) -> Self {
        // Such an event and a batch at its largest must fit into one batch.
        let held_event_bytes = max_event_bytes.saturating_mul(HELD).min(Batch::MAX_BYTES / 2);
        let tagger = BatchTagger::new(guest.rules(), held_event_bytes, on_error);
        Self { guest, tagger, max_event_bytes, last_warning: Mutex::new(None) }
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
            Chunk::Events(batch) => {
                let judgement = self.ask(&batch);
                self.tag(Rest { batch, judgement })
            }
            Chunk::Piece { bytes, first } => self.pass_piece(bytes, first),
        }
    }

    /// Tags what was judged, or as much of it as may be held at once.
    pub fn tag(&self, Rest { batch, mut judgement }: Rest) -> Judged {
        let spent = std::mem::take(&mut judgement.spent);
        let failure = judgement.failure.take();
        let (tagged, end) = self.tagger.tag(&batch, &judgement);
        self.warn_unjudged(&tagged, failure.as_ref());
        let (done, then) = match end {
            End::Batch => (batch, Then::Next),
            End::Unjudged { line, reason } => (batch.part(0..line as usize), Then::Stop(reason.label())),
            End::Full { line } => {
                let judgement = judgement.split_off(line);
                let rest = Rest { batch: batch.part(line as usize..batch.lines()), judgement };
                (batch.part(0..line as usize), Then::Rest(rest))
            }
        };
        Judged { events: done.events(), bytes: done.bytes().len(), tagged, spent, then }
    }

    /// Puts everything to the guest that isn't too large.
    fn ask(&self, batch: &Batch) -> Judgement {
        if batch.bytes().len() <= self.max_event_bytes {
            return self.guest.judge(batch.bytes(), batch.ends());
        }
        let mut all = Judgement::default();
        let mut next = 0;
        let too_large = |line: &usize| batch.line(*line).len() > self.max_event_bytes;
        for line in (0..batch.lines()).filter(too_large) {
            all.append(self.ask_part(batch, next..line), next as u32);
            all.unjudged.push(Unjudged { event: line as u32, reason: Reason::TooLarge });
            next = line + 1;
        }
        all.append(self.ask_part(batch, next..batch.lines()), next as u32);
        all
    }

    fn ask_part(&self, batch: &Batch, lines: Range<usize>) -> Judgement {
        let part = batch.part(lines);
        self.guest.judge(part.bytes(), part.ends())
    }

    /// Passes a piece of an event on that is far too large. It can't be marked: its end isn't known yet.
    fn pass_piece(&self, bytes: Bytes, first: bool) -> Judged {
        let (tagged, end) = self.tagger.pass_piece(bytes, first);
        self.warn_unjudged(&tagged, None);
        let then = match end {
            End::Unjudged { reason, .. } => Then::Stop(reason.label()),
            End::Batch | End::Full { .. } => Then::Next,
        };
        let bytes = tagged.pieces.iter().map(Bytes::len).sum();
        let events = tagged.unjudged.values().sum();
        Judged { events, bytes, tagged, spent: Duration::ZERO, then }
    }

    /// Says at most once a second that events went on unjudged; metrics and the summary have all of them.
    fn warn_unjudged(&self, tagged: &Tagged, failure: Option<&Failure>) {
        if tagged.unjudged.is_empty() {
            return;
        }
        let mut last = self.last_warning.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= Duration::from_secs(1)) {
            *last = Some(Instant::now());
            for (reason, events) in &tagged.unjudged {
                warn!(reason, events, failure = failure.map(tracing::field::display), "events went on unjudged");
            }
        }
    }
}
