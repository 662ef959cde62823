//! `weir run`: judges and tags a stream.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use weir::config::{Config, LogFormat, Sink, Source};
use weir::metrics;
use weir::plan::Plan;
use weir::reload::{Reloader, Seen};
use weir::route::Routes;

use super::Failure;
use crate::report;

/// Longest time for downstream to say whether it is well, when `/ready` is asked.
const LONGEST_CHECK: Duration = Duration::from_secs(2);

/// Judge a stream of events and tag those that match
///
/// Reads newline-delimited JSON, by default from stdin, and writes it to stdout; what matches no rule goes on byte for
/// byte. Without a config or a module, the rules that ship with weir are used.
#[derive(Args)]
pub(crate) struct Run {
    /// Config file (YAML); the flags below win over it
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Detection module, as `weir build` makes it
    #[arg(short, long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// File to read instead of stdin
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// File to write instead of stdout; what it held is lost
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How many batches are judged at the same time [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
    /// Print the first tagged event to stderr at the end
    #[arg(long)]
    show_match: bool,
    /// Don't print the summary
    #[arg(short, long)]
    quiet: bool,
}

impl Run {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let config = self.config()?;
        start_logs(&config);
        config.warnings().iter().for_each(|warning| warn!("{warning}"));
        if config.source == Source::Stdin && std::io::stdin().is_terminal() {
            report::say("weir: reading events from the terminal, one a line; end them with Ctrl-D");
        }
        let runtime = Runtime::new().map_err(Failure::run)?;
        let format = config.logs.format;
        let ended = runtime.block_on(self.run(&config));
        // A reader that waits for input, or a writer for room, must not keep the process alive.
        runtime.shutdown_background();
        match format {
            LogFormat::Text => ended,
            LogFormat::Json => ended.map_err(Failure::logged),
        }
    }

    /// What is configured, with the flags on top.
    fn config(&self) -> Result<Config, Failure> {
        let mut config = match &self.config {
            Some(path) => Config::load(path).map_err(Failure::input)?,
            None => Config::default(),
        };
        if let Some(module) = &self.module {
            config.detect.module = Some(module.clone());
        }
        if let Some(path) = &self.input {
            config.source = Source::File { path: path.clone() };
        }
        if let Some(path) = &self.output {
            config.sink = Sink::File { path: path.clone() };
        }
        if let Some(workers) = self.workers {
            config.detect.workers = Some(workers.into());
        }
        Ok(config)
    }

    async fn run(self, config: &Config) -> Result<(), Failure> {
        // Before anything is opened that the end of the process would spoil.
        let signals = Signals::listen().map_err(Failure::run)?;
        let seen = Seen::of(config);
        let Plan { pipeline, upstream, metrics } = Plan::open(config).map_err(Failure::input)?;
        let (routes, totals) = (pipeline.routes.clone(), Arc::clone(&pipeline.totals));
        if let Some(listener) = metrics {
            let (asked, stopping) = (routes.clone(), pipeline.stopping.clone());
            metrics::serve(listener, move || ready(asked.clone(), stopping.clone())).map_err(Failure::input)?;
            routes.now().counts.register();
        }
        tokio::spawn(stop(signals.stop, pipeline.stopping.clone()));
        let (quiet, show_match) = (self.quiet, self.show_match);
        let read = Box::new(move || self.config().map_err(|failure| failure.to_string()));
        tokio::spawn(Reloader { read, config: config.clone(), seen, routes, upstream }.run(signals.hangup));
        let line = (!quiet && std::io::stderr().is_terminal()).then(|| report::show_progress(totals));
        let (summary, ended) = pipeline.run().await;
        if let Some(line) = line {
            line.clear().await;
        }
        match config.logs.format {
            _ if quiet => {}
            LogFormat::Text => report::summarise(&summary, &config.sink),
            LogFormat::Json => report::log(&summary),
        }
        if show_match {
            report::show_example(summary.example.as_deref());
        }
        ended.map_err(Failure::run)
    }
}

/// Would an event be delivered that came now?
async fn ready(routes: Routes, stopping: CancellationToken) -> Result<(), String> {
    if stopping.is_cancelled() {
        return Err("weir is stopping".to_owned());
    }
    let route = routes.now();
    let alerts = async {
        match &route.alerts {
            Some(sink) => sink.check().await,
            None => Ok(()),
        }
    };
    let checks = async { tokio::try_join!(route.sink.check(), alerts) };
    match tokio::time::timeout(LONGEST_CHECK, checks).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(status)) => Err(status.message().to_owned()),
        Err(_) => Err(format!("downstream didn't answer a health check within {LONGEST_CHECK:?}")),
    }
}

fn start_logs(config: &Config) {
    let logs = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(report::level(config.logs.level))
        // It would complain to stderr that stderr can't be written, and panic over that.
        .log_internal_errors(false);
    match config.logs.format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
}

/// The signals that a run heeds.
struct Signals {
    stop: StopSignals,
    hangup: Signal,
}

/// SIGINT and SIGTERM.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        let stop =
            StopSignals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? };
        Ok(Self { stop, hangup: signal(SignalKind::hangup())? })
    }
}

impl StopSignals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The first signal ends the source, so that the rest drains; a second one ends the process.
async fn stop(mut signals: StopSignals, stopping: CancellationToken) {
    signals.next().await;
    info!("stopping: no more is read, what was read is being delivered; signal again to quit at once");
    stopping.cancel();
    signals.next().await;
    std::process::exit(130);
}
