//! The judge with the rules that Weir ships: which events are put to the guest, marked, counted or held back.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;
use std::sync::LazyLock;

use bytes::Bytes;
use proptest::prelude::*;
use weir::batch::{Batch, Chunk, Events};
use weir::config::{Detect, OnError};
use weir::guest::{Guest, Limits, Module};
use weir::judge::{Judge, Judged, Then};
use weir::rules;

const MATCHING: &str = r#"{"event.category":"process","event.type":"start","process.name":"runc","container.id":"c"}"#;
/// Just long enough to be judged.
const MAX: usize = MATCHING.len();

fn judge(on_error: OnError) -> Judge {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("weir-cache");
    let module = Module { name: "shipped rules", bytes: rules::SHIPPED, pinned: None, cache: Some(&cache) };
    let detect = Detect { max_event_bytes: MAX, on_error, ..Detect::default() };
    Judge::new(Guest::load(&module, &Limits::default()).unwrap(), &detect)
}

static PASS: LazyLock<Judge> = LazyLock::new(|| judge(OnError::Pass));
static STOP: LazyLock<Judge> = LazyLock::new(|| judge(OnError::Stop));

fn events(text: &str) -> Chunk {
    Chunk::Events(Events::Lines(Batch::new(Bytes::copy_from_slice(text.as_bytes()))))
}

fn text(judged: &Judged) -> String {
    String::from_utf8(judged.tagged.pieces.concat()).unwrap()
}

fn line() -> impl Strategy<Value = String> {
    let too_large = format!(r#"{},"n":1}}"#, MATCHING.trim_end_matches('}'));
    let far_too_large = too_large.replace('1', &"1".repeat(4 * MAX));
    let clean = MATCHING.replace("runc", "bash");
    let broken = MATCHING.replace('}', "");
    prop::sample::select(vec![MATCHING.into(), clean, too_large, far_too_large, broken, String::new(), "\r".into()])
}

proptest! {
    #[test]
    fn a_batch_is_judged_as_its_lines_would_be_one_by_one(lines in prop::collection::vec(line(), 0..10)) {
        let lines: Vec<String> = lines.into_iter().map(|line| line + "\n").collect();
        let together = PASS.judge(events(&lines.concat()));
        let alone: Vec<Judged> = lines.iter().map(|line| PASS.judge(events(line))).collect();
        let sum = |count: fn(&Judged) -> u64| alone.iter().map(count).sum::<u64>();
        prop_assert_eq!(text(&together), alone.iter().map(text).collect::<String>());
        prop_assert_eq!(together.events, sum(|judged| judged.events));
        prop_assert_eq!(together.tagged.matching_events(), sum(|judged| judged.tagged.matching_events()));
        for reason in ["too_large", "malformed"] {
            let unjudged = |judged: &Judged| judged.tagged.unjudged.get(reason).copied().unwrap_or_default();
            prop_assert_eq!(unjudged(&together), alone.iter().map(unjudged).sum::<u64>());
        }
    }

    #[test]
    fn to_stop_is_to_hand_on_what_stands_before_the_first_event_that_passes_unjudged(
        lines in prop::collection::vec(line(), 0..10),
    ) {
        let lines: Vec<String> = lines.into_iter().map(|line| line + "\n").collect();
        let is_judged = |line: &String| PASS.judge(events(line)).tagged.unjudged.is_empty();
        let first = lines.iter().position(|line| !is_judged(line));
        let before = PASS.judge(events(&lines[..first.unwrap_or(lines.len())].concat()));
        let stopped = STOP.judge(events(&lines.concat()));
        prop_assert_eq!(text(&stopped), text(&before));
        prop_assert_eq!((stopped.events, stopped.bytes), (before.events, before.bytes));
        prop_assert_eq!(stopped.tagged.matches, before.tagged.matches);
        prop_assert!(stopped.tagged.unjudged.is_empty());
        prop_assert_eq!(matches!(stopped.then, Then::Stop(_)), first.is_some());
    }
}

#[test]
fn blank_lines_go_on_but_are_no_events() {
    let judged = PASS.judge(events("\n{}\n \t\r\n{}"));
    assert_eq!((judged.events, judged.bytes), (2, 10));
    assert_eq!(text(&judged), "\n{}\n \t\r\n{}");
}

#[test]
fn an_event_in_pieces_is_counted_once_and_never_changed() {
    let piece = |first| Chunk::Piece { bytes: Bytes::from(MATCHING), first };
    for (first, events) in [(true, 1), (false, 0)] {
        let judged = PASS.judge(piece(first));
        assert_eq!((judged.events, judged.bytes, text(&judged)), (events, MAX, MATCHING.to_owned()));
        assert_eq!(judged.tagged.unjudged.get("too_large").copied().unwrap_or_default(), events);
        assert_eq!(judged.tagged.matching_events(), 0);
    }
    let stopped = STOP.judge(piece(true));
    assert_eq!((stopped.events, stopped.bytes, text(&stopped)), (0, 0, String::new()));
    assert!(matches!(stopped.then, Then::Stop("too_large")));
}
