//! What Weir counts, under Vector's names: all metric names and labels live here.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::guest::{Guest, Reason};
use crate::judge::Judged;

/// Seconds: a batch takes from some microseconds to the deadline.
const GUEST_SECONDS: [f64; 12] = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// Why metrics can't be served.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The address is taken, or isn't this machine's.
    #[error("cannot serve metrics at {address}: {source}; set `metrics.address` to a free address of this machine")]
    Bind {
        /// As configured.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The runtime doesn't take the listener.
    #[error("cannot serve metrics: {0}; raise the limit of open files")]
    Runtime(#[source] std::io::Error),
    /// Another recorder is in place.
    #[error("metrics are recorded elsewhere already: {0}")]
    Recorder(#[from] metrics_exporter_prometheus::BuildError),
}

/// What a pipeline counts; its clones count together.
#[derive(Clone, Debug)]
pub struct Counts {
    source: Component,
    sink: Component,
    alerts: Option<Component>,
    rule_ids: Arc<[String]>,
    /// The rules of which a match may be suppressed.
    excepted: Arc<[u32]>,
}

/// A component as Vector labels it: what it is called, its role, and its type.
#[derive(Clone, Copy, Debug)]
struct Component {
    id: &'static str,
    kind: &'static str,
    of_type: &'static str,
}

const DETECT: Component = Component { id: "detect", kind: "transform", of_type: "weir" };

impl Counts {
    /// Counts for a source and sinks of these types, and what the guest finds.
    pub fn new(
        source_type: &'static str,
        sink_type: &'static str,
        alerts_type: Option<&'static str>,
        guest: &Guest,
    ) -> Self {
        let rules = guest.rules();
        let is_excepted = |rule: &u32| guest.exceptions().iter().any(|exception| exception.rules.includes(*rule));
        let sink = |id, of_type| Component { id, kind: "sink", of_type };
        Self {
            source: Component { id: "source", kind: "source", of_type: source_type },
            sink: sink("sink", sink_type),
            alerts: alerts_type.map(|of_type| sink("alerts", of_type)),
            rule_ids: rules.iter().map(|rule| rule.id.clone()).collect(),
            excepted: (0..rules.len() as u32).filter(is_excepted).collect(),
        }
    }

    /// Makes known what there is to count, so that the first match of a rule is a rise from 0.
    pub fn register(&self) {
        for id in self.rule_ids.iter() {
            counter!("weir_matches_total", "rule_id" => id.clone()).increment(0);
        }
        for rule in self.excepted.iter() {
            self.suppressed(*rule, 0);
        }
        for reason in Reason::ALL {
            counter!("weir_unjudged_events_total", "reason" => reason.label()).increment(0);
        }
        for outcome in [Reload::Ok, Reload::Failed] {
            counter!("weir_reloads_total", "outcome" => outcome.label()).increment(0);
        }
        for why in Discarded::ALL {
            self.discarded(Outlet::Sink, why, 0);
        }
    }

    /// So many events were read, and are about to be judged.
    pub(crate) fn received(&self, events: u64, bytes: usize) {
        self.source.received(events, bytes);
        self.source.sent(events, bytes);
        DETECT.received(events, bytes);
    }

    /// The sink has taken what was judged, as so many bytes.
    pub(crate) fn delivered(&self, judged: &Judged, bytes: usize) {
        DETECT.sent(judged.events, bytes);
        self.sink.received(judged.events, bytes);
        self.sink.sent(judged.events, bytes);
        if !judged.spent.is_zero() {
            histogram!("weir_guest_seconds").record(judged.spent);
        }
        for (rule, matches) in &judged.tagged.matches {
            counter!("weir_matches_total", "rule_id" => self.rule_ids[*rule as usize].clone()).increment(*matches);
        }
        for (rule, matches) in &judged.tagged.suppressed {
            self.suppressed(*rule, *matches);
        }
        for (reason, events) in &judged.tagged.unjudged {
            counter!("weir_unjudged_events_total", "reason" => *reason).increment(*events);
            DETECT.failed(reason, "processing");
        }
    }

    fn suppressed(&self, rule: u32, matches: u64) {
        counter!("weir_suppressed_matches_total", "rule_id" => self.rule_ids[rule as usize].clone()).increment(matches);
    }

    fn component(&self, outlet: Outlet) -> Component {
        match outlet {
            Outlet::Sink => self.sink,
            Outlet::Alerts => self.alerts.unwrap_or(self.sink),
        }
    }

    /// So many copies of matching events were taken.
    pub(crate) fn alerted(&self, events: u64, bytes: usize) {
        if let Some(alerts) = self.alerts {
            alerts.received(events, bytes);
            alerts.sent(events, bytes);
        }
    }

    /// So many copies of matching events were refused for good.
    pub(crate) fn alerts_lost(&self, events: u64) {
        if let Some(alerts) = self.alerts {
            alerts.received(events, 0);
            self.discarded(Outlet::Alerts, Discarded::Rejected, events);
        }
    }

    /// The source can't be read any further.
    pub(crate) fn source_failed(&self) {
        self.source.failed("reader_failed", "receiving");
    }

    /// The sink didn't take what it was given.
    pub(crate) fn failed(&self, outlet: Outlet) {
        self.component(outlet).failed("writer_failed", "sending");
    }

    /// So many events were read, but not delivered.
    pub(crate) fn discarded(&self, outlet: Outlet, why: Discarded, events: u64) {
        let [id, kind, of_type] = self.component(outlet).labels();
        let labels = [id, kind, of_type, ("intentional", "false"), ("reason", why.label())];
        counter!("component_discarded_events_total", &labels).increment(events);
    }
}

/// Which of a route's sinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlet {
    Sink,
    Alerts,
}

impl Outlet {
    /// Its name in the config and the logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sink => "sink",
            Self::Alerts => "alerts",
        }
    }
}

/// Why events were read, but not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discarded {
    /// The run ended before they could be; they are lost, unless the source still has them.
    Undelivered,
    /// They were refused further down for good; they are lost, unless a sender that was told so has them still.
    Rejected,
    /// The sender of the request was told that they weren't delivered, or has gone; it still has them.
    Returned,
    /// The sink has no form for them; they are lost.
    Unencodable,
}

impl Discarded {
    const ALL: [Self; 4] = [Self::Undelivered, Self::Rejected, Self::Returned, Self::Unencodable];

    fn label(self) -> &'static str {
        match self {
            Self::Undelivered => "undelivered",
            Self::Rejected => "rejected",
            Self::Returned => "returned",
            Self::Unencodable => "unencodable",
        }
    }
}

/// How an attempt to reload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The new is in force.
    Ok,
    /// The old stays in force.
    Failed,
}

impl Reload {
    fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }

    /// Counts it.
    pub fn count(self) {
        counter!("weir_reloads_total", "outcome" => self.label()).increment(1);
    }
}

/// Tells how many bytes of requests are held.
pub(crate) fn in_flight(bytes: usize) {
    gauge!("weir_in_flight_bytes").set(bytes as f64);
}

impl Component {
    fn labels(self) -> [(&'static str, &'static str); 3] {
        [("component_id", self.id), ("component_kind", self.kind), ("component_type", self.of_type)]
    }

    fn received(self, events: u64, bytes: usize) {
        counter!("component_received_events_total", &self.labels()).increment(events);
        counter!("component_received_event_bytes_total", &self.labels()).increment(bytes as u64);
    }

    fn sent(self, events: u64, bytes: usize) {
        counter!("component_sent_events_total", &self.labels()).increment(events);
        counter!("component_sent_event_bytes_total", &self.labels()).increment(bytes as u64);
    }

    fn failed(self, error_type: &'static str, stage: &'static str) {
        let [id, kind, of_type] = self.labels();
        let labels = [id, kind, of_type, ("error_type", error_type), ("stage", stage)];
        counter!("component_errors_total", &labels).increment(1);
    }
}

/// Takes the address, before anything is done that a failure would spoil.
///
/// # Errors
/// If the address can't be listened on.
pub fn listen(address: SocketAddr) -> Result<TcpListener, MetricsError> {
    let listen = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    listen().map_err(|source| MetricsError::Bind { address, source })
}

/// Starts to record, and serves `/metrics`, `/health` and `/ready` for as long as the runtime lives. `ready` says
/// why the pipeline wouldn't deliver an event now, if it wouldn't.
///
/// # Errors
/// If something else records already.
pub fn serve<R>(
    listener: TcpListener,
    ready: impl Fn() -> R + Clone + Send + Sync + 'static,
) -> Result<(), MetricsError>
where
    R: Future<Output = Result<(), String>> + Send + 'static,
{
    let listener = tokio::net::TcpListener::from_std(listener).map_err(MetricsError::Runtime)?;
    let address = listener.local_addr().map_err(MetricsError::Runtime)?;
    let recorder = record()?;
    let handle = recorder.clone();
    let app = Router::new()
        .route("/metrics", get(move || std::future::ready(recorder.render())))
        .route("/health", get(|| std::future::ready("ok\n")))
        .route("/ready", get(move || answer(ready())));
    tracing::info!(%address, "serving /metrics, /health and /ready");
    tokio::spawn(upkeep(handle));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(())
}

async fn answer(ready: impl Future<Output = Result<(), String>>) -> (StatusCode, String) {
    match ready.await {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why + "\n"),
    }
}

/// Condenses what histograms have recorded: without it, they grow until somebody asks for the metrics.
async fn upkeep(recorder: PrometheusHandle) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    loop {
        tick.tick().await;
        recorder.run_upkeep();
    }
}

fn record() -> Result<PrometheusHandle, MetricsError> {
    let matcher = Matcher::Full("weir_guest_seconds".to_owned());
    let recorder = PrometheusBuilder::new().set_buckets_for_metric(matcher, &GUEST_SECONDS)?.install_recorder()?;
    describe_counter!("component_received_events_total", "Events that a component took.");
    describe_counter!("component_received_event_bytes_total", "Bytes of events that a component took.");
    describe_counter!("component_sent_events_total", "Events that a component handed on.");
    describe_counter!("component_sent_event_bytes_total", "Bytes of events that a component handed on.");
    describe_counter!("component_errors_total", "Failures of a component.");
    describe_counter!("component_discarded_events_total", "Events that a component took but could not hand on.");
    describe_counter!("weir_matches_total", "Events that match a rule.");
    describe_counter!("weir_suppressed_matches_total", "Events that match a rule, but are excepted from it.");
    describe_counter!("weir_unjudged_events_total", "Events that went on without being judged.");
    describe_counter!("weir_reloads_total", "Attempts to take a changed config, module or rules into use.");
    describe_gauge!("weir_in_flight_bytes", metrics::Unit::Bytes, "Bytes of requests that are being judged or sent.");
    describe_histogram!("weir_guest_seconds", metrics::Unit::Seconds, "Time that the guest took for a batch.");
    Ok(recorder)
}
