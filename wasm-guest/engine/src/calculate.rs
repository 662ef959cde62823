//! Evaluates one calculation for one combination of values; knows nothing of events or rules.

use std::fmt::Write;
use std::ops::Range;

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
}

impl<'c> Combination<'c> {
    /// How many combinations there are: a field without a value has one choice. `None` if they can't be counted.
    pub(crate) fn count(&self) -> Option<usize> {
        self.fields.iter().try_fold(1_usize, |count, field| count.checked_mul(self.values_of(*field).len().max(1)))
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
    pub(crate) folding: Folding,
    pub(crate) values: Combination<'c>,
    pub(crate) scratch: &'c mut Scratch,
}

impl Calculation<'_> {
    pub(crate) fn value(&mut self, expression: &Expression) -> Option<Item> {
        match expression {
            Expression::Field(field) => self.values.pick(*field).map(|text| self.write(text)).map(Item::Text),
            Expression::Constant(Constant::Null) => None,
            Expression::Constant(Constant::Bool(value)) => Some(Item::Bool(*value)),
            Expression::Constant(Constant::Number(number)) => Some(Item::Number(*number)),
            Expression::Constant(Constant::Text(text)) => Some(Item::Text(self.write(text))),
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

    fn compare(&mut self, left: &Expression, is: Comparison, right: &Expression) -> Option<bool> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        let order = match (self.as_number(&left), self.as_number(&right)) {
            (Some(left), Some(right)) => order(left, right)?,
            _ => {
                let (left, right) = (self.as_text(left), self.as_text(right));
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
        Some(self.as_text(value))
    }

    fn as_number(&self, value: &Item) -> Option<Number> {
        match value {
            Item::Bool(_) => None,
            Item::Number(number) => Some(*number),
            Item::Text(text) => parse_number(self.at(text.clone())),
        }
    }

    pub(crate) fn as_text(&mut self, value: Item) -> Range<usize> {
        match value {
            Item::Text(text) => text,
            Item::Bool(value) => self.write(if value { "true" } else { "false" }),
            Item::Number(number) => self.spell(number),
        }
    }

    fn spell(&mut self, number: Number) -> Range<usize> {
        let start = self.scratch.text.len();
        // Writing to a `String` can't fail.
        let _ = match number {
            Number::Int(int) => write!(self.scratch.text, "{int}"),
            Number::Float(float) => write!(self.scratch.text, "{float:?}"),
        };
        start..self.scratch.text.len()
    }

    pub(crate) fn write(&mut self, text: &str) -> Range<usize> {
        let start = self.scratch.text.len();
        self.scratch.text.push_str(text);
        start..self.scratch.text.len()
    }

    /// The text at `place`, folded.
    pub(crate) fn fold(&mut self, place: Range<usize>) -> Range<usize> {
        let mut folded = std::mem::take(&mut self.scratch.folded);
        folded.clear();
        crate::fold::fold_into(self.folding, self.at(place), &mut folded);
        let place = self.write(std::str::from_utf8(&folded).unwrap_or_default());
        self.scratch.folded = folded;
        place
    }
}

/// The value of an expression that reads no field.
pub(crate) fn constant(expression: &Expression, folding: Folding) -> Constant {
    let values = Combination { fields: &[], values: &[], text: "", number: 0 };
    let mut scratch = Scratch::default();
    match (Calculation { folding, values, scratch: &mut scratch }).value(expression) {
        None => Constant::Null,
        Some(Item::Bool(value)) => Constant::Bool(value),
        Some(Item::Number(number)) => Constant::Number(number),
        Some(Item::Text(text)) => Constant::Text(scratch.at(text).to_owned()),
    }
}
