//! A stretch of the stream that is judged and sent as one; knows nothing of where it comes from or goes to.

use std::ops::Range;

use bytes::Bytes;
use weir_native::push::Push;

/// Whole events, in the form in which they came.
#[derive(Clone, Debug)]
pub enum Events {
    /// One a line, usually JSON.
    Lines(Batch),
    /// As Vector's native protocol has them.
    Native(Push),
}

/// A form that events come in, or go in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One a line, usually JSON.
    Lines,
    /// As Vector's native protocol has them.
    Native,
}

/// What a source hands on.
#[derive(Clone, Debug)]
pub enum Chunk {
    /// Whole events.
    Events(Events),
    /// Part of an event that is too long to be held in memory. It is passed on as it comes, and never judged.
    Piece {
        /// As they came.
        bytes: Bytes,
        /// Is this the event's first piece?
        first: bool,
    },
}

/// Whole events, one a line, as they came.
#[derive(Clone, Debug)]
pub struct Batch {
    bytes: Bytes,
    /// Where each line ends, its newline included.
    ends: Vec<u32>,
    /// How many lines aren't blank. Counted where lines are found: later, each would have to be fetched into the cache again.
    events: u64,
}

impl Batch {
    /// Memory that a line takes beside its bytes, at most: lists double as they grow.
    pub const BYTES_PER_LINE: usize = 2 * size_of::<u32>();

    /// Longest batch, in bytes: offsets within one are 32 bits wide.
    pub const MAX_BYTES: usize = u32::MAX as usize;

    /// Finds the lines in `bytes`; the last one needs no newline.
    ///
    /// # Panics
    /// Beyond [`Self::MAX_BYTES`].
    pub fn new(bytes: Bytes) -> Self {
        assert!(bytes.len() <= Self::MAX_BYTES, "sources cut batches far below this");
        let mut ends = Vec::new();
        let mut events = 0;
        let mut start = 0;
        let last = bytes.last().is_some_and(|last| *last != b'\n').then_some(bytes.len());
        for end in memchr::memchr_iter(b'\n', &bytes).map(|newline| newline + 1).chain(last) {
            events += u64::from(!is_blank(&bytes[start..end]));
            ends.push(end as u32);
            start = end;
        }
        Self { bytes, ends, events }
    }

    /// Everything, newlines included.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many lines aren't blank.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many lines there are, blank ones included.
    pub fn lines(&self) -> usize {
        self.ends.len()
    }

    /// Where each line ends, its newline included.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// Some of the lines, which share this batch's bytes.
    pub fn part(&self, lines: Range<usize>) -> Self {
        let end_of = |line: Option<usize>| line.map_or(0, |line| self.ends[line]);
        let (start, end) = (end_of(lines.start.checked_sub(1)), end_of(lines.end.checked_sub(1)));
        Self::new(self.bytes.slice(start as usize..end as usize))
    }

    /// Where line `line` lies, without its newline.
    pub fn line(&self, line: usize) -> Range<usize> {
        let start = line.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let end = self.ends[line] as usize;
        start..end - usize::from(self.bytes[end - 1] == b'\n')
    }
}

impl Chunk {
    /// The form in which it came.
    pub fn form(&self) -> Form {
        match self {
            Self::Events(events) => events.form(),
            Self::Piece { .. } => Form::Lines,
        }
    }

    /// How many events begin in it.
    pub fn events(&self) -> u64 {
        match self {
            Self::Events(events) => events.events(),
            Self::Piece { first, .. } => u64::from(*first),
        }
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Events(events) => events.bytes().len(),
            Self::Piece { bytes, .. } => bytes.len(),
        }
    }
}

impl Events {
    /// Their form.
    pub fn form(&self) -> Form {
        match self {
            Self::Lines(_) => Form::Lines,
            Self::Native(_) => Form::Native,
        }
    }

    /// Everything, as it came.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Lines(batch) => batch.bytes(),
            Self::Native(push) => push.bytes(),
        }
    }

    /// How many events there are.
    pub fn events(&self) -> u64 {
        match self {
            Self::Lines(batch) => batch.events(),
            Self::Native(push) => push.len() as u64,
        }
    }

    /// How many places for events there are: a blank line is one, but holds none.
    pub fn places(&self) -> usize {
        match self {
            Self::Lines(batch) => batch.lines(),
            Self::Native(push) => push.len(),
        }
    }

    /// Where the event at `place` lies; of a line without its newline.
    pub fn event(&self, place: usize) -> Range<usize> {
        match self {
            Self::Lines(batch) => batch.line(place),
            Self::Native(push) => push.whole(place),
        }
    }

    /// Where what belongs to the event before `place` ends, its newline included.
    pub fn start(&self, place: usize) -> usize {
        let Some(before) = place.checked_sub(1) else { return 0 };
        match self {
            Self::Lines(batch) => batch.ends[before] as usize,
            Self::Native(push) => push.whole(before).end,
        }
    }

    /// Some of the events, which share these bytes.
    pub fn part(&self, places: Range<usize>) -> Self {
        match self {
            Self::Lines(batch) => Self::Lines(batch.part(places)),
            Self::Native(push) => {
                Self::Native(Push::new(push.part(places)).expect("events that were found are found again"))
            }
        }
    }
}

/// Is a line no event, but only white space?
pub fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_with_and_without_a_last_newline() {
        for (bytes, expected, events) in [
            ("", &[][..], 0),
            ("\n", &[""], 0),
            ("{}", &["{}"], 1),
            ("{}\n", &["{}"], 1),
            (" {}\r\n\n \t\r\n[]", &[" {}\r", "", " \t\r", "[]"], 2),
        ] {
            let batch = Batch::new(Bytes::from(bytes));
            let lines: Vec<_> = (0..batch.lines()).map(|line| &bytes[batch.line(line)]).collect();
            assert_eq!((&lines[..], batch.events()), (expected, events), "{bytes:?}");
        }
    }

    #[test]
    fn a_part_is_the_batch_that_its_lines_alone_would_make() {
        let batch = Batch::new(Bytes::from("a\n\nbc\nd"));
        for (lines, expected) in [(0..0, ""), (0..2, "a\n\n"), (1..3, "\nbc\n"), (2..4, "bc\nd"), (4..4, "")] {
            let part = batch.part(lines.clone());
            assert_eq!(part.bytes(), expected, "{lines:?}");
            assert_eq!(part.ends(), Batch::new(Bytes::from(expected)).ends(), "{lines:?}");
        }
    }
}
