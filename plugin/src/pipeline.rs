//! The product's loop: batches from the source are judged, tagged and sent, in their order. Knows neither which source
//! and sink it has, nor what the rules say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::judge::{Judge, Judged};
use crate::metrics::Component;
use crate::sink::{LineSink, SinkError};
use crate::source::{Chunk, Cut, LineSource, SourceError};

/// Everything that a run needs, opened and checked.
pub struct Pipeline {
    /// Where events come from.
    pub source: LineSource,
    /// How metrics label it.
    pub source_component: Component,
    /// How it cuts the stream.
    pub cut: Cut,
    /// Who judges.
    pub judge: Arc<Judge>,
    /// How many batches are judged at the same time.
    pub workers: usize,
    /// Where events go.
    pub sink: LineSink,
    /// How metrics label it.
    pub sink_component: Component,
}

/// Why a run failed. Whatever was sent before has been delivered.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// Reading failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Writing failed.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// An event couldn't be judged, and the config says to stop then.
    #[error(
        "event {event} couldn't be judged ({reason}), and `on_error` is `stop`; mend the event or the module, or set \
         `on_error: pass`"
    )]
    Unjudged {
        /// Its number in the input, from 1; blank lines aren't counted.
        event: u64,
        /// The reason, as metrics name it.
        reason: &'static str,
    },
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Events that were read.
    pub events_in: u64,
    /// Events that were delivered.
    pub events_out: u64,
    /// Bytes that were read, newlines included.
    pub bytes_in: u64,
    /// Bytes that were delivered.
    pub bytes_out: u64,
    /// Events that match any rule.
    pub matching_events: u64,
    /// Events that match each rule, by the rule's number.
    pub matches: BTreeMap<u32, u64>,
    /// Events that couldn't be judged, by reason.
    pub unjudged: BTreeMap<&'static str, u64>,
    /// The first event that was tagged.
    pub example: Option<Bytes>,
    /// From the first to the last step.
    pub elapsed: Duration,
}

/// How far a run is, for who watches it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Events delivered.
    pub events: AtomicU64,
    /// Bytes delivered.
    pub bytes: AtomicU64,
    /// Of these events, how many match a rule.
    pub matching: AtomicU64,
}

impl Pipeline {
    /// Runs until the source ends. The summary tells what was done even if the run failed.
    pub async fn run(self, progress: &Progress) -> (Summary, Result<(), PipelineError>) {
        let started = Instant::now();
        let mut summary = Summary::default();
        let ended = self.pass_on(&mut summary, progress).await;
        summary.elapsed = started.elapsed();
        (summary, ended)
    }

    async fn pass_on(mut self, summary: &mut Summary, progress: &Progress) -> Result<(), PipelineError> {
        let (chunks, queue) = mpsc::channel(self.workers);
        let reading = spawn_blocking(move || self.source.read(self.cut, &chunks));
        let judging = receive(queue).map(|chunk| judge_one(Arc::clone(&self.judge), chunk));
        // One more than there are workers: a batch lies ready while the one before is being sent.
        let mut judged = judging.buffered(self.workers + 1);
        while let Some(batch) = judged.next().await {
            summary.judged(&batch);
            let bytes = batch.tagged.pieces.iter().map(Bytes::len).sum();
            for component in [self.source_component, Component::DETECT] {
                component.received(batch.events, batch.bytes);
            }
            self.source_component.sent(batch.events, batch.bytes);
            Component::DETECT.sent(batch.events, bytes);
            self.sink_component.received(batch.events, bytes);
            if let Err(error) = self.sink.send(batch.tagged.pieces).await {
                self.sink_component.failed("writer_failed", "sending");
                self.sink_component.discarded(batch.events);
                return Err(error.into());
            }
            self.sink_component.sent(batch.events, bytes);
            summary.delivered(batch.events, bytes);
            progress.show(summary);
            if let Some(reason) = batch.stopped {
                return Err(PipelineError::Unjudged { event: summary.events_out + 1, reason });
            }
        }
        reading.await.expect("reading doesn't panic").inspect_err(|_| {
            self.source_component.failed("reader_failed", "receiving");
        })?;
        Ok(())
    }
}

fn receive(mut queue: mpsc::Receiver<Chunk>) -> impl Stream<Item = Chunk> {
    stream::poll_fn(move |context| queue.poll_recv(context))
}

async fn judge_one(judge: Arc<Judge>, chunk: Chunk) -> Judged {
    spawn_blocking(move || judge.judge(chunk)).await.expect("judging doesn't panic: a guest's trap is an answer")
}

impl Summary {
    fn judged(&mut self, batch: &Judged) {
        self.events_in += batch.events;
        self.bytes_in += batch.bytes as u64;
        self.matching_events += batch.tagged.matching_events;
        for (rule, events) in &batch.tagged.matches {
            *self.matches.entry(*rule).or_default() += events;
        }
        for (reason, events) in &batch.tagged.unjudged {
            *self.unjudged.entry(reason).or_default() += events;
        }
        if self.example.is_none() {
            self.example.clone_from(&batch.tagged.example);
        }
    }

    fn delivered(&mut self, events: u64, bytes: usize) {
        self.events_out += events;
        self.bytes_out += bytes as u64;
    }
}

impl Progress {
    fn show(&self, summary: &Summary) {
        self.events.store(summary.events_out, Ordering::Relaxed);
        self.bytes.store(summary.bytes_out, Ordering::Relaxed);
        self.matching.store(summary.matching_events, Ordering::Relaxed);
    }
}
