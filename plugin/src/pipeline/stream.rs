//! Events that come by themselves, in an order that is kept: from standard input or a file. Nobody can be told that they
//! weren't delivered, so they are sent until they are.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tracing::error;

use super::{PipelineError, unless_panicked};
use crate::batch::Chunk;
use crate::judge::Then;
use crate::metrics::{Discarded, Outlet};
use crate::route::{Parcel, Route, Routes};
use crate::sink::{SendError, Sink, until_taken};
use crate::source::StreamSource;
use crate::summary::Totals;

/// What a stream needs besides its source.
pub(super) struct Stream {
    pub(super) routes: Routes,
    pub(super) workers: usize,
    pub(super) totals: Arc<Totals>,
}

impl Stream {
    /// Runs until the source ends, or is stopped by `stopping`.
    pub(super) async fn pass_on(self, source: StreamSource, stopping: CancellationToken) -> Result<(), PipelineError> {
        let StreamSource { lines, stop, cut } = source;
        let _guard = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move {
            stopping.cancelled().await;
            drop(stop);
        }));
        let (chunks, queue) = mpsc::channel(self.workers);
        let reading = spawn_blocking(move || lines.read(cut, &chunks));
        let judging = receive(queue).map(|chunk| self.judge(chunk));
        // One more than there are workers: a batch lies ready while the one before is being sent.
        let mut judged = judging.buffered(self.workers + 1);
        while let Some((route, mut parcel)) = judged.next().await.transpose()? {
            loop {
                self.send(&route, &parcel).await?;
                parcel = match parcel.then() {
                    Then::Next => break,
                    Then::Rest(rest) => {
                        let route = Arc::clone(&route);
                        unless_panicked("tagging", spawn_blocking(move || route.tag(rest))).await?
                    }
                    Then::Stop(reason) => {
                        return Err(PipelineError::Unjudged { event: self.totals.now().events_out + 1, reason });
                    }
                };
            }
        }
        let read = unless_panicked("reading", reading).await?;
        Ok(read.inspect_err(|_| self.routes.now().counts.source_failed())?)
    }

    /// Begins to judge at once, not when the answer is first asked for: that may be after another batch has been sent.
    fn judge(&self, chunk: Chunk) -> impl Future<Output = Result<(Arc<Route>, Parcel), PipelineError>> + use<> {
        let (route, totals) = (self.routes.now(), Arc::clone(&self.totals));
        let judging = spawn_blocking(move || {
            let events = chunk.events();
            totals.received(events);
            route.counts.received(events, chunk.size());
            let parcel = route.judge(chunk);
            (route, parcel)
        });
        unless_panicked("judging", judging)
    }

    /// Sends everything, and what matches to who wants it, until it is taken or refused for good.
    async fn send(&self, judged_by: &Route, parcel: &Parcel) -> Result<(), PipelineError> {
        let counts = &judged_by.counts;
        // Both at once: one that waits must not keep the other from being asked.
        let (all, alerts) = tokio::join!(self.send_by(Outlet::Sink, parcel), self.send_by(Outlet::Alerts, parcel));
        match all? {
            Ok(bytes) => {
                counts.delivered(&parcel.judged, bytes);
                self.totals.delivered(&parcel.judged, bytes, judged_by.judge.guest().rules());
            }
            Err(status) => {
                let events = parcel.judged.events;
                error!(%status, events, "events were refused for good, and are lost");
                counts.discarded(Outlet::Sink, Discarded::Rejected, events);
                self.totals.lost(events);
            }
        }
        if parcel.lost > 0 {
            error!(events = parcel.lost, "events are too large, or not what Vector makes, and are lost");
            counts.discarded(Outlet::Sink, Discarded::Unencodable, parcel.lost);
            self.totals.lost(parcel.lost);
        }
        let matching = parcel.judged.tagged.matching_events();
        match alerts? {
            Ok(0) => {}
            Ok(bytes) => counts.alerted(matching, bytes),
            Err(status) => {
                error!(%status, events = matching, "alerts were refused for good, and are lost");
                counts.alerts_lost(matching);
                self.totals.alerts_lost(matching);
            }
        }
        Ok(())
    }

    async fn send_by(&self, outlet: Outlet, parcel: &Parcel) -> Result<Result<usize, Status>, PipelineError> {
        let attempt = || async {
            let route = self.routes.now();
            let Some((sink, pieces)) = load(outlet, &route, parcel) else { return Ok(Ok(0)) };
            let bytes = pieces.iter().map(Bytes::len).sum();
            if bytes == 0 {
                return Ok(Ok(0));
            }
            match sink.send(pieces).await {
                Ok(()) => Ok(Ok(bytes)),
                Err(SendError::Broken(error)) => Ok(Err(error)),
                Err(SendError::Refused(status)) => {
                    route.counts.failed(outlet);
                    Err(status)
                }
            }
        };
        match until_taken(outlet.name(), attempt).await {
            Ok(Ok(bytes)) => Ok(Ok(bytes)),
            Ok(Err(error)) => {
                self.routes.now().counts.failed(outlet);
                Err(error.into())
            }
            Err(status) => Ok(Err(status)),
        }
    }
}

/// The sink at `outlet` and what it gets of `parcel`, if anything.
fn load<'r>(outlet: Outlet, route: &'r Route, parcel: &Parcel) -> Option<(&'r Sink, Vec<Bytes>)> {
    match outlet {
        Outlet::Sink => Some((&*route.sink, parcel.all(route.sink.form()))),
        Outlet::Alerts => {
            let sink = route.alerts.as_deref()?;
            Some((sink, parcel.alerts(sink.form())?))
        }
    }
}

fn receive(mut queue: mpsc::Receiver<Chunk>) -> impl stream::Stream<Item = Chunk> {
    stream::poll_fn(move |context| queue.poll_recv(context))
}
