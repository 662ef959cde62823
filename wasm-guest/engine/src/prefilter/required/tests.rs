//! Which conditions ask for which literals.

use super::*;
use crate::program::{Comparison, Number, Rule, RuleMeta};

const FIELDS: [&str; 4] = ["event.type", "process.args", "process.name", "a."];
const TYPE: u32 = 0;
const ARGS: u32 = 1;
const NAME: u32 = 2;
const UNNAMED: u32 = 3;

/// The literals that a rule with this condition asks for, sorted; `anything` if it may match without any.
fn needs(condition: Condition, predicates: Vec<Predicate>, calculated: Vec<Expression>) -> String {
    let rules = vec![Rule { meta: RuleMeta::default(), condition }];
    let program =
        Program { fields: FIELDS.map(String::from).into(), calculated, predicates, rules, ..Program::default() };
    let shown = |literals: Vec<Literal>| literals.iter().map(show).collect::<Vec<_>>().join(" ");
    required(&program).map_or("anything".into(), shown)
}

/// Such as `process.name="docker"`: with the quotes that it touches.
fn show(literal: &Literal) -> String {
    let quote = |there| if there { "\"" } else { "" };
    let text = format!("{}{}{}", quote(literal.starts), literal.text, quote(literal.ends));
    match literal.place {
        Place::Value(field) => format!("{}={text}", FIELDS[field as usize]),
        Place::Scalar => text,
        Place::Key => format!("{text}:"),
    }
}

fn of_test(field: u32, test: Test) -> String {
    needs(Condition::Predicate(0), vec![Predicate { field, test }], Vec::new())
}

fn of_calculation(expression: Expression, test: Test) -> String {
    let field = FIELDS.len() as u32;
    needs(Condition::Predicate(0), vec![Predicate { field, test }], vec![expression])
}

fn equals(texts: &[&str], case: Case) -> Test {
    Test::Equals { literals: texts.iter().map(|text| text.to_string()).collect(), case }
}

fn like(patterns: &[&str]) -> Test {
    Test::Like { patterns: patterns.iter().map(|text| text.to_string()).collect(), case: Case::Insensitive }
}

fn text(text: &str) -> Expression {
    Expression::Constant(Constant::Text(text.into()))
}

#[test]
fn a_text_must_be_there_as_a_whole_and_one_of_several() {
    for (texts, case, expected) in [
        (&["docker"][..], Case::Sensitive, r#"process.name="docker""#),
        (&["Docker", "RunC"], Case::Sensitive, r#"process.name="Docker" process.name="RunC""#),
        (&["Docker", "RunC"], Case::Insensitive, r#"process.name="docker" process.name="runc""#),
        (&["\u{212A}ubelet"], Case::Insensitive, r#"process.name="kubelet""#),
        // What can't be looked for by itself leaves the rest, or the key.
        (&["\u{212A}ubelet"], Case::Sensitive, r#"process.name=ubelet""#),
        (&["naïve approach"], Case::Sensitive, r#"process.name=ve approach""#),
        (&["tab\there"], Case::Sensitive, r#"process.name=here""#),
        (&["docker", "é"], Case::Sensitive, r#"name":"#),
        (&["docker", ""], Case::Sensitive, r#"name":"#),
        // What may be spelt without quotes.
        (&["8080"], Case::Sensitive, "8080"),
        (&["-1.5E300"], Case::Insensitive, "-1.5e300"),
        (&["TRUE"], Case::Insensitive, "true"),
        (&["truest"], Case::Insensitive, r#"process.name="truest""#),
    ] {
        assert_eq!(of_test(NAME, equals(texts, case)), expected, "{texts:?}");
    }
}

#[test]
fn of_a_pattern_the_rarest_piece_must_be_there() {
    for (patterns, expected) in [
        (&["docker*"][..], r#"process.name="docker"#),
        (&["*docker"], r#"process.name=docker""#),
        (&["*docker*"], "process.name=docker"),
        (&["k?be*proxy"], r#"process.name=proxy""#),
        (&["C:\\*.exe"], r#"process.name=.exe""#),
        (&["docker*", "*"], r#"name":"#),
        (&["*a*"], r#"name":"#),
        // These match 8080 and `true`, which have no quotes.
        (&["80*"], r#"name":"#),
        (&["*8080*"], "8080"),
        (&["tru?"], "tru"),
        (&["trux?"], r#"process.name="trux"#),
    ] {
        assert_eq!(of_test(NAME, like(patterns)), expected, "{patterns:?}");
    }
}

#[test]
fn any_other_test_asks_for_the_key() {
    let number = Test::Number { is: Comparison::Equal, than: Number::Int(22) };
    let order = Test::Order { is: Comparison::Less, than: "docker".into() };
    for test in [Test::Exists, Test::Bool(true), Test::Bool(false), number, order] {
        assert_eq!(of_test(NAME, test.clone()), r#"name":"#, "{test:?}");
        assert_eq!(of_test(UNNAMED, test.clone()), "anything", "{test:?}");
    }
}

#[test]
fn a_calculation_asks_for_what_it_surely_has_of_a_field() {
    let field = || Expression::Field(NAME);
    let call = |function, arguments: &[Expression]| Expression::Call(function, arguments.into());
    let is_docker = || equals(&["docker"], Case::Sensitive);
    let sensitive = Case::Sensitive;
    for (calculation, test, expected) in [
        (call(Function::Text, &[field()]), is_docker(), r#"process.name="docker""#),
        (call(Function::Except, &[field(), text("-")]), is_docker(), r#"process.name="docker""#),
        (call(Function::AfterLast, &[field(), text("/")]), is_docker(), r#"process.name=docker""#),
        (call(Function::Words, &[field()]), is_docker(), "process.name=docker"),
        (call(Function::Contains(sensitive), &[field(), text("docker")]), Test::Bool(true), "process.name=docker"),
        (
            call(Function::StartsWith(sensitive), &[field(), text("docker")]),
            Test::Bool(true),
            r#"process.name="docker"#,
        ),
        (call(Function::EndsWith(sensitive), &[field(), text("docker")]), Test::Bool(true), r#"process.name=docker""#),
        (call(Function::EndsWith(sensitive), &[field(), text("8")]), Test::Bool(true), r#"name":"#),
        (call(Function::Contains(sensitive), &[field(), text("docker")]), Test::Bool(false), r#"name":"#),
        (call(Function::Contains(sensitive), &[text("docker"), field()]), Test::Bool(true), r#"name":"#),
        (call(Function::Concat, &[field(), text("er")]), is_docker(), r#"name":"#),
        (call(Function::Any, &[field(), text("docker")]), Test::Bool(true), "anything"),
        (call(Function::Length, &[field()]), Test::Null, "anything"),
        (text("docker"), is_docker(), "anything"),
    ] {
        assert_eq!(of_calculation(calculation.clone(), test), expected, "{calculation:?}");
    }
}

#[test]
fn a_condition_asks_for_the_rarest_of_what_it_joins_and_for_one_of_what_it_leaves_open() {
    let predicates = || {
        vec![
            Predicate { field: TYPE, test: equals(&["start"], Case::Sensitive) },
            Predicate { field: NAME, test: equals(&["docker"], Case::Sensitive) },
            Predicate { field: ARGS, test: equals(&["-i"], Case::Sensitive) },
        ]
    };
    let [start, docker, flag] = [0, 1, 2].map(Condition::Predicate);
    let not = |inner: &Condition| Condition::Not(Box::new(inner.clone()));
    let all = |parts: &[&Condition]| Condition::All(parts.iter().copied().cloned().collect());
    let any = |parts: &[&Condition]| Condition::Any(parts.iter().copied().cloned().collect());
    for (condition, expected) in [
        (all(&[&start, &docker, &flag]), r#"process.name="docker""#),
        (all(&[&start, &not(&docker)]), r#"type":"#),
        (all(&[&start, &any(&[&docker, &flag])]), r#"process.args="-i" process.name="docker""#),
        (any(&[&docker, &flag]), r#"process.args="-i" process.name="docker""#),
        (any(&[&docker, &docker]), r#"process.name="docker""#),
        (not(&docker), "anything"),
        (any(&[&docker, &not(&flag)]), "anything"),
        (not(&any(&[&start, &not(&docker)])), r#"process.name="docker""#),
        (not(&all(&[&not(&flag), &not(&docker)])), r#"process.args="-i" process.name="docker""#),
        (any(&[&docker, &Condition::Constant(false)]), r#"process.name="docker""#),
        (all(&[&docker, &Condition::Constant(true)]), r#"process.name="docker""#),
        (Condition::Constant(true), "anything"),
        (Condition::Constant(false), ""),
        (all(&[]), "anything"),
        (any(&[]), ""),
    ] {
        assert_eq!(needs(condition.clone(), predicates(), Vec::new()), expected, "{condition:?}");
    }
}

#[test]
fn one_rule_that_asks_for_nothing_leaves_nothing_to_ask_for() {
    let rule = |condition| Rule { meta: RuleMeta::default(), condition };
    let program = |rules| Program {
        fields: FIELDS.map(String::from).into(),
        predicates: vec![Predicate { field: NAME, test: equals(&["docker"], Case::Sensitive) }],
        rules,
        ..Program::default()
    };
    let docker = || rule(Condition::Predicate(0));
    assert_eq!(required(&program(vec![docker(), docker()])).map(|literals| literals.len()), Some(1));
    assert_eq!(required(&program(vec![docker(), rule(Condition::Constant(true))])), None);
    assert_eq!(required(&program(vec![])), Some(vec![]));
}
