//! Random calculations.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::net::Ipv6Addr;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use weir_engine::program::{Case, Comparison, Constant, Expression, Function, Network, Number, Operator};

use super::World;

/// A calculation on a few of the world's fields.
pub fn expression(world: &World) -> impl Strategy<Value = Expression<String>> + use<> {
    let number = select(vec![0, 1, 2, 5, -1, -3, 10, 16, i64::MAX, i64::MIN]).prop_map(Number::Int);
    let float = select(vec![0.5, -0.0, 2.0, 1e300]).prop_map(Number::Float);
    let constant = prop_oneof![
        4 => prop_oneof![number, float].prop_map(Constant::Number),
        4 => select(world.texts.clone()).prop_map(|text| Constant::Text(text.to_owned())),
        1 => any::<bool>().prop_map(Constant::Bool),
        1 => Just(Constant::Null),
    ];
    let leaf = prop_oneof![
        3 => select(world.fields.clone()).prop_map(|name| Expression::Field(name.to_owned())),
        2 => constant.prop_map(Expression::Constant),
    ];
    leaf.prop_recursive(3, 10, 4, |inner| {
        let operator =
            select(vec![Operator::Add, Operator::Subtract, Operator::Multiply, Operator::Divide, Operator::Modulo]);
        let is = select(vec![Comparison::Equal, Comparison::Less, Comparison::GreaterOrEqual]);
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            1 => boxed().prop_map(Expression::Negative),
            2 => (boxed(), vec((operator, inner.clone()), 1..3))
                .prop_map(|(first, rest)| Expression::Arithmetic(first, rest)),
            1 => (boxed(), is, boxed()).prop_map(|(left, is, right)| Expression::Comparison(left, is, right)),
            6 => (function(), vec(inner.clone(), 1..5)).prop_map(|(function, mut arguments)| {
                arguments.truncate(most_arguments(&function));
                Expression::Call(function, arguments)
            }),
        ]
    })
}

/// Too few arguments are judged as well; more are no program.
fn most_arguments(function: &Function) -> usize {
    match function {
        Function::Length | Function::Not | Function::Text | Function::Words | Function::InNetworks(_) => 1,
        Function::AfterLast
        | Function::Contains(_)
        | Function::StartsWith(_)
        | Function::EndsWith(_)
        | Function::Number => 2,
        Function::IndexOf(_) | Function::Substring => 3,
        _ => 4,
    }
}

fn function() -> impl Strategy<Value = Function> {
    let case = prop_oneof![Just(Case::Sensitive), Just(Case::Insensitive)];
    let with_case: Vec<fn(Case) -> Function> =
        vec![Function::Between, Function::Contains, Function::EndsWith, Function::IndexOf, Function::StartsWith];
    let without = vec![
        Function::AfterLast,
        Function::All,
        Function::Any,
        Function::Not,
        Function::Concat,
        Function::Except,
        Function::Length,
        Function::Number,
        Function::Substring,
        Function::Text,
        Function::Words,
    ];
    let bits = |address: &str| address.parse::<Ipv6Addr>().unwrap().to_bits();
    let networks = [("::ffff:10.0.0.0", "::ffff:10.0.0.255"), ("fe80::", "fe80::ffff"), ("::", "::ffff")];
    let networks = networks.map(|(first, last)| Network { first: bits(first), last: bits(last) });
    prop_oneof![
        5 => (select(with_case), case).prop_map(|(function, case)| function(case)),
        5 => select(without),
        1 => subsequence(networks.to_vec(), 1..3).prop_map(Function::InNetworks),
    ]
}
