//! Numbers as events and rules spell them, and how they compare and combine; knows nothing of JSON's structure.

use std::cmp::Ordering;

use crate::program::{Comparison, Number, Operator};

/// A JSON number, or text that spells a number in digits (not `inf`, not `nan`, not hexadecimal).
pub(crate) fn parse_number(text: &str) -> Option<Number> {
    if let Ok(int) = text.parse() {
        return Some(Number::Int(int));
    }
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    digits.then(|| text.parse().ok()).flatten().map(Number::Float)
}

/// How two numbers stand to each other: integers exactly, all else as doubles.
pub(crate) fn order(left: Number, right: Number) -> Option<Ordering> {
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => Some(left.cmp(&right)),
        (left, right) => as_float(left).partial_cmp(&as_float(right)),
    }
}

impl Comparison {
    pub(crate) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Operator {
    pub(crate) fn apply(self, left: Number, right: Number) -> Option<Number> {
        if let (Number::Int(left), Number::Int(right)) = (left, right) {
            return self.apply_whole(left, right).map(Number::Int);
        }
        let (left, right) = (as_float(left), as_float(right));
        Some(Number::Float(match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Modulo => left % right,
        }))
    }

    fn apply_whole(self, left: i64, right: i64) -> Option<i64> {
        match self {
            Self::Add => left.checked_add(right),
            Self::Subtract => left.checked_sub(right),
            Self::Multiply => left.checked_mul(right),
            // As in Java, the least number divided by -1 is itself.
            Self::Divide => (right != 0).then(|| left.wrapping_div(right)),
            Self::Modulo => (right != 0).then(|| left.wrapping_rem(right)),
        }
    }
}

pub(crate) fn negative(number: Number) -> Option<Number> {
    match number {
        Number::Int(int) => int.checked_neg().map(Number::Int),
        Number::Float(float) => Some(Number::Float(-float)),
    }
}

fn as_float(number: Number) -> f64 {
    match number {
        Number::Int(int) => int as f64,
        Number::Float(float) => float,
    }
}
