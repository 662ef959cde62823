//! What one test says about another, and which tests no value passes. Where it isn't sure, it says no.

use weir_engine::program::{
    Automaton, Case, Comparison, Constant, Expression, Folding, Function, Number, Operator, Test,
};

use crate::value::is_passed;

/// Stands for any text in a pattern: no rule has this character, so only a `*` takes it.
const ANY_TEXT: &str = "\u{F8FF}";

/// Does every value that passes `narrow` pass `wide` too?
pub(crate) fn implies(narrow: &Test, wide: &Test, folding: Folding) -> bool {
    match (narrow, wide) {
        (_, Test::Exists) => *narrow != Test::Null,
        (Test::Equals { literals, case }, _) if ignores_no_less(wide, *case) => {
            literals.iter().all(|literal| is_passed(Constant::Text(literal.clone()), wide.clone(), folding))
        }
        (Test::Like { patterns, case }, Test::Like { patterns: others, .. }) if ignores_no_less(wide, *case) => {
            patterns.iter().all(|pattern| others.contains(pattern) || is_within(pattern, wide, others, folding))
        }
        (Test::Number { is, than }, Test::Number { is: wide, than: limit }) => is_beyond(*is, *than, *wide, *limit),
        _ => narrow == wide,
    }
}

/// Does a test of text take all spellings of a text that it takes, unless case matters anyway?
fn ignores_no_less(test: &Test, case: Case) -> bool {
    match test {
        Test::Equals { case: own, .. } | Test::Like { case: own, .. } | Test::Regex { case: own, .. } => {
            *own == Case::Insensitive || case == Case::Sensitive
        }
        _ => case == Case::Sensitive,
    }
}

/// Does `test`, which is for `others`, take whatever `pattern` takes?
fn is_within(pattern: &str, test: &Test, others: &[String], folding: Folding) -> bool {
    // A `?` would take the stand-in, though not every text.
    let is_sure = others.iter().all(|other| !other.contains('?'));
    is_sure && is_passed(Constant::Text(pattern.replace(['*', '?'], ANY_TEXT)), test.clone(), folding)
}

/// Is every number that `is` so to `than` also `wide` to `limit`?
fn is_beyond(is: Comparison, than: Number, wide: Comparison, limit: Number) -> bool {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let end = match (is, wide) {
        (Equal, _) | (GreaterOrEqual, Greater) | (LessOrEqual, Less) => wide,
        // The end itself isn't among the numbers, so it may be the limit.
        (Greater | GreaterOrEqual, Greater | GreaterOrEqual) => GreaterOrEqual,
        (Less | LessOrEqual, Less | LessOrEqual) => LessOrEqual,
        _ => return false,
    };
    is_passed(Constant::Number(than), Test::Number { is: end, than: limit }, Folding::default())
}

/// Why no event passes the test, if that is sure.
pub(crate) fn impossible(subject: &Expression<String>, test: &Test) -> Option<&'static str> {
    match (subject, test) {
        (_, Test::Regex { automaton, .. }) if accepts_nothing(automaton) => Some("no text matches this expression"),
        (Expression::Call(Function::Contains(_), arguments), Test::Bool(true))
            if arguments.get(1) == Some(&empty()) =>
        {
            Some("no text contains the empty text")
        }
        (Expression::Call(Function::Length | Function::IndexOf(_), _), _) if excludes_counts(test) => {
            Some("lengths and positions are whole numbers from 0")
        }
        (Expression::Call(Function::Substring, arguments), Test::Equals { literals, .. }) => {
            let longest = longest_part(arguments)?;
            let is_longer = |literal: &String| literal.encode_utf16().count() > longest;
            literals.iter().all(is_longer).then_some("the part of the text is shorter")
        }
        (Expression::Arithmetic(_, rest), Test::Number { is: Comparison::Equal, than }) => {
            let (Operator::Modulo, Expression::Constant(Constant::Number(Number::Int(divisor)))) = rest.last()? else {
                return None;
            };
            let is_remainder = match than {
                Number::Int(than) => than.unsigned_abs() < divisor.unsigned_abs(),
                Number::Float(than) => than.abs() < divisor.unsigned_abs() as f64,
            };
            (!is_remainder).then_some("a remainder is less than what it is divided by")
        }
        _ => None,
    }
}

fn empty() -> Expression<String> {
    Expression::Constant(Constant::Text(String::new()))
}

fn accepts_nothing(automaton: &Automaton) -> bool {
    !automaton.accepts.contains(&true) && !automaton.next.contains(&Automaton::ALWAYS)
}

fn excludes_counts(test: &Test) -> bool {
    let zero = Number::Int(0);
    match test {
        Test::Number { is: Comparison::Equal, than: Number::Int(than) } => *than < 0,
        Test::Number { is: Comparison::Equal, than: Number::Float(than) } => *than < 0.0 || than.fract() != 0.0,
        Test::Number { is: Comparison::Less, than } => {
            is_beyond(Comparison::Equal, *than, Comparison::LessOrEqual, zero)
        }
        Test::Number { is: Comparison::LessOrEqual, than } => {
            is_beyond(Comparison::Equal, *than, Comparison::Less, zero)
        }
        Test::Equals { literals, .. } => literals.iter().all(|literal| literal.parse::<f64>().is_err()),
        _ => false,
    }
}

/// How long the part between two positions may be, if both count from the start of the text.
fn longest_part(arguments: &[Expression<String>]) -> Option<usize> {
    let [_, start, end] = arguments else { return None };
    let position = |argument: &Expression<String>| match argument {
        Expression::Constant(Constant::Number(Number::Int(position))) => usize::try_from(*position).ok(),
        _ => None,
    };
    Some(position(end)?.saturating_sub(position(start)?))
}
