//! Which predicates a value makes true; knows nothing of JSON's structure or of rules.

use std::collections::BTreeMap;

use crate::calculate::{Calculation, Combination, Item};
use crate::field_tests::FieldTests;
use crate::fold::fold_into;
use crate::hits::{Hits, Stored};
use crate::json::{self, Malformed, Text};
use crate::lookup::Lookup;
use crate::number::parse_number;
use crate::program::{Case, Expression, Folding, Function, Program, Test};
use crate::scan::Value;

/// How many combinations of values a calculation may have in one event. Events with more count as malformed.
///
/// That is two arrays of over 300 values each: nothing that describes a process, but an attacker could make more.
pub const MAX_COMBINATIONS: usize = 100_000;

/// All predicates of a program, by the field that they test.
#[derive(Debug)]
pub(crate) struct Predicates {
    folding: Folding,
    /// Those of events, then the calculated ones.
    fields: Vec<FieldTests>,
    calculated: Vec<Calculated>,
    /// The calculated fields that have to wait for the end of the event.
    waiting: Vec<u32>,
    /// From a field and a folded literal to its place in `literals`.
    index: Lookup,
    literals: Vec<Vec<Literal>>,
    count: usize,
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

/// A predicate that a literal fulfils; only in this spelling, if one is given.
#[derive(Debug)]
struct Literal {
    predicate: u32,
    exact: Option<Box<str>>,
}

impl Predicates {
    pub(crate) fn new(program: &Program) -> Self {
        let all_fields = program.fields.len() + program.calculated.len();
        let mut fields: Vec<FieldTests> = (0..all_fields).map(|_| FieldTests::default()).collect();
        let mut literals = BTreeMap::<(u16, Vec<u8>), Vec<Literal>>::new();
        for (number, predicate) in (0..).zip(&program.predicates) {
            let tests = &mut fields[predicate.field as usize];
            if let Test::Equals { literals: texts, case } = &predicate.test {
                for text in texts {
                    let key = program.folding.fold(text).into_bytes();
                    tests.add_literal_length(key.len());
                    let exact = (*case == Case::Sensitive).then(|| text.as_str().into());
                    let alike = literals.entry((predicate.field as u16, key)).or_default();
                    alike.push(Literal { predicate: number, exact });
                }
            } else {
                tests.add(number, &predicate.test, program.folding);
            }
        }
        let numbered = literals.keys().enumerate();
        let keys: Vec<_> = numbered.map(|(number, (field, key))| (*field, key.as_slice(), number as u32)).collect();
        let index = Lookup::new(keys.into_iter());
        let calculated: Vec<_> = (program.fields.len()..).zip(&program.calculated).map(Calculated::new).collect();
        let waiting = schedule(&calculated, &mut fields);
        let (folding, count) = (program.folding, program.predicates.len());
        Self { folding, fields, calculated, waiting, index, literals: literals.into_values().collect(), count }
    }

    /// Room for what an event makes true.
    pub(crate) fn no_hits(&self) -> Hits {
        Hits::new(self.count)
    }

    /// Notes in `hits` every predicate that a value of `field` makes true.
    pub(crate) fn judge(&self, field: usize, value: Value<'_>, hits: &mut Hits) {
        let tests = &self.fields[field];
        hits.extend(&tests.exists);
        if !tests.reads_values {
            return;
        }
        match value {
            Value::Text(text) => self.judge_string(field, text, hits),
            Value::Number(number) => {
                self.judge_text(field, number, hits);
                tests.judge_number(|| parse_number(number), hits);
            }
            Value::Bool(value) => self.judge_bool(field, value, hits),
        }
    }

    /// Judges what had to wait until all of the event was read.
    pub(crate) fn judge_waiting(&self, hits: &mut Hits) -> Result<(), Malformed> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut stored = std::mem::take(&mut hits.stored);
        stored.values.sort_unstable_by_key(|(field, place)| (*field, place.start));
        let judged = self.waiting.iter().try_for_each(|number| self.judge_combinations(*number, &stored, hits));
        hits.stored = stored;
        judged
    }

    fn judge_combinations(&self, number: u32, stored: &Stored, hits: &mut Hits) -> Result<(), Malformed> {
        let calculated = &self.calculated[number as usize];
        let first = Combination { fields: &calculated.reads, values: &stored.values, text: &stored.text, number: 0 };
        let count = first.count().filter(|count| *count <= MAX_COMBINATIONS).ok_or(Malformed)?;
        for number in 0..count {
            self.calculate(calculated, Combination { number, ..first }, hits);
        }
        Ok(())
    }

    /// Calculates one value, and judges it.
    fn calculate(&self, calculated: &Calculated, values: Combination<'_>, hits: &mut Hits) {
        let mut scratch = std::mem::take(&mut hits.calculation);
        scratch.text.clear();
        let mut calculation = Calculation { folding: self.folding, values, scratch: &mut scratch };
        let (field, tests) = (calculated.field, &self.fields[calculated.field]);
        match calculation.value(&calculated.expression) {
            None => hits.extend(&tests.null),
            Some(value) if calculated.is_split => {
                let place = calculation.as_text(value);
                self.judge_words(field, scratch.at(place), hits);
            }
            Some(value) => {
                hits.extend(&tests.exists);
                match value {
                    Item::Bool(value) => self.judge_bool(field, value, hits),
                    Item::Number(number) => {
                        tests.judge_number(|| Some(number), hits);
                        if self.reads_text(field) {
                            let spelt = calculation.as_text(Item::Number(number));
                            self.judge_text(field, scratch.at(spelt), hits);
                        }
                    }
                    Item::Text(place) => self.judge_unescaped(field, scratch.at(place), hits),
                }
            }
        }
        hits.calculation = scratch;
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
        // Not UTF-8: the scanner will find the event malformed, and all hits void.
        if let Ok(text) = std::str::from_utf8(bytes) {
            self.judge_unescaped(field, text, hits);
        }
        hits.unescaped = unescaped;
    }

    fn judge_unescaped(&self, field: usize, text: &str, hits: &mut Hits) {
        let tests = &self.fields[field];
        self.judge_text(field, text, hits);
        tests.judge_number(|| parse_number(text), hits);
        if let Some(value) = spells(text) {
            hits.extend(&tests.bools[usize::from(value)]);
        }
    }

    fn judge_bool(&self, field: usize, value: bool, hits: &mut Hits) {
        self.judge_text(field, if value { "true" } else { "false" }, hits);
        hits.extend(&self.fields[field].bools[usize::from(value)]);
    }

    fn judge_text(&self, field: usize, text: &str, hits: &mut Hits) {
        let tests = &self.fields[field];
        let literals = tests.may_equal(text);
        if literals || tests.reads_folded {
            let mut folded = std::mem::take(&mut hits.folded);
            folded.clear();
            fold_into(self.folding, text, &mut folded);
            if literals {
                self.judge_equality(field, text, &folded, hits);
            }
            tests.judge_patterns(text, &folded, hits);
            hits.folded = folded;
        }
        tests.judge_order(text, hits);
        for number in &tests.feeds {
            let calculated = &self.calculated[*number as usize];
            let value = [(field as u32, 0..text.len())];
            let values = Combination { fields: &calculated.reads, values: &value, text, number: 0 };
            self.calculate(calculated, values, hits);
        }
        if tests.is_stored {
            hits.store(field as u32, text);
        }
    }

    fn judge_equality(&self, field: usize, text: &str, folded: &[u8], hits: &mut Hits) {
        let Some(number) = self.index.find(field as u16, folded) else { return };
        for Literal { predicate, exact } in &self.literals[number as usize] {
            if exact.as_deref().is_none_or(|exact| exact == text) {
                hits.add(*predicate);
            }
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

/// Has each calculation done as early as it can be: at every value of the one field that it reads, or else, and if it
/// matters when that field has none, after all values. Answers with the latter ones.
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

/// The boolean that a text stands for in an Elasticsearch boolean field.
fn spells(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" | "" => Some(false),
        _ => None,
    }
}
