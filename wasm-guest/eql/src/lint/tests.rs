//! Whatever a warning says of a part of a condition, the engine says so too, of every event.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;
use weir_engine::Detector;

use super::*;
use crate::{RuleFile, compile};

/// Values of a field, in JSON: those that the conditions below name, their neighbours, and others.
const VALUES: [&str; 20] = [
    "null",
    r#""""#,
    r#""a""#,
    r#""A""#,
    r#""b""#,
    r#""ab""#,
    r#""aB""#,
    r#""abc""#,
    "0",
    "1",
    "2",
    r#""5""#,
    "1.5",
    "-1",
    "-2.5",
    "true",
    "false",
    "[]",
    r#"["a","B"]"#,
    r#"["ab",2,"",-2.5]"#,
];
const CATEGORIES: [&str; 3] = [r#""process""#, r#""Process""#, r#"["file","process"]"#];
/// What is calculated from a field `F`.
const CALCULATIONS: [&str; 17] = [
    "length(F)",
    "F % 2",
    "F % -3",
    "F % 2.5",
    "F + 1",
    "-F",
    "F / 2",
    "indexOf(F, \"b\")",
    "indexOf~(F, \"B\", 1)",
    "substring(F, 0, 1)",
    "substring(F, 1, 0)",
    "substring(F, -1)",
    "concat(F, \"b\")",
    "string(F)",
    "number(F)",
    "between(F, \"a\", \"c\")",
    "string(F == \"a\" or F == 1)",
];
/// What is a condition on a field `F` without an operator.
const CONDITIONS: [&str; 10] = [
    "F",
    "stringContains(F, \"\")",
    "stringContains~(F, \"A\")",
    "startsWith(F, \"a\")",
    "startsWith~(F, \"\")",
    "endsWith(F, \"b\")",
    "length(F) == length(F)",
    "1 == 2",
    "true",
    "false",
];
const TEXTS: [&str; 10] =
    ["\"a\"", "\"A\"", "\"b\"", "\"ab\"", "\"\"", "\"5\"", "\"2.0\"", "\"true\"", "\"process\"", "\"file\""];
const NUMBERS: [&str; 10] = ["0", "1", "2", "-1", "1.5", "2.0", "-2.5", "3", "5", "-0.5"];
const PATTERNS: [&str; 9] =
    ["\"*\"", "\"a*\"", "\"A?\"", "\"?\"", "\"*b\"", "\"*a*b*\"", "\"??\"", "\"**\"", "\"*proc*\""];
const EXPRESSIONS: [&str; 6] = ["\"a.*\"", "\"a&b\"", "\"[ab]+\"", "\".*\"", "\"\"", "\"ab|5\""];

fn test() -> impl Strategy<Value = String> {
    let constant = || prop_oneof![select(&TEXTS[..]), select(&NUMBERS[..])];
    let pattern = || prop_oneof![select(&TEXTS[..]), select(&PATTERNS[..])];
    let listed = |(word, one, other)| format!("{word} ({one}, {other})");
    prop_oneof![
        3 => (select(&["==", "!=", "<", "<=", ">", ">="][..]), constant())
            .prop_map(|(sign, constant)| format!("{sign} {constant}")),
        2 => select(&["== null", "!= null", "== true", "!= false"][..]).prop_map(str::to_owned),
        1 => (select(&["in", "in~", "not in", "not in~"][..]), constant(), constant()).prop_map(listed),
        2 => (select(&[":", "like", "like~"][..]), pattern(), pattern()).prop_map(listed),
        1 => (select(&["regex", "regex~"][..]), select(&EXPRESSIONS[..]), select(&EXPRESSIONS[..])).prop_map(listed),
    ]
}

/// What a test tests.
fn subject() -> impl Strategy<Value = String> {
    let field = select(&["process.name", "process.name", "process.pid", "event.category"][..]);
    let calculated =
        (select(&CALCULATIONS[..]), field.clone()).prop_map(|(calculation, field)| calculation.replace('F', field));
    prop_oneof![field.prop_map(str::to_owned), calculated]
}

/// A condition on few subjects, so that what it says of them has to do with each other.
fn condition() -> impl Strategy<Value = String> {
    (subject(), subject(), select(&["process.name", "process.pid"][..])).prop_flat_map(|(one, other, field)| {
        let tested = (prop_oneof![4 => Just(one), 1 => Just(other), 1 => Just(field.to_owned())], test())
            .prop_map(|(subject, test)| format!("{subject} {test}"));
        let plain = select(&CONDITIONS[..]).prop_map(move |condition| condition.replace('F', field));
        prop_oneof![8 => tested, 1 => plain].prop_recursive(3, 8, 3, |inner| {
            let joined = |word: &'static str| {
                let parts = prop::collection::vec(inner.clone(), 2..4);
                parts.prop_map(move |parts| format!("({})", parts.join(word)))
            };
            let negated = inner.clone().prop_map(|inner| format!("not {inner}"));
            prop_oneof![3 => joined(" and "), 2 => joined(" or "), 2 => negated]
        })
    })
}

fn rule(query: &str) -> RuleFile {
    let head = "rule_id = 'a'\nname = 'Test'\nseverity = 'low'\nrisk_score = 21\ntype = 'eql'\nlanguage = 'eql'";
    RuleFile::parse("rule.toml", &format!("[rule]\n{head}\nquery = '''{query}'''\n")).expect("a sound rule")
}

/// Which of the events, one a line, match? None if Weir refuses the query.
fn matching<'e>(query: &str, events: &'e str) -> Option<BTreeSet<&'e str>> {
    let detector = Detector::new(compile(&[rule(query)], Folding::Unicode).ok()?).expect("a sound program");
    let lines: Vec<&str> = events.lines().collect();
    Some(detector.detect(events.as_bytes()).findings.iter().map(|finding| lines[finding.event as usize]).collect())
}

/// Events with many combinations of values, one a line.
fn events() -> String {
    let with_pids = |name| VALUES.iter().step_by(4).map(move |pid| (name, pid));
    let pairs = || VALUES.iter().flat_map(with_pids);
    let all = CATEGORIES.iter().flat_map(|category| pairs().map(move |(name, pid)| (category, name, pid)));
    all.map(|(category, name, pid)| {
        format!(r#"{{"event":{{"category":{category}}},"process":{{"name":{name},"pid":{pid}}}}}"#) + "\n"
    })
    .collect()
}

/// The query with what the warning says of a part of it written in that part's place.
fn as_doubted(query: &Query, text: &str, Fault(doubt): &Fault) -> String {
    let (span, value) = match &*doubt.message {
        "the rule never matches" => (query.condition.span.clone(), "false"),
        "the rule matches every event of its category" | "the rule matches every event" => {
            (query.condition.span.clone(), "true")
        }
        "this can never be true" | "this is always false" | "these two can never be true together" => {
            (doubt.span.clone(), "false")
        }
        "this can never be false" | "this is always true" | "one of these two is always true" => {
            (doubt.span.clone(), "true")
        }
        message => panic!("`{message}` isn't known to this test"),
    };
    format!("{}({value}){}", &text[..span.start], &text[span.end..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn what_a_warning_says_of_a_part_may_stand_in_its_place(
        head in select(&["any where ", "process where "][..]),
        condition in condition(),
    ) {
        let text = format!("{head}{condition}");
        let events = events();
        let rule = rule(&text);
        let Some(expected) = matching(&text, &events) else { return Ok(()) };
        for doubt in of_rule(rule.query(), &text, Folding::Unicode) {
            let doubted = as_doubted(rule.query(), &text, &doubt);
            let found = matching(&doubted, &events).expect("a sound query");
            let odd = expected.symmetric_difference(&found).next();
            prop_assert_eq!(odd, None, "{}: {}\n{}", doubt.0.message, text, doubted);
        }
    }
}
