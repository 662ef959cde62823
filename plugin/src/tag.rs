//! Puts what was found into a batch: the host's bytes with tags added. Knows nothing of how it was found.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use weir_engine::program::RuleMeta;
use weir_engine::tag::{self, NotAnObject, Tagger};

use crate::batch::Batch;
use crate::guest::{Finding, Judgement, Reason};

/// A batch as it goes on.
#[derive(Debug, Default)]
pub struct Tagged {
    /// All bytes, in order; what no rule matched is shared with the batch that came.
    pub pieces: Vec<Bytes>,
    /// How many events match each rule, by the rule's number.
    pub matches: BTreeMap<u32, u64>,
    /// How many events match any rule.
    pub matching_events: u64,
    /// How many events couldn't be judged, by reason.
    pub unjudged: BTreeMap<&'static str, u64>,
    /// The first event that was tagged.
    pub example: Option<Bytes>,
}

/// What becomes of one line.
enum Outcome<'j> {
    Matches(&'j [Finding]),
    Unjudged(Reason),
}

/// Adds tags to batches.
#[derive(Debug)]
pub struct BatchTagger {
    tagger: Tagger,
    longest_marked: usize,
}

impl BatchTagger {
    /// Prepares to tag with `rules`, which findings number in this order. Events beyond `longest_marked` bytes aren't
    /// marked.
    pub fn new(rules: &[RuleMeta], longest_marked: usize) -> Self {
        Self { tagger: Tagger::new(rules), longest_marked }
    }

    /// Tags what `judgement` found in `batch`, and marks what couldn't be judged.
    pub fn tag(&self, batch: &Batch, judgement: &Judgement) -> Tagged {
        let mut writer = Writer { batch, sent: 0, added: Vec::new(), parts: Vec::new() };
        let mut tagged = Tagged::default();
        let mut example = None;
        let mut rules = Vec::new();
        for (line, outcome) in outcomes(judgement) {
            let written = match outcome {
                Outcome::Matches(findings) => {
                    rules.clear();
                    rules.extend(findings.iter().map(|finding| finding.rule));
                    rules.iter().for_each(|rule| *tagged.matches.entry(*rule).or_default() += 1);
                    tagged.matching_events += 1;
                    writer.replace(line, |event, out| self.tagger.tag(event, &rules, out))
                }
                Outcome::Unjudged(reason) => {
                    *tagged.unjudged.entry(reason.label()).or_default() += 1;
                    if batch.line(line as usize).len() <= self.longest_marked {
                        // What isn't a JSON object can't be marked; it goes on as it came, and is counted.
                        let _ = writer.replace(line, |event, out| tag::mark_unjudged(event, reason.label(), out));
                    }
                    continue;
                }
            };
            match written {
                Ok(place) => example = example.or(Some(place)),
                // The detector needn't look for faults in a line, but nothing can be added to this one.
                Err(NotAnObject) => *tagged.unjudged.entry(Reason::Malformed.label()).or_default() += 1,
            }
        }
        let (pieces, example) = writer.finish(example);
        Tagged { pieces, example, ..tagged }
    }
}

/// What there is to say about lines, in their order; most lines aren't mentioned.
fn outcomes(judgement: &Judgement) -> Vec<(u32, Outcome<'_>)> {
    let findings = judgement.findings.chunk_by(|one, next| one.event == next.event);
    let matches = findings.map(|findings| (findings[0].event, Outcome::Matches(findings)));
    let malformed = judgement.malformed.iter().map(|event| (*event, Outcome::Unjudged(Reason::Malformed)));
    let unjudged = judgement.unjudged.iter().map(|event| (event.event, Outcome::Unjudged(event.reason)));
    let mut all: Vec<_> = matches.chain(malformed).chain(unjudged).collect();
    all.sort_by_key(|(event, _)| *event);
    all
}

/// Puts the batch together anew, without copying what stays as it was.
struct Writer<'b> {
    batch: &'b Batch,
    /// How far into the batch everything has been written.
    sent: usize,
    /// All events that were added to, and line breaks between them.
    added: Vec<u8>,
    parts: Vec<Part>,
}

enum Part {
    Came(Range<usize>),
    Added(Range<usize>),
}

impl Writer<'_> {
    /// Writes what stands before `line`, then what `rewrite` makes of the line; returns where that lies in `added`.
    fn replace(
        &mut self,
        line: u32,
        rewrite: impl FnOnce(&[u8], &mut Vec<u8>) -> Result<(), NotAnObject>,
    ) -> Result<Range<usize>, NotAnObject> {
        let place = self.batch.line(line as usize);
        let between = self.sent..place.start;
        let before = self.added.len();
        // Two such events in a row become one piece, the newline between them included.
        let in_a_row = between.len() <= 1 && matches!(self.parts.last(), Some(Part::Added(_)));
        if in_a_row {
            self.added.extend_from_slice(&self.batch.bytes()[between.clone()]);
        }
        let start = self.added.len();
        if let Err(error) = rewrite(&self.batch.bytes()[place.clone()], &mut self.added) {
            self.added.truncate(before);
            return Err(error);
        }
        let written = start..self.added.len();
        match self.parts.last_mut() {
            Some(Part::Added(last)) if in_a_row => last.end = written.end,
            _ => self.parts.extend([Part::Came(between), Part::Added(written.clone())]),
        }
        self.sent = place.end;
        Ok(written)
    }

    fn finish(mut self, example: Option<Range<usize>>) -> (Vec<Bytes>, Option<Bytes>) {
        self.parts.push(Part::Came(self.sent..self.batch.bytes().len()));
        let added = Bytes::from(self.added);
        let pieces = self.parts.into_iter().map(|part| match part {
            Part::Came(range) => self.batch.bytes().slice(range),
            Part::Added(range) => added.slice(range),
        });
        (pieces.filter(|piece| !piece.is_empty()).collect(), example.map(|range| added.slice(range)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::guest::Unjudged;

    const LONGEST_MARKED: usize = 40;

    /// What a detector may say of a line.
    #[derive(Clone, Debug)]
    enum Said {
        Nothing,
        Matches(Vec<u32>),
        Malformed,
        Unjudged,
    }

    fn rules() -> Vec<RuleMeta> {
        ["one", "two"].map(|id| RuleMeta { id: id.into(), ..RuleMeta::default() }).to_vec()
    }

    fn judgement(said: &[Said]) -> Judgement {
        let mut judgement = Judgement::default();
        for (event, said) in (0..).zip(said) {
            match said {
                Said::Nothing => {}
                Said::Matches(rules) => {
                    judgement.findings.extend(rules.iter().map(|rule| Finding { event, rule: *rule }));
                }
                Said::Malformed => judgement.malformed.push(event),
                Said::Unjudged => judgement.unjudged.push(Unjudged { event, reason: Reason::Trap }),
            }
        }
        judgement
    }

    /// What a line becomes by itself.
    fn expected(line: &str, said: &Said) -> String {
        let mut out = Vec::new();
        let added = match said {
            Said::Nothing => Err(NotAnObject),
            Said::Matches(numbers) => Tagger::new(&rules()).tag(line.as_bytes(), numbers, &mut out),
            _ if line.len() > LONGEST_MARKED => Err(NotAnObject),
            Said::Malformed => tag::mark_unjudged(line.as_bytes(), "malformed", &mut out),
            Said::Unjudged => tag::mark_unjudged(line.as_bytes(), "trap", &mut out),
        };
        if added.is_ok() { String::from_utf8(out).unwrap() } else { line.to_owned() }
    }

    fn said() -> impl Strategy<Value = Said> {
        prop_oneof![
            2 => Just(Said::Nothing),
            1 => Just(Said::Malformed),
            1 => Just(Said::Unjudged),
            3 => prop::sample::select(vec![vec![0], vec![1], vec![0, 1]]).prop_map(Said::Matches),
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
            let tagged = BatchTagger::new(&rules(), LONGEST_MARKED).tag(&batch, &judgement);

            let matches = |said: &Said| matches!(said, Said::Matches(_));
            let is_object = |line: &str| serde_json::from_str::<serde_json::Map<_, _>>(line).is_ok();
            let example = came.iter().zip(&said).position(|(line, said)| matches(said) && is_object(line));
            prop_assert_eq!(tagged.pieces.concat(), join(goes.clone()).into_bytes());
            prop_assert!(tagged.pieces.iter().all(|piece| !piece.is_empty()));
            prop_assert_eq!(tagged.example, example.map(|line| Bytes::from(goes[line].clone())));
            let judged = &said[..batch.lines()];
            prop_assert_eq!(tagged.matching_events, judged.iter().filter(|said| matches(said)).count() as u64);
            let marked = judged.iter().filter(|said| matches!(said, Said::Unjudged)).count() as u64;
            prop_assert_eq!(tagged.unjudged.get("trap").copied().unwrap_or_default(), marked);
        }
    }

    #[test]
    fn what_no_rule_matches_is_not_copied() {
        let batch = Batch::new(Bytes::from("{}\n{}\n{}\n{}\n"));
        let matches =
            Judgement { findings: [1, 2].map(|event| Finding { event, rule: 0 }).to_vec(), ..Judgement::default() };
        let tagged = BatchTagger::new(&rules(), LONGEST_MARKED).tag(&batch, &matches);
        let [before, _added, after] = &tagged.pieces[..] else { panic!("{:?}", tagged.pieces) };
        assert_eq!((before.as_ptr(), after.as_ptr()), (batch.bytes().as_ptr(), batch.bytes()[8..].as_ptr()));
    }
}
