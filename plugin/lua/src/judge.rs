//! Judges and tags the events of a script, one at a time.

use std::cell::RefCell;

use weir::config::{Config, ConfigError};
use weir::{Detector, Found};
use weir_engine::tag::{Addition, unjudged_additions};

use crate::read::Reader;
use crate::stack::{Stack, TooDeep};
use crate::tag;

/// Memory that is kept from one event to the next.
const KEPT_BYTES: usize = 64 << 10;

/// A loaded detector.
pub(crate) struct Judge {
    detector: Detector,
    reader: Reader,
    json: RefCell<Vec<u8>>,
}

impl Judge {
    /// Loads what `config` says in `detect`.
    pub(crate) fn load(config: &Config) -> Result<Self, ConfigError> {
        let detector = Detector::configured(config)?;
        let reader = Reader::new(detector.fields().iter().map(String::as_str), config.detect.max_event_bytes);
        Ok(Self { detector, reader, json: RefCell::default() })
    }

    /// Tags the log that the event on top holds if rules match it, and marks it if it can't be judged. What else may be
    /// on top, such as an event that holds a metric, is left alone.
    pub(crate) fn process(&self, stack: &mut Stack) {
        let mut json = self.json.take();
        // Stops at the log, which may gain members: if it is the event itself, no further one could be looked for.
        let _ = stack.members(|stack, key| {
            if key != b"log" {
                return Ok(());
            }
            self.judge(stack, &mut json);
            Err(None::<TooDeep>)
        });
        json.shrink_to(KEPT_BYTES);
        self.json.replace(json);
    }

    fn judge(&self, log: &mut Stack, json: &mut Vec<u8>) {
        if !log.is_table() {
            return;
        }
        json.clear();
        let found = match self.reader.fields(log, json) {
            Ok(()) => self.detector.judge_one(json),
            Err(reason) => Found { unjudged: Some(reason), ..Found::default() },
        };
        if !found.matches.is_empty() {
            self.add(log, json, |told| self.detector.additions(told, &found.matches));
        }
        if let Some(reason) = found.unjudged {
            self.add(log, json, |told| unjudged_additions(told, reason.label()).unwrap_or_default());
        }
    }

    /// Adds to the log on top. What can't be read of it can't be added to either: it goes on as it is.
    fn add(&self, log: &mut Stack, json: &mut Vec<u8>, additions: impl FnOnce(&[u8]) -> Vec<Addition>) {
        json.clear();
        if self.reader.told(log, json).is_ok() {
            tag::add(log, &additions(json));
        }
    }
}
