//! The config file as it was written, and the checks that need more than one of its keys.

use std::path::PathBuf;

use serde::Deserialize;
use serde_saphyr::MergeKeyPolicy;

use super::fault::{Fault, Problem};
use super::{Config, Detect, Logs, Metrics, Sink, Source};

/// The file's sections; one that is absent or empty has its defaults.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ConfigFile {
    source: Option<Endpoint<SourceType>>,
    detect: Option<Detect>,
    sink: Option<Endpoint<SinkType>>,
    metrics: Option<Metrics>,
    logs: Option<Logs>,
}

/// A source or a sink. Flat, because serde forgets the places of the keys of an enum that is tagged by one of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Endpoint<T> {
    r#type: Option<T>,
    path: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SourceType {
    Stdin,
    File,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SinkType {
    Stdout,
    File,
}

impl ConfigFile {
    /// Reads YAML without its magic: a config has no use for merge keys or tags.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let options = serde_saphyr::options! {
            merge_keys: MergeKeyPolicy::Error,
            reject_unsupported_tags: true,
            with_snippet: false,
        };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| Fault::of_yaml(&error, text))
    }

    /// Checks what several keys say together.
    pub(super) fn check(self) -> Result<Config, Problem> {
        let detect = self.detect.unwrap_or_default();
        check_memory(&detect)?;
        Ok(Config {
            source: self.source.map_or(Ok(Source::default()), Endpoint::into_source)?,
            detect,
            sink: self.sink.map_or(Ok(Sink::default()), Endpoint::into_sink)?,
            metrics: self.metrics.unwrap_or_default(),
            logs: self.logs.unwrap_or_default(),
        })
    }
}

impl Endpoint<SourceType> {
    fn into_source(self) -> Result<Source, Problem> {
        match (self.r#type, self.path) {
            (Some(SourceType::Stdin), None) => Ok(Source::Stdin),
            (Some(SourceType::File), Some(path)) => Ok(Source::File { path }),
            (Some(SourceType::Stdin), Some(_)) => Err(stray_path("source", "stdin")),
            (Some(SourceType::File), None) => Err(missing_path("source")),
            (None, _) => Err(missing_type("source", "stdin")),
        }
    }
}

impl Endpoint<SinkType> {
    fn into_sink(self) -> Result<Sink, Problem> {
        match (self.r#type, self.path) {
            (Some(SinkType::Stdout), None) => Ok(Sink::Stdout),
            (Some(SinkType::File), Some(path)) => Ok(Sink::File { path }),
            (Some(SinkType::Stdout), Some(_)) => Err(stray_path("sink", "stdout")),
            (Some(SinkType::File), None) => Err(missing_path("sink")),
            (None, _) => Err(missing_type("sink", "stdout")),
        }
    }
}

fn stray_path(section: &'static str, stream: &str) -> Problem {
    Problem {
        section,
        keys: vec!["path"],
        what: format!("`{section}` has a `path`, but is of type `{stream}`"),
        remedy: "write `type: file`, or remove `path`".to_owned(),
    }
}

fn missing_path(section: &'static str) -> Problem {
    Problem {
        section,
        keys: vec!["type"],
        what: format!("`{section}` is of type `file`, but has no `path`"),
        remedy: "add a line `path: FILE`".to_owned(),
    }
}

fn missing_type(section: &'static str, stream: &str) -> Problem {
    Problem {
        section,
        keys: vec!["path"],
        what: format!("`{section}` has no `type`"),
        remedy: format!("add `type: {stream}` or `type: file`"),
    }
}

/// A guest holds the batch, and as much again for its work.
fn check_memory(detect: &Detect) -> Result<(), Problem> {
    let memory = detect.memory_mib << 20;
    for (key, bytes) in [("batch_bytes", detect.batch_bytes), ("max_event_bytes", detect.max_event_bytes)] {
        if memory < 2 * bytes {
            let enough = (2 * bytes).div_ceil(1 << 20);
            return Err(Problem {
                section: "detect",
                keys: vec!["memory_mib", key],
                what: format!("`memory_mib: {}` is too little for `{key}: {bytes}`", detect.memory_mib),
                remedy: format!("set `memory_mib` to at least {enough}, or `{key}` to at most {}", memory / 2),
            });
        }
    }
    Ok(())
}
