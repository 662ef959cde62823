//! What was configured, opened and checked: a plan can't fail later for a reason that was knowable now.

use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, thread};

use rustls::ServerConfig;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::config::{Bearer, Config, ConfigError, Detect, Listen, Remote};
use crate::config::{Sink as SinkConfig, Source as SourceConfig, is_token};
use crate::exceptions;
use crate::guest::{Guest, Limits, LoadError, Module};
use crate::judge::Judge;
use crate::metrics::{self, Counts};
use crate::pipeline::Pipeline;
use crate::route::{Route, Routes};
use crate::rules::{self, RulesError};
use crate::sink::{HttpSink, LineSink, Mode, Sink, VectorSink};
use crate::source::budget::Budget;
use crate::source::{self, Cut, LineSource, Protocol, RequestSource, Source, StreamSource, Tls, Token};
use crate::tls;

/// Longest time to deliver what was read when a signal came: service managers wait for 60 s and more.
const DRAIN: Duration = Duration::from_secs(55);

/// A pipeline that is ready to run.
pub struct Plan {
    /// Runs the events.
    pub pipeline: Pipeline,
    /// What a later route has to know of its source.
    pub upstream: Upstream,
    /// Where to serve metrics, if anywhere.
    pub metrics: Option<TcpListener>,
}

/// What bears on the sinks of a source.
#[derive(Debug)]
pub struct Upstream {
    /// What is read, if it is a stream: it mustn't be written.
    input: Option<OwnedFd>,
    /// What becomes of files that are there.
    mode: Mode,
    /// What its senders see of secrets.
    secrets: Secrets<watch::Sender<Arc<ServerConfig>>, watch::Sender<String>>,
}

/// What a source that takes requests has, and may renew: what connections are encrypted with, and the token that requests
/// show.
#[derive(Debug)]
struct Secrets<C, T> {
    tls: Option<C>,
    token: Option<T>,
}

impl Plan {
    /// Opens everything that `config` names.
    ///
    /// # Errors
    /// What can't be opened, or isn't what it should be. Nothing has been changed then.
    pub fn open(config: &Config) -> Result<Self, ConfigError> {
        let judge = open_judge(config)?;
        let metrics = config.metrics.address.map(metrics::listen).transpose();
        let metrics = metrics.map_err(|error| config.blame("metrics", vec!["address"], error))?;
        let Secrets { tls, token } = read_secrets(config)?;
        let (tls, served_tls) = tls.map(watch::channel).unzip();
        let (token, served_token) = token.map(watch::channel).unzip();
        let source = open_source(config, &judge, Secrets { tls: served_tls, token: served_token })?;
        let upstream = Upstream::of(config, &source, Secrets { tls, token })?;
        // Last, for it empties a file.
        let route = open_route(config, judge, &upstream, None)?;
        let pipeline = Pipeline {
            source,
            routes: Routes::new(route),
            workers: workers(&config.detect),
            totals: Arc::default(),
            stopping: CancellationToken::new(),
            drain: DRAIN,
        };
        Ok(Self { pipeline, upstream, metrics })
    }
}

/// Opens what comes after the source anew, but for files that go on being written as under `old`, and renews the
/// source's certificate and token.
///
/// # Errors
/// What can't be opened, or isn't what it should be. All is as it was then.
pub fn reroute(config: &Config, upstream: &Upstream, old: (&Config, &Route)) -> Result<Route, ConfigError> {
    let renewed = read_secrets(config)?;
    let route = open_route(config, open_judge(config)?, upstream, Some(old))?;
    if let (Some(tls), Some(renewed)) = (&upstream.secrets.tls, renewed.tls) {
        tls.send_replace(renewed);
    }
    if let (Some(token), Some(renewed)) = (&upstream.secrets.token, renewed.token) {
        token.send_replace(renewed);
    }
    Ok(route)
}

fn read_secrets(config: &Config) -> Result<Secrets<Arc<ServerConfig>, String>, ConfigError> {
    let (SourceConfig::Vector(listen) | SourceConfig::Http(listen)) = &config.source else {
        return Ok(Secrets { tls: None, token: None });
    };
    let tls = listen.tls.as_ref().map(tls::server).transpose();
    let tls = tls.map_err(|error| config.blame("source", vec!["tls"], error))?.map(Arc::new);
    Ok(Secrets { tls, token: read_token(config, "source", listen.auth.as_ref())? })
}

fn open_judge(config: &Config) -> Result<Judge, ConfigError> {
    let detect = &config.detect;
    let guest = load_guest(config, detect.cache_dir.as_deref())?;
    exceptions::expiring(guest.exceptions(), exceptions::now()).iter().for_each(|warning| warn!("{warning}"));
    Ok(Judge::new(guest, detect))
}

/// Loads the module, or makes one of the rules; machine code may be kept in `cache`.
///
/// # Errors
/// If there is none, or it can't be used.
pub fn load_guest(config: &Config, cache: Option<&Path>) -> Result<Guest, ConfigError> {
    let detect = &config.detect;
    let bytes;
    let (key, name, bytes) = match &detect.module {
        Some(path) => {
            bytes = fs::read(path).map_err(|error| {
                let error = format!("cannot read module `{}`: {error}; build one with `weir build`", path.display());
                config.blame("detect", vec!["module"], error)
            })?;
            ("module", path.to_string_lossy(), &bytes[..])
        }
        None if !detect.rules.is_empty() || !detect.mappings.is_empty() => {
            bytes = build_rules(config)?;
            ("rules", "rules".into(), &bytes[..])
        }
        None => ("module", "shipped rules".into(), rules::SHIPPED),
    };
    let module = Module { name: &name, bytes, pinned: detect.sha256.as_deref(), cache };
    let limits = Limits {
        workers: workers(detect) as u32,
        memory_bytes: detect.memory_mib << 20,
        deadline: Duration::from_millis(detect.deadline_ms),
        ..Limits::default()
    };
    Guest::load(&module, &limits).map_err(|error| {
        let key = if matches!(error, LoadError::OtherDigest { .. }) { "sha256" } else { key };
        config.blame("detect", vec![key], error)
    })
}

fn build_rules(config: &Config) -> Result<Vec<u8>, ConfigError> {
    let Detect { rules, mappings, .. } = &config.detect;
    let blame = |key, error| match error {
        // They come with their own places.
        RulesError::Refused(refusal) => ConfigError::of_report(refusal),
        error => config.blame("detect", vec![key], error),
    };
    let set = if rules.is_empty() { rules::all_shipped() } else { rules::read(rules) };
    let mut set = set.map_err(|error| blame("rules", error))?;
    if !set.skipped.is_empty() {
        tracing::info!(files = set.skipped.len(), "rule files skipped; `weir build --check` lists them");
    }
    set.mappings = rules::read_mappings(mappings).map_err(|error| blame("mappings", error))?;
    rules::build(&set).map_err(|error| blame("rules", error))
}

fn workers(detect: &Detect) -> usize {
    detect.workers.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
}

fn open_source(config: &Config, judge: &Judge, secrets: Secrets<Tls, Token>) -> Result<Source, ConfigError> {
    match &config.source {
        SourceConfig::Stdin => {
            let opened = LineSource::stdin();
            let opened = opened.map_err(|error| format!("cannot use stdin: {error}; is it open?"));
            open_stream(config, judge, opened.map_err(|error| config.blame("source", vec!["type"], error))?)
        }
        SourceConfig::File { path } => open_stream(
            config,
            judge,
            LineSource::file(path).map_err(|error| config.blame("source", vec!["path"], error))?,
        ),
        SourceConfig::Vector(listen) => open_requests(config, listen, secrets.tls, Protocol::Vector),
        SourceConfig::Http(listen) => {
            open_requests(config, listen, secrets.tls, Protocol::Http { token: secrets.token })
        }
    }
}

fn open_stream(
    config: &Config,
    judge: &Judge,
    (lines, stop): (LineSource, source::Stop),
) -> Result<Source, ConfigError> {
    let cut = Cut { batch_bytes: config.detect.batch_bytes, held_event_bytes: judge.held_event_bytes() };
    Ok(Source::Lines(StreamSource { lines, stop, cut }))
}

fn open_requests(
    config: &Config,
    listen: &Listen,
    tls: Option<Tls>,
    protocol: Protocol,
) -> Result<Source, ConfigError> {
    let listener = source::listen(listen.address);
    let (budget, additions) = Budget::split(listen.in_flight_mib << 20);
    Ok(Source::Requests(RequestSource {
        listener: listener.map_err(|error| config.blame("source", vec!["address"], error))?,
        tls,
        max_connections: listen.max_connections,
        budget,
        additions,
        protocol,
    }))
}

impl Upstream {
    fn of(
        config: &Config,
        source: &Source,
        secrets: Secrets<watch::Sender<Arc<ServerConfig>>, watch::Sender<String>>,
    ) -> Result<Self, ConfigError> {
        let input = match source {
            Source::Lines(source) => Some(source.lines.as_fd().try_clone_to_owned()),
            Source::Requests(_) => None,
        };
        let mode = if input.is_some() { Mode::Replace } else { Mode::Append };
        let input = input.transpose();
        Ok(Self { input: input.map_err(|error| config.blame("source", vec!["type"], error))?, mode, secrets })
    }
}

fn open_route(
    config: &Config,
    judge: Judge,
    upstream: &Upstream,
    old: Option<(&Config, &Route)>,
) -> Result<Route, ConfigError> {
    let kept = |is_same: fn(&Config, &Config) -> bool, sink: fn(&Route) -> Option<&Arc<Sink>>| {
        old.filter(|(old, _)| is_same(old, config)).and_then(|(_, route)| sink(route)).filter(|sink| sink.goes_on())
    };
    // What was delivered before a reload may be in the file.
    let mode = if old.is_some() { Mode::Append } else { upstream.mode };
    let mut opened = Vec::new();
    let mut open = |section, sink| {
        let sink = Arc::new(open_sink(config, section, sink, mode, upstream)?);
        opened.push((section, Arc::clone(&sink)));
        Ok(sink)
    };
    let sink = match kept(|old, new| old.sink == new.sink, |route| Some(&route.sink)) {
        Some(sink) => Arc::clone(sink),
        None => open("sink", &config.sink)?,
    };
    let alerts = match (&config.alerts, kept(|old, new| old.alerts == new.alerts, |route| route.alerts.as_ref())) {
        (None, _) => None,
        (Some(_), Some(sink)) => Some(Arc::clone(sink)),
        (Some(alerts), None) => Some(open("alerts", alerts)?),
    };
    // Only now that nothing can be refused any more.
    for (section, sink) in opened {
        if let Sink::Lines(sink) = &*sink {
            sink.begin(mode).map_err(|error| config.blame(section, vec!["path"], error))?;
        }
    }
    let alerts_type = config.alerts.as_ref().map(SinkConfig::type_name);
    let counts = Counts::new(config.source.type_name(), config.sink.type_name(), alerts_type, judge.guest());
    Ok(Route { judge, sink, alerts, counts })
}

fn open_sink(
    config: &Config,
    section: &'static str,
    sink: &SinkConfig,
    mode: Mode,
    upstream: &Upstream,
) -> Result<Sink, ConfigError> {
    let input = upstream.input.as_ref();
    match sink {
        SinkConfig::Stdout => {
            LineSink::stdout(input).map(Sink::Lines).map_err(|error| config.blame(section, vec!["type"], error))
        }
        SinkConfig::File { path } => {
            let sink = LineSink::file(path, mode, input);
            sink.map(Sink::Lines).map_err(|error| config.blame(section, vec!["path"], error))
        }
        SinkConfig::Vector(remote) => {
            let sink = VectorSink::open(remote);
            sink.map(Sink::Vector).map_err(|error| config.blame(section, vec!["address"], error))
        }
        SinkConfig::Http(remote) => open_http_sink(config, section, remote),
    }
}

fn open_http_sink(config: &Config, section: &'static str, remote: &Remote) -> Result<Sink, ConfigError> {
    let tls = remote.tls.as_ref().map(tls::client).transpose();
    let tls = tls.map_err(|error| config.blame(section, vec!["tls"], error))?;
    let token = read_token(config, section, remote.auth.as_ref())?;
    let timeout = Duration::from_secs(remote.timeout_secs);
    let sink = HttpSink::open(&remote.address, remote.compression, timeout, tls, token);
    sink.map(Sink::Http).map_err(|error| config.blame(section, vec!["uri"], error))
}

fn read_token(config: &Config, section: &'static str, auth: Option<&Bearer>) -> Result<Option<String>, ConfigError> {
    let Some(auth) = auth else { return Ok(None) };
    match (&auth.token, &auth.token_file) {
        (Some(token), _) => Ok(Some((**token).to_owned())),
        (None, None) => Ok(None),
        (None, Some(path)) => {
            let token = token_in(path).map_err(|error| config.blame(section, vec!["auth", "token_file"], error))?;
            Ok(Some(token))
        }
    }
}

fn token_in(path: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read `{}`: {error}; check the path and its permissions", path.display()))?;
    let token = text.trim();
    if !is_token(token) {
        let remedy = "it must hold the token in visible ASCII characters without spaces, and nothing else";
        return Err(format!("`{}` can't be used; {remedy}", path.display()));
    }
    Ok(token.to_owned())
}
