//! Writes a point in time as Vector's JSON has it: RFC 3339, with as many decimals as it takes, in groups of three.

use std::io::Write;

use crate::wire::{Content, Malformed, fields};

/// The years that Vector, by the crate chrono, knows.
const YEARS: std::ops::RangeInclusive<i64> = -262_143..=262_142;
const DAY: i64 = 24 * 60 * 60;
const SECOND: u32 = 1_000_000_000;

/// Appends a `google.protobuf.Timestamp` as a JSON string.
pub(crate) fn write_timestamp(message: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let (seconds, nanos) = read(message)?;
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let time = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    // A leap second is told as the second before, with nanoseconds beyond one second.
    let leap = i64::from(nanos / SECOND);
    if !YEARS.contains(&year) || leap > i64::from(second == 59) {
        return Err(Malformed);
    }
    let (second, nanos) = (second + leap, nanos % SECOND);
    let year = if (0..=9999).contains(&year) { format!("{year:04}") } else { format!("{year:+05}") };
    let text = format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{}Z", decimals(nanos));
    write!(out, "\"{text}\"").map_err(|_| Malformed)
}

fn read(message: &[u8]) -> Result<(i64, u32), Malformed> {
    let (mut seconds, mut nanos) = (0, 0);
    for field in fields(message) {
        let field = field?;
        match (field.number, field.content) {
            (1, Content::Varint(bits)) => seconds = bits as i64,
            // Negative ones, which are invalid, are beyond the range.
            (2, Content::Varint(bits)) => nanos = u32::try_from(bits).map_err(|_| Malformed)?,
            (1 | 2, _) => return Err(Malformed),
            _ => {}
        }
    }
    Ok((seconds, nanos))
}

fn decimals(nanos: u32) -> String {
    match nanos {
        0 => String::new(),
        _ if nanos.is_multiple_of(1_000_000) => format!(".{:03}", nanos / 1_000_000),
        _ if nanos.is_multiple_of(1_000) => format!(".{:06}", nanos / 1_000),
        _ => format!(".{nanos:09}"),
    }
}

/// The year, month and day of a number of days since 1970-01-01, in the Gregorian calendar at any time.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn date(days: i64) -> (i64, i64, i64) {
    const ERA: i64 = 400 * 365 + 97;
    // Years begin in March here, so that a leap day is the last of its year.
    let days = days + 719_468;
    let era = days.div_euclid(ERA);
    let day_of_era = days.rem_euclid(ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (400 * era + year_of_era + i64::from(month <= 2), month, day)
}
