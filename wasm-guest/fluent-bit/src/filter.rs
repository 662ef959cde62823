//! One record in, the tagged record out; adds bytes to a record that matches, and has nothing to say of any other.

use std::mem;

use weir_engine::program::{Expression, Program};
use weir_engine::tag::{Match, Tagger, mark_unjudged};
use weir_engine::{Detector, Report, Room};

use crate::memory;

/// The longest record that is judged, in bytes: what an interpreter reads in some ten milliseconds.
const LONGEST_JUDGED: usize = 1 << 20;
/// The longest record that is marked if it isn't judged, for that means to read all of it.
const LONGEST_MARKED: usize = 4 * LONGEST_JUDGED;
/// Answers of this size are usual: room for one is kept.
const KEPT: usize = 1 << 16;

/// The detection of a module, with room to judge one record after another.
pub(crate) struct Filter {
    detector: Detector,
    tagger: Tagger,
    need: Need,
    room: Room,
    report: Report,
    answer: Vec<u8>,
}

/// More memory than judging and tagging a record takes, in bytes.
struct Need {
    fixed: usize,
    per_byte: usize,
}

impl Filter {
    /// A filter with the rules of a program that takes `len` bytes; none if the engine can't run it.
    pub(crate) fn new(program: Program, len: usize) -> Option<Self> {
        let need = Need::of(&program, len);
        let detector = Detector::new(program).ok()?;
        let tagger = Tagger::new(detector.rules(), detector.exceptions());
        let room = detector.room();
        Some(Self { detector, tagger, need, room, report: Report::default(), answer: Vec::with_capacity(KEPT) })
    }

    /// The record with what is to be added to it, as a C string; none if that is nothing.
    pub(crate) fn answer(&mut self, record: &[u8]) -> Option<&[u8]> {
        self.answer.clear();
        self.answer.shrink_to(KEPT);
        let unjudged = match self.judge(record) {
            Ok(()) => (!self.report.malformed.is_empty()).then_some("malformed"),
            Err(reason) => Some(reason),
        };
        let matches = self.matches();
        if !matches.is_empty() {
            // Who judges a record needn't look for every fault; if there is one, nothing can be added.
            self.tagger.tag(record, &matches, &mut self.answer).ok()?;
        }
        if let Some(reason) = unjudged {
            self.mark(record, reason)?;
        }
        if self.answer.is_empty() {
            return None;
        }
        self.answer.push(0);
        Some(&self.answer)
    }

    /// Fills the report, unless there is a reason not to look at the record.
    fn judge(&mut self, record: &[u8]) -> Result<(), &'static str> {
        self.report.findings.clear();
        self.report.malformed.clear();
        if record.len() > LONGEST_JUDGED {
            return Err("too_large");
        }
        if self.detector.dismisses(record) {
            return Ok(());
        }
        if !memory::has_room(self.need.of_record(record.len())) {
            return Err("memory");
        }
        self.detector.judge(0, record, &mut self.room, &mut self.report);
        Ok(())
    }

    /// The matches in the report. Of the exceptions that cover one, the first suppresses it: here they are always in force.
    fn matches(&self) -> Vec<Match> {
        let matches = self.report.findings.chunk_by(|one, next| one.rule == next.rule);
        matches.map(|found| Match { rule: found[0].rule, suppressed_by: found[0].exception }).collect()
    }

    /// Marks the record, or the answer if there is one already; none if that can't be.
    fn mark(&mut self, record: &[u8], reason: &str) -> Option<()> {
        if record.len() > LONGEST_MARKED || !memory::has_room(KEPT + 6 * record.len()) {
            return None;
        }
        let tagged = mem::take(&mut self.answer);
        let record = if tagged.is_empty() { record } else { &tagged };
        mark_unjudged(record, reason, &mut self.answer).ok()
    }
}

impl Need {
    fn of(program: &Program, len: usize) -> Self {
        // Two copies of the record's texts, one of them folded; the brackets that are open; the tagged record: and what
        // grows doubles, which leaves as much behind.
        const PER_BYTE: usize = 12;
        // Values that wait until all of a record is read, which may have two bytes each.
        const WAITING: usize = 16;
        let reads = program.calculated.iter().map(reads).max();
        Self {
            // What is remembered of texts; and all that the rules have to say, several times.
            fixed: (1 << 18) + 4 * len,
            per_byte: PER_BYTE + reads.map_or(0, |reads| WAITING + 8 * reads),
        }
    }

    fn of_record(&self, len: usize) -> usize {
        self.fixed.saturating_add(self.per_byte.saturating_mul(len))
    }
}

/// How often a calculation reads a field: it may join as many copies of a record.
fn reads(expression: &Expression) -> usize {
    let mut count = 0;
    expression.each_field(&mut |_| count += 1);
    count
}
