//! EQL's functions: their names and arguments, and what each becomes.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use weir_engine::program::{Case, Constant, Expression, Function, Network, Operator};

use crate::ast::Call;
use crate::fault::Fault;
use crate::refusal;

/// How a function is called.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    arguments: RangeInclusive<usize>,
    pub(crate) usage: &'static str,
    /// Does it answer `true` or `false`?
    is_condition: bool,
}

pub(crate) const FUNCTIONS: [Signature; 16] = [
    value("add", 2..=2, "add(a, b)"),
    value("between", 3..=4, "between(source, left, right)` or `between(source, left, right, true)"),
    condition("cidrMatch", 2..=usize::MAX, "cidrMatch(address, \"10.0.0.0/8\", …)"),
    value("concat", 1..=usize::MAX, "concat(a, b, …)"),
    value("divide", 2..=2, "divide(a, b)"),
    condition("endsWith", 2..=2, "endsWith(source, text)"),
    value("indexOf", 2..=3, "indexOf(source, text)` or `indexOf(source, text, start)"),
    value("length", 1..=1, "length(text)"),
    value("modulo", 2..=2, "modulo(a, b)"),
    value("multiply", 2..=2, "multiply(a, b)"),
    value("number", 1..=2, "number(text)` or `number(text, base)"),
    condition("startsWith", 2..=2, "startsWith(source, text)"),
    value("string", 1..=1, "string(value)"),
    condition("stringContains", 2..=2, "stringContains(source, text)"),
    value("substring", 2..=3, "substring(source, start)` or `substring(source, start, end)"),
    value("subtract", 2..=2, "subtract(a, b)"),
];

const fn value(name: &'static str, arguments: RangeInclusive<usize>, usage: &'static str) -> Signature {
    Signature { name, arguments, usage, is_condition: false }
}

const fn condition(name: &'static str, arguments: RangeInclusive<usize>, usage: &'static str) -> Signature {
    Signature { name, arguments, usage, is_condition: true }
}

fn signature(call: &Call) -> Option<&'static Signature> {
    FUNCTIONS.iter().find(|function| function.name.eq_ignore_ascii_case(&call.name))
}

/// Does the function that is called answer `true` or `false`?
pub(crate) fn is_condition(call: &Call) -> bool {
    signature(call).is_some_and(|signature| signature.is_condition)
}

/// What a call with these arguments calculates.
pub(crate) fn calculation(call: &Call, mut arguments: Vec<Expression<String>>) -> Result<Expression<String>, Fault> {
    let signature = signature(call).ok_or_else(|| refusal::unknown_function(call))?;
    if !signature.arguments.contains(&arguments.len()) {
        return Err(refusal::argument_count(call, signature));
    }
    let function = match signature.name {
        "add" => return Ok(arithmetic(Operator::Add, arguments)),
        "subtract" => return Ok(arithmetic(Operator::Subtract, arguments)),
        "multiply" => return Ok(arithmetic(Operator::Multiply, arguments)),
        "divide" => return Ok(arithmetic(Operator::Divide, arguments)),
        "modulo" => return Ok(arithmetic(Operator::Modulo, arguments)),
        "between" => Function::Between(call.case),
        "concat" => Function::Concat,
        "endsWith" => Function::EndsWith(call.case),
        "indexOf" => {
            without_null_at(2, &mut arguments);
            Function::IndexOf(call.case)
        }
        "length" => Function::Length,
        "number" => {
            without_null_at(1, &mut arguments);
            Function::Number
        }
        "startsWith" => Function::StartsWith(call.case),
        "string" => Function::Text,
        "stringContains" => Function::Contains(call.case),
        // Without a start it is the whole text, whatever its end.
        "substring" if is_null_at(1, &arguments) => {
            arguments.truncate(1);
            Function::Text
        }
        "substring" => {
            without_null_at(2, &mut arguments);
            Function::Substring
        }
        _ => {
            let blocks = arguments.split_off(1);
            if blocks.contains(&Expression::Constant(Constant::Null)) {
                return Ok(Expression::Constant(Constant::Null));
            }
            let read = blocks.iter().zip(&call.arguments[1..]);
            let networks = read.map(|(block, written)| network(block).ok_or_else(|| refusal::no_network(written)));
            Function::InNetworks(networks.collect::<Result<_, _>>()?)
        }
    };
    Ok(Expression::Call(function, arguments))
}

/// Elasticsearch takes `null` for a last argument that isn't given.
fn without_null_at(last: usize, arguments: &mut Vec<Expression<String>>) {
    if is_null_at(last, arguments) {
        arguments.truncate(last);
    }
}

fn is_null_at(index: usize, arguments: &[Expression<String>]) -> bool {
    arguments.get(index) == Some(&Expression::Constant(Constant::Null))
}

fn arithmetic(operator: Operator, arguments: Vec<Expression<String>>) -> Expression<String> {
    let mut arguments = arguments.into_iter();
    let first = arguments.next().unwrap_or(Expression::Constant(Constant::Null));
    Expression::Arithmetic(Box::new(first), arguments.map(|argument| (operator, argument)).collect())
}

/// Reads `10.0.0.0/8`, or a single address.
fn network(block: &Expression<String>) -> Option<Network> {
    let Expression::Constant(Constant::Text(text)) = block else { return None };
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (&**text, None),
    };
    let (bits, unused) = match address.parse().ok()? {
        IpAddr::V4(address) => (address.to_ipv6_mapped().to_bits(), 32_u32.checked_sub(length.unwrap_or(32))?),
        IpAddr::V6(address) => (address.to_bits(), 128_u32.checked_sub(length.unwrap_or(128))?),
    };
    let hosts = 1_u128.checked_shl(unused).map_or(u128::MAX, |hosts| hosts - 1);
    Some(Network { first: bits & !hosts, last: bits | hosts })
}

/// The field, pattern and case of the `like` that says the same as a call, if there is one. It is judged faster.
pub(crate) fn as_pattern(subject: &Expression<String>) -> Option<(&str, String, Case)> {
    let Expression::Call(function, arguments) = subject else { return None };
    let [Expression::Field(field), Expression::Constant(Constant::Text(text))] = &**arguments else { return None };
    if text.is_empty() || text.contains(['*', '?']) {
        return None;
    }
    let (pattern, case) = match function {
        Function::StartsWith(case) => (format!("{text}*"), case),
        Function::EndsWith(case) => (format!("*{text}"), case),
        Function::Contains(case) => (format!("*{text}*"), case),
        _ => return None,
    };
    Some((field, pattern, *case))
}
