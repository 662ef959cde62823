//! The host's side of the guest: loads a detector once, and judges each batch in a fresh instance of it, within bounds
//! of time and memory. Knows nothing of sources, sinks, configs or what the rules say.
//!
//! The modules in the order in which a detector meets them: `sandbox` is what it lives in, `load` lets a module in, `describe`
//! asks for its rules; then, for each batch, `breaker` lets it rest if it fails on everything, `halving` finds the events
//! on which it fails, `instance` makes each call (while `ticker` counts the time), and `report` checks the answer.

mod bindings;
mod breaker;
mod describe;
mod halving;
mod instance;
mod judgement;
mod load;
mod report;
mod sandbox;
mod ticker;

use std::path::Path;
use std::time::{Duration, Instant};

use weir_engine::program::{ExceptionMeta, RuleMeta};

use self::breaker::Breaker;
use self::describe::Description;
use self::halving::Lines;
use self::instance::{Instances, Slot};

pub use self::judgement::{Failure, Finding, Judgement, Reason, Unjudged};
pub use self::load::{LoadError, sha256};

/// A detector as it was found, before anything in it is trusted.
#[derive(Clone, Copy, Debug)]
pub struct Module<'a> {
    /// What errors call it; usually its path.
    pub name: &'a str,
    /// The WebAssembly component.
    pub bytes: &'a [u8],
    /// The SHA-256, in hexadecimal, that it must have.
    pub pinned: Option<&'a str>,
    /// Where machine code is kept between runs. Who can write there can run code in this process.
    pub cache: Option<&'a Path>,
}

/// What a detector may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How many batches may be judged at once, at least one; a further call of [`Guest::judge`] waits.
    pub workers: u32,
    /// Memory of one instance.
    pub memory_bytes: usize,
    /// Longest time for one call. A batch that fails is halved and tried again, and all calls for it may take eight times
    /// as long.
    pub deadline: Duration,
    /// The detector rests once for this long, and in at least three batches, no event could be judged.
    pub rest_after: Duration,
    /// How long it rests before it is tried again.
    pub rest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            workers: 1,
            memory_bytes: 64 << 20,
            deadline: Duration::from_secs(1),
            rest_after: Duration::from_secs(10),
            rest: Duration::from_secs(30),
        }
    }
}

/// A loaded detector; any number of threads may share it.
pub struct Guest {
    instances: Instances,
    breaker: Breaker,
    deadline: Duration,
    description: Description,
    sha256: String,
}

impl Guest {
    /// Checks and compiles a detector, and asks it for its rules.
    ///
    /// Compiling happens outside of the sandbox, and its time isn't bounded: a module made for that, though no longer than
    /// [`weir_engine::limits::MAX_MODULE_BYTES`], may take minutes. Nothing is judged yet.
    ///
    /// # Errors
    /// If it isn't the one that is pinned, is no detector, or says of its rules what [`weir_engine::limits`] rule out.
    pub fn load(module: &Module<'_>, limits: &Limits) -> Result<Self, LoadError> {
        load::check_length(module)?;
        let sha256 = load::check_digest(module)?;
        let instances = load::compile(module, limits)?;
        Ok(Self {
            description: load::introduce(module, limits, &instances)?,
            breaker: Breaker::new(limits.rest_after, limits.rest),
            deadline: limits.deadline,
            instances,
            sha256,
        })
    }

    /// The rules, in the order by which findings number them.
    pub fn rules(&self) -> &[RuleMeta] {
        &self.description.rules
    }

    /// The exceptions, in the order by which findings number them.
    pub fn exceptions(&self) -> &[ExceptionMeta] {
        &self.description.exceptions
    }

    /// The dotted names of the fields that the rules read.
    pub fn fields(&self) -> &[String] {
        &self.description.fields
    }

    /// The module's SHA-256 in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Judges newline-delimited events, of which the one at `i` ends before byte `ends[i]`, its newline included.
    ///
    /// A match that exceptions cover has a finding for each of them, whether they are in force or not.
    ///
    /// Always answers for every event, and within a bounded time: an event on which the detector fails is `unjudged`,
    /// its neighbours are judged; a blank line is no event. Blocks its thread.
    ///
    /// # Panics
    /// If `ends` decreases or leads out of `batch`.
    pub fn judge(&self, batch: &[u8], ends: &[u32]) -> Judgement {
        let lines = Lines { bytes: batch, ends };
        if lines.count() == 0 {
            return Judgement::default();
        }
        if !self.breaker.admits(Instant::now()) {
            let mut judgement = Judgement::default();
            judgement.give_up(lines.events(0..lines.count()), Reason::Resting);
            return judgement;
        }
        let slot = self.instances.slot();
        let judgement =
            halving::judge(&lines, self.deadline, |bytes, lines, deadline| self.detect(&slot, bytes, lines, deadline));
        drop(slot);
        let nothing_judged = || judgement.unjudged.len() == lines.events(0..lines.count()).count();
        if judgement.failure.is_some() && nothing_judged() {
            self.breaker.failed(Instant::now());
        } else {
            self.breaker.succeeded();
        }
        judgement
    }

    fn detect(&self, slot: &Slot<'_>, bytes: &[u8], lines: u32, deadline: Duration) -> Result<Judgement, Failure> {
        let most_bytes = report::most_bytes(lines, &self.description);
        let answer = slot.detect(deadline, most_bytes, bytes)?;
        report::check(answer, lines, &self.description)
    }
}
