//! Judges events with compiled queries, by the plainest evaluator there can be: does the program mean what EQL means?

use weir_engine::program::{Case, Comparison, Condition, Number, Predicate, Program, Test};
use weir_eql::{RuleFile, compile};

/// All of a rule but its query.
const HEAD: &str = r#"[rule]
rule_id = "a"
name = "Test"
severity = "low"
risk_score = 21
type = "eql"
language = "eql""#;
/// Fields and values; a field with several values stands there several times.
type Event = [(&'static str, &'static str)];

fn program(query: &str) -> Program {
    let rule = RuleFile::parse("rule.toml", &format!("{HEAD}\nquery = '''{query}'''\n"));
    let compiled = rule.and_then(|rule| compile(&[rule], Default::default()));
    compiled.unwrap_or_else(|problems| panic!("{}", problems[0]))
}

fn holds(condition: &Condition, program: &Program, event: &Event) -> bool {
    let of = |inner: &Condition| holds(inner, program, event);
    match condition {
        Condition::Constant(value) => *value,
        Condition::Predicate(number) => is_passed(&program.predicates[*number as usize], program, event),
        Condition::Not(inner) => !of(inner),
        Condition::All(inner) => inner.iter().all(of),
        Condition::Any(inner) => inner.iter().any(of),
    }
}

fn is_passed(predicate: &Predicate, program: &Program, event: &Event) -> bool {
    let name = &program.fields[predicate.field as usize];
    event.iter().any(|(field, value)| field == name && passes(value, &predicate.test))
}

fn passes(value: &str, test: &Test) -> bool {
    match test {
        Test::Exists => true,
        Test::Equals { literals, case } => literals.iter().any(|literal| fold(literal, *case) == fold(value, *case)),
        Test::Like { patterns, case } => {
            patterns.iter().any(|pattern| is_like(&fold(value, *case), &fold(pattern, *case)))
        }
        Test::Number { is, than } => value.parse().is_ok_and(|number: f64| {
            let than = match than {
                Number::Int(int) => *int as f64,
                Number::Float(float) => *float,
            };
            match is {
                Comparison::Equal => number == than,
                Comparison::Less => number < than,
                Comparison::LessOrEqual => number <= than,
                Comparison::Greater => number > than,
                Comparison::GreaterOrEqual => number >= than,
            }
        }),
        Test::Bool(expected) => value == expected.to_string(),
    }
}

fn fold(text: &str, case: Case) -> String {
    if case == Case::Sensitive { text.to_owned() } else { text.to_lowercase() }
}

fn is_like(value: &str, pattern: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => value.is_empty(),
        Some('*') => (0..=value.len()).any(|at| value.is_char_boundary(at) && is_like(&value[at..], rest.as_str())),
        Some(first) => {
            let mut value = value.chars();
            value.next().is_some_and(|char| char == first || first == '?') && is_like(value.as_str(), rest.as_str())
        }
    }
}

const START: &Event = &[
    ("event.category", "process"),
    ("event.type", "start"),
    ("process.name", "Docker"),
    ("process.pid", "50"),
    ("process.pid", "300"),
    ("process.interactive", "true"),
    ("process.executable", r"C:\Windows\docker.exe"),
];

#[test]
fn a_query_means_what_eql_means() {
    for (query, expected) in [
        ("process where true", true),
        ("Process where true", false),
        ("file where true", false),
        ("any where true", true),
        (r#"any where process.name : "DOCKER""#, true),
        (r#"any where process.name == "docker""#, false),
        (r#"any where process.name == "D*""#, false),
        (r#"any where process.name like "D*r""#, true),
        (r#"any where process.name like "d*r""#, false),
        (r#"any where process.name like~ "d?????""#, true),
        (r#"any where process.name : ("runc", "dock*")"#, true),
        (r#"any where process.name in ("docker", "Docker")"#, true),
        (r#"any where process.name not in~ ("DOCKER")"#, false),
        (r#"any where process.executable : "c:\\w*""#, true),
        (r#"any where process.executable : """c:\w*.exe""""#, true),
        ("any where process.pid > 100 and process.pid < 200", true),
        ("any where process.pid != 50", false),
        ("any where 200 < process.pid", true),
        ("any where process.interactive", true),
        ("any where not process.interactive == false", true),
        ("any where user.name == null", true),
        ("any where ?user.name != null", false),
        (r#"any where user.name != "root""#, true),
        (r#"any where not user.name : "*""#, true),
        (r#"any where user.name : "root" or process.name : "docker" and event.type == "start""#, true),
        (r#"any where (user.name : "root" or process.name : "docker") and event.type == "end""#, false),
        (r#"any where not user.name : "root" and event.type == "end""#, false),
        (r#"any where not (user.name : "root" and event.type == "end")"#, true),
    ] {
        let program = program(query);
        assert_eq!(holds(&program.rules[0].condition, &program, START), expected, "{query}");
    }
}
