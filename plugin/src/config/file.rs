//! The config file as it was written, and the checks that need more than one of a section's keys.

use serde::Deserialize;
use serde_saphyr::MergeKeyPolicy;

use super::endpoint::{SinkKeys, SourceKeys};
use super::fault::{Fault, Problem};
use super::written::Written;
use super::{Config, Detect, Logs, Metrics, Reload, Sink, Source, clash};

/// The file's sections; one that is absent or empty has its defaults.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ConfigFile {
    source: Option<SourceKeys>,
    detect: Option<Detect>,
    sink: Option<SinkKeys>,
    alerts: Option<SinkKeys>,
    metrics: Option<Metrics>,
    logs: Option<Logs>,
    reload: Option<Reload>,
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

    /// Checks what several keys say together; tells one problem of each section.
    pub(super) fn check(self) -> Result<Config, Vec<Problem>> {
        let detect = self.detect.unwrap_or_default();
        let mut problems = Vec::new();
        let source = self.source.map_or(Ok(Source::default()), SourceKeys::check);
        let source = source.map_err(|problem| problems.push(problem));
        problems.extend(check_detect(&detect).err());
        let sink = self.sink.map_or(Ok(Sink::default()), |keys| keys.check("sink"));
        let sink = sink.map_err(|problem| problems.push(problem));
        let alerts = self.alerts.map(|keys| keys.check("alerts")).transpose();
        let alerts = alerts.map_err(|problem| problems.push(problem));
        let (Ok(source), Ok(sink), Ok(alerts), []) = (source, sink, alerts, &problems[..]) else {
            return Err(problems);
        };
        let config = Config {
            source,
            detect,
            sink,
            alerts,
            metrics: self.metrics.unwrap_or_default(),
            logs: self.logs.unwrap_or_default(),
            reload: self.reload.unwrap_or_default(),
            written: Written::default(),
        };
        match clash::find(&config) {
            Some(problem) => Err(vec![problem]),
            None => Ok(config),
        }
    }
}

fn check_detect(detect: &Detect) -> Result<(), Problem> {
    for (key, is_written) in [("module", detect.module.is_some()), ("sha256", detect.sha256.is_some())] {
        let (with, remedy) = if !detect.rules.is_empty() {
            ("rules", format!("keep `rules`, or make a module of them with `weir build` and keep `{key}`"))
        } else {
            (
                "mappings",
                "make the module with `weir build --mapping …` and remove `mappings`, or give `rules`".to_owned(),
            )
        };
        if is_written && !(detect.rules.is_empty() && detect.mappings.is_empty()) {
            let what = format!("`detect` has both `{with}` and `{key}`");
            return Err(Problem { places: vec![vec!["detect", key]], what, remedy });
        }
    }
    check_memory(detect)
}

/// A guest holds the batch, and as much again for its work.
fn check_memory(detect: &Detect) -> Result<(), Problem> {
    let memory = detect.memory_mib << 20;
    for (key, bytes) in [("batch_bytes", detect.batch_bytes), ("max_event_bytes", detect.max_event_bytes)] {
        if memory < 2 * bytes {
            let enough = (2 * bytes).div_ceil(1 << 20);
            return Err(Problem {
                places: vec![vec!["detect", "memory_mib"], vec!["detect", key]],
                what: format!("`memory_mib: {}` is too little for `{key}: {bytes}`", detect.memory_mib),
                remedy: format!("set `memory_mib` to at least {enough}, or `{key}` to at most {}", memory / 2),
            });
        }
    }
    Ok(())
}
