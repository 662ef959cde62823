//! Which predicates a value makes true; knows nothing of JSON's structure or of rules.

use std::collections::BTreeMap;

use crate::budget::STEPS_BEFORE_TEXT;
use crate::calculate::{Calculation, Combination, Item, Outcome, Scratch};
use crate::field_tests::FieldTests;
use crate::fold::Framed;
use crate::hits::Hits;
use crate::json::{self, Text};
use crate::literals::{Collected, Literals};
use crate::number::parse_number;
use crate::pattern_index::Patterns;
use crate::program::{Expression, Folding, Function, Program, Test};
use crate::scan::Value;

/// All predicates of a program, by the field that they test.
#[derive(Debug)]
pub(crate) struct Predicates {
    folding: Folding,
    /// Those of events, then the calculated ones.
    fields: Vec<FieldTests>,
    calculated: Vec<Calculated>,
    /// For each predicate, the field that it tests, and that whose values this one is calculated from, one by one.
    origins: Vec<[usize; 2]>,
    /// For each predicate, the calculation that it tests, if that has to wait for the end of the event.
    waits_for: Vec<Option<u32>>,
    literals: Literals,
}

#[derive(Debug)]
struct Calculated {
    expression: Expression,
    /// Is each word of the result a value of its own?
    is_split: bool,
    /// Its number among all fields.
    field: usize,
    /// What it reads: sorted, each once.
    reads: Vec<u32>,
}

impl Predicates {
    pub(crate) fn new(program: &Program) -> Self {
        let all_fields = program.fields.len() + program.calculated.len();
        let mut fields: Vec<FieldTests> = (0..all_fields).map(|_| FieldTests::default()).collect();
        let mut literals = Collected::default();
        let mut patterns = BTreeMap::<u32, Patterns>::new();
        for (number, predicate) in (0..).zip(&program.predicates) {
            let tests = &mut fields[predicate.field as usize];
            match &predicate.test {
                Test::Equals { literals: texts, case } => {
                    for text in texts {
                        let length = literals.add(predicate.field, number, text, *case, program.folding);
                        tests.add_literal_length(length);
                    }
                }
                Test::Like { patterns: texts, case } => {
                    let patterns = patterns.entry(predicate.field).or_default();
                    texts.iter().for_each(|text| patterns.add(number, text, *case, program.folding));
                }
                other => tests.add(number, other),
            }
        }
        for (field, patterns) in patterns {
            fields[field as usize].set_patterns(patterns.index(program.folding));
        }
        let calculated: Vec<_> = (program.fields.len()..).zip(&program.calculated).map(Calculated::new).collect();
        let waiting = schedule(&calculated, &mut fields);
        let mut by_field = vec![None; all_fields];
        waiting.iter().for_each(|number| by_field[calculated[*number as usize].field] = Some(*number));
        let waits_for = program.predicates.iter().map(|predicate| by_field[predicate.field as usize]).collect();
        let mut origins: Vec<_> = (0..all_fields).map(|field| [field, field]).collect();
        for (field, tests) in fields.iter().enumerate() {
            tests.feeds.iter().for_each(|number| origins[calculated[*number as usize].field][1] = field);
        }
        let origins = program.predicates.iter().map(|predicate| origins[predicate.field as usize]).collect();
        let (folding, literals) = (program.folding, Literals::new(literals));
        Self { folding, fields, calculated, origins, waits_for, literals }
    }

    /// Room for what an event makes true.
    pub(crate) fn no_hits(&self) -> Hits {
        let pieces = self.fields.iter().map(FieldTests::pieces).max().unwrap_or_default();
        Hits::new(self.waits_for.len(), self.calculated.len(), pieces)
    }

    /// Notes in `hits` every predicate that a value of `field` makes true.
    #[inline(never)] // so that the scanner, which calls it for few values, keeps its loop small
    pub(crate) fn judge(&self, field: usize, value: Value<'_>, hits: &mut Hits) {
        let tests = &self.fields[field];
        hits.extend(&tests.exists);
        if !tests.reads_values {
            return;
        }
        match value {
            Value::Text(text) => self.judge_string(field, text, hits),
            Value::Number(number) => {
                self.store(field, number, hits);
                self.judge_text(field, number, hits);
                tests.judge_number(field, || parse_number(number), hits);
            }
            Value::Bool(value) => {
                self.store(field, spelling(value), hits);
                self.judge_bool(field, value, hits);
            }
        }
    }

    /// The calculation that decides whether `predicate` is true, if it has to wait until all of the event is read.
    pub(crate) fn waits_for(&self, predicate: u32) -> Option<u32> {
        self.waits_for[predicate as usize]
    }

    /// Can `predicate` be as wanted, whatever there has been no budget to find out?
    pub(crate) fn may_be(&self, predicate: u32, wanted: bool, hits: &Hits) -> bool {
        let is_open = || self.origins[predicate as usize].iter().any(|field| hits.budget.has_given_up(*field));
        hits.has(predicate) == wanted || (wanted && is_open())
    }

    /// Judges the values of a calculation that had to wait, as many of them as there is budget for.
    pub(crate) fn judge_waiting(&self, number: u32, hits: &mut Hits) {
        if !hits.calculated.insert(number) {
            return;
        }
        let mut stored = std::mem::take(&mut hits.stored);
        stored.sort();
        let calculated = &self.calculated[number as usize];
        let first = Combination { fields: &calculated.reads, values: &stored.values, text: &stored.text, number: 0 };
        for combination in 0..first.count() {
            let values = Combination { number: combination, ..first };
            self.calculate(calculated, values, hits);
            if hits.budget.has_given_up(calculated.field) {
                break;
            }
        }
        hits.stored = stored;
    }

    /// Calculates one value, and judges it, unless that is too much.
    fn calculate(&self, calculated: &Calculated, values: Combination<'_>, hits: &mut Hits) {
        let mut scratch = std::mem::take(&mut hits.calculation);
        let calculation = Calculation::new(self.folding, values, &mut scratch, calculated.field, &mut hits.budget);
        if let Outcome::Value(value) = calculation.run(&calculated.expression) {
            self.judge_calculated(calculated, value, &mut scratch, hits);
        }
        hits.calculation = scratch;
    }

    fn judge_calculated(&self, calculated: &Calculated, value: Option<Item>, scratch: &mut Scratch, hits: &mut Hits) {
        let (field, tests) = (calculated.field, &self.fields[calculated.field]);
        let Some(value) = value else { return hits.extend(&tests.null) };
        if calculated.is_split {
            let place = scratch.as_text(value);
            return self.judge_words(field, scratch.at(place), hits);
        }
        hits.extend(&tests.exists);
        match value {
            Item::Bool(value) => self.judge_bool(field, value, hits),
            Item::Number(number) => {
                tests.judge_number(field, || Some(number), hits);
                if self.reads_text(field) {
                    let spelt = scratch.as_text(Item::Number(number));
                    self.judge_text(field, scratch.at(spelt), hits);
                }
            }
            Item::Text(place) => self.judge_unescaped(field, scratch.at(place), hits),
        }
    }

    fn judge_words(&self, field: usize, text: &str, hits: &mut Hits) {
        let tests = &self.fields[field];
        let mut words = text.split_ascii_whitespace().peekable();
        hits.extend(if words.peek().is_some() { &tests.exists } else { &tests.null });
        words.for_each(|word| self.judge_unescaped(field, word, hits));
    }

    fn judge_string(&self, field: usize, text: Text<'_>, hits: &mut Hits) {
        let mut unescaped = std::mem::take(&mut hits.unescaped);
        let bytes = if text.escaped {
            unescaped.clear();
            json::unescape(text.raw, &mut unescaped);
            &unescaped
        } else {
            text.raw
        };
        if self.fields[field].are_costly() {
            hits.extend_by_memory(field as u16, bytes, |hits| self.judge_bytes(field, bytes, hits));
        } else {
            self.judge_bytes(field, bytes, hits);
        }
        if self.fields[field].is_stored {
            hits.store(field as u32, std::str::from_utf8(bytes).unwrap_or_default());
        }
        hits.unescaped = unescaped;
    }

    fn judge_bytes(&self, field: usize, bytes: &[u8], hits: &mut Hits) {
        // Not UTF-8: the scanner will find the event malformed, and all hits void.
        if let Ok(text) = std::str::from_utf8(bytes) {
            self.judge_unescaped(field, text, hits);
        }
    }

    fn store(&self, field: usize, text: &str, hits: &mut Hits) {
        if self.fields[field].is_stored {
            hits.store(field as u32, text);
        }
    }

    fn judge_unescaped(&self, field: usize, text: &str, hits: &mut Hits) {
        let tests = &self.fields[field];
        self.judge_text(field, text, hits);
        tests.judge_number(field, || parse_number(text), hits);
        if let Some(value) = spells(text) {
            hits.extend(&tests.bools[usize::from(value)]);
        }
    }

    fn judge_bool(&self, field: usize, value: bool, hits: &mut Hits) {
        self.judge_text(field, spelling(value), hits);
        hits.extend(&self.fields[field].bools[usize::from(value)]);
    }

    fn judge_text(&self, field: usize, text: &str, hits: &mut Hits) {
        let tests = &self.fields[field];
        if !hits.budget.take(field, STEPS_BEFORE_TEXT * tests.feeds.len()) {
            return;
        }
        let literals = tests.may_equal(text);
        if literals || tests.reads_folded {
            let mut room = std::mem::take(&mut hits.folded);
            let folded = Framed::new(self.folding, text, &mut room);
            if literals {
                self.literals.judge(field, text, folded.text(), hits);
            }
            tests.judge_patterns(field, text, folded, hits);
            hits.folded = room;
        }
        tests.judge_order(field, text, hits);
        for number in &tests.feeds {
            let calculated = &self.calculated[*number as usize];
            let value = [(field as u32, 0..text.len())];
            let values = Combination { fields: &calculated.reads, values: &value, text, number: 0 };
            self.calculate(calculated, values, hits);
        }
    }

    fn reads_text(&self, field: usize) -> bool {
        let tests = &self.fields[field];
        tests.reads_folded || tests.has_literals() || !tests.orders.is_empty()
    }
}

impl Calculated {
    fn new((field, expression): (usize, &Expression)) -> Self {
        let (expression, is_split) = match expression {
            Expression::Call(Function::Words, arguments) => (arguments.first().unwrap_or(expression), true),
            expression => (expression, false),
        };
        let mut reads = Vec::new();
        expression.each_field(&mut |field| reads.push(*field));
        reads.sort_unstable();
        reads.dedup();
        Self { expression: expression.clone(), is_split, field, reads }
    }
}

/// Has each calculation done at every value of the one field that it reads, or else only when it is asked for, after all
/// values. Answers with the latter ones.
fn schedule(calculated: &[Calculated], fields: &mut [FieldTests]) -> Vec<u32> {
    let mut waiting = Vec::new();
    for (number, calculated) in (0..).zip(calculated) {
        let needs_value = fields[calculated.field].null.is_empty() && calculated.expression.is_strict();
        match &*calculated.reads {
            [only] if needs_value => fields[*only as usize].add_feed(number),
            several => {
                several.iter().for_each(|field| fields[*field as usize].store());
                waiting.push(number);
            }
        }
    }
    waiting
}

fn spelling(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// The boolean that a text stands for in an Elasticsearch boolean field.
fn spells(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" | "" => Some(false),
        _ => None,
    }
}
