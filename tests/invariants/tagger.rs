//! A tagged event is the event with additions, and an event still; tagged once more, it is the same.

use std::sync::LazyLock;

use weir_engine::program::{ExceptionMeta, RuleMeta, Technique, Threat, ThreatEntry};
use weir_engine::tag::{Match, NotAnObject, Tagger, mark_unjudged};

use super::is_event;

/// Two rules that add to all the same fields, and an exception.
pub(super) static TAGGER: LazyLock<Tagger> = LazyLock::new(|| {
    let entry = |id: &str| ThreatEntry { id: id.to_owned(), name: format!("\"{id}\""), reference: String::new() };
    let rule = |id: &str, sub: &str| RuleMeta {
        id: id.to_owned(),
        name: format!("rule {id}"),
        version: 1,
        severity: "low".to_owned(),
        risk_score: 21,
        threats: vec![Threat {
            framework: "MITRE ATT&CK".to_owned(),
            tactic: entry("TA0002"),
            techniques: vec![Technique { entry: entry("T1059"), subtechniques: vec![entry(sub)] }],
        }],
        ..RuleMeta::default()
    };
    let exception = ExceptionMeta { name: "known".to_owned(), ..ExceptionMeta::default() };
    Tagger::new(&[rule("one", "T1059.004"), rule("two", "T1059.006")], &[exception])
});

/// Both rules match, or one of them is suppressed, or there is only one.
pub(super) const MATCHES: [&[Match]; 3] = {
    let [one, two] = [Match { rule: 0, suppressed_by: None }, Match { rule: 1, suppressed_by: None }];
    let suppressed = Match { rule: 0, suppressed_by: Some(0) };
    [&[one, two], &[suppressed, two], &[suppressed]]
};

/// Tags the bytes as an event.
pub(super) fn check(event: &[u8]) {
    for matches in MATCHES {
        check_additions(event, |event, out| TAGGER.tag(event, matches, out));
    }
    check_additions(event, |event, out| mark_unjudged(event, "too_large", out));
}

fn check_additions(event: &[u8], add: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), NotAnObject>) {
    let shown = String::from_utf8_lossy(event);
    let mut once = Vec::new();
    if add(event, &mut once).is_err() {
        assert!(once.is_empty(), "{shown}");
        assert!(!is_event(event), "{shown}");
        return;
    }
    assert!(!is_event(event) || is_event(&once), "{shown}");
    assert!(is_within(event, &once), "{shown}");
    let mut twice = Vec::new();
    add(&once, &mut twice).expect("a tagged event is an event");
    assert!(once == twice, "{shown}");
}

/// Is `short` what remains of `long` if some bytes are taken out?
fn is_within(short: &[u8], long: &[u8]) -> bool {
    let mut rest = long.iter();
    short.iter().all(|byte| rest.any(|other| other == byte))
}
