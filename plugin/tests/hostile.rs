//! A detector that fails, lies or never returns harms only the events on which it does.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::thread;
use std::time::Duration;

use support::{BOMB, Detector, ends, load, rule};
use weir::guest::{Finding, Guest, Judgement, Limits, LoadError, Module, Reason, Unjudged};
use weir_engine::limits::MAX_MODULE_BYTES;
use weir_engine::program::{Coverage, ExceptionMeta, RuleMeta, Window};

/// Little memory, which is soon filled, and much time: these tests run beside each other.
fn limits() -> Limits {
    Limits { memory_bytes: 8 << 20, deadline: Duration::from_secs(1), ..Limits::default() }
}

fn hurried() -> Limits {
    Limits { deadline: Duration::from_millis(100), ..limits() }
}

fn judge(guest: &Guest, batch: &str) -> Judgement {
    guest.judge(batch.as_bytes(), &ends(batch))
}

fn matches(events: &[u32]) -> Vec<Finding> {
    events.iter().map(|&event| Finding { event, rule: 0, exception: None }).collect()
}

fn unjudged(events: &[u32], reason: Reason) -> Vec<Unjudged> {
    events.iter().map(|&event| Unjudged { event, reason }).collect()
}

/// What a detector may do at one event, and what that is called.
const POISONS: [(&str, &str, Reason); 17] = [
    ("trap", "unreachable", Reason::Trap),
    ("divide by zero", "(drop (i32.div_u (i32.const 1) (i32.const 0)))", Reason::Trap),
    ("read out of bounds", "(drop (i32.load (i32.const -8)))", Reason::Trap),
    ("recurse for ever", "(call $judge (local.get $event) (local.get $first))", Reason::Trap),
    ("loop for ever", "(loop $forever (br $forever))", Reason::Deadline),
    ("grow until refused, touch all", BOMB, Reason::Memory),
    ("allocate more than there is", "(drop (call $alloc (i32.const 0x7000000)))", Reason::Memory),
    ("find an event that wasn't sent", "(call $find (i32.const 99) (i32.const 0) (i32.const 0))", Reason::BadReport),
    (
        "find a rule that wasn't described",
        "(call $find (local.get $event) (i32.const 1) (i32.const 0))",
        Reason::BadReport,
    ),
    (
        "use an exception that wasn't described",
        "(call $find (local.get $event) (i32.const 0) (i32.const 1))",
        Reason::BadReport,
    ),
    (
        "use an exception that can't be",
        "(call $find (local.get $event) (i32.const 0) (i32.const 2))",
        Reason::BadReport,
    ),
    (
        "find the same twice",
        "(call $find (local.get $event) (i32.const 0) (i32.const 0)) (call $find (local.get $event) (i32.const 0) (i32.const 0))",
        Reason::BadReport,
    ),
    (
        "call the same malformed twice",
        "(call $complain (local.get $event)) (call $complain (local.get $event))",
        Reason::BadReport,
    ),
    ("answer a list of gigabytes", "(global.set $found (i32.const 0x0fffffff))", Reason::BadReport),
    ("answer more findings than there can be", "(global.set $found (i32.const 8000))", Reason::BadReport),
    (
        "answer a list out of bounds",
        "(global.set $findings (i32.const -16)) (global.set $found (i32.const 1))",
        Reason::BadReport,
    ),
    ("answer out of bounds", "(global.set $report (i32.const -16))", Reason::BadReport),
];

#[test]
fn a_poisonous_event_stands_alone_and_its_neighbours_are_judged() {
    for (what, poison, reason) in POISONS {
        let guest = Detector::poisoned(poison).load(&limits()).unwrap();
        let judgement = judge(&guest, "m\nx\n.\nm\n!\nm\nx\nm");
        assert_eq!(judgement.unjudged, unjudged(&[4], reason), "{what}: {:?}", judgement.failure);
        assert_eq!(judgement.findings, matches(&[0, 3, 5, 7]), "{what}");
        assert_eq!(judgement.malformed, [1, 6], "{what}");
        assert_eq!(judgement.failure.unwrap().reason, reason, "{what}");
        assert!(judgement.spent < 8 * limits().deadline, "{what} took {:?}", judgement.spent);
        assert_eq!(judge(&guest, "m\n").findings, matches(&[0]), "{what}: a good batch afterwards");
    }
}

#[test]
fn a_match_may_be_called_malformed_for_what_other_rules_make_of_the_event() {
    let both = "(call $find (local.get $event) (i32.const 0) (i32.const 0)) (call $complain (local.get $event))";
    let judgement = judge(&Detector::poisoned(both).load(&limits()).unwrap(), "m\n!\n.\nx");
    assert_eq!((judgement.findings, judgement.malformed), (matches(&[0, 1]), vec![1, 3]));
    assert_eq!((judgement.unjudged, judgement.failure), (Vec::new(), None));
}

#[test]
fn a_good_batch_is_judged_in_one_call_without_complaint() {
    let guest = Detector::default().load(&limits()).unwrap();
    let judgement = judge(&guest, "m\n\nx\n!\nm\n");
    assert_eq!(judgement.findings, matches(&[0, 4]));
    assert_eq!(judgement.malformed, [2]);
    assert_eq!((judgement.unjudged, judgement.failure), (Vec::new(), None));
    assert!(judgement.spent > Duration::ZERO);
    assert_eq!(judge(&guest, ""), Judgement::default());
}

#[test]
fn several_poisonous_events_are_all_found() {
    let guest = Detector::poisoned("unreachable").load(&limits()).unwrap();
    let batch = "m\n!\n".repeat(100);
    let judgement = judge(&guest, &batch);
    let (even, odd): (Vec<u32>, Vec<u32>) = (0..200).partition(|event| event % 2 == 0);
    assert_eq!(judgement.findings, matches(&even));
    assert_eq!(judgement.unjudged, unjudged(&odd, Reason::Trap));
}

#[test]
fn a_detector_that_loops_on_everything_takes_no_more_than_eight_deadlines() {
    let guest = Detector { detect: "(loop $forever (br $forever))", ..Detector::default() }.load(&hurried()).unwrap();
    let judgement = judge(&guest, &"m\n".repeat(1000));
    assert_eq!(judgement.unjudged, unjudged(&(0..1000).collect::<Vec<_>>(), Reason::Deadline));
    // An attempt may end a few ticks late, more so on a busy machine.
    assert!(judgement.spent < 12 * hurried().deadline, "{:?}", judgement.spent);
}

#[test]
fn a_batch_beyond_the_memory_is_halved_until_it_fits() {
    let guest = Detector::default().load(&Limits { memory_bytes: 256 << 10, ..limits() }).unwrap();
    let batch = format!("m{}\n", "y".repeat(99_999)).repeat(4);
    let judgement = judge(&guest, &batch);
    assert_eq!(judgement.findings, matches(&[0, 1, 2, 3]));
    assert_eq!(judgement.failure.unwrap().reason, Reason::Memory);

    let judgement = judge(&guest, &"m".repeat(300_000));
    assert_eq!(judgement.unjudged, unjudged(&[0], Reason::Memory));
}

#[test]
fn a_detector_that_takes_input_nowhere_judges_nothing() {
    let guest = Detector { realloc: "(return (i32.const -16))", ..Detector::default() }.load(&limits()).unwrap();
    assert_eq!(judge(&guest, "m\nm\n").unjudged, unjudged(&[0, 1], Reason::BadReport));
}

#[test]
fn nothing_is_remembered_from_one_batch_to_the_next() {
    let remember = "(if (i32.load (i32.const 512)) (then unreachable)) (i32.store (i32.const 512) (i32.const 1))";
    let guest = Detector { detect: remember, ..Detector::default() }.load(&limits()).unwrap();
    for _ in 0..3 {
        assert_eq!(judge(&guest, "m\n").findings, matches(&[0]));
    }
}

#[test]
fn many_threads_share_a_detector_with_few_slots() {
    let guest = Detector::poisoned("unreachable").load(&Limits { workers: 2, ..limits() }).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let judgement = judge(&guest, "m\n!\nm\n");
                    assert_eq!(judgement.findings, matches(&[0, 2]));
                    assert_eq!(judgement.unjudged, unjudged(&[1], Reason::Trap));
                }
            });
        }
    });
}

#[test]
fn a_detector_that_judges_nothing_rests_and_is_tried_again() {
    let rest = Duration::from_millis(300);
    let limits = Limits { rest_after: Duration::from_millis(150), rest, ..hurried() };
    let guest = Detector::poisoned("(loop $forever (br $forever))").load(&limits).unwrap();
    for _ in 0..3 {
        // A blank line that can be judged is no event that could.
        assert_eq!(judge(&guest, "!\n\n").unjudged, unjudged(&[0], Reason::Deadline));
    }
    let resting = judge(&guest, "m\n\nm\n");
    assert_eq!(resting.unjudged, unjudged(&[0, 2], Reason::Resting));
    assert_eq!(resting.spent, Duration::ZERO);
    thread::sleep(rest);
    assert_eq!(judge(&guest, "m\n").findings, matches(&[0]));
    assert_eq!(judge(&guest, "m\n").findings, matches(&[0]));
}

#[test]
fn a_loaded_detector_tells_what_it_detects() {
    let guest = Detector::default().load(&limits()).unwrap();
    assert_eq!(guest.rules(), [rule()]);
    assert_eq!(guest.fields(), ["process.name", "host.id"]);
    assert_eq!(guest.exceptions(), []);
    let excepting =
        excepting([exception("Builds"), ExceptionMeta { name: "Updates".into(), ..ExceptionMeta::default() }]);
    assert_eq!(excepting.load(&limits()).unwrap().exceptions(), excepting.exceptions);
}

/// For rule 0, with something everywhere.
fn exception(name: &str) -> ExceptionMeta {
    ExceptionMeta {
        name: name.into(),
        comment: "first line\nsecond line".into(),
        rules: Coverage::Rules(vec![0]),
        window: Window { not_before: Some(-1), expires: Some(i64::MAX) },
    }
}

fn excepting<const N: usize>(exceptions: [ExceptionMeta; N]) -> Detector {
    Detector { exceptions: exceptions.to_vec(), ..Detector::default() }
}

#[test]
fn an_exception_that_was_described_may_cover_a_match_and_no_other() {
    let covered = "(call $find (local.get $event) (i32.const 0) (i32.const 1))";
    let batch = "m\n!\n";
    let finding = |event, exception| Finding { event, rule: 0, exception };
    let judged = |exception| {
        let detector = Detector { poison: covered, ..excepting([exception]) };
        judge(&detector.load(&limits()).unwrap(), batch)
    };
    assert_eq!(judged(exception("Builds")).findings, [finding(0, None), finding(1, Some(0))]);
    let of_none = ExceptionMeta { rules: Coverage::Rules(Vec::new()), ..exception("Builds") };
    assert_eq!(judged(of_none).unjudged, unjudged(&[1], Reason::BadReport));
}

#[test]
fn the_pinned_module_is_loaded_and_no_other() {
    let bytes = Detector::default().component();
    let digest = load(&bytes, &limits()).unwrap().sha256().to_uppercase();
    let load_pinned = |pinned: &str| {
        Guest::load(&Module { name: "test.wasm", bytes: &bytes, pinned: Some(pinned), cache: None }, &limits())
    };
    assert!(load_pinned(&digest).is_ok());
    let error = load_pinned(&"0".repeat(64)).err().unwrap().to_string();
    assert!(error.contains(&"0".repeat(64)) && error.contains(&digest.to_lowercase()), "{error}");
}

#[test]
fn a_compiled_module_is_found_in_the_cache() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = Detector::default().component();
    let module = Module { name: "test.wasm", bytes: &bytes, pinned: None, cache: Some(directory.path()) };
    for _ in 0..2 {
        let guest = Guest::load(&module, &limits()).unwrap();
        assert_eq!(judge(&guest, "m\n").findings, matches(&[0]));
        assert!(directory.path().join("modules").is_dir());
    }
    let nowhere = Module { cache: Some("/proc/nowhere".as_ref()), ..module };
    let error = Guest::load(&nowhere, &limits()).err().unwrap();
    assert!(matches!(error, LoadError::Sandbox { .. }), "{error}");
}

/// With its causes, as a user sees it.
fn refusal(bytes: &[u8]) -> String {
    let Err(error) = load(bytes, &hurried()) else { return "loaded".into() };
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[test]
fn a_later_patch_of_the_interface_is_understood() {
    let wit = Detector::default().wit.replace("weir:detector@0.1.0", "weir:detector@0.1.9");
    let detector = Detector { wit, interface: "weir:detector/detector@0.1.9", ..Detector::default() };
    assert_eq!(judge(&detector.load(&limits()).unwrap(), "m\n").findings, matches(&[0]));
}

#[test]
fn what_is_no_detector_is_refused_with_its_reason() {
    let good = Detector::default();
    let wit = |from: &str, to: &str| {
        assert!(good.wit.contains(from), "detector.wit has no `{from}`");
        good.wit.replace(from, to)
    };
    let importing = Detector {
        wit: wit("export detector;", "import clock: interface { now: func() -> u64; }\n export detector;"),
        imports: r#"(import "clock" "now" (func (result i64)))"#,
        ..good.clone()
    };
    let newer = Detector {
        wit: wit("weir:detector@0.1.0", "weir:detector@0.2.0"),
        interface: "weir:detector/detector@0.2.0",
        ..good.clone()
    };
    let stranger = Detector {
        wit: wit("weir:detector@0.1.0", "acme:detector@0.1.0"),
        interface: "acme:detector/detector@0.1.0",
        ..good.clone()
    };
    let mute = Detector { wit: wit("fields: func() -> list<string>;", ""), ..good.clone() };
    let other_types = Detector { wit: wit("version: u32", "version: u64"), ..good.clone() };
    let large = Detector { pages: 129, ..good.clone() };
    let endless = vec![0; MAX_MODULE_BYTES + 1];
    let damaged = [&good.component()[..100], b"damage"].concat();
    for (bytes, complaint) in [
        (b"not wasm".to_vec(), "isn't WebAssembly"),
        (Vec::new(), "isn't WebAssembly"),
        (good.core_module(), "is a core WebAssembly module, but a detector is a component"),
        (damaged, "can't be compiled"),
        (endless, "has 67108865 bytes, more than the 67108864 that a module may have"),
        (importing.component(), "imports `clock`, but a detector may import nothing"),
        (
            newer.component(),
            "speaks `weir:detector/detector@0.2.0`, but this Weir speaks `weir:detector/detector@0.1.0`",
        ),
        (stranger.component(), "doesn't export `weir:detector/detector@0.1.0`"),
        (mute.component(), "doesn't export `weir:detector/detector@0.1.0#fields`"),
        (other_types.component(), "with other types than those of detector.wit: "),
        (large.component(), "asks for more than a detector may have: module memory does not fit"),
        (large.component(), "; raise `detect.memory_mib`, or rebuild it smaller"),
    ] {
        let refusal = refusal(&bytes);
        assert!(refusal.starts_with("module `test.wasm` "), "{refusal}");
        assert!(refusal.contains(complaint), "{refusal:?} lacks {complaint:?}");
    }
}

#[test]
fn a_detector_that_cannot_introduce_itself_is_refused_with_its_reason() {
    let good = Detector::default();
    let forever = "(loop $forever (br $forever))";
    let described = |rules| Detector { rules, ..good.clone() };
    let escaping = RuleMeta { name: "\u{1b}[2Jnothing to see".into(), ..rule() };
    let verbose = RuleMeta { name: "x".repeat(64 << 10), ..rule() };
    for (detector, complaint) in [
        (Detector { describe: "unreachable", ..good.clone() }, "can't say what it detects (trap: "),
        (Detector { describe: forever, ..good.clone() }, "(deadline: no answer within"),
        (Detector { describe: "(i32.store (i32.const 1028) (i32.const 0x0fffffff))", ..good.clone() }, "(bad_report: "),
        (Detector { more: "(start $start) (func $start unreachable)", ..good.clone() }, "(trap: "),
        (
            Detector { more: "(start $start) (func $start (loop $forever (br $forever)))", ..good.clone() },
            "(deadline: no answer within",
        ),
        (described(vec![rule(), rule()]), "describes two rules with the id `6f1a8a63-9f0b-4a0e-9a3c-6d2a2a1f5b11`"),
        (
            described(vec![escaping]),
            r"with a name that has the control character '\u{1b}'; rebuild it with `weir build`",
        ),
        (
            described(vec![verbose]),
            "describes rule `6f1a8a63-9f0b-4a0e-9a3c-6d2a2a1f5b11` with a name of 65536 bytes, more",
        ),
        (
            excepting([exception("Builds"), exception("Builds")]),
            "describes two exceptions with the name `Builds`; rebuild",
        ),
        (excepting([exception("\u{1b}[2J")]), "exception 0 with a name that has the control character"),
        (
            excepting([ExceptionMeta { rules: Coverage::Rules(vec![1]), ..exception("Builds") }]),
            "describes exception 0 with rules that aren't there",
        ),
    ] {
        let refusal = refusal(&detector.component());
        assert!(refusal.contains(complaint), "{refusal:?} lacks {complaint:?}");
    }
}
