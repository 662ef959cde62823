use crate::Coverage;
use crate::tree::tests::{rule, tree};

/// How many tests are tested, what is wrong with the others, and which changes survive.
fn measured(query: &str, events: &[&str]) -> (usize, Vec<String>, Vec<String>) {
    let rule = rule(query);
    let events = events.iter().map(|event| event.as_bytes());
    let coverage = Coverage::measure(&tree(&rule), events).unwrap();
    assert!(coverage.survivors.len() <= coverage.mutants);
    let never = |is_never, what: &str| if is_never { format!(" never {what}") } else { String::new() };
    let untested = coverage.untested.iter();
    let untested =
        untested.map(|it| format!("{}{}{}", it.text, never(it.never_true, "true"), never(it.never_false, "false")));
    let survivors = coverage.survivors.into_iter().map(|survivor| survivor.change);
    (coverage.predicates, untested.collect(), survivors.collect())
}

#[test]
fn what_no_event_tests_is_told() {
    let query = "any where a > 5 and b : (\"x\", \"y\")";
    let (tests, untested, survivors) = measured(query, &[r#"{"a":6,"b":"x"}"#, r#"{"a":6,"b":"y"}"#]);
    assert_eq!((tests, untested), (2, vec!["a > 5 never false".into(), "b : (\"x\", \"y\") never false".into()]));
    let expected = [
        "replace `and` by `or`",
        "drop `a > 5`",
        "replace `>` by `>=`",
        "replace `5` by `4`",
        "drop `b : (\"x\", \"y\")`",
        "replace `:` by `like`",
    ];
    assert_eq!(survivors, expected);
}

#[test]
fn enough_events_leave_nothing_untested() {
    let query = "any where a > 5 and b : (\"x\", \"y\")";
    let events = [r#"{"a":6,"b":"X"}"#, r#"{"a":6,"b":"y"}"#, r#"{"a":6}"#, r#"{"a":5,"b":"y"}"#];
    assert_eq!(measured(query, &events), (2, vec![], vec![]));
}

#[test]
fn without_events_everything_is_untested() {
    let (tests, untested, survivors) = measured("process where a", &["{\"malformed"]);
    assert_eq!((tests, survivors.len()), (2, 4));
    assert_eq!(untested, ["process never true never false", "a never true never false"]);
}
