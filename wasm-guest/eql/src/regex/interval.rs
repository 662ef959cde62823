//! Numeric intervals: `<8-12>` is one of the numbers from 8 to 12. A part of `regex`.

use crate::language::{Chars, Id, Languages};

/// The decimal spellings of the numbers between the two, which take part: with as many digits as they have, if that is
/// equally many, else with any number of leading zeros. `None` if one of the two isn't a number, or too large.
pub(super) fn interval(languages: &mut Languages, one: &str, other: &str) -> Option<Id> {
    let (low, high) = (number(one)?.min(number(other)?), number(one)?.max(number(other)?));
    if one.len() == other.len() {
        let width = one.len();
        return Some(digits(languages, format!("{low:0width$}").as_bytes(), format!("{high:0width$}").as_bytes()));
    }
    let zero = languages.one_of(Chars::range('0', '0'));
    let zeros = languages.repeat(zero, 0, None);
    let widths = low.to_string().len()..=high.to_string().len();
    let without_zeros = widths.map(|width| {
        let shortest = if width == 1 { 0 } else { 10_u64.pow(width as u32 - 1) };
        let (low, high) = (low.max(shortest), high.min(10_u64.pow(width as u32) - 1));
        digits(languages, low.to_string().as_bytes(), high.to_string().as_bytes())
    });
    let without_zeros = without_zeros.collect();
    let number = languages.any(without_zeros);
    Some(languages.sequence(vec![zeros, number]))
}

/// As large a number as Lucene takes.
fn number(digits: &str) -> Option<u64> {
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_plain && *number <= i32::MAX as u64)
}

/// The digits from `low` to `high`, equally many.
fn digits(languages: &mut Languages, low: &[u8], high: &[u8]) -> Id {
    let ([first, low_rest @ ..], [last, high_rest @ ..]) = (low, high) else { return Languages::EMPTY_TEXT };
    if first == last {
        let rest = digits(languages, low_rest, high_rest);
        return digit_then(languages, *first, *last, rest);
    }
    let above = digits(languages, low_rest, &vec![b'9'; low_rest.len()]);
    let below = digits(languages, &vec![b'0'; high_rest.len()], high_rest);
    let mut choices = vec![digit_then(languages, *first, *first, above), digit_then(languages, *last, *last, below)];
    if first + 1 < *last {
        let any = languages.one_of(Chars::range('0', '9'));
        let any = languages.sequence(vec![any; low_rest.len()]);
        choices.push(digit_then(languages, first + 1, last - 1, any));
    }
    languages.any(choices)
}

fn digit_then(languages: &mut Languages, first: u8, last: u8, rest: Id) -> Id {
    let digit = languages.one_of(Chars::range(first.into(), last.into()));
    languages.sequence(vec![digit, rest])
}
