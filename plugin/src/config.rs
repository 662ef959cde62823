//! What a user may write in the config file, and its defaults; opens nothing that the file names.

mod clash;
mod endpoint;
mod ends;
mod fault;
mod file;
mod network;
mod outline;
mod secret;
mod value;
mod warning;
mod written;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::rules::is_shipped_mapping;
use fault::Fault;
use file::ConfigFile;

pub use ends::{Sink, Source};
pub use network::{Bearer, ClientTls, Compression, Listen, Remote, ServerTls};
pub use secret::{Secret, is_token};
pub use written::Written;

/// Bytes of a batch, unless the config says otherwise: copying a batch into a fresh guest costs 43 ns an event with
/// 1 MiB, but 95 ns with 256 KiB.
const DEFAULT_BATCH_BYTES: usize = 1 << 20;

/// Configures `weir run`. Every section and every key may be left out; paths are relative to this file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Weir's config file", default, deny_unknown_fields)]
pub struct Config {
    /// Where the events come from. Default: standard input.
    pub source: Source,
    /// Who judges the events, and within which bounds.
    pub detect: Detect,
    /// Where the events go, tagged or not. Default: standard output.
    pub sink: Sink,
    /// Where a copy of the events goes that match a rule. Default: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Sink")]
    pub alerts: Option<Sink>,
    /// What Weir tells about itself over HTTP.
    pub metrics: Metrics,
    /// What Weir writes to stderr about its own work.
    pub logs: Logs,
    /// When Weir reads its config anew.
    pub reload: Reload,
    /// The file that all this was read from, if any.
    #[serde(skip)]
    pub written: Written,
}

/// Who judges the events, and within which bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Detect {
    /// The detection module, as `weir build` makes it. Default: the rules that Weir ships.
    pub module: Option<PathBuf>,
    /// Files of rules and exceptions, and folders of them, to make a module of at the start; instead of `module`. Default: none.
    #[serde(deserialize_with = "value::paths", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub rules: Vec<PathBuf>,
    /// How the events spell ECS fields, if otherwise: `falco`, `tetragon`, mapping files; not with `module`. Default: none.
    #[serde(deserialize_with = "value::paths", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub mappings: Vec<PathBuf>,
    /// The SHA-256 of the module, 64 hex digits; another module is refused. Default: any module is taken.
    #[serde(deserialize_with = "value::sha256")]
    #[schemars(regex(pattern = "^[0-9A-Fa-f]{64}$"))]
    pub sha256: Option<String>,
    /// How many batches are judged at the same time. Default: the number of cores.
    #[serde(deserialize_with = "value::some_within::<1, 256, _, _>")]
    #[schemars(range(min = 1, max = 256))]
    pub workers: Option<usize>,
    /// Size of a batch, in bytes; a slow source may send less, a long event makes it more. Default: 1 MiB.
    #[serde(deserialize_with = "value::within::<1, 0x8000_0000, _, _>")]
    #[schemars(range(min = 1, max = 0x8000_0000_u32))]
    pub batch_bytes: usize,
    /// Size of the longest event that is judged, in bytes; a longer one is `too_large`. Default: 16 MiB.
    #[serde(deserialize_with = "value::within::<1, 0x8000_0000, _, _>")]
    #[schemars(range(min = 1, max = 0x8000_0000_u32))]
    pub max_event_bytes: usize,
    /// Longest time for one batch, in milliseconds; the events of a slower one can't be judged. Default: 1000.
    #[serde(deserialize_with = "value::within::<10, 60_000, _, _>")]
    #[schemars(range(min = 10, max = 60_000))]
    pub deadline_ms: u64,
    /// Memory that a guest may use, in MiB; at least twice `batch_bytes` and twice `max_event_bytes`. Default: 64.
    #[serde(deserialize_with = "value::within::<1, 4096, _, _>")]
    #[schemars(range(min = 1, max = 4096))]
    pub memory_mib: usize,
    /// What becomes of events that can't be judged. Default: `pass`.
    pub on_error: OnError,
    /// What becomes of matches that an exception suppresses. Default: `mark`.
    pub suppressed: Suppressed,
    /// Folder in which compiled modules are kept for the next start. Default: they aren't kept.
    pub cache_dir: Option<PathBuf>,
}

/// What becomes of events that can't be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// They go on, marked with the reason, and are counted.
    #[default]
    Pass,
    /// Weir stops before it delivers them.
    Stop,
}

/// What becomes of matches that an exception suppresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Suppressed {
    /// `weir.matches` tells them, and which exception suppresses them; no ECS field, no tag and no alert does.
    #[default]
    Mark,
    /// Only a counter tells them.
    Hide,
}

/// What Weir tells about itself over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// IP address and port that serve `/metrics` (for Prometheus), `/health` and `/ready`. Default: nothing is served.
    #[serde(deserialize_with = "value::address")]
    pub address: Option<SocketAddr>,
}

/// What Weir writes to stderr about its own work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Logs {
    /// The least important messages that are written. Default: `info`.
    pub level: LogLevel,
    /// How a message is written. Default: `text`.
    pub format: LogFormat,
}

/// When Weir reads its config anew; SIGHUP makes it do so in any case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reload {
    /// Is it read anew some seconds after it, the module, a rule file or a mapping has changed? Default: `true`.
    pub watch: bool,
}

/// How important a message is, from the most important down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Weir can't go on.
    Error,
    /// Something was lost or refused, but Weir goes on.
    Warn,
    /// What an operator wants to know of a healthy Weir.
    #[default]
    Info,
    /// What helps to find a fault in a config.
    Debug,
    /// What helps to find a fault in Weir.
    Trace,
}

/// How a message is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why a config file was refused; displayed as the whole report, with the place in the file and the remedy.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// What rule files have wrong, which comes with its own places.
    pub(crate) fn of_report(report: impl std::fmt::Display) -> Self {
        Self(report.to_string())
    }
}

impl Config {
    /// Reads and checks the file at `path`.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| ConfigError(fault::unreadable(path, &error)))?;
        Self::parse(&text, path)
    }

    /// Checks `text` as if it were the file at `origin`, which errors name and paths are relative to.
    pub fn parse(text: &str, origin: &Path) -> Result<Self, ConfigError> {
        let file = ConfigFile::read(text).map_err(|fault| refuse(&[fault], text, origin))?;
        let mut config = file.check().map_err(|problems| {
            let faults: Vec<_> = problems.into_iter().map(|problem| problem.locate(text)).collect();
            refuse(&faults, text, origin)
        })?;
        if let Some(folder) = origin.parent() {
            config.resolve_paths(folder);
        }
        config.remember(text, origin);
        Ok(config)
    }

    /// The files that say how Weir runs: this one, the module, the rules and their mappings, certificates, keys and tokens.
    /// Not those that hold events.
    pub fn files(&self) -> Vec<PathBuf> {
        let (mut source, mut sinks) = (self.source.clone(), [Some(self.sink.clone()), self.alerts.clone()]);
        let sources = [&mut source].into_iter().filter(|source| !matches!(source, Source::File { .. }));
        let sinks = sinks.iter_mut().flatten().filter(|sink| !matches!(sink, Sink::File { .. }));
        let ends = sources.flat_map(Source::paths).chain(sinks.flat_map(Sink::paths));
        let named = self.origin().into_iter().map(Path::to_owned).chain(self.detect.module.clone());
        let mappings = self.detect.mappings.iter().filter(|mapping| !is_shipped_mapping(mapping));
        let rules = self.detect.rules.iter().chain(mappings).cloned();
        named.chain(rules).chain(ends.map(|path| path.clone())).collect()
    }

    fn resolve_paths(&mut self, folder: &Path) {
        let detect = [self.detect.module.as_mut(), self.detect.cache_dir.as_mut()].into_iter().flatten();
        let ends = self.source.paths().chain(self.sink.paths()).chain(self.alerts.iter_mut().flat_map(Sink::paths));
        let mappings = self.detect.mappings.iter_mut().filter(|mapping| !is_shipped_mapping(mapping));
        for path in detect.chain(&mut self.detect.rules).chain(mappings).chain(ends) {
            *path = folder.join(&path);
        }
    }
}

impl Default for Detect {
    fn default() -> Self {
        Self {
            module: None,
            rules: Vec::new(),
            mappings: Vec::new(),
            sha256: None,
            workers: None,
            batch_bytes: DEFAULT_BATCH_BYTES,
            max_event_bytes: 16 << 20,
            deadline_ms: 1000,
            memory_mib: 64,
            on_error: OnError::default(),
            suppressed: Suppressed::default(),
            cache_dir: None,
        }
    }
}

impl Default for Reload {
    fn default() -> Self {
        Self { watch: true }
    }
}

/// The JSON schema of the config file, for editors: what `configs/weir.schema.json` holds.
pub fn schema() -> String {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<Config>();
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON already");
    text + "\n"
}

fn refuse(faults: &[Fault], text: &str, origin: &Path) -> ConfigError {
    let reports: Vec<_> = faults.iter().map(|fault| fault.render(text, origin)).collect();
    ConfigError(reports.join("\n\n"))
}
