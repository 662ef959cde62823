//! Events of a shipper's own type are tagged as their bytes would be.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::json;
use serde_json::value::RawValue;

use super::*;

static SHIPPED: LazyLock<Detector> = LazyLock::new(|| Detector::shipped().unwrap());

/// The rule that docker matches.
const UTILITY: &str = "6c6bb7ea-0636-44ca-b541-201478ef6b50";

/// The ids of the shipped rules that match.
fn matching(verdict: &Verdict) -> Vec<&str> {
    let Verdict::Matches(rules) = verdict else { panic!("{verdict:?}") };
    rules.iter().map(|rule| &*SHIPPED.rules()[*rule as usize].id).collect()
}

/// As `weir run` tags the event's bytes.
fn tagged_as_bytes(event: &Value) -> Value {
    let tagged = SHIPPED.tag_lines(Bytes::from(event.to_string())).concat();
    serde_json::from_slice(&tagged).unwrap()
}

fn scalar() -> impl Strategy<Value = Value> {
    let words = ["process", "start", "docker", "abc", "TA0002", UTILITY];
    prop_oneof![
        prop::sample::select(words.to_vec()).prop_map(Value::from),
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let keys = ["id", "name", "type", "category", "matches", "tactic", "tactic.id", "unjudged"];
    scalar().prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::btree_map(prop::sample::select(keys.to_vec()), inner, 0..3)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// A process that is started in a container, often docker, with anything beside.
fn event() -> impl Strategy<Value = Value> {
    let keys =
        ["rule", "rule.id", "weir", "weir.matches", "threat", "tags", "threat.tactic", "event", "other", "tags.x"];
    let beside = prop::collection::btree_map(prop::sample::select(keys.to_vec()), value(), 0..4);
    (prop::sample::select(vec!["docker", "bash"]), beside).prop_map(|(name, beside)| {
        let mut event = json!({"event.category": "process", "event.type": "start", "process": {"name": name},
            "container": [{"id": "abc"}]});
        event.as_object_mut().unwrap().extend(beside.into_iter().map(|(key, value)| (key.to_owned(), value)));
        event
    })
}

proptest! {
    #[test]
    fn an_event_is_tagged_as_its_bytes_would_be_and_only_once(events in prop::collection::vec(event(), 0..4)) {
        let mut tagged = events.clone();
        let verdicts = SHIPPED.tag(&mut tagged);
        prop_assert_eq!(verdicts.len(), events.len());
        for ((event, tagged), verdict) in events.iter().zip(&tagged).zip(verdicts) {
            prop_assert_eq!(tagged, &tagged_as_bytes(event), "{}", event);
            let is_docker = event["process"]["name"] == "docker";
            if event.get("event").is_none() {
                prop_assert_eq!(matching(&verdict), if is_docker { vec![UTILITY] } else { vec![] });
            }
        }
        let mut again = tagged.clone();
        SHIPPED.tag(&mut again);
        prop_assert_eq!(again, tagged);
    }
}

#[test]
fn a_suppressed_match_is_told_by_the_event_alone() {
    let module = Module { name: "excepting", bytes: &rules::with_exception(), pinned: None, cache: None };
    let detector = Detector::load(&module, &Limits::default()).unwrap();
    let event = |id: &str| json!({"event.category": "process", "event.type": "start", "process.name": "docker", "container.id": id});
    let mut events = [event("build-1"), event("7d1f")];
    assert_eq!(detector.tag(&mut events), [Verdict::Matches(vec![]), Verdict::Matches(vec![0])]);
    assert_eq!(events[0]["weir"]["matches"][0]["suppressed_by"], "Builds");
    assert_eq!((events[0].get("rule"), events[0].get("tags")), (None, None));
    assert_eq!(events[1]["tags"][2], detector.rules()[0].id);
    let once = events.clone();
    detector.tag(&mut events);
    assert_eq!(events, once);
}

#[test]
fn events_beyond_one_batch_are_judged_in_their_order() {
    let event = |name: &str| {
        json!({"event.category": "process", "event.type": "start", "process.name": name,
        "container.id": "x".repeat(400_000)})
    };
    let mut events: Vec<Value> = ["docker", "bash", "runc", "sh", "kubectl"].map(event).into();
    let matches: Vec<bool> = SHIPPED.tag(&mut events).iter().map(|verdict| matching(verdict) == [UTILITY]).collect();
    assert_eq!(matches, [true, false, true, false, true]);
    assert_eq!(events[2]["event.category"], "process");
    assert_eq!(events[2]["tags"][0], "TA0002");
    assert_eq!(events[3].get("tags"), None);
}

#[test]
fn an_event_that_cannot_be_judged_says_so() {
    let deep = (0..200).fold(json!(1), |inner, _| json!({"x": inner}));
    // An event that holds no name that a rule asks for isn't looked at any closer.
    let mut events = [json!({"process": deep, "process.name": "docker"})];
    assert_eq!(SHIPPED.tag(&mut events), [Verdict::Unjudged(Reason::Malformed)]);
    assert_eq!(events[0]["weir"]["unjudged"], "malformed");
}

/// An event as a shipper may hold it that doesn't parse what it needn't.
struct Raw(Vec<(&'static str, Box<RawValue>)>);

impl Event for Raw {
    fn members(&self) -> Option<impl Iterator<Item = (&str, impl Serialize)>> {
        Some(self.0.iter().map(|(key, value)| (*key, value)))
    }

    fn set(&mut self, path: &[&str], _: Value) {
        panic!("nothing matches, but {path:?} is set")
    }

    fn push_all(&mut self, path: &[&str], _: Vec<Value>) {
        panic!("nothing matches, but {path:?} is added to")
    }
}

#[test]
fn a_line_break_in_an_event_makes_no_two_of_it() {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    let forged = raw("{\"x\":\n{\"event.category\":\"process\",\"event.type\":\"start\"}\n}");
    let mut events = [Raw(vec![("process", forged)]), Raw(vec![])];
    assert_eq!(SHIPPED.tag(&mut events), [Verdict::Matches(vec![]), Verdict::Matches(vec![])]);
}

#[test]
fn what_is_no_object_is_malformed_and_stays_as_it_was() {
    for event in [json!("x"), json!([{"process.name": "docker"}]), json!(null)] {
        let mut events = [event.clone()];
        assert_eq!(SHIPPED.tag(&mut events), [Verdict::Unjudged(Reason::Malformed)]);
        assert_eq!(events, [event]);
    }
}

#[test]
fn a_module_that_is_not_there_is_named() {
    let error = Detector::open(Path::new("no-such.wasm"), &Limits::default()).err().unwrap();
    assert!(error.to_string().starts_with("cannot read module `no-such.wasm`: "), "{error}");
}
