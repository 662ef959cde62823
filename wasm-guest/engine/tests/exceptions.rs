//! Exceptions cover matches, and nothing but matches.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

mod support;

use weir_engine::program::{Condition, Coverage, Exception, ExceptionMeta, Folding, Program, Test};
use weir_engine::{Detector, Finding, ProgramError};

use self::support::Rules;

/// Rules 0 and 1 match where there is an `a` and a `b`; exception 0 covers all where there is an `x`, 1 rule 1 where
/// there is a `y`, and 2 rule 1 where there is no `z`.
fn program() -> Program {
    let mut rules = Rules::default();
    let [a, b, x, y, z] = ["a", "b", "x", "y", "z"].map(|field| rules.when(field, Test::Exists));
    rules.add(a);
    rules.add(b);
    rules.except(Coverage::All, x);
    rules.except(Coverage::Rules(vec![1]), y);
    rules.except(Coverage::Rules(vec![1]), Condition::Not(Box::new(z)));
    rules.program(Folding::Unicode)
}

#[test]
fn a_match_has_a_finding_for_each_exception_that_covers_it_or_else_one() {
    let detector = Detector::new(program()).unwrap();
    let found = |rule, exception| Finding { event: 0, rule, exception };
    for (event, expected) in [
        (r#"{"a":1}"#, vec![found(0, None)]),
        (r#"{"a":1,"y":1}"#, vec![found(0, None)]),
        (r#"{"a":1,"x":1}"#, vec![found(0, Some(0))]),
        (r#"{"b":1}"#, vec![found(1, Some(2))]),
        (r#"{"b":1,"z":1}"#, vec![found(1, None)]),
        (r#"{"b":1,"y":1,"x":1}"#, vec![found(1, Some(0)), found(1, Some(1)), found(1, Some(2))]),
        (r#"{"a":1,"b":1,"y":1,"z":1}"#, vec![found(0, None), found(1, Some(1))]),
        (r#"{"x":1,"y":1}"#, vec![]),
    ] {
        assert_eq!(detector.detect(event.as_bytes()).findings, expected, "{event}");
    }
}

#[test]
fn a_program_whose_exceptions_refer_to_what_it_lacks_is_refused() {
    for (rules, condition) in
        [(Coverage::Rules(vec![2]), Condition::Constant(true)), (Coverage::All, Condition::Predicate(5))]
    {
        let mut program = program();
        program.exceptions.push(Exception { meta: ExceptionMeta { rules, ..ExceptionMeta::default() }, condition });
        assert_eq!(Detector::new(program).err(), Some(ProgramError::StrayException(3)));
    }
}
