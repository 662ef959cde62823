//! What a suppressed match adds, beside others and after others.

use super::{MATCH, Match, of, tag};

const BY: &str = r#""suppressed_by":"Known \"builds\"""#;

fn suppressed(rule: u32) -> Match {
    Match { rule, suppressed_by: Some(0) }
}

/// The match of rule 0 as it is told when it is suppressed.
fn told() -> String {
    MATCH.strip_suffix('}').expect("an object").to_owned() + "," + BY + "}"
}

#[test]
fn a_suppressed_match_is_told_in_weir_matches_and_nowhere_else() {
    for (event, tagged) in [
        ("{}", r#"{"weir":{"matches":[M]}}"#),
        (r#"{"a":1,"tags":"x","rule":{} }"#, r#"{"a":1,"tags":"x","rule":{},"weir":{"matches":[M]} }"#),
        (r#"{"weir":{"matches":[5]},"event":{}}"#, r#"{"weir":{"matches":[5,M]},"event":{}}"#),
        (r#"{"weir":5,"tags":[]}"#, r#"{"weir":5,"tags":[],"weir.matches":[M]}"#),
    ] {
        assert_eq!(tag(event, &[suppressed(0)]), tagged.replace('M', &told()), "{event}");
    }
}

#[test]
fn a_rule_that_is_not_suppressed_beside_it_is_told_as_if_it_were_alone() {
    let both = tag("{}", &[suppressed(0), Match::of(2)]);
    let alone = tag("{}", &of([2]));
    assert_eq!(both, alone.replacen(r#""matches":["#, &format!(r#""matches":[{},"#, told()), 1));
}

#[test]
fn a_match_that_is_there_already_is_not_told_again_as_suppressed() {
    let unsuppressed = tag("{}", &of([0]));
    let by_another = tag("{}", &[Match { rule: 0, suppressed_by: Some(1) }]);
    for event in [unsuppressed, by_another] {
        assert_eq!(tag(&event, &[suppressed(0)]), event);
    }
}

#[test]
fn a_suppressed_match_does_not_stand_in_for_one_that_is_not_suppressed() {
    let tagged = tag(&tag("{}", &[suppressed(0)]), &of([0]));
    let alone = tag("{}", &of([0]));
    assert_eq!(tagged, alone.replacen(r#""matches":["#, &format!(r#""matches":[{},"#, told()), 1));
}
