//! One chunk of the stream in, the same chunk with tags out: asks the guest, tags, counts. Knows neither source nor sink.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tracing::warn;

use crate::batch::{Batch, is_blank};
use crate::config::OnError;
use crate::guest::{Failure, Guest, Judgement, Reason, Unjudged};
use crate::metrics;
use crate::source::Chunk;
use crate::tag::{BatchTagger, Tagged};

/// How many times too large an event may be and still be held to be marked.
const HELD: usize = 4;

/// A detector, and what to do with what it says. Shared by all workers.
pub struct Judge {
    guest: Guest,
    tagger: BatchTagger,
    rule_ids: Vec<String>,
    max_event_bytes: usize,
    on_error: OnError,
    last_warning: Mutex<Option<Instant>>,
}

/// A chunk that was judged.
#[derive(Debug)]
pub struct Judged {
    /// How many events are in it.
    pub events: u64,
    /// How many bytes came.
    pub bytes: usize,
    /// What goes on.
    pub tagged: Tagged,
    /// Everything from the next event on is held back, for this reason.
    pub stopped: Option<&'static str>,
}

impl Judge {
    /// Judges with `guest`. Events beyond `max_event_bytes` aren't put to it.
    pub fn new(guest: Guest, max_event_bytes: usize, on_error: OnError) -> Self {
        let tagger = BatchTagger::new(guest.rules(), held_event_bytes(max_event_bytes));
        let rule_ids = guest.rules().iter().map(|rule| rule.id.clone()).collect();
        Self { guest, tagger, rule_ids, max_event_bytes, on_error, last_warning: Mutex::new(None) }
    }

    /// The longest event that need be held: a longer one is neither judged nor marked, so it may come in pieces. How a
    /// stream is cut must not change what becomes of it.
    pub fn held_event_bytes(&self) -> usize {
        held_event_bytes(self.max_event_bytes)
    }

    /// The detector.
    pub fn guest(&self) -> &Guest {
        &self.guest
    }

    /// Judges a chunk and tags it. Blocks its thread while the guest works.
    pub fn judge(&self, chunk: Chunk) -> Judged {
        match chunk {
            Chunk::Events(batch) => self.judge_events(batch),
            Chunk::Piece { bytes, first } => self.pass_piece(bytes, first),
        }
    }

    fn judge_events(&self, mut batch: Batch) -> Judged {
        let mut judgement = self.ask(&batch);
        let mut stopped = None;
        if self.on_error == OnError::Stop
            && let Some(first) = judgement.first_unjudged()
        {
            stopped = Some(first.reason.label());
            judgement.forget_from(first.event);
            batch = batch.part(0..first.event as usize);
        }
        let tagged = self.tagger.tag(&batch, &judgement);
        self.tell(&tagged, judgement.spent, judgement.failure.as_ref());
        let is_event = |line: &usize| !is_blank(&batch.bytes()[batch.line(*line)]);
        let events = (0..batch.lines()).filter(is_event).count() as u64;
        Judged { events, bytes: batch.bytes().len(), tagged, stopped }
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
        let too_large = Reason::TooLarge.label();
        if first && self.on_error == OnError::Stop {
            return Judged { events: 0, bytes: 0, tagged: Tagged::default(), stopped: Some(too_large) };
        }
        let length = bytes.len();
        let unjudged = first.then_some((too_large, 1)).into_iter().collect();
        let tagged = Tagged { pieces: vec![bytes], unjudged, ..Tagged::default() };
        self.tell(&tagged, Duration::ZERO, None);
        Judged { events: u64::from(first), bytes: length, tagged, stopped: None }
    }

    /// Counts what was found, and says at most once a second that events went on unjudged.
    fn tell(&self, tagged: &Tagged, spent: Duration, failure: Option<&Failure>) {
        metrics::judged(tagged, &self.rule_ids, spent);
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

fn held_event_bytes(max_event_bytes: usize) -> usize {
    // Such an event and a batch at its largest must fit into one batch.
    max_event_bytes.saturating_mul(HELD).min(Batch::MAX_BYTES / 2)
}
