//! What Weir counts, under Vector's names: all metric names and labels live here.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use metrics::{counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::tag::Tagged;

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

/// A component as Vector labels it: what it is called, its role, and its type.
#[derive(Clone, Copy, Debug)]
pub struct Component {
    /// `component_id`
    pub id: &'static str,
    /// `component_kind`: `source`, `transform` or `sink`
    pub kind: &'static str,
    /// `component_type`
    pub of_type: &'static str,
}

impl Component {
    /// The component that judges.
    pub const DETECT: Self = Self { id: "detect", kind: "transform", of_type: "weir" };

    /// The source, of this type.
    pub fn source(of_type: &'static str) -> Self {
        Self { id: "source", kind: "source", of_type }
    }

    /// The sink, of this type.
    pub fn sink(of_type: &'static str) -> Self {
        Self { id: "sink", kind: "sink", of_type }
    }

    fn labels(self) -> [(&'static str, &'static str); 3] {
        [("component_id", self.id), ("component_kind", self.kind), ("component_type", self.of_type)]
    }

    /// The component took events.
    pub fn received(self, events: u64, bytes: usize) {
        counter!("component_received_events_total", &self.labels()).increment(events);
        counter!("component_received_event_bytes_total", &self.labels()).increment(bytes as u64);
    }

    /// The component handed events on.
    pub fn sent(self, events: u64, bytes: usize) {
        counter!("component_sent_events_total", &self.labels()).increment(events);
        counter!("component_sent_event_bytes_total", &self.labels()).increment(bytes as u64);
    }

    /// The component failed.
    pub fn failed(self, error_type: &'static str, stage: &'static str) {
        let [id, kind, of_type] = self.labels();
        let labels = [id, kind, of_type, ("error_type", error_type), ("stage", stage)];
        counter!("component_errors_total", &labels).increment(1);
    }

    /// The component gave up events because it stopped.
    pub fn discarded(self, events: u64) {
        let [id, kind, of_type] = self.labels();
        counter!("component_discarded_events_total", &[id, kind, of_type, ("intentional", "false")]).increment(events);
    }
}

/// Counts what was found in a batch. `rule_ids` are the rules' ids, by number.
pub fn judged(tagged: &Tagged, rule_ids: &[String], spent: Duration) {
    histogram!("weir_guest_seconds").record(spent);
    for (rule, matches) in &tagged.matches {
        counter!("weir_matches_total", "rule_id" => rule_ids[*rule as usize].clone()).increment(*matches);
    }
    for (reason, events) in &tagged.unjudged {
        counter!("weir_unjudged_events_total", "reason" => *reason).increment(*events);
        Component::DETECT.failed(reason, "processing");
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

/// Starts to record, and serves `/metrics` and `/health` for as long as the runtime lives.
///
/// # Errors
/// If something else records already.
pub fn serve(listener: TcpListener) -> Result<(), MetricsError> {
    let listener = tokio::net::TcpListener::from_std(listener).map_err(MetricsError::Runtime)?;
    let address = listener.local_addr().map_err(MetricsError::Runtime)?;
    let recorder = record()?;
    let app = Router::new()
        .route("/metrics", get(move || std::future::ready(recorder.render())))
        .route("/health", get(|| std::future::ready("ok\n")));
    tracing::info!(%address, "serving /metrics and /health");
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(())
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
    describe_counter!("weir_unjudged_events_total", "Events that went on without being judged.");
    describe_histogram!("weir_guest_seconds", metrics::Unit::Seconds, "Time that the guest took for a batch.");
    Ok(recorder)
}
