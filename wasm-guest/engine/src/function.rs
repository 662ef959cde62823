//! What the functions of calculations do; a second half of `calculate`.

use std::net::IpAddr;
use std::ops::Range;

use memchr::memmem;

use crate::calculate::{Calculation, Item};
use crate::number::parse_number;
use crate::program::{Case, Expression, Function, Network, Number};

impl Calculation<'_> {
    pub(crate) fn call(&mut self, function: &Function, arguments: &[Expression]) -> Option<Item> {
        let first = arguments.first()?;
        match function {
            Function::AfterLast => self.after_last(arguments).map(Item::Text),
            Function::All => self.decide(arguments, false).map(Item::Bool),
            Function::Any => self.decide(arguments, true).map(Item::Bool),
            Function::Not => self.truth(first).map(|value| Item::Bool(!value)),
            Function::Between(case) => self.between(*case, arguments).map(Item::Text),
            Function::Concat => self.concat(arguments).map(Item::Text),
            Function::Contains(case) => {
                let (source, part) = self.source_and_part(*case, arguments)?;
                Some(Item::Bool(!part.is_empty() && self.find(source, part).is_some()))
            }
            Function::EndsWith(case) => {
                let (source, part) = self.source_and_part(*case, arguments)?;
                Some(Item::Bool(self.at(source).ends_with(self.at(part))))
            }
            Function::Except => self.except(arguments).map(Item::Text),
            Function::IndexOf(case) => self.index_of(*case, arguments).map(position),
            Function::InNetworks(networks) => {
                let address = self.text(first)?;
                self.take(networks.len())?;
                Some(Item::Bool(is_in(networks, self.at(address))))
            }
            Function::Length => {
                let text = self.text(first)?;
                Some(position(units(self.at(text))))
            }
            Function::Number => self.parse(arguments).map(Item::Number),
            Function::StartsWith(case) => {
                let (source, part) = self.source_and_part(*case, arguments)?;
                Some(Item::Bool(self.at(source).starts_with(self.at(part))))
            }
            Function::Substring => self.substring(arguments).map(Item::Text),
            Function::Text => self.text(first).map(Item::Text),
            Function::Words => None,
        }
    }

    fn after_last(&mut self, arguments: &[Expression]) -> Option<Range<usize>> {
        let (source, part) = self.source_and_part(Case::Sensitive, arguments)?;
        let (text, part) = (self.at(source.clone()), self.at(part));
        let skipped = memmem::rfind(text.as_bytes(), part.as_bytes()).map_or(0, |found| found + part.len());
        Some(source.start + skipped..source.end)
    }

    fn except(&mut self, arguments: &[Expression]) -> Option<Range<usize>> {
        let (value, others) = arguments.split_first()?;
        let value = self.text(value)?;
        let mut stands_for_none = false;
        for other in others {
            let other = self.text(other)?;
            stands_for_none |= self.at(other) == self.at(value.clone());
        }
        self.is_void |= stands_for_none;
        Some(value)
    }

    /// `deciding` if any argument is, else its opposite if that is known of all.
    fn decide(&mut self, arguments: &[Expression], deciding: bool) -> Option<bool> {
        let mut unknown = false;
        for argument in arguments {
            match self.truth(argument) {
                Some(value) if value == deciding => return Some(deciding),
                Some(_) => {}
                None => unknown = true,
            }
        }
        (!unknown).then_some(!deciding)
    }

    fn truth(&mut self, argument: &Expression) -> Option<bool> {
        match self.value(argument)? {
            Item::Bool(value) => Some(value),
            Item::Text(word) => self.at(word).parse().ok(),
            Item::Number(_) => None,
        }
    }

    /// The first two arguments, folded if case doesn't matter.
    fn source_and_part(&mut self, case: Case, arguments: &[Expression]) -> Option<(Range<usize>, Range<usize>)> {
        let source = self.text(arguments.first()?)?;
        let part = self.text(arguments.get(1)?)?;
        match case {
            Case::Sensitive => Some((source, part)),
            Case::Insensitive => Some((self.fold(source)?, self.fold(part)?)),
        }
    }

    /// Where in `source` the first `part` begins.
    fn find(&self, source: Range<usize>, part: Range<usize>) -> Option<usize> {
        memmem::find(self.at(source).as_bytes(), self.at(part).as_bytes())
    }

    fn whole(&mut self, argument: &Expression) -> Option<i64> {
        match self.number(argument)? {
            Number::Int(int) => Some(int),
            Number::Float(float) => Some(float as i64),
        }
    }

    fn concat(&mut self, arguments: &[Expression]) -> Option<Range<usize>> {
        let start = self.scratch.text.len();
        for argument in arguments {
            let end = self.scratch.text.len();
            let next = self.text(argument)?;
            // An argument leaves what it was made of behind: only its result may stay, right after the one before.
            self.scratch.text.drain(end..next.start);
            self.scratch.text.truncate(end + next.len());
        }
        Some(start..self.scratch.text.len())
    }

    fn index_of(&mut self, case: Case, arguments: &[Expression]) -> Option<usize> {
        let (source, part) = self.source_and_part(case, arguments)?;
        let start = match arguments.get(2) {
            Some(start) => usize::try_from(self.whole(start)?).unwrap_or(0),
            None => 0,
        };
        let text = self.at(source.clone());
        let skipped = if start <= units(text) { byte_at(text, start) } else { return None };
        let found = skipped + self.find(source.start + skipped..source.end, part)?;
        Some(units(self.at(source.start..source.start + found)))
    }

    fn between(&mut self, case: Case, arguments: &[Expression]) -> Option<Range<usize>> {
        let source = self.text(arguments.first()?)?;
        let mut ends = [self.text(arguments.get(1)?)?, self.text(arguments.get(2)?)?];
        let greedy = match arguments.get(3) {
            Some(greedy) => self.text(greedy).map(|word| self.at(word) == "true")?,
            None => false,
        };
        if source.is_empty() || ends.iter().any(Range::is_empty) {
            return Some(source);
        }
        let mut searched = source.clone();
        if case == Case::Insensitive {
            searched = self.fold(searched)?;
            let [left, right] = ends;
            ends = [self.fold(left)?, self.fold(right)?];
        }
        let Some((start, end)) = inside(self.at(searched.clone()), ends.map(|end| self.at(end)), greedy) else {
            return Some(source.end..source.end);
        };
        // Folding keeps characters, though not their lengths.
        let chars = |bytes: usize| self.at(searched.start..searched.start + bytes).chars().count();
        let original = |bytes: usize| source.start + nth_char(self.at(source.clone()), chars(bytes));
        // Where a greedy search finds its end before its start, there is nothing to tell.
        (start <= end).then(|| original(start)..original(end))
    }

    fn substring(&mut self, arguments: &[Expression]) -> Option<Range<usize>> {
        let source = self.text(arguments.first()?)?;
        let length = units(self.at(source.clone()));
        let start = self.whole(arguments.get(1)?)?;
        let end = match arguments.get(2) {
            Some(end) => self.whole(end)?,
            None => i64::MAX,
        };
        let (start, end) = (slice_position(start, length), slice_position(end, length));
        let text = self.at(source.clone());
        let place = |position| source.start + byte_at(text, position);
        Some(if start < end { place(start)..place(end) } else { source.start..source.start })
    }

    fn parse(&mut self, arguments: &[Expression]) -> Option<Number> {
        let text = self.text(arguments.first()?)?;
        let base = match arguments.get(1) {
            Some(base) => Some(u32::try_from(self.whole(base)?).ok()?),
            None => None,
        };
        let text = self.at(text).trim();
        let hexadecimal = text.strip_prefix("0x").filter(|_| base.is_none_or(|base| base == 16));
        match (hexadecimal, base) {
            (Some(digits), _) => i64::from_str_radix(digits, 16).ok().map(Number::Int),
            (None, None | Some(10)) => parse_number(text),
            (None, Some(base @ 2..=36)) => i64::from_str_radix(text, base).ok().map(Number::Int),
            (None, Some(_)) => None,
        }
    }
}

/// Between which bytes of `text` that stands which is between the two `ends`.
fn inside(text: &str, [left, right]: [&str; 2], greedy: bool) -> Option<(usize, usize)> {
    let start = memmem::find(text.as_bytes(), left.as_bytes())? + left.len();
    let end = if greedy {
        memmem::rfind(text.as_bytes(), right.as_bytes())?
    } else {
        start + memmem::find(&text.as_bytes()[start..], right.as_bytes())?
    };
    Some((start, end))
}

fn position(units: usize) -> Item {
    Item::Number(Number::Int(units as i64))
}

/// How many UTF-16 units `text` takes.
fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// The byte at which the UTF-16 unit `position` begins; its character's end, if that is the second unit of two.
fn byte_at(text: &str, position: usize) -> usize {
    if text.is_ascii() {
        return position.min(text.len());
    }
    let mut unit = 0;
    for (byte, char) in text.char_indices() {
        if unit >= position {
            return byte;
        }
        unit += char.len_utf16();
    }
    text.len()
}

/// The byte at which character number `n` begins.
fn nth_char(text: &str, n: usize) -> usize {
    text.char_indices().nth(n).map_or(text.len(), |(byte, _)| byte)
}

/// A position in a text of `length`, which counts from the end if it is negative.
fn slice_position(position: i64, length: usize) -> usize {
    let length = length as i64;
    let position = if position < 0 { position.saturating_add(length) } else { position };
    position.clamp(0, length) as usize
}

fn is_in(networks: &[Network], address: &str) -> bool {
    let Ok(address) = address.parse() else { return false };
    let address = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    networks.iter().any(|network| (network.first..=network.last).contains(&address.to_bits()))
}
