//! What one event may cost: what is too much for a rule leaves the event to the others, and is told.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

mod support;

use proptest::prelude::*;
use weir_engine::program::{
    Automaton, Case, Comparison, Condition, Coverage, Expression, Folding, Function, Network, Test,
};
use weir_engine::{Detector, Finding};

use self::support::{Rules, call, equals, field, int, like, text};

fn joined() -> Expression<String> {
    call(Function::Concat, [field("a"), text("-"), field("b")])
}

fn array(value: &str, length: usize) -> String {
    format!("[{}]", vec![value; length].join(","))
}

/// Two arrays that can be combined in so many ways that nobody waits for the last.
fn bomb(more: &str) -> String {
    format!(r#"{{"a":{0},"b":{0}{more}}}"#, array("1", 1000))
}

fn found(event: u32, rule: u32, exception: Option<u32>) -> Finding {
    Finding { event, rule, exception }
}

/// Rule 0 is too much for [`bomb`], if there is a `c`; rule 1 wants a `d`.
fn two_rules() -> Rules {
    let mut rules = Rules::default();
    let never = rules.when_calculated(joined(), equals(&["2-2"], Case::Sensitive));
    let [c, d] = ["c", "d"].map(|field| rules.when(field, Test::Exists));
    rules.add(Condition::All(vec![never, c]));
    rules.add(d);
    rules
}

#[test]
fn what_is_too_much_for_one_rule_is_told_and_leaves_the_findings_of_the_others() {
    let detector = two_rules().detector(Folding::Unicode);
    for (event, findings, malformed) in [
        (bomb(r#","c":1,"d":1"#), vec![found(0, 1, None)], vec![0]),
        (bomb(r#","c":1"#), vec![], vec![0]),
        // Without a `c` rule 0 can't match, whatever the calculation says.
        (bomb(r#","d":1"#), vec![found(0, 1, None)], vec![]),
        (bomb(""), vec![], vec![]),
        (r#"{"a":[1,2],"b":2,"c":1}"#.to_owned(), vec![found(0, 0, None)], vec![]),
    ] {
        let report = detector.detect(event.as_bytes());
        assert_eq!((report.findings, report.malformed), (findings, malformed), "{}", &event[event.len() - 20..]);
    }
    let batch = [bomb(r#","c":1"#), r#"{"a":2,"b":2,"c":1,"d":1}"#.to_owned()].join("\n");
    let report = detector.detect(batch.as_bytes());
    assert_eq!((report.findings, report.malformed), (vec![found(1, 0, None), found(1, 1, None)], vec![0]));
}

#[test]
fn a_rule_that_other_tests_decide_is_judged_though_one_is_too_much() {
    let mut rules = Rules::default();
    let never = rules.when_calculated(joined(), equals(&["2-2"], Case::Sensitive));
    let often = rules.when_calculated(joined(), equals(&["1-1"], Case::Sensitive));
    let c = rules.when("c", Test::Exists);
    rules.add(Condition::Any(vec![never.clone(), c.clone()]));
    rules.add(Condition::Not(Box::new(Condition::Any(vec![never.clone(), c]))));
    rules.add(often.clone());
    rules.add(Condition::Not(Box::new(often)));
    rules.add(Condition::Not(Box::new(never)));
    let detector = rules.detector(Folding::Unicode);
    // A value that passes is found before there are too many; that none does isn't.
    let report = detector.detect(bomb(r#","c":1"#).as_bytes());
    assert_eq!((report.findings, report.malformed), (vec![found(0, 0, None), found(0, 2, None)], vec![0]));
}

#[test]
fn an_exception_that_is_too_much_covers_nothing_and_the_match_stands() {
    let mut rules = two_rules();
    let calculation = rules.when_calculated(joined(), equals(&["2-2"], Case::Sensitive));
    rules.except(Coverage::All, Condition::Not(Box::new(calculation)));
    let detector = rules.detector(Folding::Unicode);
    let report = detector.detect(bomb(r#","d":1"#).as_bytes());
    assert_eq!((report.findings, report.malformed), (vec![found(0, 1, None)], vec![]));
    assert_eq!(detector.detect(br#"{"d":1}"#).findings, [found(0, 1, Some(0))]);
}

#[test]
fn many_values_of_one_field_are_not_too_much() {
    let mut rules = Rules::default();
    let null = rules.when_calculated(call(Function::Length, [field("a")]), Test::Null);
    rules.add(Condition::Not(Box::new(null)));
    let report = rules.detector(Folding::Unicode).detect(format!(r#"{{"a":{}}}"#, array("1", 50_000)).as_bytes());
    assert_eq!((report.findings.len(), report.malformed), (1, vec![]));
}

/// Accepts what has an `x` in it.
fn has_an_x() -> Automaton {
    let runs = vec![(0, 0), (0x78, 1), (0x79, 0)];
    Automaton { runs, classes: 2, next: vec![0, Automaton::ALWAYS], accepts: vec![false] }
}

/// A detector whose rule 0 wants an `is`, and whose others each want `subject` to pass one of the `tests`.
fn many(subject: &Expression<String>, tests: Vec<Test>) -> Detector {
    let mut rules = Rules::default();
    let exists = rules.when("is", Test::Exists);
    rules.add(exists);
    for test in tests {
        let condition = rules.when_calculated(subject.clone(), test);
        rules.add(condition);
    }
    rules.detector(Folding::Unicode)
}

#[test]
fn whatever_is_too_much_leaves_the_findings_on_other_fields() {
    let long = format!("{:?}", "z".repeat(1 << 18));
    let a = field("a");
    let regexes = numbered(|number| {
        // The run of no use makes it a predicate of its own.
        let automaton = Automaton { runs: vec![(0, 0), (0x78, 1), (0x79, 0), (0x1000 + number, 0)], ..has_an_x() };
        Test::Regex { automaton, case: Case::Sensitive }
    });
    let patterns = numbered(|number| like(&[&format!("*zz*{}*", spread(number))], Case::Sensitive));
    let runs = numbered(|number| like(&[&format!("*z?{}?y*", "z".repeat(3 + number as usize))], Case::Sensitive));
    let numbers = numbered(|number| int(Comparison::Less, -i64::from(number)));
    let orders = numbered(|number| Test::Order { is: Comparison::Less, than: format!("a{number}") });
    let copies = Expression::Call(Function::Concat, vec![a.clone(); 100]);
    let networks = call(Function::InNetworks(vec![Network { first: 1, last: 1 }; 1000]), [a.clone()]);
    for (what, detector, value) in [
        ("regular expressions", many(&a, regexes), &long),
        ("patterns", many(&a, patterns), &long),
        ("question marks", many(&a, runs), &long),
        ("numbers", many(&a, numbers), &array("7", 50_000)),
        ("orders", many(&a, orders), &array(r#""b""#, 50_000)),
        ("copies", many(&copies, vec![equals(&["x"], Case::Sensitive)]), &long),
        ("networks", many(&networks, vec![Test::Bool(true)]), &array(r#""10.0.0.1""#, 50_000)),
    ] {
        for event in [format!(r#"{{"a":{value},"is":1}}"#), format!(r#"{{"is":1,"a":{value}}}"#)] {
            let report = detector.detect(event.as_bytes());
            assert_eq!((report.findings, report.malformed), (vec![found(0, 0, None)], vec![0]), "{what}");
        }
    }
}

/// Digits between stars, so that no two of them are looked for together.
fn spread(number: u32) -> String {
    number.to_string().chars().flat_map(|digit| ['*', digit]).collect()
}

fn numbered(test: impl Fn(u32) -> Test) -> Vec<Test> {
    (0..200).map(test).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    /// Values are remembered from event to event, but what they cost counts in each.
    #[test]
    fn an_event_is_judged_alike_alone_and_among_others(lengths in proptest::collection::vec(0..2000_usize, 1..5)) {
        let detector = many(&field("a"), numbered(|number| like(&["*zz*", &format!("*y{number}*")], Case::Sensitive)));
        let events: Vec<_> = lengths.iter().map(|length| format!(r#"{{"a":{}}}"#, array(r#""zz""#, 10 * length))).collect();
        let together = detector.detect(events.join("\n").as_bytes()).malformed;
        let alone = |(number, event): (u32, &String)| (!detector.detect(event.as_bytes()).malformed.is_empty()).then_some(number);
        prop_assert_eq!(together, (0..).zip(&events).filter_map(alone).collect::<Vec<_>>());
    }
}
