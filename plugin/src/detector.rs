//! Weir inside another program: a detector that judges and tags the events of a shipper, in the shipper's own type.
//! Knows nothing of sources and sinks.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use bytes::Bytes;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value};
use weir_engine::program::RuleMeta;
use weir_engine::tag::{Addition, Change, Match, Tagger, has_a_say, unjudged_additions};

use crate::batch::{Batch, Chunk, Events};
use crate::config::{Config, ConfigError, Detect, OnError, Suppressed};
use crate::guest::{Failure, Guest, Judgement, Limits, LoadError, Module, Reason};
use crate::judge::{Judge, Then};
use crate::{plan, rules};

/// Bytes of JSON that are judged at once, give or take one event: [`Detect::batch_bytes`]'s default.
const BATCH_BYTES: usize = 1 << 20;

/// A loaded module that judges and tags. Loading takes milliseconds; share it, for any number of threads may use it.
///
/// ```
/// use serde_json::json;
/// use weir::{Detector, Verdict};
///
/// let detector = Detector::shipped()?;
/// let mut events = [
///     json!({"event": {"category": "process", "type": "start"}, "process.name": "docker", "container.id": "7d1f"}),
///     json!({"event": {"category": "process", "type": "start"}, "process.name": "bash", "container.id": "7d1f"}),
/// ];
/// let verdicts = detector.tag(&mut events);
/// assert!(matches!(&verdicts[0], Verdict::Matches(rules) if rules.len() == 1));
/// assert_eq!(verdicts[1], Verdict::Matches(vec![]));
/// assert_eq!(events[0]["rule"]["name"], "Container Management Utility Run Inside A Container");
/// # Ok::<(), weir::DetectorError>(())
/// ```
pub struct Detector {
    judge: Judge,
    tagger: Tagger,
    suppressed: Suppressed,
    /// Every key under which a root may hold what a rule reads.
    keys: HashSet<String>,
}

/// An event of a shipper's own type, as far as Weir has to know it.
pub trait Event {
    /// The members of the event's root: their keys, and their values as `serde` has them. A key may be a dotted name.
    /// Nothing if the root isn't an object: then the event is malformed, and nothing is added to it.
    fn members(&self) -> Option<impl Iterator<Item = (&str, impl Serialize)>>;

    /// Puts a value where none is. All keys but the last lead to a map that is there; none is a dotted path.
    fn set(&mut self, path: &[&str], value: Value);

    /// Adds values to the array at `path`. Another value there becomes an array that begins with it.
    fn push_all(&mut self, path: &[&str], values: Vec<Value>);
}

/// What was found out about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// These rules match, by their places in [`Detector::rules`]; often none does. A match that an exception suppresses is
    /// told by the event alone; and so it is if it was too much work for other rules.
    Matches(Vec<u32>),
    /// It couldn't be judged, and no rule is known to match it. It is marked with the reason, if it is an object.
    Unjudged(Reason),
}

/// What was found out about an event, before it is tagged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Which rules match it.
    pub matches: Vec<Match>,
    /// Why some rules couldn't judge it, or all.
    pub unjudged: Option<Reason>,
}

/// Why there is no detector.
#[derive(Debug, thiserror::Error)]
pub enum DetectorError {
    /// The module's file can't be read.
    #[error("cannot read module `{}`: {source}; build one with `weir build`", path.display())]
    Read {
        /// As it was given.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The module can't be used.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Detector {
    /// Loads a module that `weir build` made, for up to `limits.workers` threads at once.
    ///
    /// # Errors
    /// If it can't be read, or is no detector that Weir can run.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, DetectorError> {
        let bytes = fs::read(path).map_err(|source| DetectorError::Read { path: path.to_owned(), source })?;
        let module = Module { name: &path.to_string_lossy(), bytes: &bytes, pinned: None, cache: None };
        Ok(Self::load(&module, limits)?)
    }

    /// Loads a module that is in memory, may be pinned, and may be cached.
    ///
    /// # Errors
    /// If it is no detector that Weir can run.
    pub fn load(module: &Module<'_>, limits: &Limits) -> Result<Self, LoadError> {
        let guest = Guest::load(module, limits)?;
        // A guest holds the event, and as much again for its work.
        let max_event_bytes = Detect::default().max_event_bytes.min(limits.memory_bytes / 2);
        Ok(Self::of(guest, &Detect { max_event_bytes, ..Detect::default() }))
    }

    /// Loads what a config says in `detect`, but for `on_error`: an event that can't be judged always goes on.
    ///
    /// # Errors
    /// If it names what can't be used.
    pub fn configured(config: &Config) -> Result<Self, ConfigError> {
        let guest = plan::load_guest(config, config.detect.cache_dir.as_deref())?;
        Ok(Self::of(guest, &Detect { on_error: OnError::Pass, ..config.detect.clone() }))
    }

    fn of(guest: Guest, detect: &Detect) -> Self {
        let tagger = Tagger::new(guest.rules(), guest.exceptions());
        let keys = guest.fields().iter().flat_map(|name| prefixes(name)).map(str::to_owned).collect();
        Self { judge: Judge::new(guest, detect), tagger, suppressed: detect.suppressed, keys }
    }

    /// Loads the rules that Weir ships, for one thread.
    ///
    /// # Errors
    /// If the sandbox can't be set up on this machine.
    pub fn shipped() -> Result<Self, DetectorError> {
        let module = Module { name: "shipped rules", bytes: rules::SHIPPED, pinned: None, cache: None };
        Ok(Self::load(&module, &Limits::default())?)
    }

    /// The rules, in the order by which verdicts number them.
    pub fn rules(&self) -> &[RuleMeta] {
        self.judge.guest().rules()
    }

    /// The dotted names of the fields that the rules read.
    pub fn fields(&self) -> &[String] {
        self.judge.guest().fields()
    }

    /// Judges newline-delimited JSON, and changes nothing. Blocks its thread.
    ///
    /// # Panics
    /// Beyond [`Batch::MAX_BYTES`].
    pub fn judge(&self, lines: &[u8]) -> Judgement {
        self.judge.ask(&Batch::new(Bytes::copy_from_slice(lines)))
    }

    /// Judges one event, given as JSON on one line, which may lack what no rule reads. Blocks its thread.
    ///
    /// # Panics
    /// Beyond [`Batch::MAX_BYTES`].
    pub fn judge_one(&self, json: &[u8]) -> Found {
        let judgement = self.judge(json);
        let unjudged = judgement.unjudged.first().map(|unjudged| unjudged.reason);
        let malformed = judgement.malformed.first().map(|_| Reason::Malformed);
        let matches = judgement.findings.iter().map(Match::from).collect();
        let found = Found { matches, unjudged: unjudged.or(malformed) };
        self.warn_unjudged(std::slice::from_ref(&found), judgement.failure.as_ref());
        found
    }

    /// What an event gets for its matches. `told` is its JSON, which may lack the members of the root that have no say in
    /// it ([`has_a_say`]); if it isn't JSON, the event gets nothing.
    ///
    /// # Panics
    /// If a match isn't this detector's.
    pub fn additions(&self, told: &[u8], matches: &[Match]) -> Vec<Addition> {
        let is_told = |it: &&Match| it.suppressed_by.is_none() || self.suppressed == Suppressed::Mark;
        let told_matches: Vec<_> = matches.iter().filter(is_told).copied().collect();
        self.tagger.additions(told, &told_matches).unwrap_or_default()
    }

    /// Judges newline-delimited JSON, and gives it with tags, cut into pieces: what no rule matches is shared with
    /// `lines`, not copied. Blocks its thread.
    ///
    /// # Panics
    /// Beyond [`Batch::MAX_BYTES`].
    pub fn tag_lines(&self, lines: Bytes) -> Vec<Bytes> {
        let mut judged = self.judge.judge(Chunk::Events(Events::Lines(Batch::new(lines))));
        let mut pieces = judged.tagged.pieces;
        while let Then::Rest(rest) = judged.then {
            judged = self.judge.tag(rest);
            pieces.append(&mut judged.tagged.pieces);
        }
        pieces
    }

    /// Judges events and tags those that match, as `weir run` does; says of each what it is. Blocks its thread.
    ///
    /// The module is shown just the members of the root that its rules may read; to tag, `weir`, `rule`, `threat`, `event`
    /// and `tags` are looked at.
    pub fn tag<E: Event>(&self, events: &mut [E]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(events.len());
        while verdicts.len() < events.len() {
            let begun = verdicts.len();
            let found = self.judge_some(&events[begun..]);
            verdicts.extend(events[begun..].iter_mut().zip(found).map(|(event, found)| self.add_tags(event, found)));
        }
        verdicts
    }

    /// Judges the first of `events`, as many as make a batch.
    fn judge_some<E: Event>(&self, events: &[E]) -> Vec<Found> {
        let mut lines = Vec::new();
        let mut all = Vec::new();
        for event in events {
            let written = write_members(event, |key| self.keys.contains(key), &mut lines);
            lines.push(b'\n');
            // If nothing was written, the line is blank, so it isn't judged.
            all.push(Found { unjudged: written.is_none().then_some(Reason::Malformed), ..Found::default() });
            if lines.len() >= BATCH_BYTES {
                break;
            }
        }
        let judgement = self.judge.ask(&Batch::new(lines.into()));
        for finding in &judgement.findings {
            all[finding.event as usize].matches.push(Match::from(finding));
        }
        let malformed = judgement.malformed.iter().map(|event| (*event, Reason::Malformed));
        for (event, reason) in malformed.chain(judgement.unjudged.iter().map(|it| (it.event, it.reason))) {
            all[event as usize].unjudged = Some(reason);
        }
        self.warn_unjudged(&all, judgement.failure.as_ref());
        all
    }

    fn warn_unjudged(&self, found: &[Found], failure: Option<&Failure>) {
        let mut unjudged = BTreeMap::new();
        for reason in found.iter().filter_map(|found| found.unjudged) {
            *unjudged.entry(reason.label()).or_default() += 1;
        }
        self.judge.warn_unjudged(&unjudged, failure);
    }

    fn add_tags<E: Event>(&self, event: &mut E, found: Found) -> Verdict {
        let Found { matches, unjudged } = found;
        if matches.is_empty() && unjudged.is_none() {
            return Verdict::Matches(Vec::new());
        }
        let Some(telling) = told(event) else { return Verdict::Unjudged(Reason::Malformed) };
        // What was written is an object.
        self.additions(&telling, &matches).into_iter().for_each(|addition| add(event, addition));
        if let Some(reason) = unjudged {
            // What was just added has a say, too.
            let additions = told(event).map(|telling| unjudged_additions(&telling, reason.label()));
            additions.into_iter().flatten().flatten().for_each(|addition| add(event, addition));
        }
        let is_told = |found: &&Match| found.suppressed_by.is_none();
        let rules: Vec<u32> = matches.iter().filter(is_told).map(|found| found.rule).collect();
        match unjudged {
            Some(reason) if rules.is_empty() => Verdict::Unjudged(reason),
            _ => Verdict::Matches(rules),
        }
    }
}

/// A dotted name, and everything that stands before one of its dots.
fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').map(|(dot, _)| &name[..dot]).chain([name])
}

/// What of the event has a say in what is added to it.
fn told<E: Event>(event: &E) -> Option<Vec<u8>> {
    let mut told = Vec::new();
    write_members(event, |key| has_a_say(key.as_bytes()), &mut told).map(|()| told)
}

/// Appends an object of the members that are `wanted`, on one line; nothing if the root isn't an object, or has no JSON.
fn write_members<E: Event>(event: &E, wanted: impl Fn(&str) -> bool, out: &mut Vec<u8>) -> Option<()> {
    let members = event.members()?;
    let start = out.len();
    let mut serializer = serde_json::Serializer::new(&mut *out);
    let write = || {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in members.filter(|(key, _)| wanted(key)) {
            map.serialize_entry(key, &value)?;
        }
        map.end()
    };
    if write().is_err() {
        out.truncate(start);
        return None;
    }
    // Between tokens, which is where a `RawValue` may bring it in; inside text it is escaped.
    out[start..].iter_mut().filter(|byte| **byte == b'\n').for_each(|newline| *newline = b' ');
    Some(())
}

fn add<E: Event>(event: &mut E, Addition { path, change }: Addition) {
    let mut path: Vec<&str> = path.iter().map(String::as_str).collect();
    match change {
        Change::Members(members) => {
            for (key, value) in &members {
                path.push(key);
                event.set(&path, value.clone());
                path.pop();
            }
        }
        Change::Elements(values) | Change::Wrap(values) => event.push_all(&path, values),
    }
}

impl Event for Map<String, Value> {
    fn members(&self) -> Option<impl Iterator<Item = (&str, impl Serialize)>> {
        Some(self.iter().map(|(key, value)| (key.as_str(), value)))
    }

    fn set(&mut self, path: &[&str], value: Value) {
        if let Some(place) = place(self, path) {
            *place = value;
        }
    }

    fn push_all(&mut self, path: &[&str], mut values: Vec<Value>) {
        match place(self, path) {
            Some(Value::Array(array)) => array.append(&mut values),
            Some(other) => {
                values.insert(0, other.take());
                *other = Value::Array(values);
            }
            None => {}
        }
    }
}

impl Event for Value {
    fn members(&self) -> Option<impl Iterator<Item = (&str, impl Serialize)>> {
        Some(self.as_object()?.iter().map(|(key, value)| (key.as_str(), value)))
    }

    fn set(&mut self, path: &[&str], value: Value) {
        if let Value::Object(root) = self {
            root.set(path, value);
        }
    }

    fn push_all(&mut self, path: &[&str], values: Vec<Value>) {
        if let Value::Object(root) = self {
            root.push_all(path, values);
        }
    }
}

/// Where `path` leads; the last key is made if it isn't there.
fn place<'m>(root: &'m mut Map<String, Value>, path: &[&str]) -> Option<&'m mut Value> {
    let (last, parents) = path.split_last()?;
    let map = parents.iter().try_fold(root, |map, key| map.get_mut(*key)?.as_object_mut())?;
    Some(map.entry(*last).or_insert(Value::Null))
}

#[cfg(test)]
mod tests;
