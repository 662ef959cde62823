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
    /// How its files were before they were read.
    pub seen: Seen,
    /// What is replaced.
    pub routes: Routes,
    /// What its sinks have to know of the source.
    pub upstream: Upstream,
}

/// The files that a config is made of, as they were at some time; of a folder, the rule files in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen(Vec<Stamp>);

/// What tells that a file was changed; a link is followed, for Kubernetes changes those.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    /// Device, inode, size, and time of change to the nanosecond, if it is there.
    state: Option<(u64, u64, u64, i64, i64)>,
}

impl Reloader {
    /// Reloads whenever `hangups` gives one, and, if the config in force says so, whenever a file was changed.
    pub async fn run(mut self, mut hangups: tokio::signal::unix::Signal) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The files of the config that was read last, in force or not: it may be one of them that is to be mended.
        let mut watched = self.config.clone();
        let mut last = self.seen.clone();
        loop {
            let signalled = tokio::select! {
                got = hangups.recv() => got.is_some(),
                _ = look.tick() => false,
            };
            let now = Seen::of(&watched);
            // A file that was changed within the last second may not be whole yet.
            let changed = self.config.reload.watch && now != self.seen && now == last;
            last = now.clone();
            if signalled || changed {
                self.seen = now;
                (self, watched) = self.reload(watched).await;
                last = self.seen.clone();
            }
        }
    }

    /// Compiling may take seconds, so it has a thread of its own. Gives the config that was read, too.
    async fn reload(mut self, mut watched: Config) -> (Self, Config) {
        let reloading = spawn_blocking(move || {
            match self.try_reload(&mut watched) {
                Ok(rules) => {
                    info!(rules, "reloaded: the next batch is judged by the new rules and goes to the new sink");
                    Reload::Ok.count();
                }
                Err(problem) => {
                    error!("not reloaded, all stays as it was: {problem}");
                    Reload::Failed.count();
                }
            }
            (self, watched)
        });
        reloading.await.expect("reloading doesn't panic")
    }

    fn try_reload(&mut self, watched: &mut Config) -> Result<usize, String> {
        let config = (self.read)()?;
        self.seen = Seen::of(&config).unless_seen(&self.seen);
        *watched = config.clone();
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

impl Seen {
    /// The files of `config` as they are now.
    pub fn of(config: &Config) -> Self {
        let files = |path: PathBuf| rules::files_of(&path).unwrap_or_else(|_| vec![path]);
        Self(config.files().into_iter().flat_map(files).map(Stamp::of).collect())
    }

    /// The same files, those that were seen `before` as they were then: whatever changes while they are read is a change.
    fn unless_seen(self, before: &Self) -> Self {
        let then = |now: Stamp| before.0.iter().find(|then| then.path == now.path).cloned().unwrap_or(now);
        Self(self.0.into_iter().map(then).collect())
    }
}

impl Stamp {
    fn of(path: PathBuf) -> Self {
        let metadata = fs::metadata(&path).ok();
        let state = metadata.map(|it| (it.dev(), it.ino(), it.size(), it.mtime(), it.mtime_nsec()));
        Self { path, state }
    }
}
