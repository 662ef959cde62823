//! Which predicates a value makes true; knows nothing of JSON's structure or of rules.

use std::collections::BTreeMap;

use crate::fold::fold_into;
use crate::json::{self, Text};
use crate::lookup::Lookup;
use crate::pattern::Pattern;
use crate::program::{Case, Comparison, Folding, Number, Program, Test};
use crate::scan::Value;

/// All predicates of a program, by the field that they test.
#[derive(Debug)]
pub(crate) struct Predicates {
    folding: Folding,
    fields: Vec<FieldTests>,
    /// From a field and a folded literal to its place in `literals`.
    index: Lookup,
    literals: Vec<Vec<Literal>>,
    count: usize,
}

/// The tests on one field.
#[derive(Debug, Default)]
struct FieldTests {
    exists: Vec<u32>,
    /// Is there any other test?
    read_values: bool,
    /// Bit n: a folded literal has n bytes (63: that many or more).
    literal_lengths: u64,
    patterns: Vec<FieldPattern>,
    numbers: Vec<NumberTest>,
    /// Predicates that want `false`, and those that want `true`.
    bools: [Vec<u32>; 2],
}

#[derive(Debug)]
struct NumberTest {
    predicate: u32,
    is: Comparison,
    than: Number,
}

#[derive(Debug)]
struct FieldPattern {
    predicate: u32,
    case: Case,
    pattern: Pattern,
}

/// A predicate that a literal fulfils; only in this spelling, if one is given.
#[derive(Debug)]
struct Literal {
    predicate: u32,
    exact: Option<Box<str>>,
}

impl Predicates {
    pub(crate) fn new(program: &Program) -> Self {
        let mut fields: Vec<FieldTests> = program.fields.iter().map(|_| FieldTests::default()).collect();
        let mut literals = BTreeMap::<(u16, Vec<u8>), Vec<Literal>>::new();
        for (number, predicate) in program.predicates.iter().enumerate() {
            let (number, field) = (number as u32, predicate.field as u16);
            let tests = &mut fields[usize::from(field)];
            tests.read_values |= predicate.test != Test::Exists;
            match &predicate.test {
                Test::Exists => tests.exists.push(number),
                Test::Bool(wanted) => tests.bools[usize::from(*wanted)].push(number),
                Test::Number { is, than } => {
                    tests.numbers.push(NumberTest { predicate: number, is: *is, than: *than });
                }
                Test::Like { patterns, case } => tests.add_patterns(number, patterns, *case, program.folding),
                Test::Equals { literals: texts, case } => {
                    for text in texts {
                        let key = (field, folded(program.folding, text));
                        tests.literal_lengths |= length_bit(key.1.len());
                        let exact = (*case == Case::Sensitive).then(|| text.as_str().into());
                        literals.entry(key).or_default().push(Literal { predicate: number, exact });
                    }
                }
            }
        }
        let numbered = literals.keys().enumerate();
        let keys: Vec<_> = numbered.map(|(number, (field, key))| (*field, key.as_slice(), number as u32)).collect();
        let index = Lookup::new(keys.into_iter());
        let count = program.predicates.len();
        Self { folding: program.folding, fields, index, literals: literals.into_values().collect(), count }
    }

    /// Notes in `hits` every predicate that a value of `field` makes true.
    pub(crate) fn judge(&self, field: usize, value: Value<'_>, hits: &mut Hits) {
        let tests = &self.fields[field];
        hits.extend(&tests.exists);
        if !tests.read_values {
            return;
        }
        match value {
            Value::Text(text) => self.judge_string(field, text, hits),
            Value::Number(number) => {
                self.judge_text(field, number, hits);
                tests.judge_number(number, hits);
            }
            Value::Bool(value) => {
                self.judge_text(field, if value { "true" } else { "false" }, hits);
                hits.extend(&tests.bools[usize::from(value)]);
            }
        }
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
            let tests = &self.fields[field];
            self.judge_text(field, text, hits);
            tests.judge_number(text, hits);
            if let Some(value) = spells(text) {
                hits.extend(&tests.bools[usize::from(value)]);
            }
        }
        hits.unescaped = unescaped;
    }

    fn judge_text(&self, field: usize, text: &str, hits: &mut Hits) {
        let tests = &self.fields[field];
        let possible = tests.literal_lengths & length_bit(text.len()) != 0 || !text.is_ascii();
        let literals = possible && tests.literal_lengths != 0;
        if !literals && tests.patterns.is_empty() {
            return;
        }
        let mut folded = std::mem::take(&mut hits.folded);
        folded.clear();
        fold_into(self.folding, text, &mut folded);
        if let Some(number) = literals.then(|| self.index.find(field as u16, &folded)).flatten() {
            let alike = &self.literals[number as usize];
            for Literal { predicate, exact } in alike {
                if exact.as_deref().is_none_or(|exact| exact == text) {
                    hits.add(*predicate);
                }
            }
        }
        for FieldPattern { predicate, case, pattern } in &tests.patterns {
            let text = if *case == Case::Sensitive { text.as_bytes() } else { &folded };
            if !hits.has(*predicate) && pattern.matches(text) {
                hits.add(*predicate);
            }
        }
        hits.folded = folded;
    }
}

impl FieldTests {
    fn add_patterns(&mut self, predicate: u32, patterns: &[String], case: Case, folding: Folding) {
        self.patterns.extend(patterns.iter().map(|text| {
            let pattern = match case {
                Case::Sensitive => Pattern::new(text),
                Case::Insensitive => Pattern::new(&String::from_utf8_lossy(&folded(folding, text))),
            };
            FieldPattern { predicate, case, pattern }
        }));
    }

    fn judge_number(&self, spelt: &str, hits: &mut Hits) {
        if self.numbers.is_empty() {
            return;
        }
        let Some(value) = parse_number(spelt) else { return };
        for NumberTest { predicate, is, than } in &self.numbers {
            if compares(value, *is, *than) {
                hits.add(*predicate);
            }
        }
    }
}

fn folded(folding: Folding, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    fold_into(folding, text, &mut out);
    out
}

fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

/// The boolean that a text stands for in an Elasticsearch boolean field.
fn spells(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" | "" => Some(false),
        _ => None,
    }
}

/// A JSON number, or text that spells a number in digits (not `inf`, not `nan`, not hexadecimal).
fn parse_number(text: &str) -> Option<Number> {
    if let Ok(int) = text.parse() {
        return Some(Number::Int(int));
    }
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    digits.then(|| text.parse().ok()).flatten().map(Number::Float)
}

fn compares(value: Number, is: Comparison, than: Number) -> bool {
    let order = match (value, than) {
        (Number::Int(value), Number::Int(than)) => Some(value.cmp(&than)),
        (value, than) => as_float(value).partial_cmp(&as_float(than)),
    };
    order.is_some_and(|order| match is {
        Comparison::Equal => order.is_eq(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    })
}

fn as_float(number: Number) -> f64 {
    match number {
        Number::Int(int) => int as f64,
        Number::Float(float) => float,
    }
}

/// The predicates that an event has made true so far. Reused for event after event.
#[derive(Debug)]
pub(crate) struct Hits {
    bits: Vec<u64>,
    /// Each once.
    list: Vec<u32>,
    unescaped: Vec<u8>,
    folded: Vec<u8>,
}

impl Hits {
    pub(crate) fn new(predicates: &Predicates) -> Self {
        let bits = vec![0; predicates.count.div_ceil(64)];
        Self { bits, list: Vec::with_capacity(predicates.count), unescaped: Vec::new(), folded: Vec::new() }
    }

    pub(crate) fn has(&self, predicate: u32) -> bool {
        self.bits[predicate as usize / 64] >> (predicate % 64) & 1 == 1
    }

    pub(crate) fn list(&self) -> &[u32] {
        &self.list
    }

    pub(crate) fn clear(&mut self) {
        for predicate in self.list.drain(..) {
            self.bits[predicate as usize / 64] = 0;
        }
    }

    fn add(&mut self, predicate: u32) {
        if !self.has(predicate) {
            self.bits[predicate as usize / 64] |= 1 << (predicate % 64);
            self.list.push(predicate);
        }
    }

    fn extend(&mut self, predicates: &[u32]) {
        predicates.iter().for_each(|predicate| self.add(*predicate));
    }
}
