//! What calculated fields are calculated from.

use serde::{Deserialize, Serialize};

use super::{Case, Comparison, Number};

/// A calculation. It has no value if any part of it has none, or is of a kind that it doesn't take, unless a function says
/// otherwise.
///
/// Numbers and booleans serve as text, in their JSON spelling; text that spells a number serves as a number. Positions
/// and lengths are counted in UTF-16 units, as Elasticsearch does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Expression<F = u32> {
    /// One value of a field. In a program: an index into [`Program::fields`](super::Program::fields).
    Field(F),
    /// The same for every event.
    Constant(Constant),
    /// From left to right. Whole numbers stay whole, and have no result beyond 64 bits or when divided by zero.
    Arithmetic(Box<Expression<F>>, Vec<(Operator, Expression<F>)>),
    /// With the sign changed.
    Negative(Box<Expression<F>>),
    /// `true` or `false`: numbers if both sides are or spell numbers, else text.
    Comparison(Box<Expression<F>>, Comparison, Box<Expression<F>>),
    /// What the function makes of its arguments.
    Call(Function, Vec<Expression<F>>),
}

/// A value in a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Constant {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
}

/// What joins two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    /// Of whole numbers it is a whole number, cut towards zero.
    Divide,
    /// Has the sign of the first number.
    Modulo,
}

/// A function, with its arguments in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Function {
    /// Source, part: what stands after the last `part`; all of the source if it isn't there.
    AfterLast,
    /// Are all arguments true? An argument without a value is neither true nor false: it counts only if no other decides.
    All,
    /// Is any argument true? As for `All`.
    Any,
    /// Source, left, right, and whether the last `right` counts: the text between the first `left` and a `right` after
    /// it. `""` if either isn't there; all of the source if one of the three is empty.
    Between(Case),
    /// Texts, joined.
    Concat,
    /// Source, part: does the one contain the other? Nothing contains `""`.
    Contains(Case),
    /// Source, part: does the one end with the other?
    EndsWith(Case),
    /// Value, others: the value as text. If it is one of the others, it stands for none: the combination of values to which
    /// it belongs doesn't count, neither as a value nor as the lack of one.
    Except,
    /// Source, part, and where to start (0): the position of the first occurrence; none if there is none.
    IndexOf(Case),
    /// Is the address in one of the networks? What isn't an address is in none.
    InNetworks(Vec<Network>),
    /// The length of a text.
    Length,
    /// The opposite of true or false.
    Not,
    /// Text, base (10, or 16 after `0x`): the number that it spells.
    Number,
    /// Source, part: does the one start with the other?
    StartsWith(Case),
    /// Source, start, end (its length): the text between two positions; negative ones count from the end.
    Substring,
    /// The value as text.
    Text,
    /// Text: each of its words, between white space, is a value. Only as the outermost of a calculation; else none is.
    Words,
}

/// A range of IPv6 addresses; an IPv4 address is one of them, by the mapping of RFC 4291.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its first address.
    pub first: u128,
    /// Its last address.
    pub last: u128,
}

impl<F> Expression<F> {
    /// The same calculation with other fields.
    pub fn map_fields<G>(&self, to: &mut impl FnMut(&F) -> G) -> Expression<G> {
        let mut boxed = |inner: &Self| Box::new(inner.map_fields(to));
        match self {
            Self::Field(field) => Expression::Field(to(field)),
            Self::Constant(constant) => Expression::Constant(constant.clone()),
            Self::Negative(inner) => Expression::Negative(boxed(inner)),
            Self::Comparison(left, is, right) => Expression::Comparison(boxed(left), *is, boxed(right)),
            Self::Arithmetic(first, rest) => {
                let first = boxed(first);
                let rest = rest.iter().map(|(operator, inner)| (*operator, inner.map_fields(to)));
                Expression::Arithmetic(first, rest.collect())
            }
            Self::Call(function, arguments) => {
                let arguments = arguments.iter().map(|argument| argument.map_fields(to));
                Expression::Call(function.clone(), arguments.collect())
            }
        }
    }

    /// Hands every field that is read to `found`.
    pub fn each_field<'e>(&'e self, found: &mut impl FnMut(&'e F)) {
        match self {
            Self::Field(field) => found(field),
            Self::Constant(_) => {}
            Self::Negative(inner) => inner.each_field(found),
            Self::Comparison(left, _, right) => {
                left.each_field(found);
                right.each_field(found);
            }
            Self::Arithmetic(first, rest) => {
                first.each_field(found);
                rest.iter().for_each(|(_, inner)| inner.each_field(found));
            }
            Self::Call(_, arguments) => arguments.iter().for_each(|argument| argument.each_field(found)),
        }
    }

    /// Has it surely no value where a field that it reads has none?
    pub fn is_strict(&self) -> bool {
        match self {
            Self::Field(_) | Self::Constant(_) => true,
            Self::Negative(inner) => inner.is_strict(),
            Self::Comparison(left, _, right) => left.is_strict() && right.is_strict(),
            Self::Arithmetic(first, rest) => first.is_strict() && rest.iter().all(|(_, inner)| inner.is_strict()),
            Self::Call(Function::All | Function::Any, _) => false,
            Self::Call(_, arguments) => arguments.iter().all(Self::is_strict),
        }
    }
}

impl Expression {
    /// The value of an expression that reads no field.
    pub fn constant(&self, folding: super::Folding) -> Constant {
        crate::calculate::constant(self, folding)
    }
}
