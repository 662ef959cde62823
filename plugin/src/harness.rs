//! A module in, events in, tagged events and findings out: for tests of rules and modules, in Rust or by `weir test`.
//!
//! `names` knows what rules are called; [`cases`] reads the cases beside rules with it, through `yaml`, which says where
//! everything stands, and `event`, which makes JSON of it; what is wrong with a case is a `fault`. [`coverage`]
//! tells what cases leave untested.

pub mod cases;
pub mod coverage;
mod event;
mod fault;
mod names;
mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use weir_engine::program::{ExceptionMeta, RuleMeta, Validate};

use crate::batch::{Batch, Chunk, Events, is_blank};
use crate::config::Detect;
use crate::guest::{Guest, Limits, LoadError, Module};
use crate::judge::Judge;
use crate::rules::{self, RuleSet, RulesError};

pub use names::RuleNames;

/// Judges and tags events just as `weir run` does, and tells of each what became of it.
///
/// ```
/// use weir::harness::Harness;
///
/// let harness = Harness::shipped()?;
/// let outcomes = harness.run(
///     r#"
///     {"event.category": "process", "event.type": "start", "process.name": "docker", "container.id": "7d1f"}
///     {"event.category": "process", "event.type": "start", "process.name": "bash", "container.id": "7d1f"}
///     "#,
/// );
/// assert!(outcomes[0].matched("6c6bb7ea-0636-44ca-b541-201478ef6b50"));
/// assert_eq!(outcomes[0].json()["weir"]["matches"][0]["severity"], "low");
/// assert!(outcomes[1].matches.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Harness {
    judge: Judge,
    rule_ids: Vec<String>,
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The event as it goes on, tagged if a rule matches.
    pub event: Bytes,
    /// The ids of the rules that match, in the order of the module's rules; without those that an exception suppresses.
    pub matches: Vec<String>,
    /// The ids of the rules that match, but are suppressed by an exception that is in force.
    pub suppressed: Vec<String>,
    /// Why it couldn't be judged, by the reason's [label](crate::guest::Reason::label).
    pub unjudged: Option<&'static str>,
}

/// Why there is nothing to run events through.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// The rules don't make a module.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The module can't be used.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Harness {
    /// Loads a module, which errors call `name`.
    ///
    /// # Errors
    /// If it is no detector that Weir can run.
    pub fn load(name: &str, module: &[u8]) -> Result<Self, LoadError> {
        // It never rests: each event is to be judged, whatever became of those before.
        let limits = Limits { rest_after: Duration::MAX, ..Limits::default() };
        let guest = Guest::load(&Module { name, bytes: module, pinned: None, cache: None }, &limits)?;
        let rule_ids = guest.rules().iter().map(|rule| rule.id.clone()).collect();
        Ok(Self { judge: Judge::new(guest, &Detect::default()), rule_ids })
    }

    /// Compiles rule files, and all in folders and below them, and loads the module.
    ///
    /// # Errors
    /// If a rule is wrong, or the module can't be loaded.
    pub fn of_rules(paths: &[PathBuf]) -> Result<Self, HarnessError> {
        // So that each event that is malformed is found to be.
        let set = RuleSet { validate: Validate::All, ..rules::read(paths)? };
        let module = rules::build(&set)?;
        Ok(Self::load("compiled rules", &module)?)
    }

    /// Loads the rules that Weir ships.
    ///
    /// # Errors
    /// If the sandbox can't be set up on this machine.
    pub fn shipped() -> Result<Self, LoadError> {
        Self::load("shipped rules", rules::SHIPPED)
    }

    /// The module's rules.
    pub fn rules(&self) -> &[RuleMeta] {
        self.judge.guest().rules()
    }

    /// The module's exceptions.
    pub fn exceptions(&self) -> &[ExceptionMeta] {
        self.judge.guest().exceptions()
    }

    /// The exceptions that cover a match of the rule with this id on the event, in force or not.
    pub fn covering_exceptions(&self, event: Bytes, rule_id: &str) -> Vec<&ExceptionMeta> {
        let batch = Batch::new(event);
        let findings = self.judge.guest().judge(batch.bytes(), batch.ends()).findings;
        let of_rule = findings.iter().filter(|finding| self.rule_ids[finding.rule as usize] == rule_id);
        let covering = of_rule.filter_map(|finding| finding.exception);
        covering.map(|number| &self.exceptions()[number as usize]).collect()
    }

    /// Judges newline-delimited events, each alone; blank lines are none.
    pub fn run(&self, events: impl AsRef<[u8]>) -> Vec<Outcome> {
        let batch = Batch::new(Bytes::copy_from_slice(events.as_ref()));
        let lines = (0..batch.lines()).map(|line| batch.bytes().slice(batch.line(line)));
        lines.filter(|line| !is_blank(line)).map(|line| self.run_one(line)).collect()
    }

    /// Judges one event, which is given without a newline.
    pub fn run_one(&self, event: Bytes) -> Outcome {
        let tagged = self.judge.judge(Chunk::Events(Events::Lines(Batch::new(event)))).tagged;
        let ids = |rules: &BTreeMap<u32, u64>| rules.keys().map(|rule| self.rule_ids[*rule as usize].clone()).collect();
        Outcome {
            event: tagged.pieces.concat().into(),
            matches: ids(&tagged.matches),
            suppressed: ids(&tagged.suppressed),
            unjudged: tagged.unjudged.keys().next().copied(),
        }
    }
}

impl Outcome {
    /// Does the rule with this id match, without being suppressed?
    pub fn matched(&self, rule_id: &str) -> bool {
        self.matches.iter().any(|id| id == rule_id)
    }

    /// The event as it goes on, parsed.
    ///
    /// # Panics
    /// If it isn't JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.event).expect("only an event that is JSON can be looked into")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "6c6bb7ea-0636-44ca-b541-201478ef6b50";
    const DOCKER: &str =
        r#"{"event.category":"process","event.type":"start","process.name":"docker","container.id":"7d1f"}"#;
    const BASH: &str =
        r#"{"event.category":"process","event.type":"start","process.name":"bash","container.id":"7d1f"}"#;

    #[test]
    fn each_event_has_its_own_outcome_and_blank_lines_have_none() {
        let outcomes = Harness::shipped().unwrap().run(format!("\n{BASH}\n  \n{DOCKER}\n{BASH}"));
        let matches: Vec<_> = outcomes.iter().map(|outcome| outcome.matched(RULE)).collect();
        assert_eq!(matches, [false, true, false]);
        assert_eq!(outcomes[2], Outcome { event: BASH.into(), matches: vec![], suppressed: vec![], unjudged: None });
        assert_eq!(outcomes[1].json()["rule.id"], Value::Null, "the event has no dotted tags");
        assert_eq!(outcomes[1].json()["rule"]["id"], RULE);
    }

    #[test]
    fn an_event_that_cannot_be_judged_says_why() {
        let broken = DOCKER.replace('}', "");
        let outcomes = Harness::shipped().unwrap().run(&broken);
        assert_eq!(
            outcomes,
            [Outcome { event: broken.into(), matches: vec![], suppressed: vec![], unjudged: Some("malformed") }]
        );
    }

    #[test]
    fn a_suppressed_match_is_told_apart() {
        let harness = Harness::load("excepting", &rules::with_exception()).unwrap();
        let outcomes = harness.run(format!("{DOCKER}\n{}", DOCKER.replace("7d1f", "build-1")));
        let ids: Vec<_> = outcomes.iter().map(|outcome| (&outcome.matches[..], &outcome.suppressed[..])).collect();
        assert_eq!(ids, [(&[RULE.to_owned()][..], &[][..]), (&[], &[RULE.to_owned()])]);
        assert!(!outcomes[1].matched(RULE));
        assert_eq!(outcomes[1].json()["weir"]["matches"][0]["suppressed_by"], "Builds");
    }

    #[test]
    fn rules_are_compiled_and_compared_by_their_files() {
        let rules = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-guest/rules"));
        let compiled = Harness::of_rules(&[rules]).unwrap();
        assert_eq!(compiled.rules(), Harness::shipped().unwrap().rules());
        let missing = Harness::of_rules(&["no-such-rule.toml".into()]);
        assert!(matches!(missing, Err(HarnessError::Rules(RulesError::Unreadable { .. }))));
    }

    #[test]
    fn a_module_that_cannot_be_loaded_is_named() {
        let error = Harness::load("mine.wasm", b"no module").err().unwrap();
        assert!(error.to_string().starts_with("module `mine.wasm` isn't WebAssembly"), "{error}");
    }
}
