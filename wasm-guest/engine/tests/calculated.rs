//! Calculated fields: which combinations of values they have, and when they have none.

mod support;

use weir_engine::program::{Automaton, Case, Comparison, Constant, Expression, Folding, Function, Program, Test};
use weir_engine::{Detector, ProgramError};

use self::support::{Rules, call, equals, field, int, like, text};

fn detector(subject: Expression<String>, test: Test) -> Detector {
    let mut rules = Rules::default();
    let condition = rules.when_calculated(subject, test);
    rules.add(condition);
    rules.detector(Folding::Unicode)
}

fn joined() -> Expression<String> {
    call(Function::Concat, [field("a"), text("-"), field("b")])
}

/// For each event: does a value of `subject` pass `test`?
fn check(subject: &Expression<String>, test: Test, rows: &[(&str, bool)]) {
    let detector = detector(subject.clone(), test.clone());
    // Two events in one batch: the first must leave nothing behind for the second.
    for (event, expected) in rows {
        let report = detector.detect(format!("{event}\n{{}}").as_bytes());
        assert!(report.malformed.is_empty(), "{event}");
        assert_eq!(report.findings.iter().any(|found| found.event == 0), *expected, "{subject:?} {test:?} on {event}");
        let alone = !detector.detect(b"{}").findings.is_empty();
        assert_eq!(report.findings.iter().any(|found| found.event == 1), alone, "after {event}");
    }
}

#[test]
fn every_combination_of_values_is_a_value() {
    check(
        &joined(),
        equals(&["2-Y"], Case::Insensitive),
        &[
            (r#"{"a":[1,2],"b":["x","y"]}"#, true),
            (r#"{"b":["y"],"a":[{"a":2},2]}"#, true),
            (r#"{"a":[1,2],"b":"x"}"#, false),
            (r#"{"a":2}"#, false),
            (r#"{"a":2,"b":null}"#, false),
            ("{}", false),
        ],
    );
    check(&joined(), like(&["*-*"], Case::Sensitive), &[(r#"{"a":"","b":false}"#, true), (r#"{"a":""}"#, false)]);
}

#[test]
fn a_field_that_is_read_twice_has_one_value_at_a_time() {
    let twice = call(Function::Concat, [field("a"), field("a")]);
    check(&twice, equals(&["12"], Case::Sensitive), &[(r#"{"a":[1,2]}"#, false), (r#"{"a":12}"#, false)]);
    check(&twice, equals(&["22"], Case::Sensitive), &[(r#"{"a":[1,2]}"#, true)]);
}

#[test]
fn there_is_no_value_where_any_combination_has_none() {
    let length = call(Function::Length, [field("a")]);
    check(&length, Test::Null, &[("{}", true), (r#"{"a":null}"#, true), (r#"{"a":["",1]}"#, false)]);
    check(&joined(), Test::Null, &[(r#"{"a":1}"#, true), (r#"{"a":1,"b":[]}"#, true), (r#"{"a":[1,2],"b":3}"#, false)]);
    let number = call(Function::Number, [field("a")]);
    check(&number, Test::Null, &[(r#"{"a":["5","x"]}"#, true), (r#"{"a":"5"}"#, false)]);
    check(&number, Test::Exists, &[(r#"{"a":["5","x"]}"#, true), (r#"{"a":"x"}"#, false)]);
}

#[test]
fn a_name_is_what_follows_the_last_mark() {
    let name = call(Function::AfterLast, [field("a"), text("/")]);
    for (value, expected) in [("/usr/bin/nc", "nc"), ("nc", "nc"), ("/usr/bin/", ""), ("/", ""), ("ö/é", "é")] {
        check(&name, equals(&[expected], Case::Sensitive), &[(&format!(r#"{{"a":["x",{value:?}]}}"#), true)]);
    }
    let id = call(Function::AfterLast, [field("a"), text("://")]);
    check(&id, equals(&["e:/f"], Case::Sensitive), &[(r#"{"a":"c://d://e:/f"}"#, true), (r#"{"a":"e:/f/"}"#, false)]);
}

#[test]
fn what_stands_for_no_value_is_none_and_leaves_the_others() {
    let id = call(Function::Except, [field("a"), text("host"), text("")]);
    let rows = [(r#"{"a":"host"}"#, false), (r#"{"a":""}"#, false), (r#"{"a":["host","c1"]}"#, true), ("{}", false)];
    check(&id, Test::Exists, &rows);
    check(&id, equals(&["host"], Case::Insensitive), &[(r#"{"a":"host"}"#, false), (r#"{"a":"HOST"}"#, true)]);
    check(&id, equals(&["5"], Case::Sensitive), &[(r#"{"a":5}"#, true)]);
    let length = call(Function::Length, [id]);
    let rows =
        [(r#"{"a":["host","c1"]}"#, false), (r#"{"a":["",5]}"#, false), (r#"{"a":"host"}"#, false), ("{}", true)];
    check(&length, Test::Null, &rows);
    // A value that stands for none takes no part, whatever the rest of a calculation would make of that.
    let either =
        call(Function::Any, [Expression::Comparison(length.into(), Comparison::Equal, text("2").into()), field("b")]);
    check(&either, Test::Bool(true), &[(r#"{"a":"host","b":true}"#, false), (r#"{"a":["host","c1"]}"#, true)]);
}

#[test]
fn each_word_is_a_value_unless_it_is_calculated_with() {
    let words = call(Function::Words, [field("a")]);
    let event = r#"{"a":" nc  -l\t4444 "}"#;
    for (expected, is_word) in [("nc", true), ("-l", true), ("4444", true), ("nc  -l", false), ("", false)] {
        check(&words, equals(&[expected], Case::Sensitive), &[(event, is_word)]);
    }
    check(&words, like(&["*c*4*"], Case::Sensitive), &[(event, false)]);
    check(&words, int(Comparison::Greater, 4443), &[(event, true)]);
    check(&words, Test::Exists, &[(event, true), (r#"{"a":"  "}"#, false), (r#"{"a":["","x"]}"#, true), ("{}", false)]);
    check(&words, Test::Null, &[(event, false), (r#"{"a":" "}"#, true), ("{}", true)]);
    check(&call(Function::Length, [words]), Test::Exists, &[(event, false)]);
}

#[test]
fn a_constant_has_its_value_in_every_event() {
    check(&Expression::Constant(Constant::Bool(true)), Test::Bool(true), &[("{}", true)]);
    check(&Expression::Constant(Constant::Null), Test::Null, &[(r#"{"a":1}"#, true)]);
}

#[test]
fn a_program_whose_parts_do_not_fit_is_refused() {
    let program = || {
        let mut rules = Rules::default();
        let condition = rules.when_calculated(joined(), int(Comparison::Equal, 1));
        rules.add(condition);
        rules.program(Folding::Unicode)
    };
    let refusal = |change: fn(&mut Program)| {
        let mut program = program();
        change(&mut program);
        Detector::new(program).map(|_| ()).unwrap_err()
    };
    assert!(Detector::new(program()).is_ok());
    assert_eq!(refusal(|program| program.calculated[0] = Expression::Field(2)), ProgramError::StrayCalculation(0));
    assert_eq!(refusal(|program| program.predicates[0].field = 3), ProgramError::StrayField(0));
    let broken = |program: &mut Program| {
        let automaton = Automaton { runs: vec![(0, 1)], classes: 1, next: vec![0], accepts: vec![true] };
        program.predicates[0].test = Test::Regex { automaton, case: Case::Sensitive };
    };
    assert_eq!(refusal(broken), ProgramError::BrokenAutomaton(0));
}

#[test]
fn a_program_survives_its_bytes() {
    let mut rules = Rules::default();
    let condition = rules.when_calculated(joined(), Test::Null);
    rules.add(condition);
    let program = rules.program(Folding::Ascii);
    assert_eq!(Program::from_bytes(&program.to_bytes().unwrap()), Ok(program));
}
