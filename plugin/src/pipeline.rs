//! The product's loop: events from the source are judged, tagged and sent. Knows neither which source and sink it has,
//! nor what the rules say.

mod requests;
mod stream;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::requests::Requests;
use self::stream::Stream;
use crate::metrics::{Discarded, Outlet};
use crate::route::Routes;
use crate::sink::SinkError;
use crate::source::{ListenError, Source, SourceError};
use crate::summary::{Summary, Totals};

/// Everything that a run needs, opened and checked.
pub struct Pipeline {
    /// Where events come from.
    pub source: Source,
    /// Who judges them, and where they go.
    pub routes: Routes,
    /// How many batches are judged at the same time.
    pub workers: usize,
    /// What was done so far.
    pub totals: Arc<Totals>,
    /// Cancelled when no more shall be read: from then on, what was read must be delivered within `drain`.
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
    /// Requests can't be served.
    #[error(transparent)]
    Listen(#[from] ListenError),
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
    /// The run went on to its end, but not all of it was taken further down.
    #[error("events were lost ({events} of them): nobody downstream can take them; the log says why")]
    Rejected {
        /// How many.
        events: u64,
    },
    /// All events went on, but not all alerts were taken.
    #[error("alerts were lost ({events} of them): `alerts` refused them for good; the log says why")]
    AlertsRejected {
        /// How many.
        events: u64,
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

impl Pipeline {
    /// Runs until the source ends. The summary tells what was done even if the run failed.
    pub async fn run(self) -> (Summary, Result<(), PipelineError>) {
        let started = Instant::now();
        let (totals, routes) = (Arc::clone(&self.totals), self.routes.clone());
        let (stopping, limit) = (self.stopping.clone(), self.drain);
        let ended = tokio::select! {
            ended = self.pass_on() => ended,
            () = drained(stopping, limit) => match totals.now().open() {
                // A request is still coming, and was none of ours yet.
                0 => Ok(()),
                undelivered => Err(PipelineError::Drain { undelivered, limit }),
            }
        };
        let mut summary = totals.now();
        if ended.is_err() {
            routes.now().counts.discarded(Outlet::Sink, Discarded::Undelivered, summary.open());
        }
        summary.elapsed = started.elapsed();
        let ended = match ended {
            Ok(()) if summary.lost > 0 => Err(PipelineError::Rejected { events: summary.lost }),
            Ok(()) if summary.alerts_lost > 0 => Err(PipelineError::AlertsRejected { events: summary.alerts_lost }),
            ended => ended,
        };
        (summary, ended)
    }

    async fn pass_on(self) -> Result<(), PipelineError> {
        let Self { source, routes, workers, totals, stopping, .. } = self;
        match source {
            Source::Lines(source) => Stream { routes, workers, totals }.pass_on(source, stopping).await,
            Source::Requests(source) => {
                Requests::new(routes, workers, totals, source.additions.clone()).serve(source, stopping).await
            }
        }
    }
}

async fn unless_panicked<T>(doing: &'static str, task: JoinHandle<T>) -> Result<T, PipelineError> {
    task.await.map_err(|_| PipelineError::Panic(doing))
}

/// Returns when what was read should have been delivered long since.
async fn drained(stopping: CancellationToken, limit: Duration) {
    stopping.cancelled().await;
    tokio::time::sleep(limit).await;
}
