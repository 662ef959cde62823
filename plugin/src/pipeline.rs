//! The product's loop: batches from the source are judged, tagged and sent, in their order. Knows neither which source
//! and sink it has, nor what the rules say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::batch::Chunk;
use crate::judge::{Judge, Judged, Then};
use crate::metrics::Counts;
use crate::sink::{LineSink, SinkError};
use crate::source::{Cut, LineSource, SourceError};

/// Everything that a run needs, opened and checked.
pub struct Pipeline {
    /// Where events come from.
    pub source: LineSource,
    /// How it cuts the stream.
    pub cut: Cut,
    /// Who judges.
    pub judge: Arc<Judge>,
    /// How many batches are judged at the same time.
    pub workers: usize,
    /// Where events go.
    pub sink: LineSink,
    /// What is counted of all this.
    pub counts: Counts,
    /// Cancelled when the source was told to stop: from then on, what was read must be delivered within `drain`.
    pub stopping: CancellationToken,
    /// Longest time for that.
    pub drain: Duration,
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
    /// What was read couldn't be delivered in time after a signal.
    #[error(
        "{undelivered} events that were read could not be delivered within {limit:?} of the signal; is the output read?"
    )]
    Drain {
        /// How many.
        undelivered: u64,
        /// The time that they had.
        limit: Duration,
    },
    /// A fault of Weir's own.
    #[error("weir has a fault, and panicked while {0}; please report what it wrote before this")]
    Panic(&'static str),
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
        let counts = self.counts.clone();
        let (stopping, limit) = (self.stopping.clone(), self.drain);
        let ended = tokio::select! {
            ended = self.pass_on(&mut summary, progress) => ended,
            () = drained(stopping, limit) => {
                let undelivered = counts.received_events().saturating_sub(progress.events.load(Ordering::Relaxed));
                Err(PipelineError::Drain { undelivered, limit })
            }
        };
        if ended.is_err() {
            counts.discarded(counts.received_events().saturating_sub(summary.events_out));
        }
        summary.events_in = counts.received_events();
        summary.elapsed = started.elapsed();
        (summary, ended)
    }

    async fn pass_on(mut self, summary: &mut Summary, progress: &Progress) -> Result<(), PipelineError> {
        let (chunks, queue) = mpsc::channel(self.workers);
        let reading = spawn_blocking(move || self.source.read(self.cut, &chunks));
        let judging = receive(queue).map(|chunk| judge(Arc::clone(&self.judge), self.counts.clone(), chunk));
        // One more than there are workers: a batch lies ready while the one before is being sent.
        let mut judged = judging.buffered(self.workers + 1);
        while let Some(mut batch) = judged.next().await.transpose()? {
            loop {
                let pieces = std::mem::take(&mut batch.tagged.pieces);
                let bytes = pieces.iter().map(Bytes::len).sum();
                self.sink.send(pieces).await.inspect_err(|_| self.counts.sink_failed())?;
                self.counts.delivered(&batch, bytes);
                summary.add(&batch, bytes);
                progress.show(summary);
                match batch.then {
                    Then::Next => break,
                    Then::Rest(rest) => {
                        let judge = Arc::clone(&self.judge);
                        batch = unless_panicked("tagging", spawn_blocking(move || judge.tag(rest))).await?;
                    }
                    Then::Stop(reason) => {
                        return Err(PipelineError::Unjudged { event: summary.events_out + 1, reason });
                    }
                }
            }
        }
        unless_panicked("reading", reading).await?.inspect_err(|_| self.counts.source_failed())?;
        Ok(())
    }
}

fn receive(mut queue: mpsc::Receiver<Chunk>) -> impl Stream<Item = Chunk> {
    stream::poll_fn(move |context| queue.poll_recv(context))
}

/// Begins to judge at once, not when the answer is first asked for: that may be after another batch has been sent.
fn judge(judge: Arc<Judge>, counts: Counts, chunk: Chunk) -> impl Future<Output = Result<Judged, PipelineError>> {
    let judging = spawn_blocking(move || {
        counts.received(&chunk);
        judge.judge(chunk)
    });
    unless_panicked("judging", judging)
}

async fn unless_panicked<T>(doing: &'static str, task: JoinHandle<T>) -> Result<T, PipelineError> {
    task.await.map_err(|_| PipelineError::Panic(doing))
}

/// Returns when what was read should have been delivered long since.
async fn drained(stopping: CancellationToken, limit: Duration) {
    stopping.cancelled().await;
    tokio::time::sleep(limit).await;
}

impl Summary {
    fn add(&mut self, batch: &Judged, bytes_out: usize) {
        self.events_out += batch.events;
        self.bytes_in += batch.bytes as u64;
        self.bytes_out += bytes_out as u64;
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
}

impl Progress {
    fn show(&self, summary: &Summary) {
        self.events.store(summary.events_out, Ordering::Relaxed);
        self.bytes.store(summary.bytes_out, Ordering::Relaxed);
        self.matching.store(summary.matching_events, Ordering::Relaxed);
    }
}
