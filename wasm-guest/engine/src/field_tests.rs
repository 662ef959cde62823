//! The tests on one field, but for equality, which all fields share a table for.

use crate::automaton::Runner;
use crate::budget::{STEPS_BEFORE_TEXT, STEPS_OF_NUMBER};
use crate::fold::Framed;
use crate::hits::Hits;
use crate::number::order;
use crate::pattern_index::PatternIndex;
use crate::program::{Case, Comparison, Number, Test};

/// So few pieces of patterns that it isn't worthwhile to remember texts.
const FEW_PIECES: usize = 4;

#[derive(Debug, Default)]
pub(crate) struct FieldTests {
    pub(crate) exists: Vec<u32>,
    pub(crate) null: Vec<u32>,
    /// Must its values be looked at?
    pub(crate) reads_values: bool,
    /// Must they be folded, even if they equal no literal?
    pub(crate) reads_folded: bool,
    /// Bit n: a folded literal has n bytes (63: that many or more).
    literal_lengths: u64,
    patterns: PatternIndex,
    regexes: Vec<Regex>,
    pub(crate) orders: Vec<Ordered<Box<str>>>,
    numbers: Vec<Ordered<Number>>,
    /// Predicates that want `false`, and those that want `true`.
    pub(crate) bools: [Vec<u32>; 2],
    /// Calculations that each value goes into by itself.
    pub(crate) feeds: Vec<u32>,
    /// Must values be kept until the end of the event?
    pub(crate) is_stored: bool,
}

#[derive(Debug)]
pub(crate) struct Ordered<T> {
    predicate: u32,
    is: Comparison,
    than: T,
}

#[derive(Debug)]
struct Regex {
    predicate: u32,
    case: Case,
    runner: Runner,
}

impl FieldTests {
    /// Adds any test but [`Test::Equals`] and [`Test::Like`].
    pub(crate) fn add(&mut self, predicate: u32, test: &Test) {
        self.reads_values |= !matches!(test, Test::Exists | Test::Null);
        match test {
            Test::Exists => self.exists.push(predicate),
            Test::Null => self.null.push(predicate),
            Test::Bool(wanted) => self.bools[usize::from(*wanted)].push(predicate),
            Test::Number { is, than } => self.numbers.push(Ordered { predicate, is: *is, than: *than }),
            Test::Order { is, than } => self.orders.push(Ordered { predicate, is: *is, than: than.as_str().into() }),
            Test::Regex { automaton, case } => {
                self.reads_folded = true;
                self.regexes.push(Regex { predicate, case: *case, runner: Runner::new(automaton) });
            }
            Test::Equals { .. } | Test::Like { .. } => {}
        }
    }

    pub(crate) fn set_patterns(&mut self, patterns: PatternIndex) {
        self.reads_values = true;
        self.reads_folded = true;
        self.patterns = patterns;
    }

    pub(crate) fn add_literal_length(&mut self, length: usize) {
        self.reads_values = true;
        self.literal_lengths |= length_bit(length);
    }

    pub(crate) fn add_feed(&mut self, calculation: u32) {
        self.reads_values = true;
        self.feeds.push(calculation);
    }

    pub(crate) fn store(&mut self) {
        self.reads_values = true;
        self.is_stored = true;
    }

    /// Does it take longer to judge a text than to remember what it made true?
    pub(crate) fn are_costly(&self) -> bool {
        self.patterns.pieces() > FEW_PIECES || !self.regexes.is_empty() || !self.feeds.is_empty()
    }

    pub(crate) fn has_literals(&self) -> bool {
        self.literal_lengths != 0
    }

    /// Can `text` equal a literal? Folding keeps the length of ASCII only.
    pub(crate) fn may_equal(&self, text: &str) -> bool {
        self.has_literals() && (self.literal_lengths & length_bit(text.len()) != 0 || !text.is_ascii())
    }

    /// `folded` is `text`.
    pub(crate) fn judge_patterns(&self, field: usize, text: &str, folded: Framed<'_>, hits: &mut Hits) {
        self.patterns.judge(field, text, folded, hits);
        if self.regexes.is_empty() {
            return;
        }
        let folded = std::str::from_utf8(folded.text()).unwrap_or_default();
        for Regex { predicate, case, runner } in &self.regexes {
            let text = if *case == Case::Sensitive { text } else { folded };
            if hits.has(*predicate) {
                continue;
            }
            if !hits.budget.take(field, STEPS_BEFORE_TEXT + text.len()) {
                return;
            }
            if runner.accepts(text) {
                hits.add(*predicate);
            }
        }
    }

    /// How many pieces its patterns have.
    pub(crate) fn pieces(&self) -> usize {
        self.patterns.pieces()
    }

    pub(crate) fn judge_order(&self, field: usize, text: &str, hits: &mut Hits) {
        for Ordered { predicate, is, than } in &self.orders {
            if !hits.budget.take(field, STEPS_BEFORE_TEXT + text.len().min(than.len())) {
                return;
            }
            if is.holds(text.cmp(than)) {
                hits.add(*predicate);
            }
        }
    }

    /// `value` is asked for only if a test needs it.
    pub(crate) fn judge_number(&self, field: usize, value: impl FnOnce() -> Option<Number>, hits: &mut Hits) {
        if self.numbers.is_empty() || !hits.budget.take(field, STEPS_OF_NUMBER * self.numbers.len()) {
            return;
        }
        let Some(value) = value() else { return };
        for Ordered { predicate, is, than } in &self.numbers {
            if order(value, *than).is_some_and(|order| is.holds(order)) {
                hits.add(*predicate);
            }
        }
    }
}

fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}
