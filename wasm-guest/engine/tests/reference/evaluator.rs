//! Judges events by the definition, slowly: shares no code with the engine.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use weir_engine::program::{Case, Comparison, Condition, Folding, Number, Predicate, Program, Test};
use weir_engine::{Finding, Report};

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
        let matching = program.rules.iter().zip(0..).filter(|(rule, _)| holds(&rule.condition, program, &values));
        report.findings.extend(matching.map(|(_, rule)| Finding { event, rule }));
    }
    report
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
            let field = &program.fields[*field as usize];
            values.iter().any(|(name, value)| name == field && passes(value, test, program.folding))
        }
    }
}

fn passes(value: &Node, test: &Test, folding: Folding) -> bool {
    let text = match value {
        Node::Text(text) | Node::Number(text) => text.as_str(),
        Node::Bool(value) => {
            if *value {
                "true"
            } else {
                "false"
            }
        }
        _ => unreachable!("no scalar"),
    };
    let alike = |text: &str, case: &Case| match (case, folding) {
        (Case::Sensitive, _) => text.to_owned(),
        (Case::Insensitive, Folding::Ascii) => text.to_ascii_lowercase(),
        (Case::Insensitive, Folding::Unicode) => text.chars().map(fold).collect(),
    };
    let chars = |text: &str, case: &Case| alike(text, case).chars().collect::<Vec<_>>();
    match test {
        Test::Exists => true,
        Test::Equals { literals, case } => literals.iter().any(|literal| alike(literal, case) == alike(text, case)),
        Test::Like { patterns, case } => {
            patterns.iter().any(|pattern| matches(&chars(pattern, case), &chars(text, case)))
        }
        Test::Number { is, than } => !matches!(value, Node::Bool(_)) && compares(text, *is, *than),
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

/// Integers of 64 bits compare exactly, all else as doubles.
fn compares(text: &str, is: Comparison, than: Number) -> bool {
    let float: f64 = match text.parse() {
        Ok(float) if !text.to_lowercase().contains(['i', 'n']) => float,
        _ => return false,
    };
    let order = match (text.parse::<i64>(), than) {
        (Ok(value), Number::Int(than)) => value.cmp(&than),
        (_, Number::Int(than)) => float.partial_cmp(&(than as f64)).unwrap(),
        (_, Number::Float(than)) => float.partial_cmp(&than).unwrap(),
    };
    match is {
        Comparison::Equal => order.is_eq(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}
