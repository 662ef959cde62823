//! Events that come in requests, from any number of senders at once. A request is answered when its events are delivered,
//! or couldn't be: then its sender has them still, and tries again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tracing::error;

use super::PipelineError;
use crate::batch::{Chunk, Events};
use crate::delivery::Deliver;
use crate::judge::Then;
use crate::metrics::Discarded;
use crate::route::{Parcel, Route, Routes};
use crate::sink::{SendError, Sink};
use crate::source::RequestSource;
use crate::summary::Totals;

/// Time for the answers to what is under way when the run fails.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Judges and delivers requests. Clones share everything.
#[derive(Clone)]
pub(super) struct Requests {
    routes: Routes,
    totals: Arc<Totals>,
    /// As many as may be judged at once.
    judging: Arc<Semaphore>,
    fault: Arc<Fault>,
}

/// What ended the run, if anything did.
#[derive(Default)]
struct Fault {
    error: Mutex<Option<PipelineError>>,
    raised: CancellationToken,
}

impl Requests {
    pub(super) fn new(routes: Routes, workers: usize, totals: Arc<Totals>) -> Self {
        Self { routes, totals, judging: Arc::new(Semaphore::new(workers)), fault: Arc::default() }
    }

    /// Serves until `stopping` says to end; what is under way then is still answered.
    pub(super) async fn serve(self, source: RequestSource, stopping: CancellationToken) -> Result<(), PipelineError> {
        let fault = Arc::clone(&self.fault);
        let stop = stopping.child_token();
        let serving = source.serve(self, stop.clone());
        tokio::pin!(serving);
        tokio::select! {
            ended = &mut serving => ended?,
            () = fault.raised.cancelled() => {
                stop.cancel();
                // Whoever gets no answer tries again.
                let _ = tokio::time::timeout(LAST_ANSWERS, serving).await;
            }
        }
        let error = fault.error.lock().unwrap_or_else(PoisonError::into_inner).take();
        error.map_or(Ok(()), Err)
    }

    async fn judge(
        &self,
        route: &Arc<Route>,
        work: impl FnOnce(&Route) -> Parcel + Send + 'static,
    ) -> Result<Parcel, Status> {
        let _permit = self.judging.acquire().await.expect("the semaphore is never closed");
        let route = Arc::clone(route);
        spawn_blocking(move || work(&route)).await.map_err(|_| Status::internal("weir has a fault, see its log"))
    }

    async fn send(&self, route: &Route, parcel: &Parcel) -> Result<(), Status> {
        let all = self.send_to(&route.sink, route, parcel.all(route.sink.form()).pieces.clone());
        let alerts = async {
            let Some(sink) = &route.alerts else { return Ok(0) };
            match parcel.alerts(sink.form()) {
                Some(encoded) => self.send_to(sink, route, encoded.pieces.clone()).await,
                None => Ok(0),
            }
        };
        let (bytes, alert_bytes) = tokio::try_join!(all, alerts)?;
        route.counts.delivered(&parcel.judged, bytes);
        if alert_bytes > 0 {
            route.counts.alerted(parcel.judged.tagged.matching_events(), alert_bytes);
        }
        self.totals.delivered(&parcel.judged, bytes, route.judge.guest().rules());
        Ok(())
    }

    async fn send_to(&self, sink: &Sink, route: &Route, pieces: Vec<Bytes>) -> Result<usize, Status> {
        let bytes = pieces.iter().map(Bytes::len).sum();
        if bytes == 0 {
            return Ok(0);
        }
        sink.send(pieces).await.map(|()| bytes).map_err(|error| {
            route.counts.sink_failed();
            match error {
                SendError::Refused(status) => status,
                SendError::Broken(error) => self.fault.raise(error.into()),
            }
        })
    }
}

impl Deliver for Requests {
    async fn deliver(&self, events: Events) -> Result<(), Status> {
        let route = self.routes.now();
        let mut open = Open::begin(&self.totals, &route, &events);
        let mut parcel = self.judge(&route, |route| route.judge(Chunk::Events(events))).await?;
        loop {
            self.send(&route, &parcel).await?;
            open.delivered(&parcel);
            parcel = match parcel.then() {
                Then::Next => return Ok(()),
                Then::Rest(rest) => self.judge(&route, |route| route.tag(rest)).await?,
                Then::Stop(reason) => {
                    let event = self.totals.now().events_out + 1;
                    return Err(self.fault.raise(PipelineError::Unjudged { event, reason }));
                }
            };
        }
    }
}

impl Fault {
    /// Ends the run; gives the answer for who sent what it failed on.
    fn raise(&self, error: PipelineError) -> Status {
        let answer = Status::unavailable(format!("weir stops: {error}"));
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.raised.cancel();
        answer
    }
}

/// The events of a request that aren't delivered yet. Those that are left when it is dropped stay with the sender, be it
/// that it is told so or that it has gone.
struct Open<'r> {
    totals: &'r Totals,
    route: &'r Route,
    events: u64,
}

impl<'r> Open<'r> {
    fn begin(totals: &'r Totals, route: &'r Route, events: &Events) -> Self {
        let count = events.events();
        totals.received(count);
        route.counts.received(count, events.bytes().len());
        Self { totals, route, events: count }
    }

    fn delivered(&mut self, parcel: &Parcel) {
        self.events -= parcel.judged.events + parcel.lost;
        if parcel.lost > 0 {
            error!(events = parcel.lost, "events are not what Vector makes, and are lost");
            self.route.counts.discarded(Discarded::Unencodable, parcel.lost);
            self.totals.lost(parcel.lost);
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.events > 0 {
            self.route.counts.discarded(Discarded::Returned, self.events);
            self.totals.returned(self.events);
        }
    }
}
