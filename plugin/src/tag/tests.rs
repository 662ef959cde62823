//! What becomes of the lines of a batch, whatever a detector says of them.

use proptest::prelude::*;
use weir_engine::program::{ExceptionMeta, RuleMeta};

use super::*;
use crate::batch::Batch;
use crate::guest::Unjudged;

const LONGEST_MARKED: usize = 40;
const ONE: Match = Match { rule: 0, suppressed_by: None };
const SUPPRESSED: Match = Match { rule: 0, suppressed_by: Some(0) };

/// What a detector may say of a line.
#[derive(Clone, Debug)]
enum Said {
    Nothing,
    Matches(Vec<Match>),
    Malformed,
    /// Malformed for one rule, matched by others.
    Partly(Vec<Match>),
    Unjudged,
}

/// Of two rules, and one exception.
fn tagger_of_lines() -> Tagger {
    let rules = ["one", "two"].map(|id| RuleMeta { id: id.into(), ..RuleMeta::default() });
    Tagger::new(&rules, &[ExceptionMeta { name: "known".into(), ..ExceptionMeta::default() }])
}

impl Said {
    fn is_alarming(&self) -> bool {
        matches!(self, Self::Matches(matches) | Self::Partly(matches) if matches.iter().any(|found| found.suppressed_by.is_none()))
    }
}

fn tagger(on_error: OnError) -> BatchTagger {
    BatchTagger::new(tagger_of_lines(), LONGEST_MARKED, on_error, Suppressed::Mark)
}

fn judgement(said: &[Said]) -> Judgement {
    let mut judgement = Judgement::default();
    for (event, said) in (0..).zip(said) {
        if let Said::Matches(matches) | Said::Partly(matches) = said {
            let finding = |found: &Match| Finding { event, rule: found.rule, exception: found.suppressed_by };
            judgement.findings.extend(matches.iter().map(finding));
        }
        match said {
            Said::Nothing | Said::Matches(_) => {}
            Said::Malformed | Said::Partly(_) => judgement.malformed.push(event),
            Said::Unjudged => judgement.unjudged.push(Unjudged { event, reason: Reason::Trap }),
        }
    }
    judgement
}

/// What a line becomes by itself.
fn expected(line: &str, said: &Said) -> String {
    let tagged = match said {
        Said::Matches(matches) | Said::Partly(matches) => {
            added(line, |out| tagger_of_lines().tag(line.as_bytes(), matches, out))
        }
        Said::Nothing | Said::Malformed | Said::Unjudged => line.to_owned(),
    };
    let reason = match said {
        Said::Malformed | Said::Partly(_) => "malformed",
        Said::Unjudged => "trap",
        Said::Nothing | Said::Matches(_) => return tagged,
    };
    if line.len() > LONGEST_MARKED {
        return tagged;
    }
    added(&tagged, |out| tag::mark_unjudged(tagged.as_bytes(), reason, out))
}

fn added(line: &str, add: impl FnOnce(&mut Vec<u8>) -> Result<(), NotAnObject>) -> String {
    let mut out = Vec::new();
    if add(&mut out).is_ok() { String::from_utf8(out).unwrap() } else { line.to_owned() }
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        2 => Just(Said::Nothing),
        1 => Just(Said::Malformed),
        1 => Just(Said::Unjudged),
        3 => prop::sample::select(vec![vec![ONE], vec![Match::of(1)], vec![ONE, Match::of(1)]]).prop_map(Said::Matches),
        1 => Just(Said::Partly(vec![ONE, Match::of(1)])),
        1 => Just(Said::Partly(vec![SUPPRESSED])),
        1 => Just(Said::Matches(vec![SUPPRESSED])),
        1 => Just(Said::Matches(vec![SUPPRESSED, Match::of(1)])),
    ]
}

fn line() -> impl Strategy<Value = String> {
    let long = format!(r#"{{"long":"{}"}}"#, "x".repeat(LONGEST_MARKED));
    prop_oneof![
        "[a{}]{0,3}",
        "\\{\"[a-c]\":[0-9]\\}\r?",
        Just(r#"{"weir":{"unjudged":"trap"}}"#.to_owned()),
        Just(long),
    ]
}

proptest! {
    #[test]
    fn each_line_becomes_what_it_would_by_itself(
        lines in prop::collection::vec((line(), said()), 0..12),
        ends in any::<bool>(),
    ) {
        let join = |lines: Vec<String>| lines.join("\n") + if ends && !lines.is_empty() { "\n" } else { "" };
        let (came, said): (Vec<String>, Vec<Said>) = lines.into_iter().unzip();
        let goes: Vec<String> = came.iter().zip(&said).map(|(line, said)| expected(line, said)).collect();
        let batch = Batch::new(Bytes::from(join(came.clone())));
        // An empty last line without a newline is no line.
        let judgement = judgement(&said[..batch.lines()]);
        let (tagged, end) = tagger(OnError::Pass).tag(&Events::Lines(batch.clone()), &judgement);
        prop_assert_eq!(end, End::Batch);

        let is_object = |line: &str| serde_json::from_str::<serde_json::Map<_, _>>(line).is_ok();
        let matches = |(line, said): &(&String, &Said)| said.is_alarming() && is_object(line);
        let example = came.iter().zip(&said).position(|line| matches(&line));
        prop_assert_eq!(tagged.pieces.concat(), join(goes.clone()).into_bytes());
        prop_assert!(tagged.pieces.iter().all(|piece| !piece.is_empty()));
        prop_assert_eq!(tagged.matching.first().cloned(), example.map(|line| Bytes::from(goes[line].clone())));
        let judged = &said[..batch.lines()];
        prop_assert_eq!(tagged.matching_events(), came.iter().zip(judged).filter(matches).count() as u64);
        let marked = judged.iter().filter(|said| matches!(said, Said::Unjudged)).count() as u64;
        prop_assert_eq!(tagged.unjudged.get("trap").copied().unwrap_or_default(), marked);
    }
}

#[test]
fn what_no_rule_matches_is_not_copied() {
    let batch = Batch::new(Bytes::from("{}\n{}\n{}\n{}\n"));
    let matches = Judgement {
        findings: [1, 2].map(|event| Finding { event, rule: 0, exception: None }).to_vec(),
        ..Judgement::default()
    };
    let (tagged, _) = tagger(OnError::Pass).tag(&Events::Lines(batch.clone()), &matches);
    let [before, _added, after] = &tagged.pieces[..] else { panic!("{:?}", tagged.pieces) };
    assert_eq!((before.as_ptr(), after.as_ptr()), (batch.bytes().as_ptr(), batch.bytes()[8..].as_ptr()));
}

#[test]
fn no_more_is_held_at_once_than_should_be_however_much_is_added() {
    let lines = 200_000;
    let batch = Batch::new(Bytes::from("{}\n".repeat(lines)));
    let findings: Vec<Finding> = (0..lines as u32).map(|event| Finding { event, rule: 0, exception: None }).collect();
    let judgement = Judgement { findings, ..Judgement::default() };
    let (tagged, End::Full { line }) = tagger(OnError::Pass).tag(&Events::Lines(batch.clone()), &judgement) else {
        panic!("all at once")
    };
    let held: usize = tagged.pieces.iter().map(Bytes::len).sum();
    assert!((BatchTagger::MOST_HELD..BatchTagger::MOST_HELD + 1024).contains(&held), "{held}");
    assert_eq!(tagged.matching_events(), u64::from(line));
    assert_eq!(tagged.pieces.concat().iter().filter(|byte| **byte == b'\n').count(), line as usize);
}

#[test]
fn a_large_event_stays_by_itself_so_that_every_piece_fits_into_a_push() {
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(BatchTagger::MOST_HELD));
    let batch = Batch::new(Bytes::from(format!("{{}}\n{{}}\n{large}\n{{}}\n")));
    let findings = (0..4).map(|event| Finding { event, rule: 0, exception: None }).collect();
    let judgement = Judgement { findings, ..Judgement::default() };
    let (tagged, _) = tagger(OnError::Pass).tag(&Events::Lines(batch), &judgement);
    let longest = tagged.pieces.iter().find(|piece| piece.len() > BatchTagger::MOST_HELD).unwrap();
    assert!(longest.starts_with(b"{\"a\""), "nothing is before it");
    assert_eq!(tagged.pieces.concat().iter().filter(|byte| **byte == b'\n').count(), 3);
}

#[test]
fn the_first_event_that_cannot_be_judged_or_tagged_stops_the_rest_if_it_shall() {
    let batch = Batch::new(Bytes::from("{}\n[]\n{}\n"));
    for (said, reason) in [(Said::Matches(vec![ONE]), Reason::Malformed), (Said::Unjudged, Reason::Trap)] {
        let judgement = judgement(&[Said::Nothing, said, Said::Matches(vec![ONE])]);
        let (tagged, end) = tagger(OnError::Stop).tag(&Events::Lines(batch.clone()), &judgement);
        assert_eq!(end, End::Unjudged { line: 1, reason });
        assert_eq!(tagged.pieces.concat(), b"{}\n");
        assert_eq!(tagged.matching_events(), 0);
    }
}

#[test]
fn what_is_suppressed_is_counted_apart_and_told_only_if_it_shall_be() {
    let batch = Batch::new(Bytes::from("{}\n{}\n{}\n"));
    let both = Said::Matches(vec![SUPPRESSED, Match::of(1)]);
    let judgement = judgement(&[Said::Matches(vec![SUPPRESSED]), both, Said::Matches(vec![SUPPRESSED])]);
    for (suppressed, told) in [(Suppressed::Mark, 3), (Suppressed::Hide, 0)] {
        let tagger = BatchTagger::new(tagger_of_lines(), LONGEST_MARKED, OnError::Pass, suppressed);
        let (tagged, _) = tagger.tag(&Events::Lines(batch.clone()), &judgement);
        let text = String::from_utf8(tagged.pieces.concat()).unwrap();
        assert_eq!(text.matches(r#""suppressed_by":"known""#).count(), told, "{text}");
        assert_eq!((tagged.matches, tagged.suppressed), ([(1, 1)].into(), [(0, 3)].into()));
        assert_eq!(tagged.matching, [text.lines().nth(1).unwrap()]);
    }
}

#[test]
fn an_event_whose_matches_are_hidden_is_not_touched() {
    let batch = Batch::new(Bytes::from("{}\n[]\n"));
    let judgement = judgement(&[Said::Matches(vec![SUPPRESSED]), Said::Matches(vec![SUPPRESSED])]);
    let tagger = BatchTagger::new(tagger_of_lines(), LONGEST_MARKED, OnError::Stop, Suppressed::Hide);
    let (tagged, end) = tagger.tag(&Events::Lines(batch.clone()), &judgement);
    assert_eq!((end, tagged.added, tagged.pieces), (End::Batch, 0, vec![batch.bytes().clone()]));
}
