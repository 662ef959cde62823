//! Dismisses events that provably match no rule without parsing them: most lack what every rule asks for.

mod context;
mod required;
mod search;
mod spelling;

use memchr::{memchr, memchr_iter, memrchr};

use self::required::required;
use self::search::Search;
use self::spelling::{Needle, Proof, needles};
use crate::program::{Program, Validate};

/// More needles are found in nearly every event, and take long to search for.
const MAX_NEEDLES: usize = 64;

/// Of so many bytes, one may be looked at in vain: then a search costs less than it saves.
const WORTH: usize = 5;

/// How many bytes may be read in the time that it takes to compare a needle.
const COMPARISON: usize = 8;

/// Bytes that may be looked at in vain in any case.
const ALLOWANCE: usize = 16 << 10;

/// What to search for, so that no event without it matches.
#[derive(Debug)]
pub(crate) struct Prefilter {
    search: Search,
    needles: Vec<Needle>,
    /// The dotted names of the program's fields.
    fields: Vec<String>,
}

impl Prefilter {
    /// `None` if the program asks for every line, or some rule may match whatever the event holds.
    pub(crate) fn new(program: &Program) -> Option<Self> {
        if program.validate == Validate::All {
            return None;
        }
        let needles = needles(&required(program)?, program.folding);
        (needles.len() <= MAX_NEEDLES).then(|| Self {
            search: Search::new(needles.iter().map(|needle| &*needle.bytes)),
            needles,
            fields: program.fields.clone(),
        })
    }

    /// Does the needle with this number stand at `start`, and where it counts? Adds to `effort` how many bytes were looked at.
    fn proves(&self, number: usize, events: &[u8], start: usize, effort: &mut usize) -> bool {
        let Needle { bytes, proof } = &self.needles[number];
        *effort += COMPARISON;
        let (before, rest) = events.split_at(start);
        let Some((found, after)) = rest.split_at_checked(bytes.len()) else { return false };
        if !found.eq_ignore_ascii_case(bytes) {
            return false;
        }
        match proof {
            Proof::None => true,
            Proof::Key => matches!(after.first(), Some(b':' | b' ' | b'\t' | b'\r' | b'\n')),
            Proof::Code(chars) => code(after).is_some_and(|code| chars >> code & 1 == 1),
            Proof::Value(fields) => {
                let before =
                    if bytes.starts_with(b"\"") { Some(before) } else { context::before_string(before, effort) };
                before.is_none_or(|before| {
                    let mut names = fields.iter().map(|field| &*self.fields[*field as usize]);
                    names.any(|name| context::may_be_value(before, name, effort))
                })
            }
        }
    }
}

/// The ASCII character whose code the last two digits of a `\u00` escape are.
fn code(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits.get(..2)?).ok()?;
    u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii)
}

/// The lines of a batch that may match, with their numbers.
pub(crate) struct Candidates<'e> {
    /// `None` if all lines may match, or so many that searching isn't worthwhile.
    prefilter: Option<&'e Prefilter>,
    events: &'e [u8],
    /// Where the next line starts, and its number.
    at: usize,
    event: u32,
    /// How many bytes were looked at in vain.
    effort: usize,
}

impl<'e> Candidates<'e> {
    pub(crate) fn new(prefilter: Option<&'e Prefilter>, events: &'e [u8]) -> Self {
        Self { prefilter, events, at: 0, event: 0, effort: 0 }
    }

    /// Goes to the next line with a needle; false if there is none.
    fn skip_others(&mut self, prefilter: &Prefilter) -> bool {
        let (events, from) = (self.events, self.at);
        let effort = &mut self.effort;
        let found = prefilter.search.find(events, from, |needle, start| {
            *effort > ALLOWANCE + start / WORTH || prefilter.proves(needle, events, start, effort)
        });
        let Some(found) = found else { return false };
        let start = memrchr(b'\n', &events[from..found]).map_or(from, |newline| from + newline + 1);
        self.event += memchr_iter(b'\n', &events[from..start]).count() as u32;
        self.at = start;
        true
    }
}

impl<'e> Iterator for Candidates<'e> {
    type Item = (u32, &'e [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.effort > ALLOWANCE + self.at / WORTH {
            self.prefilter = None;
        }
        if let Some(prefilter) = self.prefilter
            && !self.skip_others(prefilter)
        {
            return None;
        }
        let rest = self.events.get(self.at..).filter(|rest| !rest.is_empty())?;
        let line = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
        let event = self.event;
        self.event += 1;
        self.at += line.len() + 1;
        self.effort += line.len();
        Some((event, line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Case, Condition, Predicate, Rule, RuleMeta, Test};

    /// What to search for if `a` is to be `docker`.
    fn prefilter(validate: Validate) -> Option<Prefilter> {
        let test = Test::Equals { literals: vec!["docker".into()], case: Case::Insensitive };
        Prefilter::new(&Program {
            validate,
            fields: vec!["a".into()],
            predicates: vec![Predicate { field: 0, test }],
            rules: vec![Rule { meta: RuleMeta::default(), condition: Condition::Predicate(0) }],
            ..Program::default()
        })
    }

    fn candidates(events: &str) -> Vec<u32> {
        let prefilter = prefilter(Validate::Candidates);
        assert!(prefilter.is_some());
        Candidates::new(prefilter.as_ref(), events.as_bytes()).map(|(event, _)| event).collect()
    }

    #[test]
    fn lines_that_may_match_keep_their_numbers_and_others_are_left_out() {
        let events = [
            r#"{"a":"sh"}"#,
            "",
            r#"{"a":"Docker"}"#,
            r#"{"b":"docker"}"#,
            r#"{"docker":1}"#,
            r#"{"a":"\u0044ocker"}"#,
            r#"{"a":"\u00e9\u4e2d\u0021"}"#,
            "{\"a\":\"doc\u{212A}er\"}",
            r#"{"a":"doc\u212Aer"}"#,
            r#"{"a":["x","docker"]}"#,
            "malformed",
            r#"{"a":"docker""#,
        ];
        assert_eq!(candidates(&events.join("\n")), [2, 5, 7, 8, 9, 11]);
        assert!(candidates("").is_empty());
    }

    #[test]
    fn a_search_that_finds_too_much_is_given_up() {
        let padding = "x".repeat(1000);
        let (may_match, never) = (format!(r#"{{"a":"docker","b":"{padding}"}}"#), format!(r#"{{"b":"{padding}"}}"#));
        let batch = |every: usize| -> Vec<&str> {
            (0..1000).map(|number| if number % every == 0 { &*may_match } else { &*never }).collect()
        };
        assert_eq!(candidates(&batch(10).join("\n")).len(), 100);
        assert!(candidates(&batch(2).join("\n")).len() > 900);
        let in_vain = r#"{"x":"docker","y":"docker","z":"docker"}"#.repeat(5000);
        assert_eq!(candidates(&in_vain), [0], "a line that takes long to search is judged instead");
    }

    #[test]
    fn where_all_lines_are_to_be_checked_nothing_is_searched_for() {
        assert!(prefilter(Validate::All).is_none());
        let lines: Vec<_> = Candidates::new(None, b"x\n\ny\n").collect();
        assert_eq!(lines, [(0, &b"x"[..]), (1, b""), (2, b"y")]);
    }
}
