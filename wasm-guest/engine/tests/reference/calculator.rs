//! Calculates by the definition, slowly: texts are vectors of UTF-16 units, whole numbers have 128 bits.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::cell::Cell;
use std::net::{Ipv4Addr, Ipv6Addr};

use weir_engine::program::{Case, Comparison, Constant, Expression, Folding, Function, Network, Number, Operator};

use crate::evaluator::{alike, parse, stands};

#[derive(Clone, Debug)]
pub enum Value {
    Bool(bool),
    Number(Number),
    Text(String),
}

/// A combination of values: what each field contributes to it.
pub struct Combination<'f> {
    pub fields: &'f [(u32, Option<String>)],
    pub folding: Folding,
    /// Has a value been met that stands for none?
    pub is_void: Cell<bool>,
}

/// The value for one combination.
fn calculate(expression: &Expression, combination: &Combination<'_>) -> Option<Value> {
    let Combination { fields, folding, .. } = combination;
    let of = |inner: &Expression| calculate(inner, combination);
    match expression {
        Expression::Field(field) => fields.iter().find(|(known, _)| known == field)?.1.clone().map(Value::Text),
        Expression::Constant(Constant::Null) => None,
        Expression::Constant(Constant::Bool(value)) => Some(Value::Bool(*value)),
        Expression::Constant(Constant::Number(number)) => Some(Value::Number(*number)),
        Expression::Constant(Constant::Text(text)) => Some(Value::Text(text.clone())),
        Expression::Negative(inner) => combine(Operator::Subtract, zero(of(inner)?.number()?), of(inner)?.number()?),
        Expression::Arithmetic(first, rest) => {
            let first = Value::Number(of(first)?.number()?);
            rest.iter()
                .try_fold(first, |left, (operator, right)| combine(*operator, left.number()?, of(right)?.number()?))
        }
        Expression::Comparison(left, is, right) => Some(Value::Bool(compare(&of(left)?, *is, &of(right)?)?)),
        Expression::Call(Function::All, parts) => kleene(parts.iter().map(of), false),
        Expression::Call(Function::Any, parts) => kleene(parts.iter().map(of), true),
        Expression::Call(Function::Words, _) => None,
        Expression::Call(function, arguments) => {
            let mut values: Vec<Value> = Vec::new();
            for argument in arguments {
                // An end isn't looked at where the start is none.
                if *function == Function::Substring && values.len() == 2 {
                    values[1].whole()?;
                }
                values.push(of(argument)?);
            }
            if let (Function::Except, Some((first, others))) = (function, values.split_first()) {
                combination
                    .is_void
                    .set(combination.is_void.get() || others.iter().any(|other| other.text() == first.text()));
            }
            call(function, &values, *folding)
        }
    }
}

/// All values for one combination; `None` stands for a lack of one.
pub fn results(expression: &Expression, fields: &[(u32, Option<String>)], folding: Folding) -> Vec<Option<Value>> {
    let combination = Combination { fields, folding, is_void: Cell::new(false) };
    let (whole, arguments) = match expression {
        Expression::Call(Function::Words, arguments) => (None, &arguments[..]),
        whole => (Some(whole), &[][..]),
    };
    let value = whole.or(arguments.first()).and_then(|inner| calculate(inner, &combination));
    if combination.is_void.get() {
        return Vec::new();
    }
    if whole.is_some() {
        return vec![value];
    }
    let text = value.map(|value| value.text());
    let words = text.iter().flat_map(|text| text.split_ascii_whitespace());
    let words: Vec<_> = words.map(|word| Some(Value::Text(word.to_owned()))).collect();
    if words.is_empty() { vec![None] } else { words }
}

/// Unknown parts matter only where no known one decides.
fn kleene(parts: impl Iterator<Item = Option<Value>>, deciding: bool) -> Option<Value> {
    let mut is_unknown = false;
    // What comes after a part that decides isn't looked at.
    for part in parts {
        match part.and_then(|part| truth(&part)) {
            Some(known) if known == deciding => return Some(Value::Bool(deciding)),
            known => is_unknown |= known.is_none(),
        }
    }
    (!is_unknown).then_some(Value::Bool(!deciding))
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Number(_) => None,
        value => value.text().parse().ok(),
    }
}

impl Value {
    fn number(&self) -> Option<Number> {
        match self {
            Self::Bool(_) => None,
            Self::Number(number) => Some(*number),
            Self::Text(text) => parse(text),
        }
    }

    fn whole(&self) -> Option<i64> {
        Some(match self.number()? {
            Number::Int(int) => int,
            Number::Float(float) => float as i64,
        })
    }

    pub fn text(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Number(Number::Int(int)) => int.to_string(),
            Self::Number(Number::Float(float)) => format!("{float:?}"),
            Self::Text(text) => text.clone(),
        }
    }
}

/// The zero that turns subtraction into a change of sign.
fn zero(of: Number) -> Number {
    match of {
        Number::Int(_) => Number::Int(0),
        Number::Float(_) => Number::Float(-0.0),
    }
}

fn combine(operator: Operator, left: Number, right: Number) -> Option<Value> {
    let number = match (left, right) {
        (Number::Int(left), Number::Int(right)) => {
            let (left, right) = (i128::from(left), i128::from(right));
            let result = match operator {
                Operator::Add => left + right,
                Operator::Subtract => left - right,
                Operator::Multiply => left * right,
                Operator::Divide | Operator::Modulo if right == 0 => return None,
                Operator::Divide if left == i64::MIN.into() && right == -1 => left,
                Operator::Divide => left / right,
                Operator::Modulo => left % right,
            };
            Number::Int(result.try_into().ok()?)
        }
        (left, right) => {
            let (left, right) = (float(left), float(right));
            Number::Float(match operator {
                Operator::Add => left + right,
                Operator::Subtract => left - right,
                Operator::Multiply => left * right,
                Operator::Divide => left / right,
                Operator::Modulo => left % right,
            })
        }
    };
    Some(Value::Number(number))
}

fn float(number: Number) -> f64 {
    match number {
        Number::Int(int) => int as f64,
        Number::Float(float) => float,
    }
}

fn compare(left: &Value, is: Comparison, right: &Value) -> Option<bool> {
    let order = match (left.number(), right.number()) {
        (Some(Number::Int(left)), Some(Number::Int(right))) => left.cmp(&right),
        (Some(left), Some(right)) => float(left).partial_cmp(&float(right))?,
        _ => left.text().chars().cmp(right.text().chars()),
    };
    Some(stands(order, is))
}

fn call(function: &Function, arguments: &[Value], folding: Folding) -> Option<Value> {
    let units = |argument: &Value| argument.text().encode_utf16().collect::<Vec<u16>>();
    let folded =
        |argument: &Value, case: &Case| alike(&argument.text(), case, folding).encode_utf16().collect::<Vec<u16>>();
    let first = arguments.first()?;
    Some(match function {
        Function::All | Function::Any | Function::Words => unreachable!("judged without all arguments"),
        Function::AfterLast => {
            let (source, part) = (first.text(), arguments.get(1)?.text());
            let after = |(end, _): (usize, char)| source[..end].ends_with(&part).then(|| source[end..].to_owned());
            let ends = source.char_indices().chain([(source.len(), ' ')]).collect::<Vec<_>>().into_iter().rev();
            Value::Text(ends.filter_map(after).next().unwrap_or_else(|| source.clone()))
        }
        Function::Except => Value::Text(first.text()),
        Function::Not => Value::Bool(!truth(first)?),
        Function::Concat => Value::Text(arguments.iter().map(Value::text).collect()),
        Function::Length => Value::Number(Number::Int(units(first).len() as i64)),
        Function::Text => Value::Text(first.text()),
        Function::Contains(case) => {
            let part = folded(arguments.get(1)?, case);
            Value::Bool(!part.is_empty() && find(&folded(first, case), &part, 0).is_some())
        }
        Function::StartsWith(case) => Value::Bool(folded(first, case).starts_with(&folded(arguments.get(1)?, case))),
        Function::EndsWith(case) => Value::Bool(folded(first, case).ends_with(&folded(arguments.get(1)?, case))),
        Function::IndexOf(case) => {
            let start = arguments.get(2).map_or(Some(0), Value::whole)?.max(0) as usize;
            let found = find(&folded(first, case), &folded(arguments.get(1)?, case), start)?;
            Value::Number(Number::Int(found as i64))
        }
        Function::Substring => {
            let text = units(first);
            let place = |argument: Option<&Value>| {
                let position = argument.map_or(Some(i64::MAX), Value::whole)?;
                let position = if position < 0 { position.saturating_add(text.len() as i64) } else { position };
                Some(position.clamp(0, text.len() as i64) as usize)
            };
            let (start, end) = (place(Some(arguments.get(1)?))?, place(arguments.get(2))?);
            Value::Text(whole_characters(&first.text(), start, end))
        }
        Function::Number => Value::Number(spelt(&first.text(), arguments.get(1))?),
        Function::Between(case) => Value::Text(between(*case, arguments, folding)?),
        Function::InNetworks(networks) => {
            let text = first.text();
            let mapped = text.parse::<Ipv4Addr>().map(|address| format!("::ffff:{address}"));
            let address = mapped.unwrap_or(text).parse::<Ipv6Addr>();
            let holds = |network: &Network, address| (network.first..=network.last).contains(&u128::from(address));
            Value::Bool(address.is_ok_and(|address| networks.iter().any(|network| holds(network, address))))
        }
    })
}

/// Where `part` first begins, at `start` or later.
fn find(text: &[u16], part: &[u16], start: usize) -> Option<usize> {
    (start..=text.len()).find(|at| text[*at..].starts_with(part))
}

/// The characters that begin within these units.
fn whole_characters(text: &str, start: usize, end: usize) -> String {
    let mut unit = 0;
    let begins_within = |char: &char| {
        let begin = unit;
        unit += char.len_utf16();
        (start..end).contains(&begin)
    };
    text.chars().filter(begins_within).collect()
}

fn spelt(text: &str, base: Option<&Value>) -> Option<Number> {
    let text = text.trim();
    let base = base.map(|base| base.whole()).map_or(Some(None), |base| base.map(Some))?;
    if let (Some(digits), None | Some(16)) = (text.strip_prefix("0x"), base) {
        return i64::from_str_radix(digits, 16).ok().map(Number::Int);
    }
    match base {
        None | Some(10) => parse(text),
        Some(base @ 2..=36) => i64::from_str_radix(text, base as u32).ok().map(Number::Int),
        Some(_) => None,
    }
}

fn between(case: Case, arguments: &[Value], folding: Folding) -> Option<String> {
    let source: Vec<char> = arguments.first()?.text().chars().collect();
    let [text, left, right] =
        [0, 1, 2].map(|n| arguments.get(n).map(|argument| alike(&argument.text(), &case, folding)));
    let [text, left, right] = [text?, left?, right?].map(|text| text.chars().collect::<Vec<_>>());
    if source.is_empty() || left.is_empty() || right.is_empty() {
        return Some(source.into_iter().collect());
    }
    let at =
        |part: &[char], mut places: Box<dyn Iterator<Item = usize>>| places.find(|at| text[*at..].starts_with(part));
    let Some(start) = at(&left, Box::new(0..text.len())).map(|start| start + left.len()) else {
        return Some(String::new());
    };
    let end = if arguments.get(3).is_some_and(|greedy| greedy.text() == "true") {
        at(&right, Box::new((0..text.len()).rev()))
    } else {
        at(&right, Box::new(start..text.len()))
    };
    match end {
        Some(end) => source.get(start..end).map(|chars| chars.iter().collect()),
        None => Some(String::new()),
    }
}
