//! Takes a changed config, module or rules into use while events flow: on a signal, and when the files change.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info};

use crate::config::Config;
use crate::metrics::Reload;
use crate::plan::{self, Upstream};
use crate::route::Routes;
use crate::rules;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Reloads a run's route.
pub struct Reloader {
    /// Reads the config anew, flags included.
    pub read: Box<dyn Fn() -> Result<Config, String> + Send>,
    /// What is in force.
    pub config: Config,
    /// What is replaced.
    pub routes: Routes,
    /// What its sinks have to know of the source.
    pub upstream: Upstream,
}

/// What tells that a file was changed; a link is followed, for Kubernetes changes those.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    /// Device, inode, size, and time of change to the nanosecond, if it is there.
    seen: Option<(u64, u64, u64, i64, i64)>,
}

impl Reloader {
    /// Reloads whenever `hangups` gives one, and, if the config in force says so, whenever a file was changed.
    pub async fn run(mut self, mut hangups: tokio::signal::unix::Signal) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tried = stamps(&self.config);
        let mut last = stamps(&self.config);
        loop {
            let signalled = tokio::select! {
                got = hangups.recv() => got.is_some(),
                _ = look.tick() => false,
            };
            let now = stamps(&self.config);
            // A file that was changed within the last second may not be whole yet.
            let changed = self.config.reload.watch && now != tried && now == last;
            last = now;
            if signalled || changed {
                self = self.reload().await;
                tried = stamps(&self.config);
                last = stamps(&self.config);
            }
        }
    }

    /// Compiling may take seconds, so it has a thread of its own.
    async fn reload(mut self) -> Self {
        spawn_blocking(move || {
            match self.try_reload() {
                Ok(rules) => {
                    info!(rules, "reloaded: the next batch is judged by the new rules and goes to the new sink");
                    Reload::Ok.count();
                }
                Err(problem) => {
                    error!("not reloaded, all stays as it was: {problem}");
                    Reload::Failed.count();
                }
            }
            self
        })
        .await
        .expect("reloading doesn't panic")
    }

    fn try_reload(&mut self) -> Result<usize, String> {
        let config = (self.read)()?;
        if let Some(section) = fixed_section(&self.config, &config) {
            return Err(format!(
                "`{section}` can't be changed while weir runs; restart it, or change `{section}` back"
            ));
        }
        let route = plan::reroute(&config, &self.upstream, (&self.config, &self.routes.now()))
            .map_err(|error| error.to_string())?;
        let rules = route.judge.guest().rules().len();
        route.counts.register();
        self.routes.replace(route);
        self.config = config;
        Ok(rules)
    }
}

/// A section that only a restart can change, and that was changed.
fn fixed_section(old: &Config, new: &Config) -> Option<&'static str> {
    if old.source != new.source {
        Some("source")
    } else if old.metrics != new.metrics {
        Some("metrics")
    } else if old.logs != new.logs {
        Some("logs")
    } else {
        None
    }
}

/// The state of every file that `config` is made of; of a folder, of the rule files in it.
fn stamps(config: &Config) -> Vec<Stamp> {
    let files = |path: PathBuf| rules::files_of(&path).unwrap_or_else(|_| vec![path]);
    config.files().into_iter().flat_map(files).map(Stamp::of).collect()
}

impl Stamp {
    fn of(path: PathBuf) -> Self {
        let seen = fs::metadata(&path).ok();
        let seen = seen.map(|it| (it.dev(), it.ino(), it.size(), it.mtime(), it.mtime_nsec()));
        Self { path, seen }
    }
}
