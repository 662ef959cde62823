//! What was configured, opened and checked: a plan can't fail later for a reason that was knowable now.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use std::{fs, io, thread};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Sink, Source};
use crate::guest::{Guest, Limits, LoadError, Module};
use crate::judge::Judge;
use crate::metrics::{self, Counts, MetricsError};
use crate::pipeline::Pipeline;
use crate::rules;
use crate::sink::{LineSink, SinkError};
use crate::source::{Cut, LineSource, SourceError, Stop};

/// Longest time to deliver what was read when a signal came: service managers wait for 60 s and more.
const DRAIN: Duration = Duration::from_secs(55);

/// A pipeline that is ready to run.
pub struct Plan {
    /// Runs the events.
    pub pipeline: Pipeline,
    /// Ends its source.
    pub stop: Stop,
    /// Where to serve metrics, if anywhere.
    pub metrics: Option<TcpListener>,
}

/// Why a config can't be run.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The module's file can't be read.
    #[error("cannot read module `{}`: {source}; build one with `weir build`", path.display())]
    Module {
        /// As configured.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The module can't be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Metrics can't be served.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The source can't be opened.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The sink can't be opened.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// Standard input can't be used.
    #[error("cannot use stdin: {0}; is it open?")]
    Stdin(io::Error),
}

impl Plan {
    /// Opens everything that `config` names.
    ///
    /// # Errors
    /// What can't be opened, or isn't what it should be. Nothing has been changed then.
    pub fn open(config: &Config) -> Result<Self, PlanError> {
        let workers = config.detect.workers.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
        let guest = load_guest(config, workers)?;
        let judge = Judge::new(guest, config.detect.max_event_bytes, config.detect.on_error);
        let metrics = config.metrics.address.map(metrics::listen).transpose()?;
        let (source, stop, source_type) = open_source(&config.source)?;
        // Last, for it empties a file.
        let (sink, sink_type) = open_sink(&config.sink, &source)?;
        let counts = Counts::new(source_type, sink_type, judge.guest().rules());
        let pipeline = Pipeline {
            source,
            cut: Cut { batch_bytes: config.detect.batch_bytes, held_event_bytes: judge.held_event_bytes() },
            judge: Arc::new(judge),
            workers,
            sink,
            counts,
            stopping: CancellationToken::new(),
            drain: DRAIN,
        };
        Ok(Self { pipeline, stop, metrics })
    }
}

fn load_guest(config: &Config, workers: usize) -> Result<Guest, PlanError> {
    let detect = &config.detect;
    let read;
    let (name, bytes) = match &detect.module {
        None => ("shipped rules".into(), rules::SHIPPED),
        Some(path) => {
            read = fs::read(path).map_err(|source| PlanError::Module { path: path.clone(), source })?;
            (path.to_string_lossy(), &read[..])
        }
    };
    let module = Module { name: &name, bytes, pinned: detect.sha256.as_deref(), cache: detect.cache_dir.as_deref() };
    let limits = Limits {
        workers: workers as u32,
        memory_bytes: detect.memory_mib << 20,
        deadline: Duration::from_millis(detect.deadline_ms),
        ..Limits::default()
    };
    Ok(Guest::load(&module, &limits)?)
}

fn open_source(source: &Source) -> Result<(LineSource, Stop, &'static str), PlanError> {
    match source {
        Source::Stdin => {
            let (source, stop) = LineSource::stdin().map_err(PlanError::Stdin)?;
            Ok((source, stop, "stdin"))
        }
        Source::File { path } => {
            let (source, stop) = LineSource::file(path)?;
            Ok((source, stop, "file"))
        }
    }
}

fn open_sink(sink: &Sink, source: &LineSource) -> Result<(LineSink, &'static str), PlanError> {
    match sink {
        Sink::Stdout => Ok((LineSink::stdout(source)?, "stdout")),
        Sink::File { path } => Ok((LineSink::file(path, source)?, "file")),
    }
}
