//! Evaluates one calculation for one combination of values; knows nothing of events or rules.

use std::fmt::Write;
use std::ops::Range;

use crate::budget::Budget;
use crate::number::{negative, order, parse_number};
use crate::program::{Comparison, Constant, Expression, Folding, Number};

/// Room for the texts of a calculation, lent to it so that no event needs its own.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) text: String,
    folded: Vec<u8>,
}

/// One of the combinations of the values of `fields`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Combination<'c> {
    pub(crate) fields: &'c [u32],
    /// By field; each says where in `text` it stands.
    pub(crate) values: &'c [(u32, Range<usize>)],
    pub(crate) text: &'c str,
    /// Below [`Combination::count`].
    pub(crate) number: usize,
}

impl Scratch {
    /// The text at `place`. All places are known to be within it, but the message of a panic would take room in a guest.
    pub(crate) fn at(&self, place: Range<usize>) -> &str {
        self.text.get(place).unwrap_or_default()
    }

    pub(crate) fn as_text(&mut self, value: Item) -> Range<usize> {
        match value {
            Item::Text(text) => text,
            Item::Bool(value) => self.write(if value { "true" } else { "false" }),
            Item::Number(number) => self.spell(number),
        }
    }

    fn spell(&mut self, number: Number) -> Range<usize> {
        let start = self.text.len();
        // Writing to a `String` can't fail.
        let _ = match number {
            Number::Int(int) => write!(self.text, "{int}"),
            Number::Float(float) => write!(self.text, "{float:?}"),
        };
        start..self.text.len()
    }

    fn write(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }
}

impl<'c> Combination<'c> {
    /// How many combinations there are: a field without a value has one choice. More than can be counted are that many.
    pub(crate) fn count(&self) -> usize {
        self.fields.iter().fold(1, |count, field| count.saturating_mul(self.values_of(*field).len().max(1)))
    }

    /// How many steps it takes to pick a value.
    fn steps(&self) -> usize {
        self.fields.len() * (1 + self.values.len().checked_ilog2().unwrap_or_default() as usize)
    }

    fn values_of(&self, field: u32) -> &'c [(u32, Range<usize>)] {
        let start = self.values.partition_point(|(known, _)| *known < field);
        let end = self.values.partition_point(|(known, _)| *known <= field);
        &self.values[start..end]
    }

    /// The value of `field` in this combination, if the field has values.
    fn pick(&self, field: u32) -> Option<&'c str> {
        let mut number = self.number;
        for known in self.fields {
            let values = self.values_of(*known);
            let choices = values.len().max(1);
            if *known == field {
                return values.get(number % choices).and_then(|(_, place)| self.text.get(place.clone()));
            }
            number /= choices;
        }
        None
    }
}

/// What a part of a calculation amounts to.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Bool(bool),
    Number(Number),
    /// Where in [`Scratch::text`] it stands.
    Text(Range<usize>),
}

/// A calculation under way.
pub(crate) struct Calculation<'c> {
    folding: Folding,
    values: Combination<'c>,
    pub(crate) scratch: &'c mut Scratch,
    /// The calculated field, for which steps are taken from the budget.
    field: usize,
    budget: &'c mut Budget,
    is_too_much: bool,
    /// Has it read a value that stands for none?
    pub(crate) is_void: bool,
}

/// What a calculation amounts to.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// A value, or that there is none.
    Value(Option<Item>),
    /// Neither: a value that it reads stands for none, so this is no combination of values.
    Void,
    /// The budget is too small.
    TooMuch,
}

/// How many steps each part of a calculation takes, besides the bytes of what it amounts to.
const STEPS_OF_PART: usize = 16;
/// How many steps it takes to fold a byte, which may be none of ASCII.
const STEPS_OF_FOLDED_BYTE: usize = 4;

impl<'c> Calculation<'c> {
    pub(crate) fn new(
        folding: Folding,
        values: Combination<'c>,
        scratch: &'c mut Scratch,
        field: usize,
        budget: &'c mut Budget,
    ) -> Self {
        scratch.text.clear();
        Self { folding, values, scratch, field, budget, is_too_much: false, is_void: false }
    }

    /// What `expression` amounts to.
    pub(crate) fn run(mut self, expression: &Expression) -> Outcome {
        let value = self.value(expression);
        match self {
            Self { is_too_much: true, .. } => Outcome::TooMuch,
            Self { is_void: true, .. } => Outcome::Void,
            _ => Outcome::Value(value),
        }
    }

    /// The value of a part. None as well if the budget is too small: then what the whole amounts to is void.
    pub(crate) fn value(&mut self, expression: &Expression) -> Option<Item> {
        self.take(STEPS_OF_PART)?;
        let value = self.evaluate(expression)?;
        if let Item::Text(place) = &value {
            self.take(place.len())?;
        }
        Some(value)
    }

    /// Takes steps from the budget; none if it is too small.
    pub(crate) fn take(&mut self, steps: usize) -> Option<()> {
        self.is_too_much = self.is_too_much || !self.budget.take(self.field, steps);
        (!self.is_too_much).then_some(())
    }

    fn evaluate(&mut self, expression: &Expression) -> Option<Item> {
        match expression {
            Expression::Field(field) => self.pick(*field).map(Item::Text),
            Expression::Constant(Constant::Null) => None,
            Expression::Constant(Constant::Bool(value)) => Some(Item::Bool(*value)),
            Expression::Constant(Constant::Number(number)) => Some(Item::Number(*number)),
            Expression::Constant(Constant::Text(text)) => Some(Item::Text(self.scratch.write(text))),
            Expression::Negative(inner) => negative(self.number(inner)?).map(Item::Number),
            Expression::Arithmetic(first, rest) => {
                let mut result = self.number(first)?;
                for (operator, operand) in rest {
                    result = operator.apply(result, self.number(operand)?)?;
                }
                Some(Item::Number(result))
            }
            Expression::Comparison(left, is, right) => self.compare(left, *is, right).map(Item::Bool),
            Expression::Call(function, arguments) => self.call(function, arguments),
        }
    }

    fn pick(&mut self, field: u32) -> Option<Range<usize>> {
        self.take(self.values.steps())?;
        self.values.pick(field).map(|text| self.scratch.write(text))
    }

    fn compare(&mut self, left: &Expression, is: Comparison, right: &Expression) -> Option<bool> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        let order = match (self.as_number(&left), self.as_number(&right)) {
            (Some(left), Some(right)) => order(left, right)?,
            _ => {
                let (left, right) = (self.scratch.as_text(left), self.scratch.as_text(right));
                self.at(left).cmp(self.at(right))
            }
        };
        Some(is.holds(order))
    }

    pub(crate) fn number(&mut self, expression: &Expression) -> Option<Number> {
        let value = self.value(expression)?;
        self.as_number(&value)
    }

    /// The text at `place`.
    pub(crate) fn at(&self, place: Range<usize>) -> &str {
        self.scratch.at(place)
    }

    pub(crate) fn text(&mut self, expression: &Expression) -> Option<Range<usize>> {
        let value = self.value(expression)?;
        Some(self.scratch.as_text(value))
    }

    fn as_number(&self, value: &Item) -> Option<Number> {
        match value {
            Item::Bool(_) => None,
            Item::Number(number) => Some(*number),
            Item::Text(text) => parse_number(self.at(text.clone())),
        }
    }

    /// The text at `place`, folded.
    pub(crate) fn fold(&mut self, place: Range<usize>) -> Option<Range<usize>> {
        self.take(STEPS_OF_FOLDED_BYTE * place.len())?;
        let mut folded = std::mem::take(&mut self.scratch.folded);
        folded.clear();
        crate::fold::fold_into(self.folding, self.at(place), &mut folded);
        let place = self.scratch.write(std::str::from_utf8(&folded).unwrap_or_default());
        self.scratch.folded = folded;
        Some(place)
    }
}

/// The value of an expression that reads no field.
pub(crate) fn constant(expression: &Expression, folding: Folding) -> Constant {
    let values = Combination { fields: &[], values: &[], text: "", number: 0 };
    let (mut scratch, mut budget) = (Scratch::default(), Budget::unlimited());
    match Calculation::new(folding, values, &mut scratch, 0, &mut budget).run(expression) {
        Outcome::Value(Some(Item::Bool(value))) => Constant::Bool(value),
        Outcome::Value(Some(Item::Number(number))) => Constant::Number(number),
        Outcome::Value(Some(Item::Text(text))) => Constant::Text(scratch.at(text).to_owned()),
        _ => Constant::Null,
    }
}
