//! Tags to the byte: what is added to which event.

mod additions;
mod placement;
mod properties;
mod suppression;

use super::*;
use crate::program::{Technique, Threat, ThreatEntry};

const MATCH: &str = r#"{"rule":{"id":"r1","name":"One","version":3},"severity":"low","risk_score":21,"threat":[{"framework":"F","tactic":{"id":"TA1","name":"Tactic 1"},"technique":[{"id":"T1","name":"Technique 1"}]}]}"#;
const WEIR: &str = r#""weir":{"matches":[M]}"#;
const RULE: &str = r#""rule":{"id":"r1","name":"One"}"#;
const THREAT: &str = r#""threat":{"framework":"F","tactic":{"id":["TA1"],"name":["Tactic 1"]},"technique":{"id":["T1"],"name":["Technique 1"]}}"#;
const EVENT: &str = r#""event":{"risk_score":21,"severity":21}"#;
const TAGS: &str = r#""tags":["TA1","T1","r1"]"#;

fn entry(id: &str, name: &str) -> ThreatEntry {
    ThreatEntry { id: id.into(), name: name.into(), reference: String::new() }
}

fn technique(number: &str, subtechniques: Vec<ThreatEntry>) -> Technique {
    Technique { entry: entry(&format!("T{number}"), &format!("Technique {number}")), subtechniques }
}

fn threat(framework: &str, number: &str, techniques: Vec<Technique>) -> Threat {
    let tactic = entry(&format!("TA{number}"), &format!("Tactic {number}"));
    Threat { framework: framework.into(), tactic, techniques }
}

fn rule(id: &str, name: &str, risk_score: u32, threats: Vec<Threat>) -> RuleMeta {
    let severity = "low".into();
    RuleMeta { id: id.into(), name: name.into(), version: 3, severity, risk_score, threats, ..RuleMeta::default() }
}

/// Rule 0 has one threat with one technique, 1 shares it and has more, 2 has none; and there are two exceptions.
fn tagger() -> Tagger {
    let sub = vec![entry("T2.1", "Sub 2.1"), entry("T2.2", "Sub 2.2")];
    let rules = [
        rule("r1", "One", 21, vec![threat("F", "1", vec![technique("1", vec![])])]),
        rule(
            "r2",
            "Two \"quoted\"",
            73,
            vec![threat("F", "1", vec![technique("1", vec![]), technique("2", sub)]), threat("G", "2", vec![])],
        ),
        rule("r3", "Three", 47, vec![]),
    ];
    let exception = |name: &str| ExceptionMeta { name: name.into(), ..ExceptionMeta::default() };
    Tagger::new(&rules, &[exception("Known \"builds\""), exception("Updates")])
}

/// Matches of the rules that nothing suppresses.
fn of<const N: usize>(rules: [u32; N]) -> Vec<Match> {
    rules.map(Match::of).to_vec()
}

fn tag(event: &str, matches: &[Match]) -> String {
    let mut out = Vec::new();
    tagger().tag(event.as_bytes(), matches, &mut out).expect(event);
    String::from_utf8(out).expect("text stays text")
}

/// Expects that tagging turns `event` into `tagged`, and does no more; in both `[W]` and the like stand for the usual
/// additions.
#[track_caller]
fn expect_tagged(event: &str, tagged: &str) {
    let [event, tagged] = [event, tagged].map(|text| {
        [("[W]", WEIR), ("[R]", RULE), ("[T]", THREAT), ("[E]", EVENT), ("[L]", TAGS), ("[M]", "[<M>]"), ("<M>", MATCH)]
            .into_iter()
            .fold(text.to_owned(), |text, (mark, addition)| text.replace(mark, addition))
    });
    assert_eq!(tag(&event, &of([0])), tagged, "{event}");
    assert_eq!(tag(&tagged, &of([0])), tagged, "{event}, once more");
}

#[test]
fn an_untagged_event_gets_everything_after_its_last_member() {
    for (event, tagged) in [
        (r#"{}"#, r#"{[W],[R],[T],[E],[L]}"#),
        ("{ \t}\r\n", "{[W],[R],[T],[E],[L] \t}\r\n"),
        ("\r\n {\"a\" : 1 } \r", "\r\n {\"a\" : 1,[W],[R],[T],[E],[L] } \r"),
        (
            r#"{"a":1e400,"b":123456789012345678901234567890,"a":-0.0}"#,
            r#"{"a":1e400,"b":123456789012345678901234567890,"a":-0.0,[W],[R],[T],[E],[L]}"#,
        ),
        (r#"{"\ud800":"\u00e4\/ä"}"#, r#"{"\ud800":"\u00e4\/ä",[W],[R],[T],[E],[L]}"#),
        (
            r#"{"rules":1,"rule.":1,".rule.id":1,"Rule":{},"a":{"rule":{"id":1}}}"#,
            r#"{"rules":1,"rule.":1,".rule.id":1,"Rule":{},"a":{"rule":{"id":1}},[W],[R],[T],[E],[L]}"#,
        ),
    ] {
        expect_tagged(event, tagged);
    }
}

#[test]
fn several_rules_are_told_together_and_each_once() {
    let second = r#"{"rule":{"id":"r2","name":"Two \"quoted\"","version":3},"severity":"low","risk_score":73,"threat":[{"framework":"F","tactic":{"id":"TA1","name":"Tactic 1"},"technique":[{"id":"T1","name":"Technique 1"},{"id":"T2","name":"Technique 2","subtechnique":[{"id":"T2.1","name":"Sub 2.1"},{"id":"T2.2","name":"Sub 2.2"}]}]},{"framework":"G","tactic":{"id":"TA2","name":"Tactic 2"}}]}"#;
    let fields = [
        r#""rule":{"id":["r1","r2"],"name":["One","Two \"quoted\""]}"#,
        r#""threat":{"framework":["F","G"],"tactic":{"id":["TA1","TA2"],"name":["Tactic 1","Tactic 2"]},"technique":{"id":["T1","T2"],"name":["Technique 1","Technique 2"],"subtechnique":{"id":["T2.1","T2.2"],"name":["Sub 2.1","Sub 2.2"]}}}"#,
        r#""event":{"risk_score":73,"severity":73}"#,
        r#""tags":["TA1","T1","r1","T2","T2.1","T2.2","TA2","r2"]"#,
    ];
    let expected = format!(r#"{{"weir":{{"matches":[{MATCH},{second}]}},{}}}"#, fields.join(","));
    assert_eq!(tag("{}", &of([0, 1])), expected);
    assert_eq!(tag("{}", &of([0, 1, 0, 1])), expected);
}

#[test]
fn a_rule_without_threats_says_nothing_of_them() {
    assert_eq!(
        tag("{}", &of([2])),
        r#"{"weir":{"matches":[{"rule":{"id":"r3","name":"Three","version":3},"severity":"low","risk_score":47}]},"rule":{"id":"r3","name":"Three"},"event":{"risk_score":47,"severity":47},"tags":["r3"]}"#
    );
    assert_eq!(tag(" {} ", &of([])), " {} ");
}

#[test]
fn a_later_rule_adds_to_what_an_earlier_one_wrote() {
    let first = tag("{}", &of([2]));
    let both = tag(&first, &of([0, 2]));
    assert!(both.contains(&format!(r#""risk_score":47}},{MATCH}]"#)), "{both}");
    assert!(both.contains(r#""tags":["r3","TA1","T1","r1"]"#), "{both}");
    assert!(both.contains(r#""rule":{"id":"r3","name":"Three"},"event""#), "{both}");
}

#[test]
fn unjudged_events_say_why_once() {
    for (event, marked) in [
        ("{}", r#"{"weir":{"unjudged":"too \"deep\""}}"#),
        (r#"{"a":1 }"#, r#"{"a":1,"weir":{"unjudged":"too \"deep\""} }"#),
        (r#"{"weir":{"matches":[]}}"#, r#"{"weir":{"matches":[],"unjudged":"too \"deep\""}}"#),
        (r#"{"weir":[]}"#, r#"{"weir":[],"weir.unjudged":"too \"deep\""}"#),
        (r#"{"weir":{"unjudged":null}}"#, r#"{"weir":{"unjudged":null}}"#),
        (r#"{"weir.unjudged":"x"}"#, r#"{"weir.unjudged":"x"}"#),
        (r#"{"weir.unjudged.x":1}"#, r#"{"weir.unjudged.x":1}"#),
        (r#"{"weir.unjudged":"x","weir":{}}"#, r#"{"weir.unjudged":"x","weir":{}}"#),
        (r#"{"weir":{"unjudged":"x"},"weir":{}}"#, r#"{"weir":{"unjudged":"x"},"weir":{"unjudged":"too \"deep\""}}"#),
        (
            r#"{"weir":{"unjudged":"x"},"weir":0}"#,
            r#"{"weir":{"unjudged":"x"},"weir":0,"weir.unjudged":"too \"deep\""}"#,
        ),
        (r#"{"weir.matches":[]}"#, r#"{"weir.matches":[],"weir.unjudged":"too \"deep\""}"#),
    ] {
        for event in [event, marked] {
            let mut out = Vec::new();
            mark_unjudged(event.as_bytes(), r#"too "deep""#, &mut out).expect(event);
            assert_eq!(String::from_utf8_lossy(&out), marked, "{event}");
        }
    }
}

#[test]
fn what_is_no_object_is_refused_and_nothing_appended() {
    for event in ["", " ", "null", "5", "\"a\"", "[{}]", "{", "{}{}", "{} x", "{\"a\":01}", "{\"rule\":{\"id\":}}"] {
        let mut out = b"before".to_vec();
        assert_eq!(tagger().tag(event.as_bytes(), &of([0]), &mut out), Err(NotAnObject), "{event}");
        assert_eq!(mark_unjudged(event.as_bytes(), "why", &mut out), Err(NotAnObject), "{event}");
        assert_eq!(out, b"before", "{event}");
    }
}

#[test]
fn nesting_may_be_deeper_than_the_stack() {
    let deep = |open: &str, close: &str| format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
    for value in [deep("[", "]"), deep(r#"{"rule":"#, "}"), deep(r#"[{"id":"#, "}]")] {
        for key in ["a", "rule", "rule.id", "weir.matches", "tags", "threat"] {
            let event = format!(r#"{{"{key}":{value}}}"#);
            let tagged = tag(&event, &of([0]));
            assert!(tagged.len() > event.len());
            assert_eq!(tag(&tagged, &of([0])).len(), tagged.len(), "{key}");
        }
    }
}
