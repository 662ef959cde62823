//! An exception as a program holds it: which matches it covers, and when it is in force.

use serde::{Deserialize, Serialize};

use super::Condition;

/// In seconds.
const WEEK: i64 = 7 * 24 * 60 * 60;

/// Says of some matches that they are known and harmless.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exception {
    /// What is told about it.
    pub meta: ExceptionMeta,
    /// The matching events that it covers.
    pub condition: Condition,
}

/// What a module tells about an exception.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionMeta {
    /// Unique within a module.
    pub name: String,
    /// Why there is one.
    pub comment: String,
    /// The rules whose matches it may cover.
    pub rules: Coverage,
    /// When it is in force.
    pub window: Window,
}

/// Some of a module's rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coverage {
    /// Every rule.
    #[default]
    All,
    /// These, by their numbers: sorted, each once.
    Rules(Vec<u32>),
}

/// A time, in seconds since 1970 (UTC); without bounds it is always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its first second.
    pub not_before: Option<i64>,
    /// The first second after it.
    pub expires: Option<i64>,
}

/// How an exception's time runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// It has.
    Past,
    /// It will within a week.
    Near,
}

impl Coverage {
    /// Is the rule one of them?
    pub fn includes(&self, rule: u32) -> bool {
        match self {
            Self::All => true,
            Self::Rules(rules) => rules.binary_search(&rule).is_ok(),
        }
    }
}

impl Window {
    /// Is `now` within it?
    pub fn contains(self, now: i64) -> bool {
        self.not_before.is_none_or(|first| first <= now) && self.expires.is_none_or(|end| now < end)
    }

    /// Is it over `now`, or nearly?
    pub fn expiry(self, now: i64) -> Option<Expiry> {
        match self.expires?.saturating_sub(now) {
            ..=0 => Some(Expiry::Past),
            1..=WEEK => Some(Expiry::Near),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_at_its_first_second_and_has_ended_when_it_expires() {
        for (not_before, expires, now, contains) in [
            (None, None, i64::MIN, true),
            (Some(10), None, 9, false),
            (Some(10), None, 10, true),
            (None, Some(20), 19, true),
            (None, Some(20), 20, false),
            (Some(10), Some(20), 15, true),
            (Some(10), Some(20), 25, false),
        ] {
            assert_eq!(
                Window { not_before, expires }.contains(now),
                contains,
                "{not_before:?} to {expires:?} at {now}"
            );
        }
    }

    #[test]
    fn an_expiry_is_told_from_a_week_before_it_on() {
        for (expires, expected) in [
            (None, None),
            (Some(WEEK + 1), None),
            (Some(WEEK), Some(Expiry::Near)),
            (Some(1), Some(Expiry::Near)),
            (Some(0), Some(Expiry::Past)),
            (Some(i64::MIN), Some(Expiry::Past)),
        ] {
            assert_eq!(Window { not_before: None, expires }.expiry(0), expected, "{expires:?}");
        }
    }
}
