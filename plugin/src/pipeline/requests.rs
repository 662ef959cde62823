//! Events that come in requests, from any number of senders at once. A request is answered when its events are delivered,
//! or couldn't be: then its sender has them still, and tries again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tracing::{error, warn};

use super::PipelineError;
use crate::batch::{Chunk, Events};
use crate::delivery::{Deliver, is_permanent};
use crate::judge::Then;
use crate::metrics::{Discarded, Outlet};
use crate::occasionally::Occasionally;
use crate::route::{Parcel, Route, Routes};
use crate::sink::{SendError, Sink};
use crate::source::RequestSource;
use crate::source::budget::{Budget, Reservation};
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
    /// The memory for what is made of requests.
    additions: Budget,
    refused: Arc<Occasionally>,
    lost_alerts: Arc<Occasionally>,
    fault: Arc<Fault>,
}

/// What ended the run, if anything did.
#[derive(Default)]
struct Fault {
    error: Mutex<Option<PipelineError>>,
    raised: CancellationToken,
}

impl Requests {
    pub(super) fn new(routes: Routes, workers: usize, totals: Arc<Totals>, additions: Budget) -> Self {
        let judging = Arc::new(Semaphore::new(workers));
        Self {
            routes,
            totals,
            judging,
            additions,
            refused: Arc::default(),
            lost_alerts: Arc::default(),
            fault: Arc::default(),
        }
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

    /// Judges events, and tags as many of them as are held at once. With them comes the memory that they take beside what
    /// came.
    async fn judge(&self, route: &Arc<Route>, events: Events) -> Result<(Parcel, Reservation), Status> {
        let permit = Arc::clone(&self.judging).acquire_owned().await.expect("the semaphore is never closed");
        // Its thread goes on even if the sender has gone, and nobody waits for it any more.
        let judged = off_thread(route, move |route| (route.judge(Chunk::Events(events)), permit));
        let (parcel, _permit) = judged.await?;
        // The permit is kept until then, so that few at a time take memory that isn't accounted for.
        let share = self.additions.reserve(parcel.added_bytes()).await;
        Ok((parcel, share))
    }

    async fn send(&self, route: &Route, parcel: &Parcel) -> Result<(), Status> {
        // Ahead of the others, which are sent again if an alert can't be taken now: most parcels have none.
        self.send_alerts(route, parcel).await?;
        let pieces = parcel.all(route.sink.form());
        let sent = self.send_to(Outlet::Sink, &route.sink, route, pieces).await;
        let bytes = sent.inspect_err(|status| self.warn(Outlet::Sink, status))?;
        route.counts.delivered(&parcel.judged, bytes);
        self.totals.delivered(&parcel.judged, bytes, route.judge.guest().rules());
        Ok(())
    }

    /// An alert that is refused for good is lost by itself: its event goes on.
    async fn send_alerts(&self, route: &Route, parcel: &Parcel) -> Result<(), Status> {
        let Some(sink) = &route.alerts else { return Ok(()) };
        let Some(pieces) = parcel.alerts(sink.form()) else { return Ok(()) };
        let matching = parcel.judged.tagged.matching_events();
        match self.send_to(Outlet::Alerts, sink, route, pieces).await {
            Ok(bytes) => route.counts.alerted(matching, bytes),
            Err(status) if is_permanent(&status) => {
                if let Some(times) = self.lost_alerts.say() {
                    error!(%status, times, "alerts were refused for good, and are lost");
                }
                route.counts.alerts_lost(matching);
                self.totals.alerts_lost(matching);
            }
            Err(status) => {
                self.warn(Outlet::Alerts, &status);
                return Err(status);
            }
        }
        Ok(())
    }

    async fn send_to(&self, outlet: Outlet, sink: &Sink, route: &Route, pieces: Vec<Bytes>) -> Result<usize, Status> {
        let bytes = pieces.iter().map(Bytes::len).sum();
        if bytes == 0 {
            return Ok(0);
        }
        sink.send(pieces).await.map(|()| bytes).map_err(|error| {
            route.counts.failed(outlet);
            match error {
                SendError::Refused(status) => status,
                SendError::Broken(error) => self.fault.raise(error.into()),
            }
        })
    }

    fn warn(&self, outlet: Outlet, status: &Status) {
        if let Some(times) = self.refused.say() {
            let (sink, code, message) = (outlet.name(), status.code(), status.message());
            warn!(sink, ?code, message, times, "events were not taken; their senders are told");
        }
    }
}

impl Deliver for Requests {
    async fn deliver(&self, events: Events) -> Result<(), Status> {
        let route = self.routes.now();
        let mut open = Open::begin(&self.totals, &route, &events);
        let delivered = self.pass_on(&route, events, &mut open).await;
        if delivered.as_ref().is_err_and(is_permanent) {
            open.why = Discarded::Rejected;
        }
        delivered
    }
}

impl Requests {
    async fn pass_on(&self, route: &Arc<Route>, events: Events, open: &mut Open<'_>) -> Result<(), Status> {
        // The share is kept for the rest, which comes in parts of about the same size: who has begun waits for nobody.
        let (mut parcel, _share) = self.judge(route, events).await?;
        loop {
            self.send(route, &parcel).await?;
            open.delivered(&parcel);
            parcel = match parcel.then() {
                Then::Next => return Ok(()),
                Then::Rest(rest) => off_thread(route, |route| route.tag(rest)).await?,
                Then::Stop(reason) => {
                    let event = self.totals.now().events_out + 1;
                    return Err(self.fault.raise(PipelineError::Unjudged { event, reason }));
                }
            };
        }
    }
}

async fn off_thread<T: Send + 'static>(
    route: &Arc<Route>,
    work: impl FnOnce(&Route) -> T + Send + 'static,
) -> Result<T, Status> {
    let route = Arc::clone(route);
    spawn_blocking(move || work(&route)).await.map_err(|_| Status::internal("weir has a fault, see its log"))
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

/// The events of a request that aren't delivered yet. Those that are left when it is dropped are the sender's again, be it
/// that it is told so or that it has gone; if they were refused for good, it will most likely drop them.
struct Open<'r> {
    totals: &'r Totals,
    route: &'r Route,
    events: u64,
    why: Discarded,
}

impl<'r> Open<'r> {
    fn begin(totals: &'r Totals, route: &'r Route, events: &Events) -> Self {
        let count = events.events();
        totals.received(count);
        route.counts.received(count, events.bytes().len());
        Self { totals, route, events: count, why: Discarded::Returned }
    }

    fn delivered(&mut self, parcel: &Parcel) {
        self.events -= parcel.judged.events + parcel.lost;
        if parcel.lost > 0 {
            error!(events = parcel.lost, "events are not what Vector makes, and are lost");
            self.route.counts.discarded(Outlet::Sink, Discarded::Unencodable, parcel.lost);
            self.totals.lost(parcel.lost);
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.events > 0 {
            self.route.counts.discarded(Outlet::Sink, self.why, self.events);
            match self.why {
                Discarded::Rejected => self.totals.rejected(self.events),
                _ => self.totals.returned(self.events),
            }
        }
    }
}
