//! Judges events by the definition, slowly: shares no code with the engine.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::cmp::Ordering;
use std::collections::BTreeSet;

use weir_engine::program::{
    Automaton, Case, Comparison, Condition, Coverage, Exception, Expression, Folding, Number, Predicate, Program, Test,
};
use weir_engine::{Finding, Report};

use crate::calculator::{Value, results};
use crate::tree::{self, Node};

pub fn judge(program: &Program, events: &[u8]) -> Report {
    let mut report = Report::default();
    for (line, event) in events.split(|byte| *byte == b'\n').zip(0..) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let Some(tree) = tree::read(line) else {
            report.malformed.push(event);
            continue;
        };
        let mut values = Vec::new();
        collect(None, &tree, &mut values);
        for (_, rule) in program.rules.iter().zip(0..).filter(|(rule, _)| holds(&rule.condition, program, &values)) {
            let exceptions = covering(rule, program, &values);
            let of = |exception| Finding { event, rule, exception };
            report.findings.extend(exceptions.iter().map(|number| of(Some(*number))));
            report.findings.extend(exceptions.is_empty().then(|| of(None)));
        }
    }
    report
}

/// The exceptions that cover a match of the rule.
fn covering(rule: u32, program: &Program, values: &[(String, &Node)]) -> Vec<u32> {
    let covers = |exception: &Exception| match &exception.meta.rules {
        Coverage::All => true,
        Coverage::Rules(rules) => rules.contains(&rule),
    };
    let covers = |exception: &Exception| covers(exception) && holds(&exception.condition, program, values);
    program.exceptions.iter().zip(0..).filter(|(exception, _)| covers(exception)).map(|(_, number)| number).collect()
}

/// All values with the dotted names under which they stand.
fn collect<'n>(name: Option<&str>, node: &'n Node, values: &mut Vec<(String, &'n Node)>) {
    match node {
        Node::Object(members) => {
            for (key, member) in members {
                let name = name.map_or(key.clone(), |name| format!("{name}.{key}"));
                collect(Some(&name), member, values);
            }
        }
        Node::Array(elements) => elements.iter().for_each(|element| collect(name, element, values)),
        Node::Null => {}
        scalar => values.push((name.unwrap().to_owned(), scalar)),
    }
}

fn holds(condition: &Condition, program: &Program, values: &[(String, &Node)]) -> bool {
    match condition {
        Condition::Constant(value) => *value,
        Condition::Not(inner) => !holds(inner, program, values),
        Condition::All(all) => all.iter().all(|inner| holds(inner, program, values)),
        Condition::Any(any) => any.iter().any(|inner| holds(inner, program, values)),
        Condition::Predicate(number) => {
            let Predicate { field, test } = &program.predicates[*number as usize];
            match program.fields.get(*field as usize) {
                Some(field) => values_of(field, values).any(|value| passes(value, test, program.folding)),
                None => {
                    let expression = &program.calculated[*field as usize - program.fields.len()];
                    let combinations = combinations(expression, program, values);
                    let mut results =
                        combinations.iter().flat_map(|fields| results(expression, fields, program.folding));
                    results.any(|result| result_passes(result, test, program.folding))
                }
            }
        }
    }
}

fn values_of<'v>(field: &str, values: &'v [(String, &Node)]) -> impl Iterator<Item = &'v Node> {
    values.iter().filter(move |(name, _)| name == field).map(|(_, value)| *value)
}

/// What each field of the expression contributes, in all ways.
fn combinations(
    expression: &Expression,
    program: &Program,
    values: &[(String, &Node)],
) -> Vec<Vec<(u32, Option<String>)>> {
    let mut fields = BTreeSet::new();
    expression.each_field(&mut |field| {
        fields.insert(*field);
    });
    let mut combinations = vec![Vec::new()];
    for field in fields {
        let mut choices: Vec<_> =
            values_of(&program.fields[field as usize], values).map(|value| Some(spelling(value).to_owned())).collect();
        if choices.is_empty() {
            choices.push(None);
        }
        let extended = |so_far: Vec<_>| {
            let with = move |choice: &Option<String>| [&*so_far, &[(field, choice.clone())]].concat();
            choices.iter().map(with).collect::<Vec<_>>()
        };
        combinations = combinations.into_iter().flat_map(extended).collect();
    }
    combinations
}

fn result_passes(result: Option<Value>, test: &Test, folding: Folding) -> bool {
    match (result, test) {
        (None, test) => *test == Test::Null,
        (Some(Value::Number(value)), Test::Number { is, than }) => compares(value, *is, *than),
        (Some(Value::Number(_)), Test::Bool(_)) => false,
        (Some(Value::Bool(value)), test) => passes(&Node::Bool(value), test, folding),
        (Some(value), test) => passes(&Node::Text(value.text()), test, folding),
    }
}

/// The JSON text of a scalar.
fn spelling(value: &Node) -> &str {
    match value {
        Node::Text(text) | Node::Number(text) => text,
        Node::Bool(true) => "true",
        Node::Bool(false) => "false",
        _ => unreachable!("no scalar"),
    }
}

fn passes(value: &Node, test: &Test, folding: Folding) -> bool {
    let text = spelling(value);
    let alike = |text: &str, case: &Case| alike(text, case, folding);
    let chars = |text: &str, case: &Case| alike(text, case).chars().collect::<Vec<_>>();
    match test {
        Test::Exists => true,
        Test::Null => false,
        Test::Order { is, than } => stands(text.chars().cmp(than.chars()), *is),
        Test::Regex { automaton, case } => is_accepted(automaton, &alike(text, case)),
        Test::Equals { literals, case } => literals.iter().any(|literal| alike(literal, case) == alike(text, case)),
        Test::Like { patterns, case } => {
            patterns.iter().any(|pattern| matches(&chars(pattern, case), &chars(text, case)))
        }
        Test::Number { is, than } => {
            !matches!(value, Node::Bool(_)) && parse(text).is_some_and(|value| compares(value, *is, *than))
        }
        Test::Bool(wanted) => match value {
            Node::Bool(value) => value == wanted,
            Node::Text(text) => {
                if *wanted {
                    text == "true"
                } else {
                    text == "false" || text.is_empty()
                }
            }
            _ => false,
        },
    }
}

/// What is the same for all spellings of a text that count as one.
pub fn alike(text: &str, case: &Case, folding: Folding) -> String {
    match (case, folding) {
        (Case::Sensitive, _) => text.to_owned(),
        (Case::Insensitive, Folding::Ascii) => text.to_ascii_lowercase(),
        (Case::Insensitive, Folding::Unicode) => text.chars().map(fold).collect(),
    }
}

/// Simple folding is `char::to_lowercase`, but for these among the characters that the tests use.
fn fold(char: char) -> char {
    match char {
        'ſ' => 's',
        'ς' => 'σ',
        'İ' => 'İ',
        other => other.to_lowercase().next().unwrap(),
    }
}

fn matches(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => (0..=text.len()).any(|skip| matches(rest, &text[skip..])),
        (['?', rest @ ..], [_, text @ ..]) => matches(rest, text),
        ([wanted, rest @ ..], [char, text @ ..]) => wanted == char && matches(rest, text),
        _ => false,
    }
}

/// A number in JSON's spelling, or nearly.
pub fn parse(text: &str) -> Option<Number> {
    if let Ok(int) = text.parse() {
        return Some(Number::Int(int));
    }
    text.parse().ok().filter(|_| !text.to_lowercase().contains(['i', 'n'])).map(Number::Float)
}

/// Integers of 64 bits compare exactly, all else as doubles.
fn compares(value: Number, is: Comparison, than: Number) -> bool {
    let float = |number| match number {
        Number::Int(int) => int as f64,
        Number::Float(float) => float,
    };
    let order = match (value, than) {
        (Number::Int(value), Number::Int(than)) => Some(value.cmp(&than)),
        (value, than) => float(value).partial_cmp(&float(than)),
    };
    order.is_some_and(|order| stands(order, is))
}

pub fn stands(order: Ordering, is: Comparison) -> bool {
    match is {
        Comparison::Equal => order.is_eq(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

fn is_accepted(automaton: &Automaton, text: &str) -> bool {
    let mut state = 0;
    for char in text.chars() {
        let class = automaton.runs.iter().rev().find(|(start, _)| *start <= char as u32).unwrap().1;
        match automaton.next[usize::from(state * automaton.classes + class)] {
            Automaton::NEVER => return false,
            Automaton::ALWAYS => return true,
            next => state = next,
        }
    }
    automaton.accepts[usize::from(state)]
}
